import { failed, textOf } from "./failure";
import { isSlipwayError } from "./host/errors";
import type { Settings } from "./settings";

/** What is made of a read or a delete whose host nobody could look at. */
export type Verdict = "fail" | "keep" | "gone";

/**
 * Decides by the stack's settings, and warns where it lets something pass. A machine that cannot be reached may still
 * hold everything; only a delete lets go of what is there. Where another machine answers, what was on the old one is
 * not on it, so with "forget" it counts as gone, and the next `up` makes it anew.
 */
export function judge(error: unknown, { unreachable }: Settings, verb: "read" | "delete"): Verdict {
  if (!isSlipwayError(error) || !error.unreachable || unreachable === "error") return "fail";
  if (unreachable === "keep" && verb === "delete") return "fail";
  const verdict = unreachable === "forget" && (verb === "delete" || error.code === "other_machine") ? "gone" : "keep";
  const done = verdict === "keep" ? "left as it was" : "let go of without looking";
  console.warn(`warning: ${done}, because unreachable is "${unreachable}": ${textOf(error)}`);
  return verdict;
}

/** The error of a read or a delete, with the way to go on without the host where that is what is missing. */
export function failedOn(error: unknown, verb: "read" | "delete"): Error {
  if (!isSlipwayError(error) || !error.unreachable || error.code === "other_machine") return failed(error);
  const way =
    verb === "read"
      ? "SLIPWAY_UNREACHABLE=keep leaves the state of what is on it as it was"
      : "SLIPWAY_UNREACHABLE=forget deletes what is on it from the state only";
  return failed(error, `If the host does not come back soon: ${way}.`);
}
