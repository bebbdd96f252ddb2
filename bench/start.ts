import { arena } from "./arena";
import type { Options } from "./options";
import type { Scope } from "./scope";
import { type Result, compared, row } from "./statistics";

/**
 * Start to exit of busybox `true`. The contestants alternate start by start, each round beginning with another one, so
 * that nobody always runs in the wake of the same neighbour: the kernel takes a network namespace apart after its end.
 */
export async function start(scope: Scope, { runs = 200 }: Options): Promise<Result> {
  const { contestants, notes } = await arena(scope);
  const samples = new Map(contestants.map((one) => [one, [] as number[]]));
  for (let round = 0; round < runs; round++) {
    for (let turn = 0; turn < contestants.length; turn++) {
      const one = contestants[(round + turn) % contestants.length];
      if (one) samples.get(one)?.push(await one.start());
    }
  }
  const rows = [...samples].map(([one, times]) => row(one.startRow, "ms", times));
  return { rows: compared(rows, "floor", "runc run"), notes };
}
