import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Sandbox } from "./sandbox";
import type { Scope } from "./scope";
import { compiled } from "./tools";

/** Milliseconds: by the clock, and of processors' work. */
export interface Spent {
  elapsed: number;
  worked: number;
}

/** Runs a command and answers what it took, with what it waited for. Throws where it does not end with 0. */
export type Stopwatch = (command: readonly string[]) => Promise<Spent>;

/** Starts a stopwatch process (bench/stopwatch.c says why a process) in a sandbox. One command at a time. */
export async function stopwatch(
  scope: Scope,
  sandbox: Sandbox,
  environment: Readonly<Record<string, string>>,
): Promise<Stopwatch> {
  const watch = await compiled("stopwatch");
  await sandbox.bring(watch);
  const [program, ...args] = sandbox.command([watch], environment);
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  scope.defer("stopwatch", async () => {
    child.stdin.end();
    await ended;
  });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors = (errors + text).slice(-2000)));
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return async (command) => {
    errors = "";
    child.stdin.write(`${command.join("\t")}\n`);
    const [elapsed, worked, status, ...reason] = String((await answers.next()).value).split(" ");
    if (status !== "0") throw new Error(`${command.join(" ")} ended with ${status} ${reason.join(" ")}: ${errors}`);
    return { elapsed: Number(elapsed), worked: Number(worked) };
  };
}
