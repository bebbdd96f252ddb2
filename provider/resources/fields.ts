import type { z } from "zod";
import { wrongPattern } from "../../sdk/ignore";
import { parseChmod, parseChown } from "../../sdk/permissions";
import { isBag } from "./bag";
import { described, judged, list, quiet, value } from "./schema";
import { parseSignal } from "./signals";
import { holdsUnknown, unknown } from "./unknown";
import { parseDuration, parseSize } from "./units";

/**
 * The kinds of arguments there are. Each takes what people write, answers one canonical form of it, and takes that back
 * unchanged. The rule is the sentence a person reads when it is broken.
 */

/** Text that matches a pattern; never empty, and without NUL, which ends strings in the kernel. */
export function text(rule: string, pattern = /^[^\0]+$/): z.ZodType<string> {
  return value(rule, (found) => (typeof found === "string" && pattern.test(found) ? found : undefined));
}

/** Text that must not be shown. */
export function secretText(rule: string): z.ZodType<string> {
  return quiet(rule, (found) => (typeof found === "string" && found !== "" ? found : undefined));
}

/** true or false. */
export function flag(): z.ZodType<boolean> {
  return value("must be true or false", (found) => (typeof found === "boolean" ? found : undefined));
}

/** One of some words. */
export function oneOf<const W extends string>(...words: W[]): z.ZodType<W> {
  const quoted = words.map((word) => JSON.stringify(word));
  const rule = `must be ${[quoted.slice(0, -1).join(", "), ...quoted.slice(-1)].join(" or ")}`;
  return value(rule, (found) => words.find((word) => word === found));
}

/** A whole number in a range. `otherwise` is what else can be said, as the end of the sentence. */
export function count(from: number, to = Number.MAX_SAFE_INTEGER, otherwise = ""): z.ZodType<number> {
  const range =
    to === Number.MAX_SAFE_INTEGER ? `of at least ${String(from)}` : `from ${String(from)} to ${String(to)}`;
  const inRange = (found: unknown): found is number =>
    Number.isSafeInteger(found) && Number(found) >= from && Number(found) <= to;
  return value(`must be a whole number ${range}${otherwise}`, (found) => (inRange(found) ? found : undefined));
}

/** Bytes: `512m` and the like. `otherwise` is what else can be said, as the end of the sentence. */
export function size(least?: string, otherwise = ""): z.ZodType<number> {
  const atLeast = least === undefined ? "" : ` of at least ${least}`;
  return value(`must be a size${atLeast}, such as "64m" or a number of bytes${otherwise}`, (found) => {
    const bytes = parseSize(found);
    return bytes !== undefined && bytes >= (parseSize(least) ?? 0) ? bytes : undefined;
  });
}

/** Milliseconds: `10s` and the like. */
export function duration(): z.ZodType<number> {
  return value('must be a duration such as "10s" or a number of milliseconds', parseDuration);
}

/** Processors: 0.5 or "0.5". The kernel counts no less than a millisecond in each tenth of a second. */
export function processors(): z.ZodType<number> {
  const rule = "must be a number of processors from 0.01 to 8192, such as 0.5 (leave it out for no limit)";
  return value(rule, (found) => {
    const written = typeof found === "string" && /^\d+(\.\d+)?$/.test(found) ? Number(found) : found;
    return typeof written === "number" && written >= 0.01 && written <= 8192 ? written : undefined;
  });
}

/** A signal by name or number. */
export function signal(): z.ZodType<string> {
  return value('must be a signal, such as "SIGTERM" or 15', parseSignal);
}

/** An absolute path inside a container. */
export function absolutePath(): z.ZodType<string> {
  return value('must be an absolute path without "..", such as "/srv/www"', (found) => {
    if (typeof found !== "string" || !/^\/[^\0]*$/.test(found)) return undefined;
    const names = found.split("/").filter((name) => name !== "" && name !== ".");
    return names.includes("..") ? undefined : `/${names.join("/")}`;
  });
}

/** A program and its arguments. They may hold a password, so a failure does not show them. */
export function words(): z.ZodType<string[]> {
  const rule = 'must be a list of at least one string, such as ["httpd", "-f"] (leave it out for the image\'s)';
  return list(
    rule,
    quiet("must be a string without NUL", (found) =>
      typeof found === "string" && !found.includes("\0") ? found : undefined,
    ),
  );
}

/** Owner and group by number. */
export function chown(): z.ZodType<string> {
  return value('must be a user and a group by number, such as "1000:1000", or one number for both', (found) => {
    const owner = parseChown(found);
    return owner && `${String(owner.uid)}:${String(owner.gid)}`;
  });
}

/** Permissions, or changes of them. */
export function chmod(): z.ZodType<string> {
  const rule = 'must be text such as "755", or changes as chmod(1) takes them, such as "u=rwX,go=rX"';
  return value(rule, (found) => {
    if (typeof found !== "string" || parseChmod(found) === undefined) return undefined;
    return /^\d+$/.test(found) ? found.padStart(4, "0") : found;
  });
}

/** A line of a .dockerignore file. */
export function ignorePattern(): z.ZodType<string> {
  return judged((found, fail) => {
    const reason = typeof found === "string" ? wrongPattern(found) : `must be a pattern; ${described(found)}`;
    if (reason === undefined) return found as string;
    fail(typeof found === "string" ? `must be a pattern as in a .dockerignore file; ${reason}` : reason);
    return undefined;
  });
}

/** Who a program runs as. */
export function user(): z.ZodType<string> {
  return value('must be a user such as "www", "33", "www:www" or "33:33"', (found) => {
    const written = Number.isSafeInteger(found) ? String(found) : found;
    return typeof written === "string" && /^[^:\s\0]+(:[^:\s\0]+)?$/.test(written) ? written : undefined;
  });
}

/**
 * Names with values, as an object or as a list of `NAME=value`. The values may be secrets, so a failure does not show
 * them.
 */
export function pairs(): z.ZodType<Record<string, string>> {
  const rule = 'must be an object such as { NAME: "value" }, or a list such as ["NAME=value"]';
  return judged((found, fail) => {
    const entries = entriesOf(found);
    if (entries === undefined) return void fail(`${rule}; ${described(found)}`);
    // The names in a list cannot be told while an element of it is unknown.
    if (Array.isArray(found) && holdsUnknown(found)) return unknown as unknown as Record<string, string>;
    const canonical = new Map<string, string>();
    for (const { at, name, value: written } of entries) {
      if (name === undefined) fail('must be "NAME=value"', [at]);
      else if (name === "" || /[=\0]/.test(name)) fail('must have a name, without "=" or NUL', [at]);
      else if (canonical.has(name)) fail(`names ${name} a second time`, [at]);
      else if (!/^(string|number|boolean)$/.test(typeof written))
        fail("must be a string, a number, true or false", [at]);
      else if (String(written).includes("\0")) fail("must be without NUL", [at]);
      else canonical.set(name, String(written));
    }
    return Object.fromEntries([...canonical].sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

function entriesOf(found: unknown): { at: string | number; name: string | undefined; value: unknown }[] | undefined {
  if (isBag(found)) return Object.entries(found).map(([name, written]) => ({ at: name, name, value: written }));
  if (!Array.isArray(found)) return undefined;
  return found.map((written: unknown, at) => {
    const split = typeof written === "string" ? /^([^=]*)=(.*)$/s.exec(written) : null;
    return { at, name: split?.[1], value: split?.[2] };
  });
}
