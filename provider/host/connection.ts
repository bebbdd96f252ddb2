/**
 * How a host is reached, after the schema of the Host resource has made it canonical. An absent field leaves the
 * choice to the user's ssh_config and then to the default of OpenSSH.
 */
export interface HostConnection {
  /** Name, IPv4 or IPv6 address (brackets allowed), or an alias of the user's ssh_config. */
  readonly address: string;
  /** TCP port; default: ssh_config, then 22. */
  readonly port?: number | undefined;
  /** Login name; default: ssh_config, then the name of the user who runs Pulumi. */
  readonly user?: string | undefined;
  /** Secret. A private key as text (OpenSSH, PEM or PKCS #8). With it no other key is offered. */
  readonly privateKey?: string | undefined;
  /** File of a private key; `~` is the home folder of the user who runs Pulumi. With it no other key is offered. */
  readonly identityFile?: string | undefined;
  /** Secret. Opens `privateKey` or `identityFile` where that is encrypted. */
  readonly passphrase?: string | undefined;
  /** Whether keys of the ssh-agent behind SSH_AUTH_SOCK may be used; default true. */
  readonly useAgent?: boolean | undefined;
  /** The keys the host may show, each as in a known_hosts line without the name. Set, known_hosts is not read. */
  readonly hostKey?: readonly string[] | undefined;
  /** What happens to a host key that known_hosts does not hold: refuse (default) or add it to the user's file. */
  readonly hostKeyCheck?: "strict" | "accept-new" | undefined;
  /** Whether to become root with `sudo -n`; default: where the login user is not root. */
  readonly sudo?: boolean | undefined;
  /** What carries the bytes; default "ssh2". */
  readonly transport?: "ssh2" | "openssh" | "local" | undefined;
  /** Milliseconds until each of the steps up to the login is given up; default: ssh_config, then 10,000. */
  readonly connectTimeout?: number | undefined;
  /** An ssh_config file to read instead of the user's and the system's, like `ssh -F`. */
  readonly configFile?: string | undefined;
}

/** A host as every resource names it: for people by its name, for the pool by its connection. */
export interface HostReference {
  readonly name: string;
  readonly connection: HostConnection;
}

/** Milliseconds for each step of connecting where neither the program nor ssh_config says anything. */
export const defaultConnectTimeout = 10_000;

/** The address without the brackets that people put around IPv6. */
export function bareAddress(address: string): string {
  return /^\[.*\]$/.test(address) ? address.slice(1, -1) : address;
}

/** What two connections to the same place, as the same user, by the same way have in common: the key of the pool. */
export function connectionKey(connection: HostConnection): string {
  const set = Object.entries(connection).filter(([, value]) => value !== undefined);
  return JSON.stringify(set.sort(([a], [b]) => (a < b ? -1 : 1)));
}
