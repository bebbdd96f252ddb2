import type { z } from "zod";
import type { Bag } from "./bag";
import { byContent, byHost } from "./changed";
import { host } from "./connection";
import type { Definition, Failure } from "./definition";
import { absolutePath, flag, text } from "./fields";
import { digest } from "./reference";
import { members } from "./schema";

const shape = {
  owner: text("must be the owner of the resource"),
  host,
  rootfs: text("must be the path of an archive or a folder").exactOptional(),
  directory: text("must be the path of a folder").exactOptional(),
  target: absolutePath().exactOptional(),
  contentKey: digest().exactOptional(),
  intact: flag().exactOptional(),
};
const schema = members("must be the inputs of a Layer", shape);

/** The canonical inputs of a Layer. */
export type LayerInputs = z.output<typeof schema>;

/** An immutable file tree. Its content key is the digest of the archive that is sent, so it names the blob as well. */
export const layer: Definition<"layers", LayerInputs> = {
  resource: "layers",
  schema,
  inputs: ["owner", "host", "rootfs", "directory", "target", "contentKey", "intact"],
  rules: oneSource,
  leaves: ["intact"],
  well: () => ({ intact: true }),
  replaces: { host: byHost, contentKey: byContent },
  request: ({ owner, contentKey = "" }) => ({ owner, contentKey, blob: contentKey }),
  observed: ({ digest: found, sizeBytes }) => ({ digest: found, sizeBytes }),
  drift: (inputs, { intact }) => ("intact" in inputs && !intact ? { ...inputs, intact } : inputs),
};

/** A layer is made of one thing, and only a directory is put somewhere. */
function oneSource(inputs: Bag): Failure[] {
  const given = ["rootfs", "directory"].filter((name) => name in inputs);
  const rule = "must be given, or directory in its place, and not both";
  if (given.length !== 1)
    return [{ path: ["rootfs"], reason: `${rule}; got ${given.length === 0 ? "neither" : "both"}` }];
  if ("target" in inputs && !("directory" in inputs)) {
    return [{ path: ["target"], reason: "goes with directory only; a rootfs is put at /" }];
  }
  if ("contentKey" in inputs) return [];
  return [{ path: ["contentKey"], reason: "must be computed by the SDK; it is missing" }];
}
