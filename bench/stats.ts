import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { stats as reading } from "../provider/stats";
import { Unavailable } from "./contestant";
import { lanes } from "./lanes";
import type { Options } from "./options";
import { docker } from "./docker";
import { podman } from "./podman";
import { makeRootfs } from "./rootfs";
import { sandbox } from "./sandbox";
import type { Scope } from "./scope";
import { type Slipway, type Started, slipway } from "./slipway";
import { type Result, row } from "./statistics";
import { type Spent, stopwatch } from "./stopwatch";
import { repository } from "./tools";

const count = 200;

/**
 * One reading of what 200 sleeping containers use, by the clock and in processors' work: by the agent at an open session,
 * by the whole command, and by podman and docker on as many of their own.
 */
export async function stats(scope: Scope, { runs = 20 }: Options): Promise<Result> {
  const box = await sandbox(scope);
  const rootfs = await makeRootfs(box.folder);
  const ours = await slipway(scope, box, rootfs);
  await sleepers(scope, ours);
  const watch = await stopwatch(scope, box, {});
  const command = [process.execPath, join(repository, "dist", "cli", "main.js"), "stats", "local"];
  const contestants = new Map<string, () => Promise<Spent>>([
    ["slipway request", () => request(ours)],
    ["slipway stats", () => watch([...command, "--no-stream", "--json"])],
  ]);
  const notes = ["a request works in the agent alone; a command is a process from its start to its end"];
  for (const [name, peer] of [
    ["podman", podman],
    ["docker", docker],
  ] as const) {
    try {
      const run = await peer(scope, rootfs, count);
      contestants.set(`${name} stats`, () => run("stats", "--no-stream", "--format", "{{json .}}"));
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      notes.push(`left out: ${error.message}`);
    }
  }
  const names = [...contestants.keys()];
  const samples = new Map(names.map((name) => [name, [] as Spent[]]));
  for (let round = -1; round < runs; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(round + 1 + turn) % names.length] ?? "";
      const spent = await contestants.get(name)?.();
      // The first round only warms up.
      if (spent && round >= 0) samples.get(name)?.push(spent);
    }
  }
  const rows = (["elapsed", "worked"] as const).flatMap((what) => {
    const all = names.map((name) => {
      const times = (samples.get(name) ?? []).map((one) => one[what]);
      return row(`${name}, ${what === "elapsed" ? "time" : "processor"}`, "ms", times);
    });
    const peers = all.filter((one) => !one.name.startsWith("slipway"));
    return all.map((one) => {
      const times = peers.map((peer) => [peer.name.split(" ")[0], Math.round((1000 * one.p50) / peer.p50) / 1000]);
      return { ...one, times: Object.fromEntries(times) as Record<string, number> };
    });
  });
  return { rows, notes };
}

/** Starts containers that sleep, eight at a time: each start waits whether its program stays. */
async function sleepers(scope: Scope, ours: Slipway): Promise<void> {
  const started: Started[] = [];
  const starting = lanes(count, 8, async () => {
    started.push(await ours.put(ours.request, ["/bin/sleep", "infinity"], "running"));
  });
  scope.defer("containers", async () => {
    await starting.stop();
    for (const one of started) await one.remove();
  });
  await starting.done;
}

/** One reading at the session that is open; the work is the agent's. */
async function request({ request, pid }: Slipway): Promise<Spent> {
  const before = await worked(pid);
  const began = performance.now();
  const { body } = await request("GET", "/v1/stats");
  const elapsed = performance.now() - began;
  const spent = (await worked(pid)) - before;
  const { containers } = reading.parse(JSON.parse(body));
  if (containers.length !== count) throw new Error(`read ${containers.length} containers instead of ${count}`);
  return { elapsed, worked: spent };
}

/** Milliseconds that the threads of a process have run. */
async function worked(pid: number): Promise<number> {
  const threads = await readdir(`/proc/${pid}/task`);
  const times = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/schedstat`, "utf8")));
  return times.reduce((sum, text) => sum + Number(text.split(" ")[0]) / 1e6, 0);
}
