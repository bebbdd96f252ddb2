import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";

/** How a command is run inside a host. */
export interface EnterOptions {
  /** More for the environment, which else holds PATH, HOME and LANG only. */
  readonly environment?: NodeJS.ProcessEnv;
  /** The working directory; default "/". */
  readonly directory?: string;
  /** What the command reads from its standard input; default nothing. */
  readonly input?: string | Uint8Array;
}

/** What came of a command. */
export interface Result {
  /** The exit status; 128 and the signal where one ended it, as in a shell. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Starts a command as root in all namespaces and groups of a host, without SSH. It dies with the process that is answered,
 * which leads a process group of its own.
 */
export function enter(folder: string, command: readonly string[], options: EnterOptions = {}): ChildProcess {
  const { environment = {}, directory = "/" } = options;
  return spawn("sh", [join(__dirname, "enter.sh"), folder, directory, ...command], {
    env: {
      PATH: process.env["PATH"],
      HOME: "/root",
      LANG: "C.UTF-8",
      ...environment,
    },
    stdio: "pipe",
    detached: true,
  });
}

/** Runs a command as {@link enter} does and waits for its end. */
export async function run(folder: string, command: readonly string[], options: EnterOptions = {}): Promise<Result> {
  const child = enter(folder, command, options);
  const text = { stdout: "", stderr: "" };
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => (text.stdout += chunk));
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => (text.stderr += chunk));
  // A command that does not read breaks the pipe, which is its right.
  child.stdin?.on("error", () => undefined).end(options.input ?? "");
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? 137, ...text }));
  });
}
