/**
 * Slipway: containers on Linux machines you own, declared with Pulumi, carried out over SSH.
 *
 * This folder holds what a program imports: one file per resource, with its arguments, outputs and their documentation.
 * It imports nothing but Pulumi and Node's built-in modules, and it never talks to a host: that is provider/, which
 * Pulumi runs in a process of its own, and which functions/ loads when one of those is called.
 *
 * @packageDocumentation
 */
export {
  Cgroup,
  type CgroupArgs,
  type CgroupState,
  type CpuArgs,
  type DeviceLimitArgs,
  type MemoryArgs,
} from "./cgroup";
export { Container, type ContainerArgs, type ContainerState, type DeviceRates } from "./container";
export { type Connection, type ConnectionArgs } from "./connection";
export {
  followStats,
  prometheusText,
  resolveImage,
  stats,
  statsOutput,
  type CgroupStats,
  type ContainerStats,
  type CpuUsage,
  type DeviceUsage,
  type FollowStatsOptions,
  type HostAddress,
  type LinkUsage,
  type MemoryUsage,
  type PidsUsage,
  type Pressure,
  type ResolveImageOptions,
  type Stall,
  type StallShare,
  type Stats,
  type StatsOptions,
  type Usage,
  type UsageOwner,
} from "./functions";
export { Host, type HostArgs, type HostReference, type HostState } from "./host";
export {
  Image,
  type ImageArgs,
  type ImageConfig,
  type ImageConfigArgs,
  type ImageState,
  type RegistryCredentialsArgs,
} from "./image";
export { type ImageName } from "./image-name";
export { Layer, type LayerArgs, type LayerState } from "./layer";
export { type GroupReference, type Reference } from "./reference";
