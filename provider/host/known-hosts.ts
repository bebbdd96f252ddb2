import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { appendFile, mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { reason, SlipwayError } from "./errors";

/** One line of a known_hosts file (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"). */
export interface KnownHost {
  readonly marker: "revoked" | "cert-authority" | undefined;
  /** The names as written: patterns with commas between them, or one hash that begins with `|1|`. */
  readonly names: string;
  /** For example "ssh-ed25519". */
  readonly type: string;
  /** The key as SSH sends it, in base64. */
  readonly key: string;
}

/** Reads the text of a known_hosts file. As in OpenSSH, a line that is not understood counts as absent. */
export function parseKnownHosts(text: string): KnownHost[] {
  return text.split(/\r?\n/).flatMap((line) => {
    if (/^\s*#/.test(line)) return [];
    const words = line.trim().split(/[ \t]+/);
    const marker = words[0]?.startsWith("@") ? words.shift()?.slice(1) : undefined;
    const [names, type, key] = words;
    if (names === undefined || type === undefined || key === undefined) return [];
    if (marker !== undefined && marker !== "revoked" && marker !== "cert-authority") return [];
    // Every key begins with its own type; this also drops lines of the first SSH protocol, which begin with a number.
    return keyType(key) === type ? [{ marker, names, type, key }] : [];
  });
}

/** The name under which known_hosts keeps a host: bare on port 22, else `[name]:port`. */
export function knownHostName(host: string, port: number): string {
  return port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;
}

/** Whether a line is about a host of this name (from knownHostName, or a HostKeyAlias). */
export function isAbout(entry: KnownHost, name: string): boolean {
  if (entry.names.startsWith("|")) return hashMatches(entry.names, name);
  let matched = false;
  for (const pattern of entry.names.toLowerCase().split(",")) {
    const negated = pattern.startsWith("!");
    if (!wildcard(negated ? pattern.slice(1) : pattern).test(name.toLowerCase())) continue;
    // A negated name that matches rules the whole line out, wherever in it it stands.
    if (negated) return false;
    matched = true;
  }
  return matched;
}

/** `|1|salt|hash`: HMAC-SHA1 of the name. */
function hashMatches(hashed: string, name: string): boolean {
  const [, version, salt, hash] = hashed.split("|");
  if (version !== "1" || salt === undefined || hash === undefined) return false;
  const wanted = Buffer.from(hash, "base64");
  const found = createHmac("sha1", Buffer.from(salt, "base64")).update(name.toLowerCase()).digest();
  return wanted.length === found.length && timingSafeEqual(wanted, found);
}

function wildcard(pattern: string): RegExp {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replace(/\*+/g, ".*")
    .replace(/\?/g, ".");
  return new RegExp(`^${source}$`, "s");
}

/** The type that stands at the beginning of a key in base64, undefined where there is none. */
export function keyType(key: string): string | undefined {
  const bytes = Buffer.from(key, "base64");
  if (bytes.length < 4) return undefined;
  const length = bytes.readUInt32BE(0);
  return length > 0 && length <= bytes.length - 4 ? bytes.toString("latin1", 4, 4 + length) : undefined;
}

/**
 * All lines of several files, in their order. A file that does not exist is empty; one that cannot be read, which might
 * hold a revoked key, is a SlipwayError.
 */
export async function readKnownHosts(files: readonly string[]): Promise<KnownHost[]> {
  const texts = await Promise.all(files.map(readIfThere));
  return texts.flatMap(parseKnownHosts);
}

/**
 * Adds a key to a known_hosts file, made with its folder where missing. One write in append mode: other processes that
 * add lines at the same moment lose nothing. Rejects with a SlipwayError where that cannot be done, since a key that is
 * not remembered would be accepted anew, whatever it is.
 */
export async function addKnownHost(file: string, name: string, key: string, hashed: boolean): Promise<void> {
  const before = await readIfThere(file);
  // Another connection of ours may have added it a moment ago.
  if (parseKnownHosts(before).some((line) => `${line.type} ${line.key}` === key && isAbout(line, name))) return;
  const newline = before === "" || before.endsWith("\n") ? "" : "\n";
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await appendFile(file, `${newline}${hashed ? hashName(name) : name} ${key}\n`, { mode: 0o600 });
  } catch (error) {
    throw unusable(file, `the key of ${name} cannot be added to it: ${reason(error)}`);
  }
}

function hashName(name: string): string {
  const salt = randomBytes(20);
  return `|1|${salt.toString("base64")}|${createHmac("sha1", salt).update(name).digest("base64")}`;
}

async function readIfThere(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return "";
    throw unusable(file, `it cannot be read: ${reason(error)}`);
  }
}

function unusable(file: string, why: string): SlipwayError {
  return new SlipwayError("host_key_unknown", `known_hosts file ${file}: ${why}`, {
    wayOut: "Check the file and its rights, or give the host's key in the program, with `hostKey`.",
  });
}
