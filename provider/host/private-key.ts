import { createPrivateKey, type KeyObject } from "node:crypto";
import { type ParsedKey, utils } from "ssh2";
import { SlipwayError } from "./errors";
import { sshString, uint32, WireReader } from "./wire";

/** What a private key turned out to be. */
export type PrivateKey =
  | { readonly kind: "usable"; readonly key: ParsedKey }
  /** Encrypted, and no passphrase was given. */
  | { readonly kind: "encrypted" }
  /** Only the public half: the key itself is in an ssh-agent or on a token. */
  | { readonly kind: "public"; readonly key: ParsedKey }
  /** A security key (FIDO): the file only refers to a device. */
  | { readonly kind: "device" }
  | { readonly kind: "unreadable"; readonly why: string };

/**
 * Reads a private key in any format ssh-keygen and openssl write. Throws "passphrase_wrong" where the passphrase does
 * not open it; `where` names the key in that error.
 */
export function readPrivateKey(text: string, passphrase: string | undefined, where: string): PrivateKey {
  if (/^-----BEGIN (ENCRYPTED )?PRIVATE KEY-----/m.test(text)) return readPkcs8(text, passphrase, where);
  const blob = publicBlob(text);
  if (blob !== undefined && typeOfBlob(blob).startsWith("sk-")) return { kind: "device" };
  const cipher = cipherOf(text);
  if (cipher.startsWith("chacha20")) {
    const way = 'use `transport: "openssh"`, or encrypt it anew: ssh-keygen -p -Z aes256-ctr -f FILE';
    return { kind: "unreadable", why: `it is encrypted with ${cipher}, which only the system's ssh reads; ${way}` };
  }
  // A passphrase for a key that needs none is ignored, as ssh does.
  const parsed = utils.parseKey(text, passphrase);
  if (!(parsed instanceof Error)) {
    const key = [parsed].flat()[0];
    if (key === undefined) return { kind: "unreadable", why: "it holds no key" };
    return { kind: key.isPrivateKey() ? "usable" : "public", key };
  }
  if (/no passphrase given/.test(parsed.message)) return { kind: "encrypted" };
  if (
    passphrase !== undefined &&
    /encrypted|integrity|passphrase|bad decrypt|malformed|authenticate data/i.test(parsed.message)
  ) {
    throw passphraseWrong(where);
  }
  return { kind: "unreadable", why: parsed.message };
}

/** PKCS #8, as openssl and many key resources write it, is not known to ssh2: node reads it and writes what is. */
function readPkcs8(text: string, passphrase: string | undefined, where: string): PrivateKey {
  const encrypted = text.includes("BEGIN ENCRYPTED");
  if (encrypted && passphrase === undefined) return { kind: "encrypted" };
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: text, format: "pem", ...(passphrase === undefined ? {} : { passphrase }) });
  } catch {
    if (encrypted) throw passphraseWrong(where);
    return { kind: "unreadable", why: "damaged PKCS #8" };
  }
  const type = key.asymmetricKeyType;
  if (type === "ed25519") return readPrivateKey(opensshFormat(key), undefined, where);
  if (type !== "rsa" && type !== "ec") return { kind: "unreadable", why: `a ${type} key, which SSH does not know` };
  const pem =
    type === "rsa" ? key.export({ type: "pkcs1", format: "pem" }) : key.export({ type: "sec1", format: "pem" });
  return readPrivateKey(pem.toString(), undefined, where);
}

/** An Ed25519 key in OpenSSH's own format, unencrypted (its PROTOCOL.key): the only one ssh2 reads for this type. */
function opensshFormat(key: KeyObject): string {
  const { x = "", d = "" } = key.export({ format: "jwk" });
  const [point, seed] = [Buffer.from(x, "base64url"), Buffer.from(d, "base64url")];
  const pub = Buffer.concat([sshString("ssh-ed25519"), sshString(point)]);
  const secret = Buffer.concat([Buffer.alloc(8), pub, sshString(Buffer.concat([seed, point])), sshString("")]);
  const padding = Buffer.from([1, 2, 3, 4, 5, 6, 7].slice(0, -secret.length & 7));
  const body = Buffer.concat([
    Buffer.from(opensshMagic),
    ...["none", "none", ""].map(sshString),
    uint32(1),
    ...[pub, Buffer.concat([secret, padding])].map(sshString),
  ]);
  const lines = body.toString("base64").replace(/(.{70})/g, "$1\n");
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines}\n-----END OPENSSH PRIVATE KEY-----\n`;
}

/** What a key in OpenSSH's own format begins with. */
const opensshMagic = "openssh-key-v1\0";

/** The public half, as SSH sends it, of a key in OpenSSH's format: it stands there in clear even if the rest does not. */
export function publicBlob(text: string): Buffer | undefined {
  const reader = opensshReader(text);
  if (reader === undefined) return undefined;
  reader.string(); // cipher
  reader.string(); // key derivation
  reader.string(); // its options
  reader.uint32(); // number of keys
  const blob = reader.string();
  return blob.length > 4 ? blob : undefined;
}

/** The name of the cipher that a key in OpenSSH's format is encrypted with; "" for other formats. */
function cipherOf(text: string): string {
  return opensshReader(text)?.string().toString("latin1") ?? "";
}

/** What follows the magic word of a key in OpenSSH's format. */
function opensshReader(text: string): WireReader | undefined {
  const [, body] = /-----BEGIN OPENSSH PRIVATE KEY-----([^-]*)-----/.exec(text) ?? [];
  return body === undefined ? undefined : new WireReader(Buffer.from(body, "base64"), opensshMagic.length);
}

/** The type a key in SSH's own encoding begins with, for example "ssh-ed25519"; "" where there is none. */
export function typeOfBlob(blob: Buffer): string {
  return new WireReader(blob).string().toString("latin1");
}

function passphraseWrong(where: string): SlipwayError {
  return new SlipwayError("passphrase_wrong", `the passphrase does not open ${where}`);
}
