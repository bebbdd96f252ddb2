import * as pulumi from "@pulumi/pulumi";

/**
 * How a host is reached. What is left out is taken from the stack's configuration `slipway:ssh` (an object of these
 * very names, for example `{"user": "deploy", "sudo": true}`), then from the user's ssh_config, then from OpenSSH's
 * defaults.
 */
export interface ConnectionArgs {
  /** TCP port. Default: ssh_config, then 22. Like `ssh -p`. */
  port?: pulumi.Input<number> | undefined;
  /**
   * Login name: root, or a user who may use `sudo` without a password. Default: ssh_config, then your own. Like `ssh
   * -l`.
   */
  user?: pulumi.Input<string> | undefined;
  /**
   * The text of a private key (OpenSSH, PEM or PKCS #8); kept in state as a secret. With it no other key is offered.
   * Default: the keys of ssh_config and of the ssh-agent. Prefer `identityFile` or the ssh-agent, which keep the key
   * out of the state.
   */
  privateKey?: pulumi.Input<string> | undefined;
  /**
   * The file of a private key; `~` is the home folder of whoever runs Pulumi, and state keeps the name as you wrote it.
   * With it no other key is offered. Default: ssh_config. Like `ssh -i`.
   */
  identityFile?: pulumi.Input<string> | undefined;
  /** Opens `privateKey` or `identityFile` where that is encrypted; kept in state as a secret. Default: none. */
  passphrase?: pulumi.Input<string> | undefined;
  /** Whether the keys of the ssh-agent behind SSH_AUTH_SOCK are offered. Default: true. Like `ssh -o IdentityAgent`. */
  useAgent?: pulumi.Input<boolean> | undefined;
  /**
   * The key the host shows, or several it may show, as in a line of known_hosts without the name: "ssh-ed25519 AAAA…".
   * With it known_hosts is not read. Default: the user's and the system's known_hosts.
   */
  hostKey?: pulumi.Input<string> | pulumi.Input<pulumi.Input<string>[]> | undefined;
  /**
   * What happens to a host key that known_hosts does not hold: "strict" refuses it and says how to compare it,
   * "accept-new" adds it to the user's known_hosts. A changed key is refused by both. Default: "strict".
   * Like `ssh -o StrictHostKeyChecking`.
   */
  hostKeyCheck?: pulumi.Input<"strict" | "accept-new"> | undefined;
  /** Whether to become root by `sudo -n`. Default: where the login user is not root. */
  sudo?: pulumi.Input<boolean> | undefined;
  /**
   * What carries the bytes: "ssh2" is built in; "openssh" is the system's own `ssh`, which reaches whatever `ssh HOST`
   * reaches (jump hosts, certificates, security keys); "local" is this machine. Default: "ssh2".
   */
  transport?: pulumi.Input<"ssh2" | "openssh" | "local"> | undefined;
  /**
   * How long each step up to the login may take: "10s", or a number of milliseconds. Default: ssh_config, then 10 s.
   * Like `ssh -o ConnectTimeout`.
   */
  connectTimeout?: pulumi.Input<string | number> | undefined;
  /** An ssh_config file to read instead of the user's and the system's. Default: those two. Like `ssh -F`. */
  configFile?: pulumi.Input<string> | undefined;
}

/** How a host is reached, as state keeps it: the settings of {@link ConnectionArgs} in their canonical form. */
export interface Connection {
  /** Name or IP address, or an alias of the user's ssh_config. */
  readonly address: string;
  /** One of {@link ConnectionArgs}. */
  readonly [setting: string]: unknown;
}

/**
 * The connection defaults of the stack, ready to become a part of its state.
 *
 * @throws Error where they are not a JSON object.
 */
export function connectionDefaults(): Record<string, pulumi.Input<unknown>> {
  return keepSecret(configuredConnection());
}

/**
 * The connection defaults of the stack as they are written: the configuration `slipway:ssh`. Nothing outside of a program.
 *
 * @throws Error where that is not a JSON object.
 */
export function configuredConnection(): Record<string, unknown> {
  const written = new pulumi.Config("slipway").get("ssh") ?? "{}";
  const defaults: unknown = parsed(written);
  if (typeof defaults !== "object" || defaults === null || Array.isArray(defaults)) {
    throw new Error(`slipway:ssh must be a JSON object of connection settings, such as {"user": "deploy"}`);
  }
  return { ...defaults };
}

/** Undefined for what is no JSON. Pulumi's own error would show the value, which may hold a passphrase. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Marks what must not stand in state in plain, whether the program marked it or not. */
export function keepSecret(connection: Record<string, pulumi.Input<unknown>>): Record<string, pulumi.Input<unknown>> {
  for (const name of ["privateKey", "passphrase"]) {
    if (connection[name] !== undefined) connection[name] = pulumi.secret(connection[name]);
  }
  return connection;
}
