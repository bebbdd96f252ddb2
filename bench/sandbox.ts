import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Scope } from "./scope";
import { repository } from "./tools";

/** Where a benchmark's contestants run: a mount namespace of their own, or a virtual machine (bench/guest.ts). */
export interface Sandbox {
  /** The command that runs another one in the sandbox. It costs nothing once that has started. */
  command(words: readonly string[], environment?: Readonly<Record<string, string>>): readonly [string, ...string[]];
  /** Empty at first; removed at the end. The same path inside and outside. */
  readonly folder: string;
  /** Brings what lies at a path here into the sandbox, to the same path. */
  bring(path: string): Promise<void>;
}

/** Runs a command in a sandbox and answers what it printed. */
export async function output(sandbox: Sandbox, ...words: string[]): Promise<string> {
  const [program, ...args] = sandbox.command(words);
  return (await promisify(execFile)(program, args, { maxBuffer: 64 << 20 })).stdout;
}

/**
 * Makes a sandbox in which /var/lib, /run, /dev/shm and /tmp are empty, so that nothing of this machine is seen or touched, and
 * /tmp, where the floor works, is on the same file system as the rest. With
 * `unified: false` the cgroup2 mount of a hybrid layout is not seen in it either: Debian's crun refuses that layout. An
 * empty file system takes its place, because crun makes its folders there all the same.
 * The machine's own mounts stay as they are. `etc` is a folder that is laid over /etc.
 */
export async function sandbox(scope: Scope, options: { unified?: boolean; etc?: string } = {}): Promise<Sandbox> {
  const folder = await workingFolder(scope);
  for (const empty of ["lib", "tmp"]) await mkdir(join(folder, empty));
  const script = [
    "set -e",
    'mount --bind "$1/lib" /var/lib',
    'mount --bind "$1/tmp" /tmp',
    "mount -t tmpfs tmpfs /run",
    "mount -t tmpfs tmpfs /dev/shm",
    // The checkout itself may lie in one of these. The working directory still is what it was, unless mount(8) looks up
    // its name.
    '[ -d "$1" ] || { mkdir -p "$PWD" && mount --no-canonicalize --bind . "$PWD"; }',
    '[ -z "$2" ] || mount -t overlay overlay -o "lowerdir=$2:/etc" /etc',
    options.unified !== false ? "true" : "umount /sys/fs/cgroup/unified && mount -t tmpfs tmpfs /sys/fs/cgroup/unified",
    "echo ready",
    "exec cat", // Holds the namespace until standard input ends.
  ].join("\n");
  const holder = spawn(
    "unshare",
    ["--mount", "--propagation", "private", "sh", "-c", script, "sh", folder, options.etc ?? ""],
    {
      cwd: repository,
      stdio: ["pipe", "pipe", "inherit"],
    },
  );
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
  const enter = ["/usr/bin/nsenter", `--mount=/proc/${holder.pid}/ns/mnt`, "--"] as const;
  return {
    command: (words, environment = {}) => [...enter, ...assigned(environment), ...words],
    folder,
    bring: () => Promise.resolve(),
  };
}

/** A folder on the checkout's file system that is removed at the end. */
export async function workingFolder(scope: Scope): Promise<string> {
  const state = join(repository, ".state");
  await mkdir(state, { recursive: true });
  const folder = await mkdtemp(join(state, "bench-"));
  scope.defer(folder, () => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Words that give a command its environment. */
export function assigned(environment: Readonly<Record<string, string>>): string[] {
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  return variables.length > 0 ? ["/usr/bin/env", ...variables] : [];
}
