import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { subgroups } from "./groups";
import { lanes } from "./lanes";
import { archived } from "./rootfs";
import { sandbox } from "./sandbox";
import type { Scope } from "./scope";
import { type Spent, stopwatch } from "./stopwatch";
import { debian } from "./tools";

/**
 * Starts `count` containers that sleep, by Debian's podman with runc, and answers what runs podman on them. Everything of
 * them goes with the scope.
 */
export async function podman(
  scope: Scope,
  rootfs: string,
  count: number,
): Promise<(...words: string[]) => Promise<Spent>> {
  const [tool, runc] = [await debian("podman"), await debian("runc")];
  const box = await sandbox(scope, { etc: join(tool.folder, "etc") });
  const group = `slipway-bench-podman-${process.pid}`;
  await subgroups(scope, box, group);
  const settings = join(box.folder, "containers.conf");
  await writeFile(
    settings,
    `[engine]
cgroup_manager = "cgroupfs"
conmon_path = ["${join(tool.folder, "usr/bin/conmon")}"]
events_logger = "none"
runtime = "runc"
[engine.runtimes]
runc = ["${runc.path}"]
`,
  );
  const libraries = `${tool.environment.LD_LIBRARY_PATH}:${runc.environment.LD_LIBRARY_PATH}`;
  const environment = { LD_LIBRARY_PATH: libraries, CONTAINERS_CONF: settings };
  const place = async (name: string): Promise<string> => {
    const folder = join(box.folder, name);
    await mkdir(folder);
    return folder;
  };
  const places = ["--root", await place("root"), "--runroot", await place("runroot"), "--tmpdir", await place("state")];
  const words = [tool.path, ...places, "--storage-driver", "overlay"];
  const run = async (...more: string[]): Promise<void> => {
    const [program, ...args] = box.command([...words, ...more], environment);
    await promisify(execFile)(program, args);
  };
  await run("import", await archived(rootfs), "bench");
  // More than these a kernel may not let root allow.
  const allowed = ["--ulimit", "nofile=1000:1000", "--ulimit", "nproc=1000:1000"];
  const options = ["--detach", "--network", "none", "--cgroup-parent", `/${group}`, ...allowed];
  const starting = lanes(count, 1, () => run("run", ...options, "bench", "/bin/sleep", "infinity"));
  scope.defer("podman's containers", async () => {
    await starting.stop();
    await run("rm", "--all", "--force", "--time", "0");
  });
  await starting.done;
  const watch = await stopwatch(scope, box, environment);
  return async (...more) => watch([...words, ...more]);
}
