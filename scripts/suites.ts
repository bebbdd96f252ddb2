/** Running many kinds of tests as one: side by side as far as the machine allows, counted together. */
import { availableParallelism } from "node:os";
import { type Say, step } from "./progress";

/** A test that failed. */
export interface Failure {
  readonly name: string;
  /** Why, in as many lines as it takes; the first says most. */
  readonly reason: string;
}

/** What came of a suite. */
export interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly failures?: readonly Failure[];
}

/** Some tests that are run together. */
export interface Suite {
  readonly name: string;
  /** How many processors it keeps busy; default 1. */
  readonly weight?: number;
  /** What it waits for without keeping any busy. */
  readonly after?: Promise<unknown>;
  run(say: Say): Promise<Count>;
}

/** A suite of one: it fails where the work throws, and the error is the reason. */
export function single(name: string, work: (say: Say) => Promise<unknown>, more: Partial<Suite> = {}): Suite {
  const run = async (say: Say): Promise<Count> => work(say).then(() => ({ passed: 1, failed: 0 }));
  return { ...more, name, run };
}

/**
 * Runs suites, those that come first before those that come later where not all can run at once. Prints what
 * failed and why, then each failure again in one line, so that the end says it all, and last the plain line
 * `N passed, N failed`. Answers whether nothing failed. A suite that breaks counts as one failure.
 */
export async function runSuites(suites: readonly Suite[]): Promise<boolean> {
  const room = new Room(Math.max(2, availableParallelism()));
  const counts = await Promise.all(
    suites.map(async (suite) => {
      const weight = Math.min(suite.weight ?? 1, room.size);
      let leave: (() => void) | undefined;
      try {
        await suite.after;
        leave = await room.enter(weight);
        const count = await step(suite.name, async (say) => checked(await suite.run(say)));
        return count;
      } catch (error) {
        if (error instanceof Failed) return error.count;
        const reason = error instanceof Error ? error.message : String(error);
        return { passed: 0, failed: 1, failures: [{ name: "it broke", reason }] };
      } finally {
        leave?.();
      }
    }),
  );
  const failures = counts.flatMap((count, index) =>
    (count.failures ?? []).map(({ name, reason }) => ({ name: `${suites[index]?.name ?? ""}: ${name}`, reason })),
  );
  for (const { name, reason } of failures) console.log(`\n✗ ${name}\n${reason.trim()}`);
  if (failures.length > 0) console.log("");
  for (const { name, reason } of failures) console.log(`✗ ${name}: ${firstLine(reason)}`);
  const sum = (kind: "passed" | "failed"): number => counts.reduce((total, count) => total + count[kind], 0);
  console.log(`\n${sum("passed")} passed, ${sum("failed")} failed`);
  return sum("failed") === 0;
}

function firstLine(text: string): string {
  return (text.trim().split("\n", 1)[0] ?? "").slice(0, 300);
}

/** A count with failures, thrown so that the step is shown as failed. */
class Failed extends Error {
  constructor(readonly count: Count) {
    super(`${count.failed} failed`);
  }
}

function checked(count: Count): Count {
  if (count.failed > 0) throw new Failed(count);
  return count;
}

/** A room with so many places, entered in the order of asking. */
class Room {
  private free: number;
  private readonly waiting: { places: number; go: () => void }[] = [];

  constructor(readonly size: number) {
    this.free = size;
  }

  /** Waits for places and answers how to give them back. */
  async enter(places: number): Promise<() => void> {
    await new Promise<void>((go) => {
      this.waiting.push({ places, go });
      this.admit();
    });
    return () => {
      this.free += places;
      this.admit();
    };
  }

  private admit(): void {
    for (let first = this.waiting[0]; first && first.places <= this.free; first = this.waiting[0]) {
      this.waiting.shift();
      this.free -= first.places;
      first.go();
    }
  }
}
