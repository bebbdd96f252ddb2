import type { z } from "zod";
import { count, duration, flag, oneOf, secretText, text } from "./fields";
import { judged, members, shown } from "./schema";
import { unknown } from "./unknown";

/** How a host is reached; the arguments are those of the SDK's ConnectionArgs. */
const connection = members("must be an object of connection settings", {
  address: text("must be a name or an IP address", /^(?!-)[^\s\0/@]+$/),
  port: count(1, 65535).exactOptional(),
  user: text("must be a login name", /^[^\s\0:@]+$/).exactOptional(),
  privateKey: secretText("must be the text of a private key").exactOptional(),
  identityFile: text("must be the name of a file").exactOptional(),
  passphrase: secretText("must be a passphrase").exactOptional(),
  useAgent: flag().exactOptional(),
  hostKey: hostKeys().exactOptional(),
  hostKeyCheck: oneOf("strict", "accept-new").exactOptional(),
  sudo: flag().exactOptional(),
  transport: oneOf("ssh2", "openssh", "local").exactOptional(),
  connectTimeout: duration().exactOptional(),
  configFile: text("must be the name of a file").exactOptional(),
});

/**
 * The one input by which every resource says where it is: a name, which tells hosts apart, and a connection, which may
 * change without anything else changing.
 */
export const host = members("must be a Host, or a name that ssh would take", {
  name: text("must be the name of a host"),
  connection,
});

/** The place of a resource. */
export type HostInput = z.output<typeof host>;

/** Keys as in a known_hosts line without the name, one or several. Their order means nothing, nor do comments. */
function hostKeys(): z.ZodType<string[]> {
  const rule =
    'must be a key as in a line of known_hosts without the name, such as "ssh-ed25519 AAAA…", or a list of such keys';
  return judged((found, fail) => {
    const keys = (Array.isArray(found) ? found : [found]).map((key: unknown, place) => {
      if (key === unknown) return key;
      const parts = typeof key === "string" ? /^\s*([\w.@-]+)\s+([\w+/]+={0,2})(\s.*)?$/.exec(key) : null;
      if (parts === null) fail(`${rule}; ${shown(key)}`, Array.isArray(found) ? [place] : []);
      return parts === null ? "" : `${parts[1] ?? ""} ${parts[2] ?? ""}`;
    });
    if (keys.length === 0) fail(`${rule}; ${shown(found)}`);
    return [...new Set(keys)].sort();
  });
}
