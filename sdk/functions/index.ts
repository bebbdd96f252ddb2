/**
 * What a program asks a host or a registry, rather than declares. Like the resources these files import only Pulumi and
 * Node's built-in modules; what talks to others, provider/, is loaded when a function is first called, so that a program which
 * calls none does not pay for it.
 *
 * @packageDocumentation
 */
export { prometheusText } from "./prometheus";
export { resolveImage, type ResolveImageOptions } from "./resolve-image";
export { followStats, stats, statsOutput, type FollowStatsOptions, type HostAddress, type StatsOptions } from "./stats";
export type * from "./reading";
