import { execFile } from "node:child_process";
import { userInfo } from "node:os";
import { bareAddress, defaultConnectTimeout, type HostConnection } from "./connection";
import { expandPath } from "./expand";
import { reason, SlipwayError } from "./errors";

/** What ssh_config and the program together say about reaching a host, as far as the ssh2 transport needs it. */
export interface SshConfig {
  /** The name or address to connect to. */
  readonly hostName: string;
  readonly port: number;
  readonly user: string;
  /** The name under which known_hosts keeps the host, where it is not hostName. */
  readonly hostKeyAlias: string | undefined;
  /** Files of private keys that may be tried, existing or not. */
  readonly identityFiles: readonly string[];
  /** Whether only keys of those files may be tried, even where the ssh-agent has more. */
  readonly identitiesOnly: boolean;
  /** The socket of the ssh-agent, undefined where there is none. */
  readonly identityAgent: string | undefined;
  /** The user's known_hosts files; a new key goes to the first. */
  readonly userKnownHosts: readonly string[];
  readonly globalKnownHosts: readonly string[];
  readonly hashKnownHosts: boolean;
  /** Milliseconds. */
  readonly connectTimeout: number;
  /** 4 or 6 where only one kind of address may be used, else 0. */
  readonly family: 0 | 4 | 6;
  /** Certificates that ssh would show; ssh2 cannot. */
  readonly certificateFiles: readonly string[];
  /** The library through which ssh would use keys of a smart card; ssh2 cannot. */
  readonly pkcs11Provider: string | undefined;
  /** The options in force without which the host is not reached, and which ssh2 does not have. */
  readonly beyondSsh2: readonly string[];
}

/** Options that change the way to a host or what is trusted on it, and that the ssh2 transport would ignore. */
const unsupported = [
  "ProxyJump",
  "ProxyCommand",
  "BindAddress",
  "BindInterface",
  "KnownHostsCommand",
  "RevokedHostKeys",
];

/**
 * Asks the system's own ssh what its configuration means for a host (`ssh -G`), so that Match, Include, patterns and
 * canonical names are exactly OpenSSH's. Where no ssh is installed there is no configuration, and its defaults hold.
 */
export async function readSshConfig(connection: HostConnection): Promise<SshConfig> {
  const options = parseOptions(await askSsh(connection));
  const first = (name: string): string | undefined => {
    const value = options.get(name)?.[0];
    return value === undefined || value === "none" ? undefined : value;
  };
  const hostName = first("hostname") ?? bareAddress(connection.address);
  const port = connection.port ?? Number(first("port") ?? 22);
  const user = connection.user ?? first("user") ?? userInfo().username;
  const expand = (path: string): string => expandPath(path, { hostName, port, user, original: connection.address });
  const files = (name: string): string[] =>
    (options.get(name) ?? [])
      // ssh -G prints several paths in a line without the quotes of those that hold spaces, but each from its root.
      .flatMap((line) => line.split(/ (?=[/~%$]|[A-Za-z]:[/\\]|none$)/))
      .filter((path) => path !== "none" && path !== "")
      .map(expand);
  const seconds = Number(first("connecttimeout") ?? NaN);
  const family = first("addressfamily");
  return {
    hostName,
    port,
    user,
    hostKeyAlias: first("hostkeyalias"),
    // One path a line: it may hold spaces.
    identityFiles: (options.get("identityfile") ?? defaultIdentities).filter((path) => path !== "none").map(expand),
    identitiesOnly: first("identitiesonly") === "yes",
    identityAgent: agentSocket(options.get("identityagent")?.[0], expand),
    userKnownHosts: options.has("userknownhostsfile") ? files("userknownhostsfile") : [expand("~/.ssh/known_hosts")],
    globalKnownHosts: files("globalknownhostsfile"),
    hashKnownHosts: first("hashknownhosts") === "yes",
    connectTimeout: connection.connectTimeout ?? (seconds > 0 ? seconds * 1000 : defaultConnectTimeout),
    family: family === "inet" ? 4 : family === "inet6" ? 6 : 0,
    certificateFiles: (options.get("certificatefile") ?? []).map(expand),
    pkcs11Provider: first("pkcs11provider"),
    beyondSsh2: unsupported.filter((name) => first(name.toLowerCase()) !== undefined),
  };
}

const defaultIdentities = ["id_ed25519", "id_ecdsa", "id_rsa"].map((name) => `~/.ssh/${name}`);

/** IdentityAgent: "none", "SSH_AUTH_SOCK", "$NAME" or a path; without it SSH_AUTH_SOCK, and on Windows its own agent. */
function agentSocket(option: string | undefined, expand: (path: string) => string): string | undefined {
  if (option === "none") return undefined;
  if (option !== undefined && option !== "SSH_AUTH_SOCK") {
    return /^\$\w+$/.test(option) ? process.env[option.slice(1)] : expand(option);
  }
  return process.env["SSH_AUTH_SOCK"] || (process.platform === "win32" ? "\\\\.\\pipe\\openssh-ssh-agent" : undefined);
}

/** The output of `ssh -G`, "" where no ssh is installed. */
async function askSsh(connection: HostConnection): Promise<string> {
  const args = ["-G"];
  if (connection.configFile !== undefined) args.push("-F", expandPath(connection.configFile));
  if (connection.port !== undefined) args.push("-p", String(connection.port));
  if (connection.user !== undefined) args.push("-l", connection.user);
  args.push("--", bareAddress(connection.address));
  return new Promise((resolve, reject) => {
    execFile("ssh", args, { timeout: 10_000, windowsHide: true }, (error, stdout, stderr) => {
      if (!error) resolve(stdout);
      else if (error.code === "ENOENT" && connection.configFile === undefined) resolve("");
      else if (error.code === "ENOENT") {
        reject(new SlipwayError("ssh_missing", "configFile is set, but no ssh is installed that could read it"));
      } else {
        const why = error.killed ? "no answer within 10 s; does a Match exec of it hang?" : stderr || error.message;
        reject(new SlipwayError("ssh_config_invalid", `ssh -G ${connection.address}: ${reason(why)}`));
      }
    });
  });
}

/** Lines of `name value`, names in lower case, some of them several times. */
function parseOptions(output: string): Map<string, string[]> {
  const options = new Map<string, string[]>();
  for (const line of output.split(/\r?\n/)) {
    const [, name, value] = /^(\S+) (.*)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) options.set(name, [...(options.get(name) ?? []), value]);
  }
  return options;
}
