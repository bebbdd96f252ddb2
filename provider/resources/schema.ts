import { z } from "zod";
import { isBag } from "./bag";
import { nearest } from "./nearest";
import { unknown } from "./unknown";

/** Where in the inputs something is: the members and places on the way to it. */
export type Path = readonly (string | number)[];

/** Reports something that is wrong at a place below the one a schema judges. */
export type Fail = (reason: string, below?: Path) => void;

/**
 * A schema that lets what is not known yet pass, and judges the rest by `read`, which answers the canonical value or
 * reports why there is none. The type says nothing of unknown values: only check and diff ever see one, and those hand
 * values on without looking into them.
 */
export function judged<T>(read: (value: unknown, fail: Fail) => T | undefined): z.ZodType<T> {
  const schema = z.unknown().transform((value, context) => {
    if (value === unknown) return value;
    return read(value, (message, below = []) => {
      context.issues.push({ code: "custom", message, path: [...below], input: undefined });
    });
  });
  return schema as unknown as z.ZodType<T>;
}

/** A value that `read` understands (answers something), told as `rule` where it does not. */
export function value<T>(rule: string, read: (value: unknown) => T | undefined): z.ZodType<T> {
  return judged((found, fail) => read(found) ?? refuse(fail, `${rule}; ${shown(found)}`));
}

/** Like {@link value}, for what may hold a secret: a failure tells the type of the value and not the value. */
export function quiet<T>(rule: string, read: (value: unknown) => T | undefined): z.ZodType<T> {
  return judged((found, fail) => read(found) ?? refuse(fail, `${rule}; ${described(found)}`));
}

/** An object of these members and no others. A member too many is reported with the one that may have been meant. */
export function members<S extends z.ZodRawShape>(rule: string, shape: S): z.ZodType<z.output<z.ZodObject<S>>> {
  const object = z.object(shape);
  return judged((found, fail) => {
    if (!isBag(found)) return refuse(fail, `${rule}; ${described(found)}`);
    for (const name of Object.keys(found)) {
      if (!(name in shape)) fail(`is not an argument${nearest(name, Object.keys(shape).filter(isWritten))}`, [name]);
    }
    return hand(object, found, fail, []);
  });
}

/** Whether programs write an input of this name: the others are ours. */
function isWritten(name: string): boolean {
  return !["owner", "contentKey", "intact", "running", "succeeded"].includes(name);
}

/** A list of at least one element. */
export function list<S extends z.ZodType>(rule: string, element: S): z.ZodType<z.output<S>[]> {
  return judged((found, fail) => {
    if (!Array.isArray(found) || found.length === 0) return refuse(fail, `${rule}; ${described(found)}`);
    return found.map((each, place) => hand(element, each, fail, [place]) as z.output<S>);
  });
}

/** Hands a part of a value to its schema, and what that finds wrong to `fail`. */
export function hand<S extends z.ZodType>(schema: S, part: unknown, fail: Fail, at: Path): z.output<S> | undefined {
  const result = schema.safeParse(part);
  if (result.success) return result.data;
  for (const issue of result.error.issues) fail(issue.message, [...at, ...issue.path] as (string | number)[]);
  return undefined;
}

/** A value as a failure shows it. */
export function shown(found: unknown): string {
  if (typeof found === "number" || typeof found === "boolean") return `got ${String(found)}`;
  if (typeof found !== "string") return described(found);
  return `got ${JSON.stringify(found.length > 80 ? `${found.slice(0, 79)}…` : found)}`;
}

/** What kind of value was found, for those that must not be shown. */
export function described(found: unknown): string {
  if (found === undefined) return "it is missing";
  if (found === null) return "got null";
  // What the SDK makes of a resource in a wrong place. Any other text may be a secret.
  if (typeof found === "string" && found.startsWith("a resource of type ")) return `got ${found}`;
  if (Array.isArray(found)) return found.length === 0 ? "got an empty list" : "got a list";
  return isBag(found) ? "got an object" : `got a ${typeof found}`;
}

/** Reports; there is no value then. */
function refuse(fail: Fail, reason: string): undefined {
  fail(reason);
}
