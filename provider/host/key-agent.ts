import { randomBytes, sign } from "node:crypto";
import { chmod } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import type { ParsedKey } from "ssh2";
import { identitiesAnswer, requestIdentities } from "./ssh-agent";
import { mpint, sshString, uint32, WireReader } from "./wire";

/** An ssh-agent inside this process, so that the system's ssh can use a secret key that is on no disk. */
export interface KeyAgent {
  /** What IdentityAgent is set to. */
  readonly socket: string;
  close(): void;
}

const failure = 5;
const signRequest = 13;
const signAnswer = 14;
const mostBytes = 256 * 1024;

/**
 * Serves one key on a socket in `folder`, which nobody else may enter. ssh2 has a server for this protocol too, but it
 * loses its place at the extensions with which OpenSSH begins since 8.9.
 */
export async function serveKey(folder: string, key: ParsedKey): Promise<KeyAgent> {
  const windows = process.platform === "win32";
  const socket = windows ? `\\\\.\\pipe\\slipway-${randomBytes(16).toString("hex")}` : join(folder, "agent");
  const server = createServer((client) => serve(client, key));
  await listen(server, socket);
  if (!windows) await chmod(socket, 0o600);
  server.unref();
  return { socket, close: () => server.close() };
}

function listen(server: Server, socket: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(socket, resolve);
  });
}

/** Answers each message of a client: its length, a number that says what it is, and what belongs to it. */
function serve(client: Socket, key: ParsedKey): void {
  let waiting = Buffer.alloc(0);
  client.unref();
  client.on("error", () => client.destroy());
  client.on("data", (chunk: Buffer) => {
    waiting = Buffer.concat([waiting, chunk]);
    if (waiting.length > mostBytes) client.destroy();
    while (waiting.length >= 4 && waiting.length >= 4 + waiting.readUInt32BE(0)) {
      const end = 4 + waiting.readUInt32BE(0);
      client.write(sshString(answer(waiting.subarray(4, end), key)));
      waiting = waiting.subarray(end);
    }
  });
}

function answer(message: Buffer, key: ParsedKey): Buffer {
  const blob = key.getPublicSSH();
  if (message[0] === requestIdentities) {
    return Buffer.concat([Buffer.of(identitiesAnswer), uint32(1), sshString(blob), sshString("slipway")]);
  }
  const reader = new WireReader(message, 1);
  if (message[0] !== signRequest || !reader.string().equals(blob)) return Buffer.of(failure);
  const data = reader.string();
  return Buffer.concat([Buffer.of(signAnswer), sshString(signature(key, data, reader.uint32()))]);
}

/** A signature as SSH writes it: the algorithm's name, then what the algorithm gives. */
function signature(key: ParsedKey, data: Buffer, flags: number): Buffer {
  const named = (name: string, bytes: Buffer): Buffer => Buffer.concat([sshString(name), sshString(bytes)]);
  if (key.type === "ssh-ed25519") return named(key.type, key.sign(data));
  if (key.type === "ssh-rsa") {
    // SSH_AGENT_RSA_SHA2_512, then SSH_AGENT_RSA_SHA2_256; without either the old SHA-1.
    const [name, hash] =
      flags & 4 ? ["rsa-sha2-512", "sha512"] : flags & 2 ? ["rsa-sha2-256", "sha256"] : ["ssh-rsa", "sha1"];
    return named(name, key.sign(data, hash));
  }
  const hash = { "ecdsa-sha2-nistp256": "sha256", "ecdsa-sha2-nistp384": "sha384" }[key.type as string] ?? "sha512";
  const pair = sign(hash, data, { key: key.getPrivatePEM(), dsaEncoding: "ieee-p1363" });
  const half = pair.length / 2;
  return named(key.type, Buffer.concat([mpint(pair.subarray(0, half)), mpint(pair.subarray(half))]));
}
