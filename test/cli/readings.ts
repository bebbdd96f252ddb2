import type { CgroupStats, ContainerStats, Stats } from "../../provider/stats";

/** The owner of a resource of a stack. */
export const ownerOf = (name: string, stack = "dev"): string =>
  `acme/urn:pulumi:${stack}::shop::pulumi-nodejs:dynamic/slipway:Container::${name}`;

/** A reading at a second of a minute. */
export function reading(second: number, changed: Partial<Stats> = {}): Stats {
  const time = `2026-01-02T03:04:${second.toFixed(6).padStart(9, "0")}Z`;
  return { time, hostId: "h-1", cpus: 2, memoryBytes: 4 * 1024 ** 3, containers: [], cgroups: [], ...changed };
}

/** A container of which nothing is known but what is said. `digit` tells it from others. */
export function container(name: string, digit: string, changed: Partial<ContainerStats> = {}): ContainerStats {
  const incarnation = digit.repeat(32);
  return {
    owner: ownerOf(name),
    slot: `${name}-${digit}`,
    incarnation,
    path: `/slipway/c/${incarnation}`,
    startedAt: "2026-01-02T03:00:00Z",
    ...changed,
  };
}

/** A declared group of which nothing is known but what is said. */
export function group(name: string, digit: string, path: string, changed: Partial<CgroupStats> = {}): CgroupStats {
  return { owner: ownerOf(name), slot: `${name}-${digit}`, incarnation: digit.repeat(32), path, ...changed };
}

/** Processor time, in microseconds. */
export const cpu = (
  usageUs: number,
  more: Partial<ContainerStats["cpu"]> = {},
): NonNullable<ContainerStats["cpu"]> => ({
  usageUs,
  userUs: 0,
  systemUs: 0,
  ...more,
});

/** Memory, in MiB. */
export function memory(
  workingSet: number,
  { max, ...more }: { max?: number; oomKills?: number } = {},
): NonNullable<ContainerStats["memory"]> {
  const bytes = workingSet * 1024 ** 2;
  const limit = max === undefined ? {} : { maxBytes: max * 1024 ** 2 };
  return { currentBytes: bytes, workingSetBytes: bytes, ...limit, ...more };
}
