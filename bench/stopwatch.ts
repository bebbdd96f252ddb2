import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Scope } from "./scope";
import { compiled } from "./tools";

/** Runs a command and answers the milliseconds it took. Throws where it does not end with 0. */
export type Stopwatch = (command: readonly string[]) => Promise<number>;

/** Starts a stopwatch process (bench/stopwatch.c says why a process), entered through `prefix`. One command at a time. */
export async function stopwatch(
  scope: Scope,
  prefix: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<Stopwatch> {
  const [program, ...args] = [...prefix, await compiled("stopwatch")];
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], env: environment });
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
    const [elapsed, status, ...reason] = String((await answers.next()).value).split(" ");
    if (status !== "0") throw new Error(`${command.join(" ")} ended with ${status} ${reason.join(" ")}: ${errors}`);
    return Number(elapsed);
  };
}
