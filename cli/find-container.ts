import type { CgroupAnswer, ContainerSummary, Identity } from "../provider/api";
import { UsageError } from "./command";
import { readOwner } from "./owner";

/**
 * The container that a person means: by the resource's name in its program, by its slot, or by the first digits of its
 * incarnation. A name that several stacks use, or of which several incarnations are left, is not guessed.
 *
 * @throws UsageError naming those there are.
 */
export function findContainer(wanted: string, containers: readonly ContainerSummary[]): ContainerSummary {
  return find(wanted, containers, "container", () => "");
}

/** Either, and under which name the agent knows it. */
export type ContainerOrGroup =
  (ContainerSummary & { readonly resource: "containers" }) | (CgroupAnswer & { readonly resource: "cgroups" });

/**
 * The container or control group that a person means, in the same words.
 *
 * @throws UsageError naming those there are.
 */
export function findContainerOrGroup(
  wanted: string,
  containers: readonly ContainerSummary[],
  cgroups: readonly CgroupAnswer[],
): ContainerOrGroup {
  const all = [
    ...containers.map((each) => ({ ...each, resource: "containers" as const, kind: "container " })),
    ...cgroups.map((each) => ({ ...each, resource: "cgroups" as const, kind: "cgroup " })),
  ];
  return find(wanted, all, "container or control group", ({ kind }) => kind);
}

function find<T extends Identity>(wanted: string, all: readonly T[], what: string, kindOf: (one: T) => string): T {
  const names = (some: readonly T[]): string =>
    some
      .map((one) => `${kindOf(one)}${readOwner(one.owner).name} (${one.slot}/${one.incarnation.slice(0, 12)})`)
      .join(", ");
  const ways: ((one: T) => boolean)[] = [
    ({ owner }) => readOwner(owner).name === wanted,
    ({ slot, incarnation }) => slot === wanted || `${slot}/${incarnation}` === wanted,
    ({ slot, incarnation }) =>
      wanted.length >= 4 && (incarnation.startsWith(wanted) || `${slot}/${incarnation}`.startsWith(wanted)),
  ];
  for (const way of ways) {
    const [found, ...more] = all.filter(way);
    if (found !== undefined && more.length === 0) return found;
    if (found !== undefined) throw new UsageError(`${JSON.stringify(wanted)} may be any of ${names([found, ...more])}`);
  }
  const there = all.length === 0 ? "there are none" : `there are ${names(all)}`;
  throw new UsageError(`there is no ${what} ${JSON.stringify(wanted)} on this host; ${there}`);
}
