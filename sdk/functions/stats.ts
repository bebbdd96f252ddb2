import * as pulumi from "@pulumi/pulumi";
import { configuredConnection, type ConnectionArgs } from "../connection";
import type { Host, HostReference } from "../host";
import { hostOf } from "../reference";
import type { Stats } from "./reading";

/**
 * A host to ask: a name, address or alias as in `ssh HOST`; the connection's arguments as a Host takes them; or what the
 * `host` output of a resource gives.
 */
export type HostAddress = string | HostReference | (pulumi.Unwrap<ConnectionArgs> & { readonly address: string });

/** What may be said about one reading. */
export interface StatsOptions {
  /** Calls it off, so that it fails with the code `aborted`. Default: none. */
  signal?: AbortSignal | undefined;
}

/** What may be said about readings that follow each other. */
export interface FollowStatsOptions extends StatsOptions {
  /** The time between two readings: "2s", or a number of milliseconds, at least 100 and at most a day. Default: one second. */
  interval?: string | number | undefined;
}

/**
 * What everything of Slipway's on a host uses now: processor time, memory, processes, block devices, links and waiting, by
 * container and by declared group. For scripts and for programs of the Automation API; it needs no stack. In a program of
 * a stack the configuration `slipway:ssh` holds the defaults, and {@link statsOutput} asks a Host that the program declares.
 *
 * ```ts
 * const { containers } = await slipway.stats("my-server");
 * const { memoryBytes } = await slipway.stats({ address: "192.0.2.10", user: "deploy" });
 * ```
 *
 * The connection is shared by all calls of the process, and does not keep the process alive.
 *
 * @throws Error whose `code` is listed in docs/errors.md where the host could not be asked.
 */
export async function stats(host: HostAddress, options: StatsOptions = {}): Promise<Stats> {
  const { openPlace, readStats } = await import("../../provider/reading.js");
  return readStats(await openPlace(placeOf(host)), options);
}

/**
 * One reading at once and another after every interval, for as long as the loop goes on. Two of them give a rate. The
 * process lives as long as the loop.
 *
 * ```ts
 * for await (const { time, containers } of slipway.followStats("my-server", { interval: "10s" })) {
 *   console.log(time, containers.length);
 * }
 * ```
 *
 * @throws Error whose `code` is listed in docs/errors.md where the host could not be asked, or the connection broke.
 */
export async function* followStats(
  host: HostAddress,
  { interval, signal }: FollowStatsOptions = {},
): AsyncGenerator<Stats, void, undefined> {
  const { openPlace, parseInterval, followStats: follow } = await import("../../provider/reading.js");
  const milliseconds = parseInterval(interval);
  yield* follow(await openPlace(placeOf(host)), { interval: milliseconds, signal });
}

/**
 * Like {@link stats}, of a Host that the program declares, when that is there. With the `host` output of a container it
 * waits for that one: `slipway.statsOutput(web.host)`. In a preview the answer is unknown, for a preview touches no host.
 */
export function statsOutput(host: pulumi.Input<Host | HostAddress>): pulumi.Output<Stats> {
  if (pulumi.runtime.isDryRun()) return pulumi.output(pulumi.unknown) as unknown as pulumi.Output<Stats>;
  const place = pulumi.output(hostOf(host)) as pulumi.Output<HostAddress>;
  // A key in the connection makes that a secret, but nothing of it is in the answer.
  return pulumi.unsecret(place.apply<Stats>((known) => stats(known)));
}

/** A host as every resource names it. */
function placeOf(host: HostAddress): unknown {
  if (typeof host === "string") return { name: host, connection: { ...configuredConnection(), address: host } };
  if ("connection" in host) return host;
  const given = Object.entries(host).filter(([, value]) => value !== undefined);
  return { name: host.address, connection: { ...configuredConnection(), ...Object.fromEntries(given) } };
}
