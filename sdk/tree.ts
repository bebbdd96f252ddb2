import { lstatSync, readdirSync, readlinkSync, type Stats } from "node:fs";
import { join } from "node:path";
import type { Ignore } from "./ignore";

/** One thing in a folder. */
export interface Entry {
  /** From the folder that was walked, with "/" between names on every system; "" is that folder. */
  readonly path: string;
  /** Where it is on this machine. */
  readonly location: string;
  /** What it is. A hard link is a file like any other. */
  readonly type: "directory" | "file" | "link";
  /** Permission bits, made the same on machines with different umasks (see {@link portableMode}). */
  readonly mode: number;
  /** Bytes of a file, 0 for anything else. */
  readonly size: number;
  /** Where a link points, "" for anything else. It is not followed and need not exist. */
  readonly linkTarget: string;
}

/**
 * Lists a local folder: itself, then what is in it, each folder before its content, siblings in the order of their
 * names' UTF-16 code units. Times, owners and the place of the folder are left out, because they differ between
 * checkouts of the same files. A folder that is to be left out is still there where something in it is not.
 *
 * @param ignored What to leave out; it is not even read. Default: nothing.
 * @throws Error naming the path where something cannot be read, or is neither file, folder nor link.
 */
export function* walk(folder: string, ignored?: Ignore): Generator<Entry> {
  yield* visit(folder, "", ignored);
}

function* visit(location: string, path: string, ignored: Ignore | undefined): Generator<Entry> {
  const stats = lstatSync(location);
  const excluded = path !== "" && ignored?.excludes(path) === true;
  if (excluded && !(stats.isDirectory() && ignored.hasExceptions)) return;
  const entry = describe(stats, location, path);
  if (!excluded) yield entry;
  if (entry.type !== "directory") return;
  let missing = excluded;
  for (const name of readdirSync(location).sort()) {
    if (name.includes(notUtf8)) throw new Error(`${join(location, name)}: the name is not valid UTF-8`);
    for (const below of visit(join(location, name), path === "" ? name : `${path}/${name}`, ignored)) {
      if (missing) yield entry;
      missing = false;
      yield below;
    }
  }
}

function describe(stats: Stats, location: string, path: string): Entry {
  const type = typeOf(stats, location);
  return {
    path,
    location,
    type,
    mode: portableMode(stats, type),
    size: type === "file" ? stats.size : 0,
    linkTarget: type === "link" ? linkTarget(location) : "",
  };
}

/** What Node puts in the place of bytes that mean nothing in UTF-8. */
const notUtf8 = "\uFFFD";

function linkTarget(location: string): string {
  const target = readlinkSync(location);
  if (target.includes(notUtf8)) throw new Error(`${location}: what it links to is not valid UTF-8`);
  return target.replaceAll("\\", separatorOfLinks);
}

/** Links made on Windows are written with backslashes; elsewhere a backslash is a character like any other. */
const separatorOfLinks = process.platform === "win32" ? "/" : "\\";

function typeOf(stats: Stats, location: string): Entry["type"] {
  if (stats.isFile()) return "file";
  if (stats.isDirectory()) return "directory";
  if (stats.isSymbolicLink()) return "link";
  throw new Error(
    `${location}: only files, folders and links can be part of a layer that is made of a folder; this is a socket, pipe ` +
      "or device. Remove it, or pack the folder with tar as root and give that archive as rootfs",
  );
}

/**
 * The permission bits that two checkouts of the same files have in common. A umask of 002 and one of 022 differ in the
 * group's right to write, so it counts only where everybody has it; the group is root's inside anyway. A link's own
 * bits mean nothing on Linux and vary on others; Windows knows none of them.
 */
function portableMode(stats: Stats, type: Entry["type"]): number {
  if (type === "link") return 0o777;
  if (process.platform === "win32") return type === "directory" ? 0o755 : 0o644;
  const mode = stats.mode & 0o7777;
  return (mode & 0o002) === 0 ? mode & ~0o020 : mode;
}
