import type { ContainerSummary } from "../provider/api";
import { UsageError } from "./command";
import { readOwner } from "./owner";

/**
 * The container that a person means: by the resource's name in its program, by its slot, or by the first digits of its
 * incarnation. A name that several stacks use, or of which several incarnations are left, is not guessed.
 *
 * @throws UsageError naming those there are.
 */
export function findContainer(wanted: string, containers: readonly ContainerSummary[]): ContainerSummary {
  const ways: ((container: ContainerSummary) => boolean)[] = [
    ({ owner }) => readOwner(owner).name === wanted,
    ({ slot, incarnation }) => slot === wanted || `${slot}/${incarnation}` === wanted,
    ({ slot, incarnation }) =>
      wanted.length >= 4 && (incarnation.startsWith(wanted) || `${slot}/${incarnation}`.startsWith(wanted)),
  ];
  for (const way of ways) {
    const [found, ...more] = containers.filter(way);
    if (found !== undefined && more.length === 0) return found;
    if (found !== undefined) throw new UsageError(`${JSON.stringify(wanted)} may be any of ${names([found, ...more])}`);
  }
  const there = containers.length === 0 ? "there are none" : `there are ${names(containers)}`;
  throw new UsageError(`there is no container ${JSON.stringify(wanted)} on this host; ${there}`);
}

function names(containers: readonly ContainerSummary[]): string {
  return containers
    .map(({ owner, slot, incarnation }) => `${readOwner(owner).name} (${slot}/${incarnation.slice(0, 12)})`)
    .join(", ");
}
