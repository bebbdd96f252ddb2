import { closeSync, openSync, readSync } from "node:fs";
import type { Ignore } from "./ignore";
import type { Chmod, Ownership } from "./permissions";
import { archiveEnd, entryHeader, padding } from "./tar";
import { walk, type Entry } from "./tree";

/** How what is packed differs from what lies there. */
export interface ArchiveOptions {
  /** Who it belongs to. Default: root. */
  readonly owner?: Ownership | undefined;
  /** What becomes of permissions. Default: they stay. */
  readonly chmod?: Chmod | undefined;
  /** What of a folder is left out. Default: nothing. */
  readonly ignored?: Ignore | undefined;
}

/**
 * Packs a local folder as a tar archive, a piece at a time: its content below `target`, all times 0. The same files give
 * the same bytes on every machine, so the sha256 of these bytes is the layer's content key, and also what the host verifies
 * when they arrive. They must not change between versions of Slipway: a change replaces every container made of local files.
 *
 * @param target An absolute path. The folder itself becomes an entry unless that is "/", whose mode and owner are the
 * base layer's; folders above it are left to the layers below.
 * @throws Error where a file cannot be read, or changes while it is.
 */
export function* archive(folder: string, target: string, options: ArchiveOptions = {}): Generator<Buffer> {
  const { owner, chmod, ignored } = options;
  const prefix = nameOf(target);
  for (const entry of walk(folder, ignored)) {
    if (entry.path === "" && entry.type !== "directory") throw new Error(`${folder}: not a folder`);
    const name = [prefix, entry.path].filter((part) => part !== "").join("/");
    if (name === "") continue;
    const mode = chmod && entry.type !== "link" ? chmod(entry.mode, entry.type === "directory") : entry.mode;
    yield entryHeader({ ...entry, ...owner, mode, name });
    if (entry.type === "file") yield* content(entry);
  }
  yield archiveEnd;
}

/** A file of which all is known but its place. */
export interface FileToPack extends Pick<ArchiveOptions, "owner" | "chmod"> {
  /** An absolute path. */
  readonly path: string;
  /** What is in it. */
  readonly content: string;
}

/** Packs files in the order of their names, like {@link archive}; their permissions are 0644 where nothing else is said. */
export function* archiveOf(files: readonly FileToPack[]): Generator<Buffer> {
  const named = files.map((file) => ({ ...file, name: nameOf(file.path) }));
  for (const { name, content: text, owner, chmod } of named.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const bytes = Buffer.from(text);
    const mode = chmod?.(0o644, false) ?? 0o644;
    yield entryHeader({ name, type: "file", mode, size: bytes.length, linkTarget: "", ...owner });
    yield bytes;
    yield padding(bytes.length);
  }
  yield archiveEnd;
}

/** An absolute path as an archive has it, the same however it is written. */
function nameOf(path: string): string {
  const names = path.split("/");
  return names.filter((name) => name !== "" && name !== ".").join("/");
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
