import type { z } from "zod";
import type { Bag } from "./bag";
import { byContent, byHost } from "./changed";
import { host } from "./connection";
import type { Definition, Failure } from "./definition";
import { absolutePath, chmod, chown, flag, ignorePattern, text } from "./fields";
import { layerFiles } from "./layer-files";
import { digest } from "./reference";
import { list, members } from "./schema";

const shape = {
  owner: text("must be the owner of the resource"),
  host,
  rootfs: text("must be the path of an archive or a folder").exactOptional(),
  directory: text("must be the path of a folder").exactOptional(),
  target: absolutePath().exactOptional(),
  exclude: list("must be a list of patterns as in a .dockerignore file", ignorePattern()).exactOptional(),
  chown: chown().exactOptional(),
  chmod: chmod().exactOptional(),
  files: layerFiles().exactOptional(),
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
  inputs: Object.keys(shape) as (keyof typeof shape)[],
  rules: oneSource,
  leaves: ["intact"],
  well: () => ({ intact: true }),
  replaces: { host: byHost, contentKey: byContent },
  request: ({ owner, contentKey = "" }) => ({ owner, contentKey, blob: contentKey }),
  observed: ({ digest: found, sizeBytes }) => ({ digest: found, sizeBytes }),
  drift: (inputs, { intact }) => ("intact" in inputs && !intact ? { ...inputs, intact } : inputs),
};

const sources = ["rootfs", "directory", "files"];

/** A layer is made of one thing, and only a directory is put somewhere and changed on the way. */
function oneSource(inputs: Bag): Failure[] {
  const given = sources.filter((name) => name in inputs);
  if (given.length !== 1) {
    const got = given.length === 0 ? "none of them" : given.join(" and ");
    return [
      { path: ["rootfs"], reason: `must be given, or directory or files in its place, and only one; got ${got}` },
    ];
  }
  if (!("directory" in inputs)) {
    const lost = ["target", "exclude", "chown", "chmod"].filter((name) => name in inputs);
    const reason = `goes with directory only; ${given.includes("files") ? "files have their own" : "a rootfs is taken as it is"}`;
    if (lost.length > 0) return lost.map((name) => ({ path: [name], reason }));
  }
  if ("contentKey" in inputs) return [];
  return [{ path: ["contentKey"], reason: "must be computed by the SDK; it is missing" }];
}
