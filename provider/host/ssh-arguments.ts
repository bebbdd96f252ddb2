import { readFile } from "node:fs/promises";
import { bareAddress, type HostConnection } from "./connection";
import { reason, SlipwayError } from "./errors";
import { expandPath } from "./expand";
import { parseHostKey } from "./host-key";
import { knownHostName } from "./known-hosts";
import { PrivateFolder } from "./private-folder";
import { readPrivateKey } from "./private-key";
import { readSshConfig } from "./ssh-config";
import type { SshRun } from "./ssh-errors";

/** The system's ssh, made ready for a host. */
export interface PreparedSsh {
  /** All but the command. */
  readonly args: readonly string[];
  readonly run: SshRun;
  /** Removes what was made for it. */
  close(): void;
}

/** The name a pinned key gets, so that it counts whatever the host is called. */
const pinnedName = "slipway-pinned";

const nowhere = process.platform === "win32" ? "none" : "/dev/null";

/**
 * What we insist on, whatever the user's ssh_config says: nobody is asked, nothing is forwarded, no ControlMaster is
 * started, and a silent host is noticed. DEBUG1 is the level that tells which keys were offered and how far it got.
 */
const always = [
  ["BatchMode", "yes"],
  ["LogLevel", "DEBUG1"],
  ["ControlMaster", "no"],
  ["ClearAllForwardings", "yes"],
  ["ForwardAgent", "no"],
  ["ForwardX11", "no"],
  ["PermitLocalCommand", "no"],
  ["RemoteCommand", "none"],
  ["RequestTTY", "no"],
  ["ServerAliveInterval", "15"],
  ["ServerAliveCountMax", "3"],
  ["ConnectionAttempts", "1"],
] as const;

/** Turns a connection into arguments of ssh; keys that are secrets are served from memory, not written to a file. */
export async function prepareSsh(connection: HostConnection): Promise<PreparedSsh> {
  const { address, port, user, configFile, useAgent, hostKey, hostKeyCheck } = connection;
  const { connectTimeout: timeout } = await readSshConfig(connection);
  const options: string[][] = [
    ...always.map((pair) => [...pair]),
    ["ConnectTimeout", String(Math.ceil(timeout / 1000))],
  ];
  const args: string[] = ["-T"];
  if (configFile !== undefined) args.push("-F", expandPath(configFile));
  if (port !== undefined) args.push("-p", String(port));
  if (user !== undefined) args.push("-l", user);
  const folder = new PrivateFolder();
  try {
    const key = await secretKey(connection, folder);
    if (key) {
      args.push("-i", key.publicFile);
      options.push(["IdentitiesOnly", "yes"], ["IdentityAgent", quote(key.agent.socket)]);
    } else {
      if (connection.identityFile !== undefined) {
        args.push("-i", expandPath(connection.identityFile));
        options.push(["IdentitiesOnly", "yes"]);
      }
      if (useAgent === false) options.push(["IdentityAgent", "none"]);
    }
    options.push(["StrictHostKeyChecking", hostKeyCheck === "accept-new" && !hostKey ? "accept-new" : "yes"]);
    if (hostKey) {
      const lines = hostKey.map(parseHostKey).map(({ type, key }) => `${pinnedName} ${type} ${key}\n`);
      const file = await folder.write("known_hosts", lines.join(""));
      options.push(
        ["UserKnownHostsFile", quote(file)],
        ["GlobalKnownHostsFile", nowhere],
        ["HostKeyAlias", pinnedName],
      );
      // A connection that somebody else opened was not checked against this key.
      options.push(["ControlPath", "none"]);
    }
  } catch (error) {
    folder.remove();
    throw error;
  }
  for (const [name, value] of options) args.push("-o", `${name}=${value}`);
  args.push("--", bareAddress(address));
  const place = knownHostName(bareAddress(address), port ?? 22);
  return { args, run: { place, connectTimeout: timeout, pinned: hostKey !== undefined }, close: () => folder.remove() };
}

/** Values of -o are read like lines of ssh_config, where a space ends a path that is not quoted. */
function quote(path: string): string {
  return `"${path}"`;
}

async function secretKey(connection: HostConnection, folder: PrivateFolder) {
  const { privateKey, identityFile, passphrase } = connection;
  let text = privateKey;
  if (text === undefined && identityFile !== undefined && passphrase !== undefined) {
    text = await readIdentity(expandPath(identityFile));
  }
  if (text === undefined) return undefined;
  const where = privateKey === undefined ? `identityFile ${identityFile}` : "privateKey";
  const found = readPrivateKey(text, passphrase, where);
  if (found.kind === "encrypted") {
    throw new SlipwayError("passphrase_missing", `${where} is encrypted`, {
      wayOut: "Give `passphrase`, as a secret.",
    });
  }
  if (found.kind !== "usable") {
    // ssh itself may know this kind of key, and can read it where it is a file.
    if (privateKey === undefined) return undefined;
    throw new SlipwayError("key_unreadable", "privateKey is not a private key that can be served to ssh", {
      wayOut: "Put it into a file that ssh can read, and give `identityFile`.",
    });
  }
  const agent = await folder.serve(found.key);
  const publicFile = await folder.write(
    "key.pub",
    `${found.key.type} ${found.key.getPublicSSH().toString("base64")}\n`,
  );
  return { agent, publicFile };
}

async function readIdentity(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new SlipwayError("key_unreadable", `identityFile ${path} cannot be read: ${reason(error)}`);
  }
}
