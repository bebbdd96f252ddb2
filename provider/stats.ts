/**
 * What everything of ours on a host uses: the TypeScript side of agent/api/stats.go, with the same names and meaning. It
 * is what `stats` answers, what `slipway stats --json` prints, and stable: fields may be added, but none changes its
 * meaning or its unit.
 *
 * Counters only grow while the thing runs, so that two readings give a rate; a container that starts anew begins at 0.
 * Times are in microseconds, amounts in bytes. A field that the host's kernel, its version or its settings do not have is
 * absent; 0 is always a true 0. docs/stats.md says where each comes from.
 */
import { z } from "zod";
import { identity } from "./api";

const count = z.int().min(0);

/** Processor time since the group began. */
export const cpuUsage = z.strictObject({
  usageUs: count,
  userUs: count,
  systemUs: count,
  /** Periods of a quota that have passed with something running. */
  periods: count.exactOptional(),
  /** Those of them in which the group was made to wait. */
  throttledPeriods: count.exactOptional(),
  /** For how long it was, summed over its processors. */
  throttledUs: count.exactOptional(),
});

/** Memory now, by kind, and what went wrong since the group began. */
export const memoryUsage = z.strictObject({
  /** All that is charged to the group, the page cache of its files included. */
  currentBytes: count,
  /** That less what the kernel can take back without loss: what `docker stats` shows. */
  workingSetBytes: count,
  /** The most that was ever charged. Needs Linux 5.19 or control groups of version 1. */
  peakBytes: count.exactOptional(),
  /** The group's own limit. */
  maxBytes: count.exactOptional(),
  swapBytes: count.exactOptional(),
  /** Memory that no file is behind. */
  anonBytes: count.exactOptional(),
  /** The page cache. */
  fileBytes: count.exactOptional(),
  /** The part of the page cache that is tmpfs and shared memory. */
  shmemBytes: count.exactOptional(),
  /** The part of the page cache that is mapped. */
  mappedBytes: count.exactOptional(),
  dirtyBytes: count.exactOptional(),
  writebackBytes: count.exactOptional(),
  /** The kernel's own for the group. */
  kernelBytes: count.exactOptional(),
  slabBytes: count.exactOptional(),
  kernelStackBytes: count.exactOptional(),
  pageTablesBytes: count.exactOptional(),
  /** In network buffers. */
  socketBytes: count.exactOptional(),
  /** Pages that had to be read from a disk. */
  majorFaults: count.exactOptional(),
  /** How often the group was at its limit and memory had to be taken back. */
  maxReached: count.exactOptional(),
  /** Processes killed because none could be. */
  oomKills: count.exactOptional(),
});

/** Processes and threads. */
export const pidsUsage = z.strictObject({
  current: count,
  /** The most there ever were. Needs Linux 6.1. */
  peak: count.exactOptional(),
  /** The group's own limit. */
  max: count.exactOptional(),
  /** Forks that the limit refused. */
  maxReached: count.exactOptional(),
});

/** What went to and from one block device since the group began. */
export const deviceUsage = z.strictObject({
  /** "major:minor". */
  device: z.string(),
  /** The kernel's name, such as "sda"; absent where the device is there no more. */
  name: z.string().exactOptional(),
  readBytes: count,
  writeBytes: count,
  readOps: count,
  writeOps: count,
  discardBytes: count.exactOptional(),
  discardOps: count.exactOptional(),
});

/** The share of the last 10, 60 and 300 seconds in percent, and the sum since the group began. */
export const stallShare = z.strictObject({ avg10: z.number(), avg60: z.number(), avg300: z.number(), totalUs: count });

/** How long some, and how long all that was not idle, had to wait. */
export const stall = z.strictObject({ some: stallShare, full: stallShare.exactOptional() });

/** By the resource that was waited for (the kernel's pressure stall information). */
export const pressure = z.strictObject({
  cpu: stall.exactOptional(),
  memory: stall.exactOptional(),
  io: stall.exactOptional(),
});

/** What went through one network link since it was made, seen from inside the container. */
export const linkUsage = z.strictObject({
  name: z.string(),
  receivedBytes: count,
  receivedPackets: count,
  receivedErrors: count,
  receivedDropped: count,
  sentBytes: count,
  sentPackets: count,
  sentErrors: count,
  sentDropped: count,
});

const usage = {
  cpu: cpuUsage.exactOptional(),
  memory: memoryUsage.exactOptional(),
  pids: pidsUsage.exactOptional(),
  /** By block device, those that the group has used since it began. */
  io: z.array(deviceUsage).exactOptional(),
  pressure: pressure.exactOptional(),
};

/** What one running container uses. */
export const containerStats = z.strictObject({
  ...identity.shape,
  /** Its group, below the root of each hierarchy. One in a declared group begins with the path of that. */
  path: z.string(),
  /** When its first process began, RFC 3339: another value means that all counters began anew. */
  startedAt: z.string(),
  ...usage,
  /** The links in a network namespace of its own; absent where it shares the host's. */
  links: z.array(linkUsage).exactOptional(),
});
/** See {@link containerStats}. */
export type ContainerStats = z.infer<typeof containerStats>;

/** What all in one declared group use together. */
export const cgroupStats = z.strictObject({
  ...identity.shape,
  /** Below the root of each hierarchy. */ path: z.string(),
  ...usage,
});
/** See {@link cgroupStats}. */
export type CgroupStats = z.infer<typeof cgroupStats>;

/** One reading of a host. */
export const stats = z.strictObject({
  /** When the reading began, RFC 3339 in UTC. */
  time: z.string(),
  hostId: z.string(),
  /** The host's processors, what a group without a limit can use. */
  cpus: count,
  /** The host's memory. */
  memoryBytes: count,
  /** Those that run, by owner. */
  containers: z.array(containerStats),
  /** Those that are declared, by owner. */
  cgroups: z.array(cgroupStats),
});
/** See {@link stats}. */
export type Stats = z.infer<typeof stats>;
