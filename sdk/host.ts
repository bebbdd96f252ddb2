import * as pulumi from "@pulumi/pulumi";
import { connectionDefaults, keepSecret, type Connection, type ConnectionArgs } from "./connection";
import { isKind, isLookup, Resource, typeOf } from "./resource";

/** The arguments of a {@link Host}. */
export interface HostArgs extends ConnectionArgs {
  /**
   * Name or IP address (IPv6 with or without brackets), or an alias of your ssh_config. Required.
   * Like HOST in `ssh HOST`.
   */
  address: pulumi.Input<string>;
  /**
   * What becomes of Slipway's own files on the machine when the Host is deleted: "keep" leaves the agent and the host
   * id for the next one, "purge" removes all of it (/var/lib/slipway, /run/slipway). Default: "keep".
   */
  onDelete?: pulumi.Input<"keep" | "purge"> | undefined;
}

/** Name and connection of a host, as the resources on it keep them. */
export interface HostReference {
  /**
   * The name of the Host resource, or the string that stood in its place. It is what tells hosts of a program apart.
   */
  readonly name: string;
  /** How the host is reached. */
  readonly connection: Connection;
}

/** What has to be known of a host to look it up by {@link Host.get}. */
export interface HostState {
  /** Name and connection, as the `host` output of the resource gives them. */
  host: pulumi.Input<HostReference>;
}

/**
 * A Linux machine reached over SSH. Nothing needs to be installed on it: the agent is brought along, and runs only
 * while somebody is connected. The host is known by its name in the program: address, user and keys may change without
 * touching what runs on it. So may the name (with an alias), as long as the address stays.
 *
 * ```ts
 * const host = new slipway.Host("web-1", { address: "192.0.2.10", user: "deploy" });
 * ```
 */
export class Host extends Resource {
  /** The type of the resource, as it stands in URNs. */
  static readonly __pulumiType: string = typeOf("Host");

  /** Name and connection, as the resources on this host keep them. */
  declare readonly host: pulumi.Output<HostReference>;
  /** "amd64" or "arm64". */
  declare readonly architecture: pulumi.Output<string>;
  /** The release of the kernel, as `uname -r` prints it. */
  declare readonly kernel: pulumi.Output<string>;
  /** The name of the distribution, as PRETTY_NAME in /etc/os-release gives it; empty where there is none. */
  declare readonly os: pulumi.Output<string>;
  /** 2 where the kernel's unified cgroup hierarchy holds all controllers, else 1. */
  declare readonly cgroupVersion: pulumi.Output<number>;
  /** The number of processors. */
  declare readonly cpus: pulumi.Output<number>;
  /** The memory of the machine, in bytes. */
  declare readonly memoryBytes: pulumi.Output<number>;
  /** Whether the kernel allows the agent user namespaces. */
  declare readonly userNamespaces: pulumi.Output<boolean>;
  /** The sha256 of the agent that answered last. */
  declare readonly agentDigest: pulumi.Output<string>;
  /** See {@link HostArgs.onDelete}. */
  declare readonly onDelete: pulumi.Output<"keep" | "purge" | undefined>;

  /** Looks up a host that another stack declared, by its id (`<slot>/<incarnation>`), name and connection. */
  static get(name: string, id: pulumi.Input<pulumi.ID>, state: HostState, opts?: pulumi.CustomResourceOptions): Host {
    return new Host(name, state as unknown as HostArgs, pulumi.mergeOptions(opts, { id }));
  }

  /** Whether a value is a Host, also if the package was loaded twice. */
  static override isInstance(value: unknown): value is Host {
    return isKind(value, "Host");
  }

  /**
   * Declares a host. The deployment fails where the machine cannot be reached, or is none that containers can run on.
   */
  constructor(name: string, args: HostArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      name,
      {
        kind: "Host",
        inputs: isLookup(opts) ? { ...args } : inputsOf(name, args),
        properties,
      },
      opts,
    );
  }
}

const properties = [
  "host",
  "architecture",
  "kernel",
  "os",
  "cgroupVersion",
  "cpus",
  "memoryBytes",
  "userNamespaces",
  "agentDigest",
  "onDelete",
] as const satisfies readonly (keyof Host)[];

/** The flat arguments as the provider wants them: a name and a connection, with the stack's defaults below. */
function inputsOf(name: string, args: HostArgs): Record<string, pulumi.Input<unknown>> {
  const { onDelete, ...given } = args;
  const settings = Object.entries(given).filter(([, value]) => value !== undefined);
  const connection = keepSecret({ ...connectionDefaults(), ...Object.fromEntries(settings) });
  return { onDelete, host: { name, connection } };
}
