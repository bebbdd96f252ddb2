import { homedir, hostname, userInfo } from "node:os";
import { join } from "node:path";

/** What the tokens of a path in ssh_config stand for. */
export interface PathTokens {
  readonly hostName: string;
  readonly port: number;
  readonly user: string;
  /** The host as the program names it. */
  readonly original: string;
}

/**
 * Expands `~` and, with tokens given, what `%` and `${NAME}` stand for in a path of ssh_config (ssh_config(5), "TOKENS"
 * and "ENVIRONMENT VARIABLES"). What is not known stays as it is, so that an error names the path as it was written.
 */
export function expandPath(path: string, tokens?: PathTokens): string {
  // ssh asks the system for the home folder, whatever HOME says.
  const folder = tokens ? userInfo().homedir : homedir();
  const home = path === "~" || path.startsWith("~/") ? join(folder, path.slice(1)) : path;
  if (!tokens) return home;
  const values: Record<string, string> = {
    "%": "%",
    d: folder,
    h: tokens.hostName,
    i: String(userInfo().uid),
    l: hostname(),
    n: tokens.original,
    p: String(tokens.port),
    r: tokens.user,
    u: userInfo().username,
  };
  return home
    .replace(/%(.)/g, (token, name: string) => values[name] ?? token)
    .replace(/\$\{(\w+)\}/g, (variable, name: string) => process.env[name] ?? variable);
}
