import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { promisify } from "node:util";
import { bundle } from "./oci";
import type { Sandbox } from "./sandbox";
import type { Scope } from "./scope";
import { debian } from "./tools";

const run = promisify(execFile);

/** Starts `count` sleeping containers as podman would, runc under conmon, and answers conmon's process ids. */
export async function conmons(
  scope: Scope,
  sandbox: Sandbox,
  rootfs: string,
  group: string,
  count: number,
): Promise<number[]> {
  const [conmon, runc] = [await debian("conmon"), await debian("runc")];
  const environment = {
    LD_LIBRARY_PATH: `${conmon.environment.LD_LIBRARY_PATH}:${runc.environment.LD_LIBRARY_PATH}`,
  };
  const runtime = async (...words: string[]): Promise<void> => {
    const [program, ...args] = sandbox.command([runc.path, "--root", state, ...words], environment);
    await run(program, args);
  };
  const state = join(sandbox.folder, "conmon-runc");
  const pids: number[] = [];
  for (let index = 0; index < count; index++) {
    const id = `conmon-${index}`;
    const folder = join(sandbox.folder, id);
    await bundle("runc", folder, rootfs, group, ["/bin/sleep", "3600"]);
    await mkdir(join(folder, "exits"));
    const monitor = ["--cid", id, "--cuuid", id, "--name", id, "--bundle", folder, "--runtime", runc.path];
    const paths = ["--conmon-pidfile", join(folder, "conmon.pid"), "--container-pidfile", join(folder, "pid")];
    const logs = ["--log-path", `k8s-file:${join(folder, "log")}`, "--exit-dir", join(folder, "exits")];
    const root = ["--runtime-arg", "--root", "--runtime-arg", state];
    const command = [conmon.path, ...monitor, ...paths, ...logs, ...root, "--socket-dir-path", folder];
    await created(sandbox.command(command, environment));
    const pid = Number(await readFile(join(folder, "conmon.pid"), "utf8"));
    pids.push(pid);
    scope.defer(id, async () => {
      await runtime("delete", "--force", id);
      await ended(pid);
    });
    await runtime("start", id);
  }
  return pids;
}

/** Runs conmon until it says on its pipe that runc has created the container. */
async function created([program, ...args]: readonly [string, ...string[]]): Promise<void> {
  const child = spawn(program, args, {
    stdio: ["ignore", "ignore", "pipe", "pipe"],
    env: { ...process.env, _OCI_SYNCPIPE: "3" },
  });
  let errors = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (errors += text));
  const [said] = (await once(child.stdio[3] as Readable, "data")) as [Buffer];
  const { pid = -1, message = errors } = JSON.parse(said.toString()) as { pid?: number; message?: string };
  child.stderr?.destroy();
  if (pid < 0) throw new Error(`conmon: ${message}`);
}

/** Waits until a process is gone. conmon ends by itself, after its container. */
async function ended(pid: number): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt++) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`process ${pid} still runs`);
}
