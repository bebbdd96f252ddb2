import { arena } from "./arena";
import type { Options } from "./options";
import type { Scope } from "./scope";
import { type Result, compared, row } from "./statistics";

const atOnce = 4;

/** Starts per second, four at a time, in rounds of `perRound` starts; the contestants alternate round by round. */
export async function rate(scope: Scope, options: Options): Promise<Result> {
  const perRound = 80;
  const { runs = 10 } = options;
  const { contestants, notes } = await arena(scope, options);
  const samples = new Map(contestants.map((one) => [one, [] as number[]]));
  for (let round = 0; round < runs; round++) {
    for (let turn = 0; turn < contestants.length; turn++) {
      const one = contestants[(round + turn) % contestants.length];
      if (one) samples.get(one)?.push(perRound / (await one.rush(perRound, atOnce)));
    }
  }
  const rows = [...samples].map(([one, rates]) => row(`${one.name} rate`, "starts/s", rates));
  return { rows: compared(rows, "floor rate", "runc rate"), notes };
}
