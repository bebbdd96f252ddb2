import { unlimited, type GroupResources } from "../api";
import { compact } from "./bag";

/** The use of one block device, as an argument limits it. */
export interface DeviceRate {
  /** A path below /dev on the host, or "major:minor". */
  readonly path: string;
  /** Bytes, or operations, a second. */
  readonly rate: number;
}

/** The arguments of a container that become settings of its control group, in their canonical form. */
export interface Limits {
  readonly memory?: number;
  readonly memorySwap?: number;
  readonly memoryReservation?: number;
  readonly cpus?: number;
  readonly cpuQuota?: number;
  readonly cpuPeriod?: number;
  readonly cpuShares?: number;
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
  readonly pidsLimit?: number;
  readonly blkioWeight?: number;
  readonly deviceReadBps?: readonly DeviceRate[];
  readonly deviceWriteBps?: readonly DeviceRate[];
  readonly deviceReadIOps?: readonly DeviceRate[];
  readonly deviceWriteIOps?: readonly DeviceRate[];
}

/** The kernel's default, and Docker's, in microseconds. */
const defaultPeriod = 100_000;

/** What is asked of the agent, undefined where nothing is. */
export function resourcesOf(limits: Limits): GroupResources | undefined {
  const quota = limits.cpus === undefined ? limits.cpuQuota : Math.round(limits.cpus * defaultPeriod);
  const rates = io(limits);
  const asked = {
    cpu: set({ maxUs: quota, periodUs: limits.cpuPeriod, shares: limits.cpuShares }),
    cpuset: set({ cpus: limits.cpusetCpus, mems: limits.cpusetMems }),
    memory: set({ max: limits.memory, low: limits.memoryReservation, swapMax: swapOf(limits) }),
    pids: set({ max: limits.pidsLimit }),
    io: set({
      weight: limits.blkioWeight === undefined ? undefined : weightOf(limits.blkioWeight),
      max: rates.length === 0 ? undefined : rates,
    }),
  };
  return set(asked) as GroupResources | undefined;
}

/** The members that are set; undefined where none is. */
function set<T extends object>(members: T): Partial<T> | undefined {
  const found = Object.entries(members).filter(([, value]) => value !== undefined);
  return found.length === 0 ? undefined : (Object.fromEntries(found) as Partial<T>);
}

/** Docker's limit of swap counts memory too. */
function swapOf({ memory = 0, memorySwap }: Limits): number | undefined {
  return memorySwap === undefined || memorySwap === unlimited ? memorySwap : memorySwap - memory;
}

/**
 * Docker's weights are those of the scheduler bfq, up to 1,000; version 2 counts up to 10,000. Both have 100 for everybody.
 * The agent turns them back, so that the file of bfq holds what was written, as with Docker.
 */
function weightOf(blkioWeight: number): number {
  return blkioWeight <= 100 ? blkioWeight : 100 + (blkioWeight - 100) * 11;
}

function blkioWeightOf(weight: number): number {
  return weight <= 100 ? weight : 100 + Math.round((weight - 100) / 11);
}

const rateNames = {
  deviceReadBps: "readBytes",
  deviceWriteBps: "writeBytes",
  deviceReadIOps: "readOps",
  deviceWriteIOps: "writeOps",
} as const;

type RateName = keyof typeof rateNames;
type DeviceLimits = NonNullable<NonNullable<GroupResources["io"]>["max"]>[number];

/** The four lists by device. */
function io(limits: Limits): DeviceLimits[] {
  const found = new Map<string, DeviceLimits>();
  for (const [name, field] of Object.entries(rateNames)) {
    for (const { path, rate } of limits[name as RateName] ?? []) {
      found.set(path, { ...(found.get(path) ?? { device: path }), [field]: rate });
    }
  }
  return [...found.values()].sort((a, b) => (a.device < b.device ? -1 : 1));
}

function ratesOf(name: RateName, seen: GroupResources): DeviceRate[] | undefined {
  const field = rateNames[name];
  const found = (seen.io?.max ?? []).flatMap(({ device, [field]: rate }) =>
    rate === undefined || rate === unlimited ? [] : [{ path: device, rate }],
  );
  return found.length === 0 ? undefined : found;
}

/**
 * Each argument as the kernel holds it, undefined where it holds none and the argument has no word for that. One for memory
 * and swap is told by the memory that was declared, so that a difference in the one does not show as one in the other.
 */
const seenAs: { readonly [N in keyof Limits]-?: (seen: GroupResources, declared: Limits) => Limits[N] | undefined } = {
  memory: ({ memory }) => memory?.max,
  memorySwap: ({ memory }, declared) => {
    const { swapMax, max = unlimited } = memory ?? {};
    if (swapMax === undefined || swapMax === unlimited) return swapMax;
    // Other memory alone is no other swap.
    return swapMax + (swapMax === swapOf(declared) || max === unlimited ? (declared.memory ?? 0) : max);
  },
  memoryReservation: ({ memory }) => (memory?.low === 0 ? undefined : memory?.low),
  cpus: ({ cpu }) =>
    cpu?.maxUs === undefined || cpu.maxUs === unlimited ? undefined : cpu.maxUs / (cpu.periodUs ?? defaultPeriod),
  cpuQuota: ({ cpu }) => cpu?.maxUs,
  cpuPeriod: ({ cpu }) => cpu?.periodUs ?? defaultPeriod,
  cpuShares: ({ cpu }) => cpu?.shares,
  cpusetCpus: ({ cpuset }) => cpuset?.cpus,
  cpusetMems: ({ cpuset }) => cpuset?.mems,
  pidsLimit: ({ pids }) => pids?.max,
  blkioWeight: ({ io: held }) => (held?.weight === undefined ? undefined : blkioWeightOf(held.weight)),
  deviceReadBps: (seen) => ratesOf("deviceReadBps", seen),
  deviceWriteBps: (seen) => ratesOf("deviceWriteBps", seen),
  deviceReadIOps: (seen) => ratesOf("deviceReadIOps", seen),
  deviceWriteIOps: (seen) => ratesOf("deviceWriteIOps", seen),
};

/** The names of {@link Limits}. */
export const limitNames = Object.keys(seenAs) as (keyof Limits)[];

/**
 * The declared limits, with those that the kernel holds otherwise as it holds them. One that was not declared is not
 * ours to look at, but for the period of a quota. What the kernel makes of a number by rounding is no difference: the agent
 * answers the number that was asked for.
 */
export function limitsSeen<I extends Limits>(inputs: I, seen: GroupResources): I {
  const asked = resourcesOf(inputs) ?? {};
  const changed: [string, unknown][] = [];
  for (const name of limitNames) {
    if (inputs[name] === undefined && !(name === "cpuPeriod" && inputs.cpuQuota !== undefined)) continue;
    const held = seenAs[name](seen, inputs);
    if (JSON.stringify(held) === JSON.stringify(seenAs[name](asked, inputs))) continue;
    changed.push([name, held]);
  }
  return compact({ ...inputs, ...Object.fromEntries(changed) });
}
