import { createHash } from "node:crypto";
import type { z } from "zod";
import { isBag, type Bag } from "./bag";
import { byContent, byHost } from "./changed";
import { host } from "./connection";
import type { Definition, Failure } from "./definition";
import { absolutePath, flag, pairs, signal, text, user, words } from "./fields";
import { oneSource, pullOf, sourceKey, sourceShape } from "./image-source";
import { digest, reference } from "./reference";
import { list, members } from "./schema";
import { holdsUnknown, unknown } from "./unknown";

const config = members('must be an object of image settings, such as { command: ["httpd"] }', {
  entrypoint: words().exactOptional(),
  command: words().exactOptional(),
  env: pairs().exactOptional(),
  workingDir: absolutePath().exactOptional(),
  user: user().exactOptional(),
  stopSignal: signal().exactOptional(),
  labels: pairs().exactOptional(),
});

const shape = {
  owner: text("must be the owner of the resource"),
  host,
  layers: list("must be a list of at least one Layer", reference("a Layer")).exactOptional(),
  config: config.exactOptional(),
  ...sourceShape,
  contentKey: digest().exactOptional(),
  intact: flag().exactOptional(),
};
const schema = members("must be the inputs of an Image", shape);

/** The canonical inputs of an Image. */
export type ImageInputs = z.output<typeof schema>;

/** An ordered list of layers and a config, or what a registry has of that. */
export const image: Definition<"images", ImageInputs> = {
  resource: "images",
  schema,
  inputs: Object.keys(shape) as (keyof typeof shape)[],
  rules: (inputs) => [...oneSource(inputs), ...notTooMany(inputs)],
  derive: (inputs) => ({ ...inputs, contentKey: contentKeyOf(inputs) }),
  leaves: ["intact"],
  well: () => ({ intact: true }),
  replaces: { host: byHost, contentKey: byContent },
  request: ({ owner, contentKey = "", layers = [], config: settings = {}, ...source }) => {
    const pull = pullOf(source);
    return pull === undefined ? { owner, contentKey, layers, config: settings } : { owner, contentKey, pull };
  },
  observed: ({ imageId, layers, sizeBytes, digest: found, config: own }) => ({
    imageId,
    layerDigests: layers,
    sizeBytes,
    ...(found !== undefined && { digest: found }),
    ...(own !== undefined && { imageConfig: own }),
  }),
  drift: (inputs, { intact }) => ("intact" in inputs && !intact ? { ...inputs, intact } : inputs),
};

/** What fits the one page that kernels before 6.7 take the names of all layers in, with room for the container's own. */
const mostLayers = 200;

function notTooMany({ layers }: Bag): Failure[] {
  if (!Array.isArray(layers) || layers.length <= mostLayers) return [];
  const reason = `must be a list of at most ${String(mostLayers)} Layers; got ${String(layers.length)}`;
  return [{ path: ["layers"], reason }];
}

/**
 * A digest of all that determines the content, unknown while any of it is. It is computed here and not in the SDK,
 * because the same config can be written in several ways, and because a secret in it would make the key, which every
 * container holds, a secret too.
 */
function contentKeyOf({ layers, config: settings = {}, ...source }: ImageInputs): string {
  if (layers === undefined) {
    const { reference: name, platform, triggers } = source;
    return holdsUnknown([name, platform, triggers]) ? unknown : digestOf(sourceKey(source));
  }
  const keys = Array.isArray(layers) ? layers.map((layer) => (isBag(layer) ? layer.contentKey : layer)) : layers;
  if (holdsUnknown(keys) || holdsUnknown(settings)) return unknown;
  // The members of the config in the order of their names, which adding one to the schema does not change.
  const content = { layers: keys, config: Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1)) };
  return digestOf(content);
}

function digestOf(content: unknown): string {
  return `sha256:${createHash("sha256").update(JSON.stringify(content)).digest("hex")}`;
}
