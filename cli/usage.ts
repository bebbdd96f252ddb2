import type { CgroupStats, ContainerStats, Stats } from "../provider/stats";

/** A container or a declared group in a reading. */
export type Measured = ContainerStats | CgroupStats;

type Cpu = NonNullable<Measured["cpu"]>;

/** What people want to know of one that is measured. What the host does not know, or not yet, is undefined. */
export interface Figures {
  /** Of one processor. */
  readonly cpuPercent: number | undefined;
  /** Of the periods of its quota, those in which it had to wait. */
  readonly throttledPercent: number | undefined;
  readonly memoryBytes: number | undefined;
  /** The least of its own limit, those of the groups it is in, and the host's memory. */
  readonly memoryLimitBytes: number;
  readonly memoryPercent: number | undefined;
  /** Of the last ten seconds, in which something waited for memory. */
  readonly memoryStallPercent: number | undefined;
  readonly oomKills: number | undefined;
  /** In and out, over all links but the one to itself. */
  readonly network: readonly [received: number, sent: number] | undefined;
  readonly block: readonly [read: number, written: number] | undefined;
  readonly pids: number | undefined;
}

/** The figures of one in a reading; an earlier reading of the same host gives the rates. */
export function figuresOf(measured: Measured, reading: Stats, earlier?: Stats): Figures {
  const { cpu, memory, pids, io, pressure } = measured;
  const before = earlier && sameIn(earlier, measured)?.cpu;
  const elapsed = earlier && microseconds(reading.time) - microseconds(earlier.time);
  const limits = [measured, ...groupsAround(measured, reading)].map((each) => each.memory?.maxBytes ?? Infinity);
  // A host that does not know its memory says 0.
  const memoryLimitBytes = Math.min(...limits, reading.memoryBytes || Infinity);
  return {
    cpuPercent: percent(growth(before?.usageUs, cpu?.usageUs), elapsed),
    throttledPercent: throttledOf(before, cpu),
    memoryBytes: memory?.workingSetBytes,
    memoryLimitBytes,
    memoryPercent: percent(memory?.workingSetBytes, memoryLimitBytes),
    memoryStallPercent: pressure?.memory?.some.avg10,
    oomKills: memory?.oomKills,
    network: networkOf(measured),
    block: io && [sum(io.map((each) => each.readBytes)), sum(io.map((each) => each.writeBytes))],
    pids: pids?.current,
  };
}

/** The declared groups that one is in, from the outermost to the innermost. */
export function groupsAround({ path }: Measured, { cgroups }: Stats): CgroupStats[] {
  return cgroups
    .filter((group) => path.startsWith(`${group.path}/`))
    .sort((one, other) => one.path.length - other.path.length);
}

/**
 * The same thing in another reading. A container that began anew is not the same, for its counters did too; nor is a group
 * that was made anew.
 */
function sameIn({ containers, cgroups }: Stats, measured: Measured): Measured | undefined {
  const startedAt = (each: Measured): string => ("startedAt" in each ? each.startedAt : "");
  return [...containers, ...cgroups].find(
    (each) => each.incarnation === measured.incarnation && startedAt(each) === startedAt(measured),
  );
}

/** By how much a counter grew: undefined where one of the two is missing, or it began anew in between. */
function growth(before: number | undefined, now: number | undefined): number | undefined {
  return before === undefined || now === undefined || now < before ? undefined : now - before;
}

/** Undefined where there is nothing to be a part of: a clock that was set back, or a host that tells no memory. */
function percent(part: number | undefined, whole: number | undefined): number | undefined {
  if (part === undefined || whole === undefined || !(whole > 0) || whole === Infinity) return undefined;
  return (part / whole) * 100;
}

function throttledOf(before: Cpu | undefined, now: Cpu | undefined): number | undefined {
  // Without a quota no period was ever counted. With one, none is while nothing runs, and so nothing has to wait.
  if (now?.periods === 0) return undefined;
  const periods = growth(before?.periods, now?.periods);
  return periods === 0 ? 0 : percent(growth(before?.throttledPeriods, now?.throttledPeriods), periods);
}

function networkOf(measured: Measured): [number, number] | undefined {
  if (!("links" in measured)) return undefined;
  const links = measured.links.filter(({ name }) => name !== "lo");
  return [sum(links.map((link) => link.receivedBytes)), sum(links.map((link) => link.sentBytes))];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

/** A time of RFC 3339 in microseconds, which Date does not count. */
function microseconds(time: string): number {
  const fraction = /\.(\d+)/.exec(time)?.[1] ?? "";
  return Math.floor(Date.parse(time) / 1000) * 1e6 + Number(fraction.slice(0, 6).padEnd(6, "0"));
}
