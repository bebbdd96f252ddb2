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
  const samples = new Map<string, number[]>();
  for (let round = 0; round < runs; round++) {
    for (let turn = 0; turn < contestants.length; turn++) {
      const times = (await contestants[(round + turn) % contestants.length]?.start()) ?? {};
      for (const [name, time] of Object.entries(times)) samples.set(name, [...(samples.get(name) ?? []), time]);
    }
  }
  const rows = [...samples].map(([name, times]) => row(name, "ms", times));
  return { rows: compared(rows, "floor", "runc run"), notes };
}
