import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Credentials } from "./credential-helper";

/** What Docker's config says of one registry. */
export interface DockerConfig {
  /** The file, whether it is there or not. */
  readonly file: string;
  /** The helper to ask, by the second half of its program's name. */
  helperOf(server: string): string | undefined;
  /** What stands in the file itself. */
  entryOf(server: string): Credentials | undefined;
}

/** The key of Docker Hub, which is older than its addresses. */
export const hubKey = "https://index.docker.io/v1/";

/**
 * Reads Docker's config: `config.json` in DOCKER_CONFIG, else in ~/.docker. One that is not there says nothing.
 *
 * @throws Error where it cannot be read; without its content.
 */
export async function readDockerConfig(environment: NodeJS.ProcessEnv): Promise<DockerConfig> {
  const file = join(environment["DOCKER_CONFIG"] || join(environment["HOME"] || homedir(), ".docker"), "config.json");
  const { auths, credHelpers, credsStore } = await read(file);
  return {
    file,
    helperOf: (server) => {
      const own =
        Object.entries(bag(credHelpers)).find(([key]) => hostname(key) === hostname(server))?.[1] ?? credsStore;
      return typeof own === "string" && own !== "" ? own : undefined;
    },
    entryOf: (server) => {
      const found = bag(auths);
      const key = server in found ? server : Object.keys(found).find((name) => hostname(name) === hostname(server));
      return key === undefined ? undefined : entry(bag(found[key]));
    },
  };
}

async function read(file: string): Promise<Record<string, unknown>> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return {};
    throw new Error(`${file} cannot be read (${code})`);
  }
  try {
    return bag(JSON.parse(text));
  } catch {
    // The parser's own words would show a part of it.
    throw new Error(`${file} is not JSON`);
  }
}

/** `auth` is "name:password" in base64; with `identitytoken` the password does not count. */
function entry(found: Record<string, unknown>): Credentials | undefined {
  const token = found["identitytoken"];
  if (typeof token === "string" && token !== "") return { identityToken: token };
  const { auth } = found;
  const text = typeof auth === "string" ? Buffer.from(auth, "base64").toString("utf8").replace(/\0+$/, "") : "";
  const colon = text.indexOf(":");
  if (colon > 0 && colon < text.length - 1) return { username: text.slice(0, colon), password: text.slice(colon + 1) };
  const { username, password } = found;
  if (typeof username === "string" && typeof password === "string" && password !== "") return { username, password };
  return undefined;
}

/** Keys are written with and without scheme and path. */
function hostname(key: string): string {
  return key.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
}

function bag(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
