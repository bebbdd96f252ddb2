import type { ContainerStats, DeviceUsage, LinkUsage, Stall, Stats, Usage } from "./reading";

/** One metric: what is asked of a `T`, in Prometheus' terms. */
export interface Metric<T> {
  /** Its name without the prefix. */
  readonly name: string;
  /** A counter only grows while the thing runs; a gauge is what is now. */
  readonly type: "counter" | "gauge";
  /** What it is, in one line. */
  readonly help: string;
  /** Its value in the base unit, undefined where the host does not know it. */
  readonly value: (of: T) => number | undefined;
}

const counter = <T>(name: string, help: string, value: Metric<T>["value"]): Metric<T> => ({
  name,
  type: "counter",
  help,
  value,
});
const gauge = <T>(name: string, help: string, value: Metric<T>["value"]): Metric<T> => ({
  name,
  type: "gauge",
  help,
  value,
});

const seconds = (microseconds: number | undefined): number | undefined =>
  microseconds === undefined ? undefined : microseconds / 1e6;
const pressed = { cpu: "a processor", memory: "memory", io: "a block device" };
const unixTime = (time: string): number => Date.parse(time) / 1000;

/** Of the host itself. */
export const hostMetrics: readonly Metric<Stats>[] = [
  gauge("reading_timestamp_seconds", "When the reading began, in Unix time.", ({ time }) => unixTime(time)),
  gauge("cpus", "Processors of the host.", ({ cpus }) => cpus),
  gauge("memory_bytes", "Memory of the host.", ({ memoryBytes }) => memoryBytes),
];

/** Of a container alone. */
export const containerMetrics: readonly Metric<ContainerStats>[] = [
  gauge("start_time_seconds", "When the first process began, in Unix time.", ({ startedAt }) => unixTime(startedAt)),
];

/** Of containers and of declared groups. Those that cAdvisor has too have its names. */
export const usageMetrics: readonly Metric<Usage>[] = [
  counter("cpu_usage_seconds_total", "Processor time used.", ({ cpu }) => seconds(cpu?.usageUs)),
  counter("cpu_user_seconds_total", "Processor time used by programs.", ({ cpu }) => seconds(cpu?.userUs)),
  counter("cpu_system_seconds_total", "Processor time used by the kernel.", ({ cpu }) => seconds(cpu?.systemUs)),
  counter("cpu_cfs_periods_total", "Periods of the quota with something running.", ({ cpu }) => cpu?.periods),
  counter("cpu_cfs_throttled_periods_total", "Periods in which it had to wait.", ({ cpu }) => cpu?.throttledPeriods),
  counter("cpu_cfs_throttled_seconds_total", "Time it had to wait, summed over processors.", ({ cpu }) =>
    seconds(cpu?.throttledUs),
  ),
  gauge("memory_usage_bytes", "Memory charged, the page cache included.", ({ memory }) => memory?.currentBytes),
  gauge(
    "memory_working_set_bytes",
    "Memory charged that the kernel cannot take back without loss.",
    ({ memory }) => memory?.workingSetBytes,
  ),
  gauge("memory_max_usage_bytes", "The most memory ever charged.", ({ memory }) => memory?.peakBytes),
  gauge("spec_memory_limit_bytes", "The limit of its own.", ({ memory }) => memory?.maxBytes),
  gauge("memory_swap_bytes", "Memory swapped out.", ({ memory }) => memory?.swapBytes),
  gauge("memory_anon_bytes", "Memory that no file is behind.", ({ memory }) => memory?.anonBytes),
  gauge("memory_file_bytes", "Page cache.", ({ memory }) => memory?.fileBytes),
  gauge("memory_shmem_bytes", "Page cache that is tmpfs and shared memory.", ({ memory }) => memory?.shmemBytes),
  gauge("memory_mapped_bytes", "Page cache that is mapped.", ({ memory }) => memory?.mappedBytes),
  gauge("memory_dirty_bytes", "Page cache that has to be written.", ({ memory }) => memory?.dirtyBytes),
  gauge("memory_writeback_bytes", "Page cache that is being written.", ({ memory }) => memory?.writebackBytes),
  gauge("memory_kernel_bytes", "Memory of the kernel for it.", ({ memory }) => memory?.kernelBytes),
  gauge("memory_slab_bytes", "Memory of the kernel in caches of objects.", ({ memory }) => memory?.slabBytes),
  gauge("memory_kernel_stack_bytes", "Memory of the kernel in stacks.", ({ memory }) => memory?.kernelStackBytes),
  gauge("memory_page_tables_bytes", "Memory of the kernel in page tables.", ({ memory }) => memory?.pageTablesBytes),
  gauge("memory_socket_bytes", "Memory in network buffers.", ({ memory }) => memory?.socketBytes),
  counter("memory_major_faults_total", "Pages read from a disk.", ({ memory }) => memory?.majorFaults),
  counter("memory_max_reached_total", "Times the limit was met.", ({ memory }) => memory?.maxReached),
  counter("oom_events_total", "Processes killed for want of memory.", ({ memory }) => memory?.oomKills),
  gauge("threads", "Processes and threads.", ({ pids }) => pids?.current),
  gauge("threads_peak", "The most processes and threads there ever were.", ({ pids }) => pids?.peak),
  gauge("threads_max", "The limit of its own on processes and threads.", ({ pids }) => pids?.max),
  counter("threads_max_reached_total", "Forks that the limit refused.", ({ pids }) => pids?.maxReached),
  ...(["cpu", "memory", "io"] as const).flatMap((resource) => [
    counter<Usage>(
      `pressure_${resource}_waiting_seconds_total`,
      `Time in which something waited for ${pressed[resource]}.`,
      ({ pressure }) => stalled(pressure?.[resource], "some"),
    ),
    counter<Usage>(
      `pressure_${resource}_stalled_seconds_total`,
      `Time in which all that was not idle waited for ${pressed[resource]}.`,
      ({ pressure }) => stalled(pressure?.[resource], "full"),
    ),
  ]),
];

/** Of one block device of a container or a group: label `device`. */
export const deviceMetrics: readonly Metric<DeviceUsage>[] = [
  counter("fs_reads_bytes_total", "Bytes read from the block device.", ({ readBytes }) => readBytes),
  counter("fs_writes_bytes_total", "Bytes written to the block device.", ({ writeBytes }) => writeBytes),
  counter("fs_discards_bytes_total", "Bytes discarded on the block device.", ({ discardBytes }) => discardBytes),
  counter("fs_reads_total", "Reads from the block device.", ({ readOps }) => readOps),
  counter("fs_writes_total", "Writes to the block device.", ({ writeOps }) => writeOps),
  counter("fs_discards_total", "Discards on the block device.", ({ discardOps }) => discardOps),
];

/** Of one link of a container: label `interface`. */
export const linkMetrics: readonly Metric<LinkUsage>[] = [
  counter("network_receive_bytes_total", "Bytes received.", (link) => link.receivedBytes),
  counter("network_receive_packets_total", "Packets received.", (link) => link.receivedPackets),
  counter("network_receive_errors_total", "Packets received damaged.", (link) => link.receivedErrors),
  counter("network_receive_packets_dropped_total", "Packets received and dropped.", (link) => link.receivedDropped),
  counter("network_transmit_bytes_total", "Bytes sent.", (link) => link.sentBytes),
  counter("network_transmit_packets_total", "Packets sent.", (link) => link.sentPackets),
  counter("network_transmit_errors_total", "Packets that could not be sent.", (link) => link.sentErrors),
  counter("network_transmit_packets_dropped_total", "Packets to be sent and dropped.", (link) => link.sentDropped),
];

function stalled(stall: Stall | undefined, share: keyof Stall): number | undefined {
  return seconds(stall?.[share]?.totalUs);
}
