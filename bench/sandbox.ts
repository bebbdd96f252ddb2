import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Scope } from "./scope";
import { repository } from "./tools";

/** Where a benchmark's contestants run: a mount namespace of their own and a folder on the checkout's file system. */
export interface Sandbox {
  /** Goes before a command so that it runs in the sandbox. It executes the command, so it costs nothing afterwards. */
  readonly prefix: readonly string[];
  /** Empty at first; removed at the end. The same path inside and outside. */
  readonly folder: string;
}

/**
 * Makes a sandbox in which /var/lib, /run and /tmp are empty, so that nothing of this machine is seen or touched, and
 * /tmp, where the floor works, is on the same file system as the rest. With
 * `unified: false` the cgroup2 mount of a hybrid layout is not seen in it either: Debian's crun refuses that layout.
 * The machine's own mounts stay as they are.
 */
export async function sandbox(scope: Scope, options: { unified: boolean } = { unified: true }): Promise<Sandbox> {
  const folder = await workingFolder(scope);
  for (const empty of ["lib", "tmp"]) await mkdir(join(folder, empty));
  const script = [
    "set -e",
    'mount --bind "$1/lib" /var/lib',
    'mount --bind "$1/tmp" /tmp',
    "mount -t tmpfs tmpfs /run",
    // The checkout itself may lie in one of these. The working directory still is what it was, unless mount(8) looks up
    // its name.
    '[ -d "$1" ] || { mkdir -p "$PWD" && mount --no-canonicalize --bind . "$PWD"; }',
    options.unified ? "true" : "umount /sys/fs/cgroup/unified",
    "echo ready",
    "exec cat", // Holds the namespace until standard input ends.
  ].join("\n");
  const holder = spawn("unshare", ["--mount", "--propagation", "private", "sh", "-c", script, "sh", folder], {
    cwd: repository,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = new Promise<void>((resolve) => holder.once("close", () => resolve()));
  scope.defer("sandbox", async () => {
    holder.stdin.end();
    await ended;
  });
  const failed = ended.then(() => {
    throw new Error("cannot make a mount namespace: benchmarks of the kernel's work need root");
  });
  await Promise.race([once(holder.stdout, "data"), failed]);
  failed.catch(() => undefined);
  return { prefix: ["/usr/bin/nsenter", `--mount=/proc/${holder.pid}/ns/mnt`, "--"], folder };
}

/** A folder on the checkout's file system that is removed at the end. */
export async function workingFolder(scope: Scope): Promise<string> {
  const state = join(repository, ".state");
  await mkdir(state, { recursive: true });
  const folder = await mkdtemp(join(state, "bench-"));
  scope.defer(folder, () => rm(folder, { recursive: true, force: true }));
  return folder;
}
