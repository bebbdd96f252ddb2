import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";
import type { Contestant } from "./contestant";
import type { Sandbox } from "./sandbox";
import { compiled } from "./tools";

const run = promisify(execFile);

/** What bench/floor.c prints about its runs. */
interface Printed {
  p50: number;
}

/** The same system calls in bare C, born in new groups below `groups`. It times itself: its own start is not counted. */
export async function floor(sandbox: Sandbox, rootfs: string, groups: readonly string[]): Promise<Contestant> {
  const program = await compiled("floor");
  const [enter = "", ...prefix] = sandbox.prefix;
  const floors = async (runs: number): Promise<Printed> => {
    const { stdout } = await run(enter, [...prefix, program, rootfs, String(runs), ...groups]);
    return JSON.parse(stdout) as Printed;
  };
  /** Answers when the result was printed: what follows is the removal of the files, which the others leave too. */
  const series = async (args: string[]): Promise<number> => {
    const child = spawn("stdbuf", ["-oL", enter, ...args, ...groups], { stdio: ["ignore", "pipe", "inherit"] });
    let printed = NaN;
    child.stdout.once("data", () => (printed = performance.now()));
    const [status] = (await once(child, "close")) as [number | null];
    if (status !== 0) throw new Error(`floor ended with ${status}`);
    return printed;
  };
  return {
    name: "floor",
    start: async () => ({ floor: (await floors(1)).p50 }),
    rush: async (count, atOnce) => {
      const runs = String(Math.ceil(count / atOnce));
      const started = performance.now();
      const ends = await Promise.all(Array.from({ length: atOnce }, () => series([...prefix, program, rootfs, runs])));
      return (Math.max(...ends) - started) / 1000;
    },
  };
}
