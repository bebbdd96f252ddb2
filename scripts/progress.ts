/** Telling a person what is going on: quiet about what is quick, never silent for long. */

/** Replaces what is said about a step while it runs, for example "412 of 1130 packages". */
export type Say = (detail: string) => void;

/** Milliseconds after which a step that still runs is announced. */
const patience = 1500;
/** Milliseconds between two signs of life where lines cannot be rewritten. */
const interval = 10_000;
/** How many steps are under way. */
let running = 0;

/** Does something under a title: one line when it is done, and while it runs a line that moves. */
export async function step<T>(title: string, work: (say: Say) => Promise<T>): Promise<T> {
  const began = performance.now();
  const seconds = (): string => `${((performance.now() - began) / 1000).toFixed(1)} s`;
  let detail = "";
  const line = (): string => `${title} ... ${detail ? `${detail}, ` : ""}${seconds()}`;
  running += 1;
  // Where several steps run there is no one line to rewrite.
  const live = (): boolean => process.stdout.isTTY && running === 1;
  let shown = -interval;
  const show = (): void => {
    if (live()) process.stdout.write(`\r\x1b[2K  ${line()}`);
    else if (performance.now() - shown > interval) process.stdout.write(`  ${line()}\n`);
    else return;
    shown = performance.now();
  };
  const timers: NodeJS.Timeout[] = [];
  timers.push(
    setTimeout(() => {
      show();
      timers.push(setInterval(show, 250));
    }, patience),
  );
  const end = (mark: string): void => {
    timers.forEach(clearTimeout);
    process.stdout.write(`${live() ? "\r\x1b[2K" : ""}${mark} ${title} (${seconds()})\n`);
    running -= 1;
  };
  try {
    const result = await work((now) => (detail = now));
    end("✓");
    return result;
  } catch (error) {
    end("✗");
    throw error;
  }
}

/** Ends a script: prints an error as a sentence and sets the exit status. */
export function fail(error: unknown): void {
  process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
