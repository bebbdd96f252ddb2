import { isBag } from "./bag";
import { unknown } from "./unknown";

/**
 * Tells whether an input changed so that the resource has to be replaced. `before` is undefined where it was not set.
 */
export type Changed = (before: unknown, now: unknown) => boolean;

/**
 * By value; where one is not set it has its default. What is not known yet counts as unchanged: preview would otherwise
 * announce replacements that do not happen.
 */
export function byValue(byDefault?: unknown): Changed {
  return (before, now) => !same(before ?? byDefault, now ?? byDefault);
}

/**
 * By a host's name: its address, user and keys may change without the machine being another. Nor is it another under a
 * new name where it is reached at the same place, as when the Host resource is renamed.
 */
export const byHost: Changed = (before, now) =>
  !same(member(before, "name"), member(now, "name")) && place(before) !== place(now);

/** Where a host is reached. One that is not known yet is no place that is known. */
function place(host: unknown): string {
  const connection = member(host, "connection");
  return JSON.stringify(["transport", "address", "port", "configFile"].map((name) => member(connection, name)));
}

/**
 * By content key. One that is not known yet equals no key and so counts as changed: the content is likely to be another,
 * and a replacement that preview did not announce is worse than one that does not happen.
 */
export const byContent: Changed = (before, now) => before !== now;

/** By the content of the layer or image that is referred to. Its owner may change, as when a resource moves. */
export const byReference: Changed = (before, now) => byContent(member(before, "contentKey"), member(now, "contentKey"));

/** By the place of the control group that is referred to: its slot, and by its content key those above it. */
export const byPlace: Changed = (before, now) =>
  byReference(before, now) || byContent(member(before, "slot"), member(now, "slot"));

/** Whether two values are the same, taking what is not known in the second for the same. */
export function same(before: unknown, now: unknown): boolean {
  if (now === unknown) return true;
  if (Array.isArray(before) && Array.isArray(now)) {
    return before.length === now.length && before.every((element, place) => same(element, now[place]));
  }
  if (isBag(before) && isBag(now)) {
    return [...new Set([...Object.keys(before), ...Object.keys(now)])].every((name) => same(before[name], now[name]));
  }
  return before === now;
}

function member(value: unknown, name: string): unknown {
  return isBag(value) ? value[name] : value;
}
