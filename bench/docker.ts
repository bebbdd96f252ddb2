import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { hierarchies, subgroups } from "./groups";
import { lanes } from "./lanes";
import { archived } from "./rootfs";
import { output, sandbox } from "./sandbox";
import type { Scope } from "./scope";
import { type Spent, stopwatch } from "./stopwatch";
import { debian } from "./tools";

/**
 * Starts `count` containers that sleep, by Debian's docker, and answers what runs docker on them: the work is that of the
 * command, of the daemons, and of the process beside each container. Everything of them goes with the scope.
 */
export async function docker(
  scope: Scope,
  rootfs: string,
  count: number,
): Promise<(...words: string[]) => Promise<Spent>> {
  const tool = await debian("docker");
  const box = await sandbox(scope);
  const group = `slipway-bench-docker-${process.pid}`;
  const groups = await subgroups(scope, box, group);
  const programs = ["usr/bin", "usr/sbin"].map((one) => join(tool.folder, one));
  const environment = { ...tool.environment, PATH: [...programs, process.env.PATH].join(":") };
  const socket = join(box.folder, "docker.sock");
  const places = ["--data-root", join(box.folder, "data"), "--exec-root", join(box.folder, "exec")];
  const quiet = ["--bridge", "none", "--iptables=false", "--ip-forward=false", "--log-level", "error"];
  // More than these a kernel may not let root allow.
  const allowed = ["--default-ulimit", "nofile=1000:1000", "--pidfile", join(box.folder, "docker.pid")];
  const daemon = [join(tool.folder, "usr/sbin/dockerd"), "--host", `unix://${socket}`, ...places, ...quiet, ...allowed];
  // It and all it starts are accounted for in groups of their own, and have no network.
  const enter =
    'for group; do shift; [ "$group" != -- ] || break; echo 0 >"$group/daemons/cgroup.procs"; done; exec "$@"';
  for (const one of groups) await output(box, "mkdir", join(one, "daemons"));
  const [program, ...args] = box.command(
    ["unshare", "--net", "sh", "-c", enter, "sh", ...groups, "--", ...daemon],
    environment,
  );
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-2000)));
  const ended = once(child, "close");
  scope.defer("dockerd", async () => {
    child.kill("SIGTERM");
    await ended;
  });
  const words = [tool.path, "--host", `unix://${socket}`];
  const run = async (...more: string[]): Promise<string> => {
    const [program, ...args] = box.command([...words, ...more], environment);
    return (await promisify(execFile)(program, args)).stdout;
  };
  while (!existsSync(socket) || (await run("version").catch(() => "")) === "") {
    if (child.exitCode !== null) throw new Error(`dockerd ended with ${child.exitCode}: ${said}`);
    await delay(100);
  }
  await run("import", await archived(rootfs), "bench");
  const started: string[] = [];
  const options = ["--detach", "--network", "none", "--cgroup-parent", `/${group}/containers`];
  const starting = lanes(count, 4, async () => {
    started.push((await run("run", ...options, "bench", "/bin/sleep", "infinity")).trim());
  });
  scope.defer("docker's containers", async () => {
    await starting.stop();
    if (started.length > 0) await run("rm", "--force", ...started);
  });
  await starting.done;
  const usage = await accounting(box, group);
  const watch = await stopwatch(scope, box, environment);
  return async (...more) => {
    const before = await usage();
    const spent = await watch([...words, ...more]);
    return { elapsed: spent.elapsed, worked: spent.worked + (await usage()) - before };
  };
}

/** What reads the milliseconds of processors' work in a group. */
async function accounting(box: Parameters<typeof output>[0], group: string): Promise<() => Promise<number>> {
  const mounted = await hierarchies(box);
  const first = mounted.find(({ controllers }) => controllers.includes("cpuacct"));
  if (first) {
    const file = join(first.path, group, "cpuacct.usage");
    return async () => Number(await output(box, "cat", file)) / 1e6;
  }
  const file = join(mounted[0]?.path ?? "", group, "cpu.stat");
  return async () => Number(/^usage_usec (\d+)$/m.exec(await output(box, "cat", file))?.[1] ?? NaN) / 1e3;
}
