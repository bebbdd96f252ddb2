/**
 * The bytes of a tar archive (POSIX.1-2001, "pax"). Written here rather than by a library, because the SDK imports only
 * built-in modules, and because these bytes are a content key: a library's next version must not change them.
 */

/** What an entry of an archive says of itself. All times are 0. */
export interface TarEntry {
  /** The path without "/" at either end. */
  readonly name: string;
  /** What it is. */
  readonly type: "directory" | "file" | "link";
  /** Permission bits. */
  readonly mode: number;
  /** The owner by number; default root. */
  readonly uid?: number | undefined;
  /** The group by number; default root. */
  readonly gid?: number | undefined;
  /** Bytes that follow the header, 0 for anything but a file. */
  readonly size: number;
  /** Where a link points, "" for anything else. */
  readonly linkTarget: string;
}

const block = 512;

/** Ends an archive. */
export const archiveEnd: Buffer = Buffer.alloc(2 * block);

/** What fills the last block of a file of `size` bytes. */
export function padding(size: number): Buffer {
  return archiveEnd.subarray(0, (block - (size % block)) % block);
}

/** The header of an entry, with an extended one before it where something does not fit the fixed fields. */
export function entryHeader(entry: TarEntry): Buffer {
  const name = entry.type === "directory" ? `${entry.name}/` : entry.name;
  const records: string[] = [];
  if (!fits(name)) records.push(record("path", name));
  if (!fits(entry.linkTarget)) records.push(record("linkpath", entry.linkTarget));
  if (entry.size > largestSize) records.push(record("size", String(entry.size)));
  for (const name of ["uid", "gid"] as const) {
    if ((entry[name] ?? 0) > largestId) records.push(record(name, String(entry[name])));
  }
  const header = fixedHeader({ ...entry, name, typeFlag: typeFlags[entry.type] });
  if (records.length === 0) return header;
  const extension = Buffer.from(records.join(""));
  const extended = { name: "pax", typeFlag: "x", mode: 0o644, size: extension.length, linkTarget: "" };
  return Buffer.concat([fixedHeader(extended), extension, padding(extension.length), header]);
}

const typeFlags = { file: "0", link: "2", directory: "5" };

/** The largest size that eleven octal digits hold. */
const largestSize = 0o77777777777;
/** The largest owner or group that seven hold. */
const largestId = 0o7777777;

/** Whether a path can stand in the fixed header: at most 100 bytes, and ASCII, for which no reader needs a guess. */
function fits(path: string): boolean {
  return path.length <= 100 && /^[\x20-\x7e]*$/.test(path);
}

/** A line of an extended header. Its first number counts the whole line, that number included. */
function record(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + String(rest).length;
  if (String(length).length > String(rest).length) length = rest + String(length).length;
  return `${String(length)} ${key}=${value}\n`;
}

function fixedHeader(entry: Omit<TarEntry, "type"> & { readonly typeFlag: string }): Buffer {
  const header = Buffer.alloc(block);
  const octal = (value: number, offset: number, width: number): void => {
    header.write(value.toString(8).padStart(width - 1, "0"), offset, "latin1");
  };
  header.write(entry.name, 0, 100, "utf8");
  octal(entry.mode, 100, 8);
  octal(upTo(largestId, entry.uid), 108, 8);
  octal(upTo(largestId, entry.gid), 116, 8);
  octal(upTo(largestSize, entry.size), 124, 12);
  octal(0, 136, 12);
  header.fill(" ", 148, 156);
  header.write(entry.typeFlag, 156, "latin1");
  header.write(entry.linkTarget, 157, 100, "utf8");
  header.write("ustar\x0000", 257, "latin1");
  octal(0, 329, 8);
  octal(0, 337, 8);
  // The checksum counts the header with spaces in its own place; six digits, NUL and one of the spaces remain.
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0`, 148, "latin1");
  return header;
}

/** A number that fits, else 0: an extended header says it. */
function upTo(largest: number, value = 0): number {
  return value > largest ? 0 : value;
}
