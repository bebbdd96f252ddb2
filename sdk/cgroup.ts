import * as pulumi from "@pulumi/pulumi";
import type { Host, HostReference } from "./host";
import { hostOf, referenceTo, type GroupReference } from "./reference";
import { isKind, Resource, typeOf } from "./resource";

/** The use of one block device, in each case a second. */
export interface DeviceLimitArgs {
  /** A path below /dev on the host, or "major:minor". Limits are those of whole disks. Required. */
  device: pulumi.Input<string>;
  /** Bytes read: "10m", or a number. -1 is no limit. Default: no limit. */
  readBps?: pulumi.Input<string | number> | undefined;
  /** Bytes written: "10m", or a number. -1 is no limit. Default: no limit. */
  writeBps?: pulumi.Input<string | number> | undefined;
  /** Read operations. -1 is no limit. Default: no limit. */
  readIops?: pulumi.Input<number> | undefined;
  /** Write operations. -1 is no limit. Default: no limit. */
  writeIops?: pulumi.Input<number> | undefined;
}

/** Processor time. */
export interface CpuArgs {
  /**
   * The most of it: a number of processors (1.5), a quota and a period as in the kernel's file ("50000 100000"), the two
   * as `{ quota: "50ms", period: "100ms" }`, or "max". Default: no limit. `cpu.max`.
   */
  max?:
    | pulumi.Input<string | number>
    | pulumi.Input<{ quota: pulumi.Input<string | number>; period?: pulumi.Input<string | number> | undefined }>
    | undefined;
  /** The part of it beside siblings that want it too, from 1 to 10000. Default: 100. `cpu.weight`. */
  weight?: pulumi.Input<number> | undefined;
  /** How much of what was not used may be used later: "5ms", or microseconds. Default: 0. `cpu.max.burst`, Linux 5.14. */
  burst?: pulumi.Input<string | number> | undefined;
}

/** Memory, in bytes or as "512m"; k, m, g and t are powers of 1024, and -1 is no limit where there is one. */
export interface MemoryArgs {
  /** Never exceeded: what asks for more is killed. Default: no limit. `memory.max`. */
  max?: pulumi.Input<string | number> | undefined;
  /** Above it the group is slowed down and its memory taken back. Default: no limit. `memory.high`, version 2 only. */
  high?: pulumi.Input<string | number> | undefined;
  /** Left to the group while the host has something else to take back. Default: 0. `memory.low`. */
  low?: pulumi.Input<string | number> | undefined;
  /** Never taken back. Default: 0. `memory.min`, version 2 only. */
  min?: pulumi.Input<string | number> | undefined;
  /** The most swap, not counting memory. Default: no limit. `memory.swap.max`; with version 1 it needs `max`. */
  swapMax?: pulumi.Input<string | number> | undefined;
  /** Whether all of the group is killed where one of its processes would be. Default: false. `memory.oom.group`, version 2 only. */
  oomGroup?: pulumi.Input<boolean> | undefined;
}

/** The arguments of a {@link Cgroup}. Each setting is one of the kernel's files, and changed in place. */
export interface CgroupArgs {
  /** Where the group is: a Host, or a string that `ssh` would take (a name, an address, an alias). Required. */
  host: pulumi.Input<Host | string>;
  /** The group this one is in. Default: none. A change replaces the group and what runs in it. */
  parent?: pulumi.Input<Cgroup> | undefined;
  /** Processor time. Default: as the kernel shares it out. */
  cpu?: pulumi.Input<CpuArgs> | undefined;
  /** Processors and memory nodes that may be used: `{ cpus: "0-2,4", mems: "0" }`. Default: those of the group above. */
  cpuset?: pulumi.Input<{ cpus?: pulumi.Input<string | number>; mems?: pulumi.Input<string | number> }> | undefined;
  /** Memory. Default: no limits. */
  memory?: pulumi.Input<MemoryArgs> | undefined;
  /** The most processes and threads: `{ max: 100 }`; -1 is no limit. Default: no limit. */
  pids?: pulumi.Input<{ max?: pulumi.Input<number> }> | undefined;
  /**
   * Block devices: a weight beside siblings from 1 to 10000 (default 100), and limits of devices. Default: none.
   * `io.weight` and `io.max`.
   */
  io?:
    | pulumi.Input<{
        weight?: pulumi.Input<number>;
        max?: pulumi.Input<pulumi.Input<DeviceLimitArgs>[]>;
      }>
    | undefined;
  /** The most memory in huge pages of each size: `{ "2MB": "64m" }`. Default: no limit. */
  hugetlb?: pulumi.Input<Record<string, pulumi.Input<string | number>>> | undefined;
  /**
   * The devices that may be used, as `docker run --device-cgroup-rule` has them: `["c 1:3 rwm"]`. What no rule allows is
   * refused, to every container in the group. Default: no restriction.
   */
  devices?: pulumi.Input<pulumi.Input<string>[]> | undefined;
  /**
   * Whether everything in the group stands still: all of its containers, and those of groups in it. What is declared in
   * it cannot start meanwhile. Default: false. `cgroup.freeze`; on hosts without version 2 `freezer.state`.
   */
  paused?: pulumi.Input<boolean> | undefined;
}

/** What has to be known of a group to look it up by {@link Cgroup.get}. */
export interface CgroupState {
  /** The host it is on. */
  host: pulumi.Input<Host | string>;
}

/**
 * A control group that containers are put below, each in one of its own, so that they share its limits. Groups can be in
 * groups. What is in a group may ask for more than the group has; then the group's limit counts. All settings are changed in
 * place, whatever runs in there.
 *
 * ```ts
 * const tenants = new slipway.Cgroup("tenants", { host, memory: { max: "4g" }, cpu: { max: 2 } });
 * const blue = new slipway.Cgroup("blue", { host, parent: tenants, memory: { max: "1g" }, pids: { max: 200 } });
 * new slipway.Container("web", { host, image, network: "none", cgroup: blue });
 * ```
 */
export class Cgroup extends Resource {
  /** The type of the resource, as it stands in URNs. */
  static readonly __pulumiType: string = typeOf("Cgroup");

  /** See {@link CgroupArgs.host}. */
  declare readonly host: pulumi.Output<HostReference>;
  /** The group it was declared to be in. */
  declare readonly parent: pulumi.Output<GroupReference | undefined>;
  /** In microseconds; see {@link CgroupArgs.cpu}. */
  declare readonly cpu: pulumi.Output<
    { max?: { quota: number; period?: number }; weight?: number; burst?: number } | undefined
  >;
  /** See {@link CgroupArgs.cpuset}. */
  declare readonly cpuset: pulumi.Output<{ cpus?: string; mems?: string } | undefined>;
  /** In bytes; see {@link CgroupArgs.memory}. */
  declare readonly memory: pulumi.Output<
    { max?: number; high?: number; low?: number; min?: number; swapMax?: number; oomGroup?: boolean } | undefined
  >;
  /** See {@link CgroupArgs.pids}. */
  declare readonly pids: pulumi.Output<{ max?: number } | undefined>;
  /** See {@link CgroupArgs.io}. */
  declare readonly io: pulumi.Output<
    | {
        weight?: number;
        max?: { device: string; readBps?: number; writeBps?: number; readIops?: number; writeIops?: number }[];
      }
    | undefined
  >;
  /** In bytes; see {@link CgroupArgs.hugetlb}. */
  declare readonly hugetlb: pulumi.Output<Record<string, number> | undefined>;
  /** See {@link CgroupArgs.devices}. */
  declare readonly devices: pulumi.Output<string[] | undefined>;
  /** Whether it is paused itself, as of the last deployment or refresh. See {@link CgroupArgs.paused}. */
  declare readonly paused: pulumi.Output<boolean>;
  /** Tells the group's place from another: a digest of the slots of the groups above it. */
  declare readonly contentKey: pulumi.Output<string>;
  /** Whether it is there, as of the last deployment or refresh. `pulumi up --refresh` makes it again. */
  declare readonly intact: pulumi.Output<boolean>;
  /** Its path below the root of each hierarchy, as in /proc/PID/cgroup. */
  declare readonly path: pulumi.Output<string>;
  /** The version of control groups that holds it: 2, or 1 where the host has hierarchies of that version. */
  declare readonly version: pulumi.Output<number>;

  /** Looks up a group that another stack declared, by its id (`<slot>/<incarnation>`) and host. */
  static get(
    name: string,
    id: pulumi.Input<pulumi.ID>,
    state: CgroupState,
    opts?: pulumi.CustomResourceOptions,
  ): Cgroup {
    return new Cgroup(name, state, pulumi.mergeOptions(opts, { id }));
  }

  /** Whether a value is a Cgroup, also if the package was loaded twice. */
  static override isInstance(value: unknown): value is Cgroup {
    return isKind(value, "Cgroup");
  }

  /** Declares a group. The deployment fails where the host's kernel cannot hold a setting. */
  constructor(name: string, args: CgroupArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      name,
      {
        kind: "Cgroup",
        inputs: { ...args, host: hostOf(args.host), parent: referenceTo(args.parent, "Cgroup") },
        properties,
      },
      opts,
    );
  }
}

const properties = [
  "host",
  "parent",
  "cpu",
  "cpuset",
  "memory",
  "pids",
  "io",
  "hugetlb",
  "devices",
  "paused",
  "contentKey",
  "intact",
  "path",
  "version",
] as const satisfies readonly (keyof Cgroup)[];
