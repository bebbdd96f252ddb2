import type { z } from "zod";
import { isBag } from "./bag";
import { text } from "./fields";
import { hand, judged, members, shown } from "./schema";
import { unknown } from "./unknown";

/** `sha256:` and 64 lower-case hexadecimal digits. */
export function digest(): z.ZodType<string> {
  return text('must be "sha256:" and 64 hexadecimal digits', /^sha256:[0-9a-f]{64}$/);
}

const parts = { owner: text("must be the owner of a resource"), contentKey: digest() };

/** A layer or an image that the SDK reduced to its owner and content key. `noun` is what the person should have given. */
export function reference(noun: string): z.ZodType<{ owner: string; contentKey: string }> {
  return reduced(noun, members(`must be ${noun}`, parts));
}

/** A control group as resources in it refer to it. */
export interface GroupReference {
  readonly owner: string;
  readonly contentKey: string;
  readonly slot: string;
}

/** A control group that the SDK reduced to its owner and place. */
export function groupReference(): z.ZodType<GroupReference> {
  const slot = text("must be a slot of 16 hexadecimal digits", /^[0-9a-f]{16}$/);
  return reduced("a Cgroup", members("must be a Cgroup", { ...parts, slot }));
}

function reduced<T>(noun: string, schema: z.ZodType<T>): z.ZodType<T> {
  return judged((found, fail) => {
    if (isBag(found) && "owner" in found) return hand(schema, found, fail, []);
    return void fail(`must be ${noun}; ${shown(found)}`);
  });
}

/**
 * A reference with the slot it had before, where preview does not know that because the group is being replaced: a slot
 * outlives what is in it. Without this, preview would announce replacements below it that do not happen.
 */
export function withSlot(now: GroupReference, before: unknown): GroupReference {
  if (!isBag(before) || now.slot !== unknown || now.owner !== before["owner"]) return now;
  return now.contentKey === before["contentKey"] ? { ...now, slot: before["slot"] as string } : now;
}
