import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { type Contestant, Unavailable } from "./contestant";
import type { Sandbox } from "./sandbox";
import type { Scope } from "./scope";
import { type Stopwatch, stopwatch } from "./stopwatch";
import { debian } from "./tools";

/** The parts of an OCI configuration that are changed from what `spec` writes. */
interface Configuration {
  process: { args: string[]; terminal: boolean };
  root: { path: string; readonly: boolean };
  linux: { namespaces: { type: string }[]; cgroupsPath: string; resources: object };
}

/** Writes a bundle that differs from the runtime's own `spec` only where the race demands it, and in its limits. */
export async function bundle(
  runtime: "runc" | "crun",
  folder: string,
  rootfs: string,
  group: string,
  args: string[],
  resources?: object,
): Promise<void> {
  const { path, environment } = await debian(runtime);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await promisify(execFile)(path, ["spec"], { cwd: folder, env: { ...process.env, ...environment } });
  const file = join(folder, "config.json");
  const configuration = JSON.parse(await readFile(file, "utf8")) as Configuration;
  configuration.process = { ...configuration.process, args, terminal: false };
  configuration.root = { path: rootfs, readonly: false };
  const namespaces = configuration.linux.namespaces.filter((one) => one.type !== "cgroup");
  configuration.linux.namespaces = [...namespaces, { type: "cgroup" }];
  configuration.linux.cgroupsPath = join("/", group, basename(folder));
  if (resources) configuration.linux.resources = { ...configuration.linux.resources, ...resources };
  await writeFile(file, JSON.stringify(configuration));
}

/** `runc run` or `crun run`, from starting the program to its end, with groups below `/group` of each hierarchy. */
export async function oci(
  scope: Scope,
  sandbox: Sandbox,
  runtime: "runc" | "crun",
  rootfs: string,
  group: string,
  resources?: object,
): Promise<Contestant> {
  const { path, folder: unpacked, environment } = await debian(runtime);
  await sandbox.bring(unpacked);
  const name = resources ? `${runtime}-limited` : runtime;
  const state = join(sandbox.folder, name);
  let counter = 0;
  const lanes: (() => Promise<number>)[] = [];
  /** Starts one after the other; lanes run side by side. */
  const lane = async (): Promise<() => Promise<number>> => {
    const folder = join(sandbox.folder, `${name}-${lanes.length}`);
    await bundle(runtime, folder, rootfs, group, ["/bin/true"], resources);
    await sandbox.bring(folder);
    const watch: Stopwatch = await stopwatch(scope, sandbox, environment);
    const start = async (): Promise<number> =>
      (await watch([path, "--root", state, "run", "--bundle", folder, `c${counter++}`])).elapsed;
    lanes.push(start);
    return start;
  };
  const start = await lane();
  await start().catch((error: unknown) => {
    throw new Unavailable(`${runtime}: ${error instanceof Error ? error.message : String(error)}`);
  });
  return {
    name: runtime,
    start: async () => ({ [`${runtime} run`]: await start() }),
    rush: async (count, atOnce) => {
      while (lanes.length < atOnce) await lane();
      const started = performance.now();
      let left = count;
      await Promise.all(
        lanes.slice(0, atOnce).map(async (one) => {
          while (left-- > 0) await one();
        }),
      );
      return (performance.now() - started) / 1000;
    },
  };
}

/** Debian's crun refuses to run where controllers sit on a cgroup2 mount beside v1 ones. */
export function hybrid(): boolean {
  return existsSync("/sys/fs/cgroup/unified/cgroup.controllers");
}
