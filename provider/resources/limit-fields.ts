import { unlimited } from "../api";
import { isBag, type Bag } from "./bag";
import type { Failure } from "./definition";
import { count, processors, size, text } from "./fields";
import type { DeviceRate } from "./limits";
import { hand, judged, members, shown, value } from "./schema";
import { holdsUnknown, unknown } from "./unknown";
import { parseSize } from "./units";

/** How a rule ends that takes {@link unlimited} too. */
export const orNoLimit = ", or -1 for no limit";
/** How a rule ends where people coming from Docker may write 0 for what is not set. */
const orNothing = " (leave it out for the default)";

/** The most a quota of processor time can be, in microseconds: what 8192 processors do in a second. */
export const mostTime = 8192 * 1_000_000;

/** The arguments of a container that become settings of its control group, by the names that Docker has for them. */
export const limitShape = {
  memory: sizeOrUnlimited("6m").exactOptional(),
  memorySwap: sizeOrUnlimited().exactOptional(),
  memoryReservation: size("6m", " (leave it out for none)").exactOptional(),
  cpus: processors().exactOptional(),
  cpuQuota: orUnlimited(count(1000, mostTime, orNoLimit)).exactOptional(),
  cpuPeriod: count(1000, 1_000_000, orNothing).exactOptional(),
  cpuShares: count(2, 262_144, orNothing).exactOptional(),
  cpusetCpus: numbers("processors").exactOptional(),
  cpusetMems: numbers("memory nodes").exactOptional(),
  pidsLimit: orUnlimited(count(1, 4_194_304, orNoLimit)).exactOptional(),
  blkioWeight: count(10, 1000, orNothing).exactOptional(),
  deviceReadBps: rates(bytes).exactOptional(),
  deviceWriteBps: rates(bytes).exactOptional(),
  deviceReadIOps: rates(operations).exactOptional(),
  deviceWriteIOps: rates(operations).exactOptional(),
};

/** What several of them say together. */
export function limitRules(inputs: Bag): Failure[] {
  const failures: Failure[] = [];
  const known = (name: string): boolean => name in inputs && inputs[name] !== unknown;
  const fail = (path: string, reason: string): void => void failures.push({ path: [path], reason });
  if (known("cpus")) {
    for (const name of ["cpuQuota", "cpuPeriod"] as const) {
      if (known(name)) fail(name, "says the same as cpus in other words; give one of them");
    }
  } else if ("cpuPeriod" in inputs && !("cpuQuota" in inputs)) {
    fail("cpuPeriod", "says nothing without cpuQuota");
  }
  const memory = parseSize(inputs["memory"]);
  if ("memorySwap" in inputs && !("memory" in inputs)) {
    fail("memorySwap", "counts memory and swap together, so it needs memory beside it");
  } else if (isUnlimited(inputs["memory"]) && parseSize(inputs["memorySwap"]) !== undefined) {
    fail("memorySwap", "counts memory and swap together, so it needs a limit of memory; got memory without limit");
  }
  for (const [name, most] of [
    ["memorySwap", false],
    ["memoryReservation", true],
  ] as const) {
    const size = parseSize(inputs[name]);
    if (size === undefined || memory === undefined) continue;
    if (most ? size > memory : size < memory) {
      const hint = size === 0 ? " (leave it out for as much swap as memory)" : "";
      fail(
        name,
        `must be ${most ? "at most" : "at least"} memory, ${String(memory)} bytes${hint}; got ${String(size)}`,
      );
    }
  }
  return failures;
}

const isUnlimited = (found: unknown): boolean => found === unlimited || found === "-1";

/** Bytes, or no limit. */
export function sizeOrUnlimited(least?: string): ReturnType<typeof count> {
  return orUnlimited(size(least, orNoLimit));
}

/** What a number is for, or no limit. */
export function orUnlimited(limit: ReturnType<typeof count>): ReturnType<typeof count> {
  return judged((found, fail) => (isUnlimited(found) ? unlimited : hand(limit, found, fail, [])));
}

/** A set in the format of cpuset(7), with ranges wherever numbers follow each other, as the kernel writes it. */
export function numbers(what: string): ReturnType<typeof text> {
  return value(`must be a list of ${what}, such as "0-2,4"`, (found) => {
    const parts = (typeof found === "number" ? String(found) : typeof found === "string" ? found : "").split(",");
    const all = new Set<number>();
    for (const part of parts) {
      const [, first, last = first] = /^\s*(\d{1,4})(?:-(\d{1,4}))?\s*$/.exec(part) ?? [];
      if (first === undefined || Number(last) < Number(first) || Number(last) > 8191) return undefined;
      for (let n = Number(first); n <= Number(last); n++) all.add(n);
    }
    const sorted = [...all].sort((a, b) => a - b);
    const runs: number[][] = [];
    for (const n of sorted) {
      const run = runs.at(-1);
      if (run?.at(-1) === n - 1) run.push(n);
      else runs.push([n]);
    }
    return runs.map((run) => (run.length > 1 ? `${String(run[0])}-${String(run.at(-1))}` : String(run[0]))).join(",");
  });
}

/** Bytes a second. */
export function bytes(found: unknown): number | undefined {
  const size = parseSize(found);
  return size !== undefined && size > 0 ? size : undefined;
}

function operations(found: unknown): number | undefined {
  const number = typeof found === "string" && /^\d+$/.test(found) ? Number(found) : found;
  return Number.isSafeInteger(number) && Number(number) > 0 ? Number(number) : undefined;
}

/** A block device of the host. */
export function device(): ReturnType<typeof text> {
  return text(
    'must be a device, as a path below /dev or "major:minor"',
    /^(\/dev(\/(?!\.\.?(\/|$))[^\0/]+)+|\d+:\d+)$/,
  );
}

/** Limits of devices: `{ path, rate }`, or "PATH:RATE" as Docker has them. Their order means nothing. */
function rates(rate: (found: unknown) => number | undefined): ReturnType<typeof judged<DeviceRate[]>> {
  const [words, object] =
    rate === bytes
      ? ['"/dev/sda:10m"', '{ path: "/dev/sda", rate: "10m" }']
      : ['"/dev/sda:100"', '{ path: "/dev/sda", rate: 100 }'];
  const rule = `must be a list such as [${words}] or [${object}]`;
  const schema = members(rule, {
    path: device(),
    rate: value(
      `must be ${rate === bytes ? 'bytes a second, such as "10m"' : "a whole number of operations a second"}, more than 0`,
      rate,
    ),
  });
  return judged((found, fail) => {
    if (!Array.isArray(found) || found.length === 0) return void fail(`${rule}; ${shown(found)}`);
    if (holdsUnknown(found)) return unknown as unknown as DeviceRate[];
    const all = found.map((element: unknown, place) => {
      const [, path, written] = (typeof element === "string" ? /^(.+):([^:]+)$/.exec(element) : null) ?? [];
      if (!isBag(element) && path === undefined)
        return void fail(`must be a device and a rate such as ${words}, or ${object}; ${shown(element)}`, [place]);
      return hand(schema, isBag(element) ? element : { path, rate: written }, fail, [place]);
    });
    const named = all.filter((one) => one !== undefined);
    const twice = named.find(({ path }, place) => named.findIndex((other) => other.path === path) < place);
    if (twice !== undefined) fail(`names ${twice.path} twice`);
    return named.sort((a, b) => (a.path < b.path ? -1 : 1));
  });
}
