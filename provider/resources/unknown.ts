import { isBag } from "./bag";

/**
 * What stands in preview in place of any value that is not known yet, a list or an object included. Fixed by Pulumi.
 */
export const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Whether a value, or anything in it, is not known yet. */
export function holdsUnknown(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(holdsUnknown);
  return isBag(value) ? Object.values(value).some(holdsUnknown) : value === unknown;
}
