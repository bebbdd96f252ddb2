import { join } from "node:path";
import { findPulumi } from "../scripts/pulumi";
import { createHost } from "../test/host/index";
import { Stack } from "../test/e2e/stack";
import type { Options } from "./options";
import { archived, makeRootfs } from "./rootfs";
import { workingFolder } from "./sandbox";
import type { Scope } from "./scope";
import { type Result, row } from "./statistics";
import { repository } from "./tools";

const count = 50;

/**
 * `pulumi up` of 50 containers on one host over SSH, beside as many dynamic resources of the same shape that do nothing:
 * what is left when these are taken off is ours. Then the same for an `up` with nothing to do. A fresh stack each time,
 * the two alternating.
 */
export async function up(scope: Scope, { runs = 5 }: Options): Promise<Result> {
  const rootfs = await archived(await makeRootfs(await workingFolder(scope)));
  const { folder = "" } = await findPulumi();
  const environment = { PATH: `${folder}:${process.env.PATH}` };
  const host = await createHost();
  scope.defer("host", () => host.close());
  const settings = { connection: host.connection, rootfs, count };
  const samples = { first: { containers: [], nothing: [] }, second: { containers: [], nothing: [] } } as Samples;
  for (let round = 0; round < runs; round++) {
    for (const program of round % 2 === 0 ? programs : [...programs].reverse()) {
      const { first, second } = await timed(program, settings, environment);
      samples.first[program].push(first);
      samples.second[program].push(second);
    }
  }
  return {
    rows: [...rows("up", samples.first), ...rows("up again", samples.second)],
    notes: [`"ours" is each up of ${count} containers less the up of ${count} resources that do nothing beside it`],
  };
}

const programs = ["containers", "nothing"] as const;
type Program = (typeof programs)[number];
type Samples = Record<"first" | "second", Record<Program, number[]>>;

/** Milliseconds of an up and of a second one, in a stack of its own that is destroyed afterwards. */
async function timed(
  program: Program,
  settings: object,
  environment: Record<string, string>,
): Promise<{ first: number; second: number }> {
  const stack = await Stack.ofFolder(join(repository, "bench", "programs", program), { environment });
  try {
    await stack.writeFile("settings.json", JSON.stringify(settings));
    const up = async (): Promise<number> => {
      const began = performance.now();
      await stack.up();
      return performance.now() - began;
    };
    const times = { first: await up(), second: await up() };
    await stack.destroy();
    return times;
  } finally {
    await stack.dispose();
  }
}

function rows(name: string, { containers, nothing }: Record<Program, number[]>): Result["rows"] {
  return [
    row(`${name}, ${count} containers`, "ms", containers),
    row(`${name}, ${count} that do nothing`, "ms", nothing),
    row(
      `${name}, ours`,
      "ms",
      containers.map((time, index) => time - (nothing[index] ?? NaN)),
    ),
  ];
}
