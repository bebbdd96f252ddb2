import type { z } from "zod";
import { isBag } from "./bag";
import { text } from "./fields";
import { hand, judged, members, shown } from "./schema";

/** `sha256:` and 64 lower-case hexadecimal digits. */
export function digest(): z.ZodType<string> {
  return text('must be "sha256:" and 64 hexadecimal digits', /^sha256:[0-9a-f]{64}$/);
}

/**
 * A layer or an image that the SDK reduced to its owner and content key. `noun` is what the person should have given.
 */
export function reference(noun: string): z.ZodType<{ owner: string; contentKey: string }> {
  const schema = members(`must be ${noun}`, { owner: text("must be the owner of a resource"), contentKey: digest() });
  return judged((found, fail) => {
    if (isBag(found) && "owner" in found) return hand(schema, found, fail, []);
    return void fail(`must be ${noun}; ${shown(found)}`);
  });
}
