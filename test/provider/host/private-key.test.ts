/** Every format in which people have private keys, as ssh-keygen and openssl write them. */
import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { publicBlob, readPrivateKey } from "../../../provider/host/private-key";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipway-private-key-"));
});
afterAll(async () => rm(folder, { recursive: true }));

const passphrase = "correct horse";
const types = [
  ["ed25519", []],
  ["rsa", ["-b", "2048"]],
  ["ecdsa", ["-b", "256"]],
  ["ecdsa", ["-b", "521"]],
  // Encrypted by another cipher, whose library says otherwise that the passphrase is wrong.
  ["ed25519", ["-Z", "aes256-gcm@openssh.com"]],
] as const;
const cases = types.flatMap(([type, size]) =>
  ["RFC4716", "PEM", "PKCS8"].flatMap((format) => ["", passphrase].map((secret) => ({ type, size, format, secret }))),
);

describe.each(cases)("$type $size in $format, passphrase '$secret'", ({ type, size, format, secret }) => {
  test("is read", async () => {
    const path = join(folder, `${type}${size.join("")}-${format}-${secret.length}`);
    // ssh-keygen writes Ed25519 in its own format whatever it is asked for.
    execFileSync("ssh-keygen", ["-q", "-t", type, ...size, "-m", format, "-N", secret, "-C", "", "-f", path]);
    const [text, line] = await Promise.all([readFile(path, "utf8"), readFile(`${path}.pub`, "utf8")]);
    const found = readPrivateKey(text, secret || undefined, "key");
    if (found.kind !== "usable") throw new Error(JSON.stringify(found));
    expect(found.key.getPublicSSH().toString("base64")).toBe(line.split(" ")[1]?.trim());
    const data = Buffer.from("signed");
    expect(found.key.verify(data, found.key.sign(data))).toBe(true);
    if (text.includes("OPENSSH")) expect(publicBlob(text)?.toString("base64")).toBe(line.split(" ")[1]?.trim());
    if (secret) {
      expect(readPrivateKey(text, undefined, "key").kind).toBe("encrypted");
      expect(() => readPrivateKey(text, "wrong horse", "key")).toThrow("the passphrase does not open key");
    } else {
      // As ssh does: a passphrase that is not needed is not looked at.
      expect(readPrivateKey(text, passphrase, "key").kind).toBe("usable");
    }
  });
});

test("a cipher that only the system's ssh knows is named", async () => {
  const path = join(folder, "chacha20");
  const cipher = "chacha20-poly1305@openssh.com";
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-Z", cipher, "-N", passphrase, "-f", path]);
  expect(readPrivateKey(await readFile(path, "utf8"), passphrase, "key")).toEqual({
    kind: "unreadable",
    why: expect.stringMatching(new RegExp(`${cipher}.*transport: "openssh"`)) as string,
  });
});

test.each([undefined, passphrase])("Ed25519 in PKCS #8 is read, passphrase %s", (secret) => {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const encryption = secret === undefined ? {} : { cipher: "aes-256-cbc", passphrase: secret };
  const text = privateKey.export({ type: "pkcs8", format: "pem", ...encryption }).toString();
  const found = readPrivateKey(text, secret, "key");
  if (found.kind !== "usable") throw new Error(JSON.stringify(found));
  const point = Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url");
  expect(found.key.getPublicSSH().subarray(-32)).toEqual(point);
  if (secret === undefined) return;
  expect(readPrivateKey(text, undefined, "key").kind).toBe("encrypted");
  expect(() => readPrivateKey(text, "wrong", "key")).toThrow("does not open");
});

test("tells what is no private key, and says nothing of what stands in it", async () => {
  const path = join(folder, "other");
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", path]);
  const text = await readFile(path, "utf8");
  expect(readPrivateKey(await readFile(`${path}.pub`, "utf8"), undefined, "key").kind).toBe("public");
  const x25519 = generateKeyPairSync("x25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  for (const bad of [
    "",
    "word",
    text.slice(0, 150),
    text.replace(/\n[A-Za-z0-9]{10}/, "\n"),
    x25519,
    "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
  ]) {
    const found = readPrivateKey(bad, undefined, "key");
    expect(found.kind).toBe("unreadable");
    for (const line of bad.split("\n"))
      if (line.length > 20 && !line.startsWith("-----")) expect(JSON.stringify(found)).not.toContain(line);
  }
});
