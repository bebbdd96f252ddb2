/** The Go toolchain: finding one that is new enough, and running it the same way everywhere. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The Go module of the agent. */
export const agentModule = join(__dirname, "../agent");

/** A Go command that is new enough for the agent. */
export interface Go {
  readonly command: string;
  /** As `go env GOVERSION` says it, for example "go1.26.8". */
  readonly version: string;
}

/**
 * Environment of every Go command: nothing of the caller's may change what is built, no other toolchain is downloaded,
 * and the folder's version control is not looked at.
 */
export function goEnvironment(extra: Record<string, string> = {}): NodeJS.ProcessEnv {
  const pinned = {
    GOTOOLCHAIN: "local",
    GOFLAGS: "-buildvcs=false",
    GOWORK: "off",
    GOEXPERIMENT: "",
    GOFIPS140: "off",
  };
  return { ...process.env, ...pinned, ...extra };
}

/** Finds Go, on PATH or where its installer puts it. Error: which version is needed, what was found, and where to get it. */
export async function findGo(module = agentModule): Promise<Go> {
  const wanted = /^go (\d+)\.(\d+)/m.exec(await readFile(join(module, "go.mod"), "utf8"));
  if (!wanted) throw new Error(`${join(module, "go.mod")} names no Go version`);
  const found: string[] = [];
  for (const command of ["go", "/usr/local/go/bin/go"]) {
    const version = await versionOf(command);
    if (version === undefined) continue;
    const [, major, minor] = /^go(\d+)\.(\d+)/.exec(version) ?? [];
    const newer = Number(major) - Number(wanted[1]) || Number(minor) - Number(wanted[2]);
    if (newer >= 0) return { command, version };
    found.push(`${command} is ${version}`);
  }
  throw new Error(
    `Go ${wanted[1]}.${wanted[2]} or newer is needed to build the agents; ${found.join(", ") || "no go on PATH"}. ` +
      "Get it from https://go.dev/dl/, unpack it to /usr/local/go, and run the command again.",
  );
}

async function versionOf(command: string): Promise<string | undefined> {
  try {
    const { stdout } = await run(command, ["env", "GOVERSION"], { env: goEnvironment() });
    return stdout.trim();
  } catch {
    return undefined;
  }
}

/** Runs a Go command in the agent's module, or in another, and answers what it printed. Error: what Go printed. */
export async function runGo(
  go: Go,
  words: readonly string[],
  { module = agentModule, env = {} }: { module?: string; env?: Record<string, string> } = {},
): Promise<string> {
  try {
    const { stdout } = await run(go.command, words, { cwd: module, env: goEnvironment(env), maxBuffer: 64 << 20 });
    return stdout;
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    throw new Error(`go ${words.join(" ")}:\n${(stdout + stderr).trim() || String(error)}`);
  }
}
