import * as pulumi from "@pulumi/pulumi";
import type { Cgroup } from "./cgroup";
import type { Host, HostReference } from "./host";
import { Image } from "./image";
import { isImageName, type ImageName } from "./image-name";
import { pairs } from "./pairs";
import { hostOf, referenceTo, type GroupReference, type Reference } from "./reference";
import { isKind, isLookup, Resource, typeOf } from "./resource";

/** The arguments of a {@link Container}. */
export interface ContainerArgs {
  /** Where the container runs: a Host, or a string that `ssh` would take (a name, an address, an alias). Required. */
  host: pulumi.Input<Host | string>;
  /**
   * What the container is made of: an Image; or the name of one in a registry, such as "nginx:1.27", or what
   * `resolveImage` makes of it, for which an Image of the container's own name is declared beside it. Required; a changed
   * image replaces the container. Like IMAGE in `docker run IMAGE`.
   */
  image: pulumi.Input<Image> | string | ImageName;
  /**
   * The arguments of the entrypoint, or the program and its arguments where there is none. Default: the image's. A
   * change replaces the container. Like COMMAND in `docker run IMAGE COMMAND`.
   */
  command?: pulumi.Input<pulumi.Input<string>[]> | undefined;
  /**
   * The program and its first arguments. With it the image's command does not count. Default: the image's. A change
   * replaces the container. Like `docker run --entrypoint`, but a list.
   */
  entrypoint?: pulumi.Input<pulumi.Input<string>[]> | undefined;
  /**
   * Environment variables, added to the image's: `{ NAME: "value" }` or `["NAME=value"]`. Default: the image's, PATH
   * and HOSTNAME. A change replaces the container. Like `docker run --env`.
   */
  env?:
    | pulumi.Input<Record<string, pulumi.Input<string | number | boolean>>>
    | pulumi.Input<pulumi.Input<string>[]>
    | undefined;
  /**
   * The folder the program starts in, an absolute path. Default: the image's, then "/". A change replaces the
   * container. Like `docker run --workdir`.
   */
  workingDir?: pulumi.Input<string> | undefined;
  /**
   * Who the program runs as: "name", "uid", "name:group" or "uid:gid"; names are looked up in the image. Default: the
   * image's, then root. A change replaces the container. Like `docker run --user`.
   */
  user?: pulumi.Input<string | number> | undefined;
  /**
   * The host name inside the container, at most 64 characters. Default: the first 12 digits of its incarnation. A
   * change replaces the container. Like `docker run --hostname`.
   */
  hostname?: pulumi.Input<string> | undefined;
  /**
   * "none" is a network namespace of its own with only `lo`; "host" is the host's. Required, for there is no default
   * yet. A change replaces the container. Like `docker run --network`.
   */
  network: pulumi.Input<"none" | "host">;
  /**
   * The group the container's own is put in, so that it shares that group's limits with others. Default: none. A change
   * replaces the container. Like `docker run --cgroup-parent`.
   */
  cgroup?: pulumi.Input<Cgroup> | undefined;
  /**
   * The most memory the container may use: "512m", or a number of bytes; k, m, g and t are powers of 1024. At least
   * 6m; -1 is no limit. Default: no limit. Changed in place, but not to less than the container cannot do without at that moment. Like
   * `docker run --memory`.
   */
  memory?: pulumi.Input<string | number> | undefined;
  /**
   * The most memory and swap together, in the same words; -1 is no limit of swap, and as much as `memory` is no swap.
   * Needs `memory`. Default: twice `memory`. Changed in place. Like `docker run --memory-swap`.
   */
  memorySwap?: pulumi.Input<string | number> | undefined;
  /**
   * How much memory is left to the container when the host runs short: "64m", or a number of bytes. At least 6m, at most
   * `memory`.
   * Default: none. Changed in place. Like `docker run --memory-reservation`.
   */
  memoryReservation?: pulumi.Input<string | number> | undefined;
  /**
   * The most processor time the container may use, in processors: 0.5 is half of one. At least 0.01. Default: no limit.
   * Changed in place. Like `docker run --cpus`.
   */
  cpus?: pulumi.Input<string | number> | undefined;
  /**
   * The most processor time in each `cpuPeriod`, in microseconds, in place of `cpus`. At least 1000; -1 is no limit.
   * Default: no limit. Changed in place. Like `docker run --cpu-quota`.
   */
  cpuQuota?: pulumi.Input<number> | undefined;
  /**
   * The period of `cpuQuota`, in microseconds, from 1000 to 1000000. Default: 100000. Changed in place. Like `docker run
   * --cpu-period`.
   */
  cpuPeriod?: pulumi.Input<number> | undefined;
  /**
   * The container's part of the processors beside others that want them too, from 2 to 262144. Default: 1024. Changed
   * in place. Like `docker run --cpu-shares`.
   */
  cpuShares?: pulumi.Input<number> | undefined;
  /**
   * The processors the container may run on: "0-2,4". Default: all. Changed in place. Like `docker run --cpuset-cpus`.
   */
  cpusetCpus?: pulumi.Input<string | number> | undefined;
  /**
   * The memory nodes the container may use: "0,1". Default: all. Changed in place. Like `docker run --cpuset-mems`.
   */
  cpusetMems?: pulumi.Input<string | number> | undefined;
  /**
   * The most processes and threads the container may have at a time; -1 is no limit. Default: no limit. Changed in
   * place. Like `docker run --pids-limit`.
   */
  pidsLimit?: pulumi.Input<number> | undefined;
  /**
   * The container's part of the disks beside others that want them too, from 10 to 1000. Default: the kernel's. Changed
   * in place. Like `docker run --blkio-weight`.
   */
  blkioWeight?: pulumi.Input<number> | undefined;
  /**
   * The most bytes a second read from a device of the host: `["/dev/sda:10m"]`, or with `{ path, rate }`. A device may
   * also be given as "major:minor". Default: no limit. Changed in place. Like `docker run --device-read-bps`.
   */
  deviceReadBps?: DeviceRates | undefined;
  /**
   * The most bytes a second written to a device, in the words of `deviceReadBps`. Default: no limit. Changed in place.
   * Like `docker run --device-write-bps`.
   */
  deviceWriteBps?: DeviceRates | undefined;
  /**
   * The most read operations a second on a device: `["/dev/sda:100"]`, or with `{ path, rate }`. Default: no
   * limit. Changed in place. Like `docker run --device-read-iops`.
   */
  deviceReadIOps?: DeviceRates | undefined;
  /**
   * The most write operations a second on a device, in the words of `deviceReadIOps`. Default: no limit. Changed in
   * place. Like `docker run --device-write-iops`.
   */
  deviceWriteIOps?: DeviceRates | undefined;
  /**
   * Words of your own about the container, kept on the host: `{ name: "value" }` or `["name=value"]`. Default: none.
   * Changed in place. Like `docker run --label`.
   */
  labels?: pulumi.Input<Record<string, pulumi.Input<string>>> | pulumi.Input<pulumi.Input<string>[]> | undefined;
  /**
   * The signal that asks the program to end: "SIGQUIT", "QUIT" or 3. Default: the image's, then SIGTERM. Changed in
   * place. Like `docker run --stop-signal`.
   */
  stopSignal?: pulumi.Input<string | number> | undefined;
  /**
   * How long the program may take to end before it is killed: "30s", or a number of milliseconds. Default: 10 s.
   * Changed in place. Like `docker run --stop-timeout`, which takes seconds.
   */
  stopTimeout?: pulumi.Input<string | number> | undefined;
  /**
   * Whether the container's root file system is read-only. Default: false. A change replaces the container. Like
   * `docker run --read-only`.
   */
  readOnly?: pulumi.Input<boolean> | undefined;
  /**
   * Whether everything in the container stands still, with its memory and its connections, once it was started. Not
   * with wait "exit". Default: false. Changed in place. Like `docker pause`.
   */
  paused?: pulumi.Input<boolean> | undefined;
  /**
   * What the deployment waits for: "running", that the program was executed and has not ended within 200 ms; "exit",
   * that it has ended with 0 (a job: it runs once for each change of it). Default: "running". A change replaces the
   * container. "exit" is like `docker run` without `--detach`.
   */
  wait?: pulumi.Input<"running" | "exit"> | undefined;
}

/** Limits of the use of block devices. */
export type DeviceRates = pulumi.Input<
  pulumi.Input<string | { path: pulumi.Input<string>; rate: pulumi.Input<string | number> }>[]
>;

/** What has to be known of a container to look it up by {@link Container.get}. */
export interface ContainerState {
  /** The host it is on. */
  host: pulumi.Input<Host | string>;
}

/**
 * A program running in an image's file system, with a writable layer of its own that is empty at first and goes with
 * it. A change of what the program is made of replaces the container: the new one is started, and the old one stopped
 * once the new one is good (with network "host" the old one is stopped first, and started again if the new one fails).
 *
 * ```ts
 * new slipway.Container("web", { host, image, command: ["httpd", "-f"], network: "host", memory: "64m" });
 * ```
 */
export class Container extends Resource {
  /** The type of the resource, as it stands in URNs. */
  static readonly __pulumiType: string = typeOf("Container");

  /** See {@link ContainerArgs.host}. */
  declare readonly host: pulumi.Output<HostReference>;
  /** The image it was declared with. */
  declare readonly image: pulumi.Output<Reference>;
  /** See {@link ContainerArgs.command}. */
  declare readonly command: pulumi.Output<string[] | undefined>;
  /** See {@link ContainerArgs.entrypoint}. */
  declare readonly entrypoint: pulumi.Output<string[] | undefined>;
  /** See {@link ContainerArgs.env}. */
  declare readonly env: pulumi.Output<Record<string, string> | undefined>;
  /** See {@link ContainerArgs.workingDir}. */
  declare readonly workingDir: pulumi.Output<string | undefined>;
  /** See {@link ContainerArgs.user}. */
  declare readonly user: pulumi.Output<string | undefined>;
  /** See {@link ContainerArgs.hostname}. */
  declare readonly hostname: pulumi.Output<string | undefined>;
  /** See {@link ContainerArgs.network}. */
  declare readonly network: pulumi.Output<"none" | "host">;
  /** The group it was declared to be in. */
  declare readonly cgroup: pulumi.Output<GroupReference | undefined>;
  /** In bytes; see {@link ContainerArgs.memory}. */
  declare readonly memory: pulumi.Output<number | undefined>;
  /** In bytes; see {@link ContainerArgs.memorySwap}. */
  declare readonly memorySwap: pulumi.Output<number | undefined>;
  /** In bytes; see {@link ContainerArgs.memoryReservation}. */
  declare readonly memoryReservation: pulumi.Output<number | undefined>;
  /** See {@link ContainerArgs.cpus}. */
  declare readonly cpus: pulumi.Output<number | undefined>;
  /** See {@link ContainerArgs.cpuQuota}. */
  declare readonly cpuQuota: pulumi.Output<number | undefined>;
  /** See {@link ContainerArgs.cpuPeriod}. */
  declare readonly cpuPeriod: pulumi.Output<number | undefined>;
  /** See {@link ContainerArgs.cpuShares}. */
  declare readonly cpuShares: pulumi.Output<number | undefined>;
  /** See {@link ContainerArgs.cpusetCpus}. */
  declare readonly cpusetCpus: pulumi.Output<string | undefined>;
  /** See {@link ContainerArgs.cpusetMems}. */
  declare readonly cpusetMems: pulumi.Output<string | undefined>;
  /** See {@link ContainerArgs.pidsLimit}. */
  declare readonly pidsLimit: pulumi.Output<number | undefined>;
  /** See {@link ContainerArgs.blkioWeight}. */
  declare readonly blkioWeight: pulumi.Output<number | undefined>;
  /** In bytes a second; see {@link ContainerArgs.deviceReadBps}. */
  declare readonly deviceReadBps: pulumi.Output<{ path: string; rate: number }[] | undefined>;
  /** In bytes a second; see {@link ContainerArgs.deviceWriteBps}. */
  declare readonly deviceWriteBps: pulumi.Output<{ path: string; rate: number }[] | undefined>;
  /** See {@link ContainerArgs.deviceReadIOps}. */
  declare readonly deviceReadIOps: pulumi.Output<{ path: string; rate: number }[] | undefined>;
  /** See {@link ContainerArgs.deviceWriteIOps}. */
  declare readonly deviceWriteIOps: pulumi.Output<{ path: string; rate: number }[] | undefined>;
  /** See {@link ContainerArgs.labels}. */
  declare readonly labels: pulumi.Output<Record<string, string> | undefined>;
  /** A name that begins with SIG; see {@link ContainerArgs.stopSignal}. */
  declare readonly stopSignal: pulumi.Output<string | undefined>;
  /** In milliseconds; see {@link ContainerArgs.stopTimeout}. */
  declare readonly stopTimeout: pulumi.Output<number | undefined>;
  /** See {@link ContainerArgs.readOnly}. */
  declare readonly readOnly: pulumi.Output<boolean | undefined>;
  /** Whether it is paused itself, as of the last deployment or refresh; `running` is true then. See {@link ContainerArgs.paused}. */
  declare readonly paused: pulumi.Output<boolean>;
  /** See {@link ContainerArgs.wait}. */
  declare readonly wait: pulumi.Output<"running" | "exit" | undefined>;
  /** Whether it runs, as of the last deployment or refresh. `pulumi up --refresh` starts it again. */
  declare readonly running: pulumi.Output<boolean>;
  /** The digest of the image's configuration. */
  declare readonly imageId: pulumi.Output<string>;
  /** What the program ended with, 128 and the number of the signal that ended it; undefined while it runs. */
  declare readonly exitCode: pulumi.Output<number | undefined>;
  /**
   * Whether the kernel killed a process of the container for want of memory since its last start, for whatever limit;
   * as of the last deployment or refresh, which shows no difference for it. Undefined where the host cannot tell.
   * `slipway inspect` counts them.
   */
  declare readonly oomKilled: pulumi.Output<boolean | undefined>;
  /**
   * Whether the container was refused a process or thread since its last start, for `pidsLimit` or, where the kernel
   * counts those here too, for the limit of a group it is in; as of the last deployment or refresh. Undefined where the
   * host cannot tell.
   */
  declare readonly pidsLimitReached: pulumi.Output<boolean | undefined>;

  /** Looks up a container that another stack declared, by its id (`<slot>/<incarnation>`) and host. */
  static get(
    name: string,
    id: pulumi.Input<pulumi.ID>,
    state: ContainerState,
    opts?: pulumi.CustomResourceOptions,
  ): Container {
    return new Container(name, state as ContainerArgs, pulumi.mergeOptions(opts, { id }));
  }

  /** Whether a value is a Container, also if the package was loaded twice. */
  static override isInstance(value: unknown): value is Container {
    return isKind(value, "Container");
  }

  /**
   * Declares a container. The deployment fails, with the last lines of its log, where what `wait` says does not come
   * true.
   */
  constructor(name: string, args: ContainerArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      name,
      {
        kind: "Container",
        inputs: {
          ...args,
          host: hostOf(args.host),
          image: referenceTo(imageOf(name, args, opts), "Image"),
          cgroup: referenceTo(args.cgroup, "Cgroup"),
          env: pairs(args.env),
          labels: pairs(args.labels),
        },
        properties,
      },
      opts,
    );
  }
}

/** The Image, or for a name one that is declared here. */
function imageOf(
  name: string,
  { host, image }: ContainerArgs,
  opts: pulumi.CustomResourceOptions = {},
): ContainerArgs["image"] {
  if (isLookup(opts) || (typeof image !== "string" && !isImageName(image))) return image;
  const { parent, dependsOn, protect, retainOnDelete } = opts;
  const shared = Object.entries({ parent, dependsOn, protect, retainOnDelete }).filter(
    ([, value]) => value !== undefined,
  );
  return new Image(name, { host, reference: image }, Object.fromEntries(shared));
}

const properties = [
  "host",
  "image",
  "command",
  "entrypoint",
  "env",
  "workingDir",
  "user",
  "hostname",
  "network",
  "cgroup",
  "memory",
  "memorySwap",
  "memoryReservation",
  "cpus",
  "cpuQuota",
  "cpuPeriod",
  "cpuShares",
  "cpusetCpus",
  "cpusetMems",
  "pidsLimit",
  "blkioWeight",
  "deviceReadBps",
  "deviceWriteBps",
  "deviceReadIOps",
  "deviceWriteIOps",
  "labels",
  "stopSignal",
  "stopTimeout",
  "readOnly",
  "paused",
  "wait",
  "running",
  "imageId",
  "exitCode",
  "oomKilled",
  "pidsLimitReached",
] as const satisfies readonly (keyof Container)[];
