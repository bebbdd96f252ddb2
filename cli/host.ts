import type { ParseArgsConfig } from "node:util";
import { session } from "../provider/host/pool";
import type { Session } from "../provider/host/session";
import { host as schema, type HostInput } from "../provider/resources/connection";
import { UsageError } from "./command";

/** The options that say how a host is reached, for node:util's parseArgs. */
export const hostOptions = {
  user: { type: "string", short: "l" },
  port: { type: "string", short: "p" },
  "identity-file": { type: "string", short: "i" },
  "config-file": { type: "string", short: "F" },
  transport: { type: "string" },
  "host-key-check": { type: "string" },
  sudo: { type: "boolean" },
  "no-sudo": { type: "boolean" },
} as const satisfies ParseArgsConfig["options"];

/** What `--help` says of them. */
export const hostHelp = `HOST is a name, an address or an alias of your ssh_config, as in \`ssh HOST\`; "local" is this machine.

  -l, --user NAME           login name
  -p, --port NUMBER         TCP port
  -i, --identity-file FILE  file of a private key
  -F, --config-file FILE    an ssh_config file to read instead of yours and the system's
      --transport NAME      ssh2 (built in), openssh (the system's ssh) or local
      --host-key-check HOW  strict or accept-new
      --sudo, --no-sudo     whether to become root by sudo -n; left out: where the login user is not root
`;

/** The values of {@link hostOptions} as parseArgs gives them. */
export type HostValues = { readonly [N in keyof typeof hostOptions]?: string | boolean | undefined };

/**
 * The host that the command line names.
 *
 * @throws UsageError naming the option that says something there is not.
 */
export function hostNamed(address: string, values: HostValues): HostInput {
  const settings = {
    address: address === "local" ? "localhost" : address,
    user: values.user,
    port: /^\d+$/.test(String(values.port)) ? Number(values.port) : values.port,
    identityFile: values["identity-file"],
    configFile: values["config-file"],
    transport: values.transport ?? (address === "local" ? "local" : undefined),
    hostKeyCheck: values["host-key-check"],
    sudo: values.sudo ?? (values["no-sudo"] === true ? false : undefined),
  };
  const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
  const parsed = schema.safeParse({ name: address, connection: given });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const option = String(issue?.path.at(-1)).replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new UsageError(`${option === "address" ? "HOST" : `--${option}`} ${issue?.message ?? "is wrong"}`);
}

/** The session of the host that the command line names. */
export async function openHost(address: string, values: HostValues): Promise<Session> {
  return session(hostNamed(address, values));
}
