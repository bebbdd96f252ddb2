import { arena } from "./arena";
import type { Options } from "./options";
import { Scope } from "./scope";
import type { Slipway } from "./slipway";
import { type Result, compared, row } from "./statistics";

/**
 * Start to exit of busybox `true`. The contestants alternate start by start, each round beginning with another one, so
 * that nobody always runs in the wake of the same neighbour: the kernel takes a network namespace apart after its end.
 */
export async function start(scope: Scope, options: Options): Promise<Result> {
  const { runs = 200 } = options;
  const { contestants, notes, ours } = await arena(scope, options);
  const samples = new Map<string, number[]>();
  for (let round = 0; round < runs; round++) {
    for (let turn = 0; turn < contestants.length; turn++) {
      const times = (await contestants[(round + turn) % contestants.length]?.start()) ?? {};
      for (const [name, time] of Object.entries(times)) samples.set(name, [...(samples.get(name) ?? []), time]);
    }
  }
  const firsts: number[] = [];
  while (firsts.length < runs / 10) firsts.push(await firstStart(ours));
  const rows = [...samples, ["slipway first start", firsts] as const].map(([name, times]) => row(name, "ms", times));
  return { rows: compared(rows, "floor", "runc run"), notes };
}

/** The first container of a session: its agent has just been started and has prepared nothing. */
async function firstStart(ours: Slipway): Promise<number> {
  const session = new Scope();
  try {
    const { request } = await ours.connect(session);
    const started = await ours.put(request, ["/bin/true"], "exit");
    await started.remove();
    return started.timing.exit ?? NaN;
  } finally {
    await session.close();
  }
}
