/** What went through one network link since it was made, seen from inside the container. */
export interface LinkUsage {
  /** The link's name, such as "eth0". */
  readonly name: string;
  /** Bytes that came in. */
  readonly receivedBytes: number;
  /** Packets that came in. */
  readonly receivedPackets: number;
  /** Packets that came in damaged. */
  readonly receivedErrors: number;
  /** Packets that came in and were dropped. */
  readonly receivedDropped: number;
  /** Bytes that went out. */
  readonly sentBytes: number;
  /** Packets that went out. */
  readonly sentPackets: number;
  /** Packets that could not be sent. */
  readonly sentErrors: number;
  /** Packets that were to go out and were dropped. */
  readonly sentDropped: number;
}

/** Processor time since the group began, in microseconds. */
export interface CpuUsage {
  /** All of it. */
  readonly usageUs: number;
  /** The part spent in programs. */
  readonly userUs: number;
  /** The part spent in the kernel for them. */
  readonly systemUs: number;
  /** Periods of a quota that have passed with something running. */
  readonly periods?: number;
  /** Those of them in which the group was made to wait. */
  readonly throttledPeriods?: number;
  /** For how long it was, summed over its processors. */
  readonly throttledUs?: number;
}

/** Memory now, by kind, in bytes, and what went wrong since the group began. */
export interface MemoryUsage {
  /** All that is charged to the group, the page cache of its files included. */
  readonly currentBytes: number;
  /** That less what the kernel can take back without loss: what `docker stats` shows. */
  readonly workingSetBytes: number;
  /** The most that was ever charged. Needs Linux 5.19 or control groups of version 1. */
  readonly peakBytes?: number;
  /** The group's own limit. */
  readonly maxBytes?: number;
  /** What is swapped out. */
  readonly swapBytes?: number;
  /** Memory that no file is behind. */
  readonly anonBytes?: number;
  /** The page cache. */
  readonly fileBytes?: number;
  /** The part of the page cache that is tmpfs and shared memory. */
  readonly shmemBytes?: number;
  /** The part of the page cache that is mapped. */
  readonly mappedBytes?: number;
  /** The part of the page cache that has to be written to a disk. */
  readonly dirtyBytes?: number;
  /** The part of the page cache that is being written. */
  readonly writebackBytes?: number;
  /** The kernel's own for the group. */
  readonly kernelBytes?: number;
  /** The part of the kernel's own that is in its caches of objects. */
  readonly slabBytes?: number;
  /** The part of the kernel's own that is stacks of threads. */
  readonly kernelStackBytes?: number;
  /** The part of the kernel's own that is page tables. */
  readonly pageTablesBytes?: number;
  /** In network buffers. */
  readonly socketBytes?: number;
  /** Pages that had to be read from a disk. */
  readonly majorFaults?: number;
  /** How often the group was at its limit and memory had to be taken back. */
  readonly maxReached?: number;
  /** Processes killed because none could be. */
  readonly oomKills?: number;
}

/** Processes and threads, each of which counts. */
export interface PidsUsage {
  /** How many there are. */
  readonly current: number;
  /** The most there ever were. Needs Linux 6.1 and control groups of version 2. */
  readonly peak?: number;
  /** The group's own limit. */
  readonly max?: number;
  /** Forks that the limit refused. */
  readonly maxReached?: number;
}

/** What went to and from one block device since the group began. */
export interface DeviceUsage {
  /** "major:minor". */
  readonly device: string;
  /** The kernel's name, such as "sda"; absent where the device is there no more. */
  readonly name?: string;
  /** Bytes read. */
  readonly readBytes: number;
  /** Bytes written. */
  readonly writeBytes: number;
  /** Reads. */
  readonly readOps: number;
  /** Writes. */
  readonly writeOps: number;
  /** Bytes discarded. */
  readonly discardBytes?: number;
  /** Discards. */
  readonly discardOps?: number;
}

/** How much of the time something had to wait. */
export interface StallShare {
  /** Percent of the last 10 seconds. */
  readonly avg10: number;
  /** Percent of the last 60 seconds. */
  readonly avg60: number;
  /** Percent of the last 300 seconds. */
  readonly avg300: number;
  /** Microseconds since the group began. */
  readonly totalUs: number;
}

/** Waiting for one resource. */
export interface Stall {
  /** While at least one task had to wait. */
  readonly some: StallShare;
  /** While all that were not idle had to. */
  readonly full?: StallShare;
}

/** Waiting, by the resource that was waited for (the kernel's pressure stall information). */
export interface Pressure {
  /** Waiting for a processor. */
  readonly cpu?: Stall;
  /** Waiting for memory. */
  readonly memory?: Stall;
  /** Waiting for a block device. */
  readonly io?: Stall;
}

/** What one control group uses. What the host's kernel, its version or its settings do not have is absent. */
export interface Usage {
  /** Processor time. */
  readonly cpu?: CpuUsage;
  /** Memory. */
  readonly memory?: MemoryUsage;
  /** Processes and threads. */
  readonly pids?: PidsUsage;
  /** By block device, those that the group has used since it began. */
  readonly io?: readonly DeviceUsage[];
  /** Waiting, by what was waited for. */
  readonly pressure?: Pressure;
}

/** Whose usage it is. */
export interface UsageOwner {
  /** Organisation, `slipway:namespace` if set, and URN of the resource. */
  readonly owner: string;
  /** The resource's place on the host: the first half of its Pulumi id. */
  readonly slot: string;
  /** What fills that place: the other half. */
  readonly incarnation: string;
  /** Where its control group is, below the root of each hierarchy. One in a declared group begins with the path of that. */
  readonly path: string;
}

/** What one running container uses. */
export interface ContainerStats extends UsageOwner, Usage {
  /** When its first process began, RFC 3339: another value means that all counters began anew. */
  readonly startedAt: string;
  /** The links in a network namespace of its own; absent where it shares the host's. */
  readonly links?: readonly LinkUsage[];
}

/** What all in one declared group use together. */
export type CgroupStats = UsageOwner & Usage;

/**
 * One reading of what everything of Slipway's on a host uses. Counters only grow while the thing runs, so that two
 * readings give a rate; a container that starts anew begins at 0. Fields may be added, but none changes its meaning or
 * its unit.
 */
export interface Stats {
  /** When the reading began, RFC 3339 in UTC. */
  readonly time: string;
  /** The id of the machine. */
  readonly hostId: string;
  /** The host's processors, what a group without a limit can use. */
  readonly cpus: number;
  /** The host's memory. */
  readonly memoryBytes: number;
  /** Those that run, by owner. */
  readonly containers: readonly ContainerStats[];
  /** Those that are declared, by owner. */
  readonly cgroups: readonly CgroupStats[];
}
