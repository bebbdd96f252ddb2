import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { layerContent } from "../sdk/content-key";
import { isSlipwayError } from "./host/errors";
import type { Session } from "./host/session";
import type { LayerInputs } from "./resources/layer";

/**
 * Sends the content of a layer to its host. The files are read where the program read them, in the program's folder.
 * The content key of the inputs is the digest of what is sent, so the host notices itself where they are others by now.
 *
 * @throws Error where files are missing, or changed since the program computed their content key.
 */
export async function sendLayer(session: Session, inputs: LayerInputs): Promise<void> {
  const content = layerContent(inputs);
  if (content === undefined || inputs.contentKey === undefined) throw new Error("the layer has no content to send");
  const digest = inputs.contentKey;
  try {
    if ("archive" in content) {
      await session.upload(digest, () => createReadStream(content.archive, { highWaterMark: 1 << 18 }), content.size);
    } else {
      const { found, size } = await measure(content.pack());
      if (found !== digest) throw changed(inputs);
      await session.upload(digest, () => Readable.from(content.pack(), { objectMode: false }), size);
    }
  } catch (error) {
    throw isSlipwayError(error) && error.code === "digest_mismatch" ? changed(inputs, error) : error;
  }
}

/** Milliseconds. */
const longestTurn = 20;

/**
 * Digest and length of what will be sent. Packed twice rather than kept: a folder may be larger than the memory. Other
 * resources, and the signs of life that hosts ask for, have their turn meanwhile.
 */
async function measure(pieces: Iterable<Buffer>): Promise<{ found: string; size: number }> {
  const hash = createHash("sha256");
  let size = 0;
  let last = performance.now();
  for (const piece of pieces) {
    hash.update(piece);
    size += piece.length;
    if (performance.now() - last < longestTurn) continue;
    await setImmediate();
    last = performance.now();
  }
  return { found: `sha256:${hash.digest("hex")}`, size };
}

function changed({ rootfs, directory }: LayerInputs, cause?: unknown): Error {
  const files = JSON.stringify(rootfs ?? directory ?? "files");
  return new Error(`the files of ${files} changed while they were deployed; run \`pulumi up\` again`, { cause });
}
