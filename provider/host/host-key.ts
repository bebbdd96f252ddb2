import { createHash } from "node:crypto";
import type { HostConnection } from "./connection";
import { SlipwayError } from "./errors";
import { addKnownHost, isAbout, keyType, type KnownHost, knownHostName, readKnownHosts } from "./known-hosts";
import type { SshConfig } from "./ssh-config";

/** Decides which key of a host is the right one. */
export interface HostKeyCheck {
  /** The algorithms to offer, those of the keys we know first: else a host with several keys would look changed. */
  readonly algorithms: string[];
  /**
   * Judges the key a host shows, as SSH sends it. Resolves to the reason for refusing it, undefined where it is right.
   * Rejects with a SlipwayError where that cannot be told.
   */
  verify(shown: Buffer): Promise<SlipwayError | undefined>;
}

const algorithms: readonly (readonly [type: string, algorithm: string])[] = [
  ["ssh-ed25519", "ssh-ed25519"],
  ["ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256"],
  ["ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384"],
  ["ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521"],
  ["ssh-rsa", "rsa-sha2-512"],
  ["ssh-rsa", "rsa-sha2-256"],
];

/** The check for a host: against `hostKey` where that is set, else against known_hosts. */
export async function hostKeyCheck(connection: HostConnection, config: SshConfig): Promise<HostKeyCheck> {
  if (connection.hostKey !== undefined) return pinned(connection.hostKey, config);
  const { hostName, port, hostKeyAlias } = config;
  const name = hostKeyAlias ?? knownHostName(hostName, port);
  const lines = await readKnownHosts([...config.userKnownHosts, ...config.globalKnownHosts]);
  const about = lines.filter((line) => isAbout(line, name));
  // Like OpenSSH: a host on another port may show the key kept under its bare name, where nothing contradicts.
  const bare = hostKeyAlias === undefined && port !== 22 ? lines.filter((line) => isAbout(line, hostName)) : [];
  return {
    algorithms: preferred([...about, ...bare].filter((line) => line.marker === undefined)),
    verify: async (shown) => {
      const key = shown.toString("base64");
      const same = (line: KnownHost): boolean => line.key === key;
      const known = about.filter((line) => line.marker === undefined);
      const where = config.userKnownHosts.join(", ");
      if ([...about, ...bare].some((line) => line.marker === "revoked" && same(line))) return revoked(config, shown);
      if (known.some(same)) return undefined;
      const type = keyType(key);
      if (known.some((line) => line.type === type)) return changed(config, shown, known, where);
      if (bare.some((line) => line.marker === undefined && same(line))) return undefined;
      // OpenSSH's accept-new takes a key of another type for a host it knows; whoever sits between could do that too.
      if (known.length > 0) return changed(config, shown, known, where);
      const file = config.userKnownHosts[0];
      // Without a file there is nothing to remember the key in, and every other one would be accepted as well.
      if (connection.hostKeyCheck !== "accept-new" || file === undefined) {
        return unknown(
          config,
          name,
          shown,
          about.some((line) => line.marker === "cert-authority"),
        );
      }
      await addKnownHost(file, name, line(shown), config.hashKnownHosts);
      return undefined;
    },
  };
}

/** Reads `hostKey` of the program. Throws "host_key_invalid". */
export function parseHostKey(text: string): KnownHost {
  const [type, key] = text.trim().split(/\s+/);
  if (type !== undefined && key !== undefined && keyType(key) === type)
    return { marker: undefined, names: "", type, key };
  throw new SlipwayError("host_key_invalid", `hostKey ${JSON.stringify(text)} is not a key`, {
    wayOut: 'It looks like "ssh-ed25519 AAAA…": a line of known_hosts without the name.',
  });
}

function pinned(hostKey: readonly string[], config: SshConfig): HostKeyCheck {
  const keys = hostKey.map(parseHostKey);
  return {
    algorithms: preferred(keys),
    verify: (shown) => {
      const right = keys.some((known) => known.key === shown.toString("base64"));
      return Promise.resolve(right ? undefined : changed(config, shown, keys, "`hostKey` of the program"));
    },
  };
}

function preferred(known: readonly KnownHost[]): string[] {
  const types = new Set(known.map((entry) => entry.type));
  const order = [...algorithms.filter(([type]) => types.has(type)), ...algorithms.filter(([type]) => !types.has(type))];
  return order.map(([, algorithm]) => algorithm);
}

/** A key as it stands in files: type and base64. */
function line(key: Buffer): string {
  const text = key.toString("base64");
  return `${keyType(text) ?? "unknown"} ${text}`;
}

/** The fingerprint that OpenSSH shows for a key. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;
}

/** How to learn, not over the network, which keys a host has. */
export const compare =
  "Compare the fingerprint on the host (at its console, say): for key in /etc/ssh/ssh_host_*_key.pub; do ssh-keygen -lf $key; done";

function place({ hostName, port }: SshConfig): string {
  return knownHostName(hostName, port);
}

function unknown(config: SshConfig, name: string, shown: Buffer, authority: boolean): SlipwayError {
  return new SlipwayError(
    "host_key_unknown",
    `the key of ${place(config)} is not known: ${line(shown)} (${fingerprint(shown)})`,
    {
      wayOut: [
        compare,
        `If it is there, either pin it in the program:   hostKey: [${JSON.stringify(line(shown))}]`,
        `or add this line to ${config.userKnownHosts[0] ?? "known_hosts"}:   ${name} ${line(shown)}`,
        ...(authority
          ? ['known_hosts trusts a certificate authority (@cert-authority) for it: that needs `transport: "openssh"`.']
          : []),
      ].join("\n"),
    },
  );
}

function changed(config: SshConfig, shown: Buffer, known: readonly KnownHost[], where: string): SlipwayError {
  const expected = known.map((entry) => `${entry.type} ${fingerprint(Buffer.from(entry.key, "base64"))}`).join(", ");
  return new SlipwayError(
    "host_key_changed",
    `${place(config)} shows another key than the one known: ${line(shown)} (${fingerprint(shown)}); ` +
      `${where} has ${expected}`,
    {
      wayOut: [
        "Either the host was installed anew or somebody sits between. Nothing was sent to it.",
        compare,
        "If the new key is right, replace the old one in the place named above.",
      ].join("\n"),
    },
  );
}

/** What a revoked key means. */
export const posing = "Somebody who has that key may pose as the host. Give the host a new key.";

function revoked(config: SshConfig, shown: Buffer): SlipwayError {
  return new SlipwayError(
    "host_key_revoked",
    `${place(config)} shows a key that known_hosts marks as @revoked: ${line(shown)} (${fingerprint(shown)})`,
    { wayOut: posing },
  );
}
