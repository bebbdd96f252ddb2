import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Contestant } from "./contestant";
import { type Sandbox, output } from "./sandbox";
import { compiled } from "./tools";

/** What bench/floor.c prints about its runs. */
interface Printed {
  p50: number;
  create_p50: number;
  enter_p50: number;
  remove_p50: number;
}

/**
 * The same system calls in bare C, born in new groups below `groups`, each followed by what is written to its files. It
 * times itself: its own start is not counted.
 */
export async function floor(sandbox: Sandbox, rootfs: string, groups: readonly string[]): Promise<Contestant> {
  const program = await compiled("floor");
  await sandbox.bring(program);
  /** Answers when the result was printed: what follows is the removal of the files, which the others leave too. */
  const series = async (runs: number): Promise<number> => {
    const [enter, ...args] = sandbox.command(["stdbuf", "-oL", program, rootfs, String(runs), ...groups]);
    const child = spawn(enter, args, { stdio: ["ignore", "pipe", "inherit"] });
    let printed = NaN;
    child.stdout.once("data", () => (printed = performance.now()));
    const [status] = (await once(child, "close")) as [number | null];
    if (status !== 0) throw new Error(`floor ended with ${status}`);
    return printed;
  };
  let last: Printed | undefined;
  return {
    name: "floor",
    start: async () => {
      last = JSON.parse(await output(sandbox, program, rootfs, "1", ...groups)) as Printed;
      return { floor: last.p50 };
    },
    phases: () => ({
      create: last?.create_p50 ?? NaN,
      enter: last?.enter_p50 ?? NaN,
      remove: last?.remove_p50 ?? NaN,
    }),
    rush: async (count, atOnce) => {
      const runs = Math.ceil(count / atOnce);
      const started = performance.now();
      const ends = await Promise.all(Array.from({ length: atOnce }, () => series(runs)));
      return (Math.max(...ends) - started) / 1000;
    },
  };
}
