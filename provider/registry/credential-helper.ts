import { spawn } from "node:child_process";
import type { RegistryPlace } from "../api";

/** What a registry is given, as the agent's API has it. */
export type Credentials = NonNullable<RegistryPlace["credentials"]>;

/** Milliseconds. A helper may ask a keychain, which may ask the person. */
const patience = 60_000;
const mostBytes = 64 * 1024;

/** A user name that stands for a secret that is an identity token. Docker's. */
const tokenUser = "<token>";

/**
 * Asks `docker-credential-NAME` for a server, the way Docker does: its name on standard input, JSON on standard output.
 * Undefined where the helper has none for it. The environment is what PATH is taken from.
 *
 * @throws Error where the helper cannot be run or does not answer; without what it printed, which may be a secret.
 */
export async function askHelper(
  name: string,
  server: string,
  environment: NodeJS.ProcessEnv,
): Promise<Credentials | undefined> {
  const program = `docker-credential-${name}`;
  if (!/^[\w.-]+$/.test(name)) throw new Error(`${JSON.stringify(program)} is no name of a program`);
  const { code, output } = await run(program, server, environment);
  if (code !== 0) {
    if (/credentials not found|not found in native keychain/i.test(output)) return undefined;
    throw new Error(`${program} ended with ${String(code)}`);
  }
  const { Username: username, Secret: secret } = parsed(output);
  if (typeof username !== "string" || typeof secret !== "string")
    throw new Error(`${program} answered with no credentials`);
  if (secret === "") return undefined;
  return username === tokenUser ? { identityToken: secret } : { username, password: secret };
}

function run(
  program: string,
  input: string,
  environment: NodeJS.ProcessEnv,
): Promise<{ code: number | string | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ["get"], { env: environment, stdio: ["pipe", "pipe", "ignore"], timeout: patience });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      if (output.length > mostBytes) child.kill("SIGKILL");
    });
    child.on("error", (error: NodeJS.ErrnoException) => {
      reject(
        new Error(error.code === "ENOENT" ? `${program} is not in PATH` : `${program} cannot be run: ${error.message}`),
      );
    });
    child.on("close", (code, signal) => resolve({ code: code ?? signal, output }));
    // One that does not read says so by how it ends.
    child.stdin.on("error", () => undefined).end(input);
  });
}

function parsed(text: string): Record<string, unknown> {
  try {
    return (JSON.parse(text) ?? {}) as Record<string, unknown>;
  } catch {
    return {};
  }
}
