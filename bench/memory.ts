import { readFile } from "node:fs/promises";
import { conmons } from "./conmon";
import { Unavailable } from "./contestant";
import { subgroups } from "./groups";
import type { Options } from "./options";
import { makeRootfs } from "./rootfs";
import { sandbox } from "./sandbox";
import { type Slipway, monitors, slipway } from "./slipway";
import type { Scope } from "./scope";
import { type Result, type Row, compared, row } from "./statistics";

/** What one more running container costs in its monitor: proportional and private memory, several of each running. */
export async function memory(scope: Scope, { runs = 10 }: Options): Promise<Result> {
  const box = await sandbox(scope);
  const rootfs = await makeRootfs(box.folder);
  const group = `slipway-bench-${process.pid}`;
  await subgroups(scope, box, group);
  const ours = await slipway(scope, box, rootfs);
  const rows = await sizes("slipway-monitor", await sleepers(scope, ours, runs));
  const notes: string[] = [];
  try {
    rows.push(...(await sizes("conmon", await conmons(scope, box, rootfs, group, runs))));
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    notes.push(`left out: ${error.message}`);
  }
  return { rows: compared(rows, "conmon proportional"), notes };
}

/** Starts sleeping containers and answers their monitors: the parents of the first processes. */
async function sleepers(scope: Scope, ours: Slipway, count: number): Promise<number[]> {
  for (let index = 0; index < count; index++) {
    const started = await ours.put(ours.request, ["/bin/sleep", "3600"], "running");
    scope.defer("container", () => started.remove());
  }
  const pids = await monitors(ours);
  if (pids.length !== count)
    throw new Error(`${count} containers, but ${pids.length} monitors in ${ours.group}/monitors`);
  return pids;
}

async function sizes(name: string, pids: readonly number[]): Promise<Row[]> {
  const rollups = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/smaps_rollup`, "utf8")));
  const kilobytes = (rollup: string, field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(rollup)?.[1] ?? NaN);
  return [
    row(
      `${name} proportional`,
      "bytes",
      rollups.map((one) => 1024 * kilobytes(one, "Pss")),
    ),
    row(
      `${name} private`,
      "bytes",
      rollups.map((one) => 1024 * (kilobytes(one, "Private_Clean") + kilobytes(one, "Private_Dirty"))),
    ),
  ];
}
