import type { z } from "zod";
import { unlimited, type GroupResources } from "../api";
import { compact, isBag, pick } from "./bag";
import { count, flag, text } from "./fields";
import { numbers, orUnlimited, sizeOrUnlimited } from "./limit-fields";
import { hand, judged, list, members, value } from "./schema";
import { parseDuration, parseSize } from "./units";

/** The kernel's default, in microseconds. */
const defaultPeriod = 100_000;

/** Microseconds: `"50ms"`, or a number of microseconds as in the kernel's files. */
function microseconds(least: number, most: number): z.ZodType<number> {
  return value(
    `must be a time from ${String(least)} to ${String(most)} microseconds, such as "50ms" or 50000`,
    (written) => {
      const us = typeof written === "string" ? (parseDuration(written) ?? NaN) * 1000 : written;
      return Number.isSafeInteger(us) && Number(us) >= least && Number(us) <= most ? Number(us) : undefined;
    },
  );
}

/** The most a quota can be: what 8192 processors do in a second. */
const largestQuota = 8192 * 1_000_000;

/** A quota of each period. Programs may say it in processors, in the kernel's words, or as its two parts. */
export interface Bandwidth {
  readonly quota: number;
  readonly period?: number;
}

const parts = members('must be an object such as { quota: "50ms", period: "100ms" }', {
  quota: orUnlimited(microseconds(1000, largestQuota)),
  period: microseconds(1000, 1_000_000).exactOptional(),
});

function bandwidth(): z.ZodType<Bandwidth> {
  const rule =
    'must be a number of processors such as 1.5, a quota and a period as in cpu.max such as "50000 100000", "max", or ' +
    '{ quota: "50ms", period: "100ms" }';
  return judged((written, fail) => {
    if (isBag(written)) {
      const both = hand(parts, written, fail, []) as Bandwidth | undefined;
      return both?.period === defaultPeriod ? { quota: both.quota } : both;
    }
    const [quota, period] = typeof written === "string" ? written.trim().split(/\s+/) : [];
    if (quota === "max" || written === unlimited) return { quota: unlimited };
    if (quota !== undefined && period !== undefined) {
      return hand(bandwidth(), { quota: Number(quota), period: Number(period) }, () => void fail(rule), []);
    }
    const processors = typeof written === "string" && /^\d+(\.\d+)?$/.test(written) ? Number(written) : written;
    if (typeof processors !== "number" || !(processors >= 0.01 && processors <= 8192)) return void fail(rule);
    return { quota: Math.round(processors * defaultPeriod) };
  });
}

const size = (): z.ZodType<number> => sizeOrUnlimited(0);
const rate = (): z.ZodType<number> =>
  orUnlimited(
    value('must be bytes a second, such as "10m"', (written) => {
      const bytes = parseSize(written);
      return bytes !== undefined && bytes > 0 ? bytes : undefined;
    }),
  );

const device = members('must be an object such as { device: "/dev/sda", readBps: "10m" }', {
  device: text('must be a path below /dev, or "major:minor"', /^(\/dev\/[^\0]+|\d+:\d+)$/),
  readBps: rate().exactOptional(),
  writeBps: rate().exactOptional(),
  readIops: orUnlimited(count(1)).exactOptional(),
  writeIops: orUnlimited(count(1)).exactOptional(),
});

/** Sizes of pages with limits, by the kernel's names. */
function hugePages(): z.ZodType<Record<string, number>> {
  return judged((written, fail) => {
    if (!isBag(written)) return void fail('must be an object such as { "2MB": "64m" }');
    const limits = Object.entries(written).map(([name, most]) => {
      if (!/^\d+(KB|MB|GB)$/.test(name)) fail('must be a size of pages such as "2MB" or "1GB"', [name]);
      return [name, hand(size(), most, fail, [name]) ?? 0] as const;
    });
    return Object.fromEntries(limits.sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** A rule in the words of version 1; its letters in one order. */
const rule = value(
  'must be a rule such as "c 1:3 rwm": a, b or c, major and minor or *, and some of r, w and m',
  (written) => {
    const found = typeof written === "string" ? /^([abc]) (\*|\d+):(\*|\d+) ([rwm]+)$/.exec(written.trim()) : null;
    if (found === null) return undefined;
    const access = ["r", "w", "m"].filter((letter) => found[4]?.includes(letter)).join("");
    return `${found[1] ?? ""} ${found[2] ?? ""}:${found[3] ?? ""} ${access}`;
  },
);

/** The settings of a Cgroup, named as the kernel's files are. */
export const groupShape = {
  cpu: members("must be an object such as { max: 1.5 }", {
    max: bandwidth().exactOptional(),
    weight: count(1, 10_000).exactOptional(),
    burst: microseconds(0, largestQuota).exactOptional(),
  }).exactOptional(),
  cpuset: members('must be an object such as { cpus: "0-3" }', {
    cpus: numbers("processors").exactOptional(),
    mems: numbers("memory nodes").exactOptional(),
  }).exactOptional(),
  memory: members('must be an object such as { max: "1g" }', {
    max: size().exactOptional(),
    high: size().exactOptional(),
    low: size().exactOptional(),
    min: size().exactOptional(),
    swapMax: size().exactOptional(),
    oomGroup: flag().exactOptional(),
  }).exactOptional(),
  pids: members("must be an object such as { max: 100 }", {
    max: orUnlimited(count(0, 4_194_304)).exactOptional(),
  }).exactOptional(),
  io: members("must be an object such as { weight: 50 }", {
    weight: count(1, 10_000).exactOptional(),
    max: list("must be a list of at least one device", device).exactOptional(),
  }).exactOptional(),
  hugetlb: hugePages().exactOptional(),
  devices: list('must be a list of at least one rule, such as ["c 1:3 rwm"]', rule).exactOptional(),
};

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
