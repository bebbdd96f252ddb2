/**
 * What a program asks a host, rather than declares on it. Like the resources these files import only Pulumi and Node's
 * built-in modules; what talks to hosts, provider/, is loaded when a function is first called, so that a program which
 * calls none does not pay for it.
 *
 * @packageDocumentation
 */
export { prometheusText } from "./prometheus";
export { followStats, stats, statsOutput, type FollowStatsOptions, type HostAddress, type StatsOptions } from "./stats";
export type * from "./reading";
