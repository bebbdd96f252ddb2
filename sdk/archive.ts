import { closeSync, openSync, readSync } from "node:fs";
import { archiveEnd, entryHeader, padding } from "./tar";
import { walk, type Entry } from "./tree";

/**
 * Packs a local folder as a tar archive, a piece at a time: its content below `target`, everything owned by root, all
 * times 0. The same files give the same bytes on every machine, so the sha256 of these bytes is the layer's content
 * key, and also what the host verifies when they arrive. They must not change between versions of Slipway: a change
 * replaces every container made of local files.
 *
 * @param target An absolute path. The folder itself becomes an entry unless that is "/", whose mode and owner are the
 * base layer's; folders above it are left to the layers below.
 * @throws Error where a file cannot be read, or changes while it is.
 */
export function* archive(folder: string, target: string): Generator<Buffer> {
  const prefix = target.split("/").filter((name) => name !== "");
  for (const entry of walk(folder)) {
    if (entry.path === "" && entry.type !== "directory") throw new Error(`${folder}: not a folder`);
    const name = [...prefix, entry.path].filter((part) => part !== "").join("/");
    if (name === "") continue;
    yield entryHeader({ ...entry, name });
    if (entry.type === "file") yield* content(entry);
  }
  yield archiveEnd;
}

/** How much of a file is held in memory at a time, in bytes. */
const chunk = 1 << 20;

/** The bytes of a file, filled up to whole blocks. */
function* content(entry: Entry): Generator<Buffer> {
  const file = openSync(entry.location, "r");
  try {
    for (let left = entry.size; left > 0;) {
      const buffer = Buffer.allocUnsafe(Math.min(chunk, left));
      const read = readSync(file, buffer);
      if (read === 0) throw new Error(`${entry.location}: became shorter while it was read`);
      yield buffer.subarray(0, read);
      left -= read;
    }
  } finally {
    closeSync(file);
  }
  if (entry.size % 512 !== 0) yield padding(entry.size);
}
