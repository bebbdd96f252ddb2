import { type Maker, type Limits, makers } from "./limited";
import { field } from "./arena";
import { type Contestant, Unavailable } from "./contestant";
import type { Options } from "./options";
import { traced } from "./phases";
import { Scope } from "./scope";
import { type Result, type Row, row } from "./statistics";

/**
 * What a control group with six limits costs: start to exit of busybox `true` with them and without, alternating, and the
 * difference of each two neighbours; then, under a tracer, the time in the system calls that make the groups and set the
 * limits, in those that enter them, and in those that remove them.
 */
export async function limits(scope: Scope, options: Options): Promise<Result> {
  const { runs = 200 } = options;
  const contestants = await makers(await field(scope, options));
  const samples: Samples = new Map();
  const notes: string[] = [];
  /** Leaves out what cannot run here. */
  const attempt = async (what: string, action: () => Promise<void>): Promise<void> => {
    try {
      await action();
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      notes.push(`${what}: ${error.message}`);
    }
  };
  const pairs: [string, Record<Limits, Contestant>][] = [];
  for (const { name, sandbox, make } of contestants) {
    await attempt("left out", async () => {
      pairs.push([name, { none: await make(scope, "none", sandbox), six: await make(scope, "six", sandbox) }]);
    });
  }
  for (let round = 0; round < runs; round++) {
    for (let turn = 0; turn < pairs.length; turn++) {
      const [name = "", pair] = pairs[(round + turn) % pairs.length] ?? [];
      const times = { none: NaN, six: NaN };
      for (const which of round % 2 === 0 ? (["none", "six"] as const) : (["six", "none"] as const)) {
        [times[which] = NaN] = Object.values((await pair?.[which].start()) ?? {});
        if (which === "none") continue;
        for (const [phase, time] of Object.entries(pair?.six.phases?.() ?? {})) {
          if (time > 0) add(samples, phase, name, time);
        }
      }
      add(samples, "no limits", name, times.none);
      add(samples, "six limits", name, times.six);
      add(samples, "for the limits", name, times.six - times.none);
    }
  }
  for (const one of contestants.filter(({ name }) => pairs.some(([other]) => other === name))) {
    await attempt(`no phases of ${one.name}`, async () => trace(samples, one, Math.ceil(runs / 4)));
  }
  return { rows: rows(samples), notes };
}

/** Samples in milliseconds: by what was measured, then by contestant. */
type Samples = Map<string, Map<string, number[]>>;

function add(samples: Samples, what: string, name: string, ...times: number[]): void {
  const by = samples.get(what) ?? new Map<string, number[]>();
  samples.set(what, by.set(name, [...(by.get(name) ?? []), ...times]));
}

/** Runs a contestant with limits under the tracer, whose notes are whole once all it ran has ended. */
async function trace(samples: Samples, { name, sandbox, make }: Maker, runs: number): Promise<void> {
  const { sandbox: view, phases } = await traced(sandbox, `${name}-traces`);
  const running = new Scope();
  try {
    const contestant = await make(running, "six", view);
    for (let round = 0; round < runs; round++) await contestant.start();
  } finally {
    await running.close();
  }
  const { create, enter, remove, together } = await phases();
  for (const [phase, times] of Object.entries({ create, enter, remove, together })) {
    if (times.length > 0) add(samples, `${phase}, traced`, name, ...times);
  }
}

/** A row for each sample, compared with those of the other contestants. */
function rows(samples: Samples): Row[] {
  return [...samples].flatMap(([what, by]) => {
    const all = [...by].map(([name, times]) => ({ name, one: row(`${name} ${what}`, "ms", times) }));
    return all.map(({ one }) => {
      const others = all.filter(({ name }) => name !== "slipway");
      const times = others.map((other) => [other.name, Math.round((100 * one.p50) / other.one.p50) / 100] as const);
      return { ...one, times: Object.fromEntries(times) };
    });
  });
}
