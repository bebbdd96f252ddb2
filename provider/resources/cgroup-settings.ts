import type { z } from "zod";
import { unlimited, type GroupResources } from "../api";
import { compact, isBag, pick, type Bag } from "./bag";
import type { Failure } from "./definition";
import { count, flag, size } from "./fields";
import { bytes, device, mostTime, numbers, orNoLimit, orUnlimited, sizeOrUnlimited } from "./limit-fields";
import { hand, judged, list, members, shown, value } from "./schema";
import { unknown } from "./unknown";
import { parseDuration, parseSize } from "./units";

/** The kernel's default, in microseconds. */
const defaultPeriod = 100_000;

/** Microseconds: `"50ms"`, or a number of microseconds as in the kernel's files. */
function microseconds(least: number, most: number, otherwise = ""): z.ZodType<number> {
  return value(
    `must be a time from ${String(least)} to ${String(most)} microseconds, such as "50ms" or 50000${otherwise}`,
    (written) => {
      const us = typeof written === "string" ? (parseDuration(written) ?? NaN) * 1000 : written;
      return Number.isSafeInteger(us) && Number(us) >= least && Number(us) <= most ? Number(us) : undefined;
    },
  );
}

/** A quota of each period. Programs may say it in processors, in the kernel's words, or as its two parts. */
export interface Bandwidth {
  readonly quota: number;
  readonly period?: number;
}

const parts = members('must be an object such as { quota: "50ms", period: "100ms" }', {
  quota: orUnlimited(microseconds(1000, mostTime, orNoLimit)),
  period: microseconds(1000, 1_000_000).exactOptional(),
});

function bandwidth(): z.ZodType<Bandwidth> {
  const rule =
    'must be a number of processors from 0.01 to 8192 such as 1.5, a quota and a period as in cpu.max such as "50000 100000", "max", or ' +
    '{ quota: "50ms", period: "100ms" }';
  return judged((written, fail) => {
    if (isBag(written)) {
      const both = hand(parts, written, fail, []) as Bandwidth | undefined;
      return both?.period === defaultPeriod ? { quota: both.quota } : both;
    }
    const refuse = (): undefined => void fail(`${rule}; ${shown(written)}`);
    const [, quota, period] = /^\s*(\d+|max)\s+(\d+)\s*$/.exec(typeof written === "string" ? written : "") ?? [];
    if (quota !== undefined) {
      const both = { quota: quota === "max" ? unlimited : Number(quota), period: Number(period) };
      const read = hand(bandwidth(), both, () => undefined, []) ?? refuse();
      return read?.quota === unlimited ? { quota: unlimited } : read;
    }
    if (written === "max" || written === unlimited) return { quota: unlimited };
    const processors = typeof written === "string" && /^\d+(\.\d+)?$/.test(written) ? Number(written) : written;
    if (typeof processors !== "number" || !(processors >= 0.01 && processors <= 8192)) return refuse();
    return { quota: Math.round(processors * defaultPeriod) };
  });
}

const rate = (): z.ZodType<number> =>
  orUnlimited(value(`must be bytes a second, such as "10m", more than 0${orNoLimit}`, bytes));
const operations = (): z.ZodType<number> => orUnlimited(count(1, undefined, orNoLimit));

const deviceLimits = members('must be an object such as { device: "/dev/sda", readBps: "10m" }', {
  device: device(),
  readBps: rate().exactOptional(),
  writeBps: rate().exactOptional(),
  readIops: operations().exactOptional(),
  writeIops: operations().exactOptional(),
});

/** Sizes of pages with limits, by the kernel's names. */
function hugePages(): z.ZodType<Record<string, number>> {
  return judged((written, fail) => {
    if (!isBag(written)) return void fail(`must be an object such as { "2MB": "64m" }; ${shown(written)}`);
    const limits = Object.entries(written).map(([name, most]) => {
      if (!/^\d+(KB|MB|GB)$/.test(name)) fail('must be a size of pages such as "2MB" or "1GB"', [name]);
      return [name, hand(sizeOrUnlimited(), most, fail, [name]) ?? 0] as const;
    });
    return Object.fromEntries(limits.sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** A rule in the words of version 1; its letters in one order. */
const rule = value(
  'must be a rule such as "c 1:3 rwm": a, b or c, major and minor or *, and some of r, w and m',
  (written) => {
    const found = /^([abc]) (\*|\d{1,9}):(\*|\d{1,9}) ([rwm]+)$/.exec(
      typeof written === "string" ? written.trim() : "",
    );
    if (found === null) return undefined;
    const access = ["r", "w", "m"].filter((letter) => found[4]?.includes(letter)).join("");
    return `${found[1] ?? ""} ${found[2] ?? ""}:${found[3] ?? ""} ${access}`;
  },
);

const nothingKept = " (leave it out for none)";

/** The settings of a Cgroup, named as the kernel's files are. */
export const groupShape = {
  cpu: members("must be an object such as { max: 1.5 }", {
    max: bandwidth().exactOptional(),
    weight: count(1, 10_000).exactOptional(),
    burst: microseconds(0, mostTime).exactOptional(),
  }).exactOptional(),
  cpuset: members('must be an object such as { cpus: "0-3" }', {
    cpus: numbers("processors").exactOptional(),
    mems: numbers("memory nodes").exactOptional(),
  }).exactOptional(),
  memory: members('must be an object such as { max: "1g" }', {
    max: sizeOrUnlimited("4k").exactOptional(),
    high: sizeOrUnlimited("4k").exactOptional(),
    low: size(undefined, nothingKept).exactOptional(),
    min: size(undefined, nothingKept).exactOptional(),
    swapMax: sizeOrUnlimited().exactOptional(),
    oomGroup: flag().exactOptional(),
  }).exactOptional(),
  pids: members("must be an object such as { max: 100 }", {
    max: orUnlimited(count(1, 4_194_304, orNoLimit)).exactOptional(),
  }).exactOptional(),
  io: members("must be an object such as { weight: 50 }", {
    weight: count(1, 10_000).exactOptional(),
    max: list("must be a list of at least one device", deviceLimits).exactOptional(),
  }).exactOptional(),
  hugetlb: hugePages().exactOptional(),
  devices: list(
    'must be a list of at least one rule, such as ["c 1:3 rwm"] (leave it out for no restriction)',
    rule,
  ).exactOptional(),
};

/** What several settings say together. */
export function groupRules({ memory, io }: Bag): Failure[] {
  const failures: Failure[] = [];
  const member = (bag: unknown, name: string): unknown => (isBag(bag) ? bag[name] : undefined);
  const most = parseSize(member(memory, "max"));
  for (const name of ["low", "min"]) {
    const kept = parseSize(member(memory, name));
    if (kept === undefined || most === undefined || kept <= most) continue;
    failures.push({
      path: ["memory", name],
      reason: `must be at most memory.max, ${String(most)} bytes; got ${String(kept)}`,
    });
  }
  const limits = member(io, "max");
  const devices = Array.isArray(limits) ? limits.map((limit) => member(limit, "device")) : [];
  devices.forEach((device, place) => {
    if (typeof device !== "string" || device === unknown || devices.indexOf(device) === place) return;
    failures.push({ path: ["io", "max", place, "device"], reason: `names ${device} a second time` });
  });
  return failures;
}

/** The settings in their canonical form. */
export interface GroupSettings {
  readonly cpu?: { readonly max?: Bandwidth; readonly weight?: number; readonly burst?: number };
  readonly cpuset?: { readonly cpus?: string; readonly mems?: string };
  readonly memory?: GroupResources["memory"];
  readonly pids?: { readonly max?: number };
  readonly io?: {
    readonly weight?: number;
    readonly max?: readonly {
      readonly device: string;
      readonly readBps?: number;
      readonly writeBps?: number;
      readonly readIops?: number;
      readonly writeIops?: number;
    }[];
  };
  readonly hugetlb?: Readonly<Record<string, number>>;
  readonly devices?: readonly string[];
}

/** What is asked of the agent. */
export function asked({ cpu, cpuset, memory, pids, io, hugetlb, devices }: GroupSettings): GroupResources {
  return compact({
    cpu: cpu && {
      maxUs: cpu.max?.quota,
      periodUs: cpu.max?.period,
      burstUs: cpu.burst,
      weight: cpu.weight,
    },
    cpuset,
    memory,
    pids,
    io: io && {
      weight: io.weight,
      max: io.max?.map((limit) => ({
        device: limit.device,
        readBytes: limit.readBps,
        writeBytes: limit.writeBps,
        readOps: limit.readIops,
        writeOps: limit.writeIops,
      })),
    },
    hugetlb: hugetlb && Object.entries(hugetlb).map(([pageSize, max]) => ({ pageSize, max })),
    devices,
  }) as GroupResources;
}

/** The settings as the kernel holds them, of those that are declared. */
export function found<I extends GroupSettings>(inputs: I, held: GroupResources): I {
  const seen: GroupSettings = {
    cpu: {
      max: {
        quota: held.cpu?.maxUs ?? unlimited,
        ...(held.cpu?.periodUs !== undefined && { period: held.cpu.periodUs }),
      },
      weight: held.cpu?.weight,
      burst: held.cpu?.burstUs,
    },
    cpuset: held.cpuset,
    memory: held.memory,
    pids: held.pids,
    io: {
      weight: held.io?.weight,
      max: held.io?.max?.map((limit) => ({
        device: limit.device,
        readBps: limit.readBytes,
        writeBps: limit.writeBytes,
        readIops: limit.readOps,
        writeIops: limit.writeOps,
      })),
    },
    hugetlb: Object.fromEntries((held.hugetlb ?? []).map(({ pageSize, max }) => [pageSize, max])),
    devices: held.devices,
  } as GroupSettings;
  const now = { ...inputs } as Record<string, unknown>;
  for (const [controller, declared] of Object.entries(inputs as Record<string, unknown>)) {
    if (!(controller in groupShape) || declared === undefined) continue;
    const there: unknown = compact(seen[controller as keyof GroupSettings]);
    if (!isBag(there) || !isBag(declared)) now[controller] = there;
    else now[controller] = pick(there, Object.keys(declared));
  }
  return compact(now) as I;
}
