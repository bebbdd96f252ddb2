import { createHash } from "node:crypto";
import { createReadStream, realpathSync, statSync, type Stats } from "node:fs";
import { relative, resolve } from "node:path";
import { archive, archiveOf, type ArchiveOptions, type FileToPack } from "./archive";
import { ignore, wrongPattern } from "./ignore";
import { parseChmod, parseChown } from "./permissions";

/** Where the content of a layer comes from, as the program says it or as the provider's check writes it. */
export interface LayerSource {
  /** A tar archive or a folder. */
  readonly rootfs?: string | undefined;
  /** A folder. */
  readonly directory?: string | undefined;
  /** Where the folder is put, an absolute path; default "/". */
  readonly target?: string | undefined;
  /** Patterns of what is left out of the folder; default none. */
  readonly exclude?: readonly string[] | undefined;
  /** Who the folder's content belongs to; default root. */
  readonly chown?: string | number | undefined;
  /** What becomes of its permissions; default they stay. */
  readonly chmod?: string | undefined;
  /** Files by absolute path. */
  readonly files?: Readonly<Record<string, string | FileSource>> | undefined;
}

/** A file of a layer. */
export interface FileSource {
  /** What is in it. */
  readonly content: string;
  /** Who it belongs to; default root. */
  readonly chown?: string | number | undefined;
  /** Its permissions; default 0644. */
  readonly chmod?: string | undefined;
}

/**
 * What is sent for a layer: an archive as it lies there, or one that is packed, the same each time. The SDK hashes it for the
 * content key, and the provider sends the same; it has the same working folder.
 */
export type LayerContent =
  { readonly archive: string; readonly size: number } | { readonly pack: () => Generator<Buffer> };

/**
 * Finds the content of a layer on this machine. A path that is a link stands for what it links to, unlike the links in a
 * folder. Undefined where the source does not say exactly one thing. Of what it says wrongly nothing is made here; the
 * provider's check refuses it, with all else that is wrong.
 *
 * @throws Error where the path is not there or is not what the argument takes.
 */
export function layerContent(source: LayerSource): LayerContent | undefined {
  const { rootfs, directory, target = "/", exclude, chown, chmod, files } = source;
  if ([rootfs, directory, files].filter((each) => each !== undefined).length !== 1) return undefined;
  if (typeof rootfs === "string") {
    const stats = look("rootfs", rootfs);
    if (stats.isDirectory()) return folder(rootfs, "/");
    if (stats.isFile()) return { archive: resolve(rootfs), size: stats.size };
    throw new Error(`rootfs ${JSON.stringify(rootfs)} is neither an archive nor a folder`);
  }
  if (typeof directory === "string" && typeof target === "string") {
    if (!look("directory", directory).isDirectory())
      throw new Error(`directory ${JSON.stringify(directory)} is not a folder`);
    const patterns: readonly unknown[] = Array.isArray(exclude) ? exclude : [];
    const ignored = ignore(patterns.filter(isPattern));
    return folder(directory, target, { owner: parseChown(chown), chmod: parseChmod(chmod), ignored });
  }
  if (typeof files === "object") return { pack: () => archiveOf(filesToPack(files)) };
  return undefined;
}

function folder(path: string, target: string, options?: ArchiveOptions): LayerContent {
  const real = realpathSync(path);
  return { pack: () => archive(real, target, options) };
}

function isPattern(written: unknown): written is string {
  return typeof written === "string" && wrongPattern(written) === undefined;
}

function filesToPack(files: NonNullable<LayerSource["files"]>): FileToPack[] {
  return Object.entries(files).flatMap(([path, written]) => {
    const file: unknown = typeof written === "string" ? { content: written } : written;
    if (typeof file !== "object" || file === null || !("content" in file)) return [];
    const { content, chown, chmod } = file as { content: unknown; chown?: unknown; chmod?: unknown };
    if (typeof content !== "string") return [];
    return { path, content, owner: parseChown(chown), chmod: parseChmod(chmod) };
  });
}

/**
 * The content key of a layer: "sha256:" and the digest of the bytes that are sent. Nothing of where they lie enters it.
 * Undefined where the source does not say exactly one thing.
 *
 * @throws Error as {@link layerContent} and {@link archive}.
 */
export async function contentKeyOf(source: LayerSource): Promise<string | undefined> {
  const content = layerContent(source);
  if (content === undefined) return undefined;
  return "archive" in content ? archiveKey(content.archive) : digestOf(content.pack());
}

/** A path from the program's folder, with "/" between names, so that another checkout or system makes no difference. */
export function pathInProgram(path: string): string {
  if (typeof path !== "string") return path;
  const found = relative(process.cwd(), resolve(path)).replaceAll("\\", process.platform === "win32" ? "/" : "\\");
  return found === "" ? "." : found;
}

/** Archives hashed before, because a fleet's program asks for the same one once for each host. */
const archiveKeys = new Map<string, Promise<string>>();

async function archiveKey(path: string): Promise<string> {
  const { dev, ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
  const file = [dev, ino, size, mtimeNs, ctimeNs].join(" ");
  const known = archiveKeys.get(file);
  if (known !== undefined) return known;
  const key = (async () => {
    const hash = createHash("sha256");
    for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(piece as Buffer);
    return `sha256:${hash.digest("hex")}`;
  })();
  archiveKeys.set(file, key);
  return key;
}

function digestOf(pieces: Iterable<Buffer>): string {
  const hash = createHash("sha256");
  for (const piece of pieces) hash.update(piece);
  return `sha256:${hash.digest("hex")}`;
}

function look(argument: string, path: string): Stats {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats !== undefined) return stats;
  throw new Error(`${argument} ${JSON.stringify(path)} does not exist (looked for ${resolve(path)})`);
}
