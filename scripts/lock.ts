import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Does something while no other process does the like under the same lock file. The lock is flock(2)'s, held through
 * util-linux's `flock` because Node has none, so the kernel lets go of it however the holder ends. The file stays.
 */
export async function withLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(file), { recursive: true });
  // `cat` ends when this process closes the pipe or dies.
  const words = [file, "sh", "-c", "echo held; exec cat"];
  // In a process group of its own, so that a ^C that this process survives does not end it.
  const holder = spawn("flock", words, { stdio: ["pipe", "pipe", "inherit"], detached: true });
  const ended = once(holder, "close");
  try {
    const [first] = (await Promise.race([once(holder.stdout, "data"), ended])) as [unknown];
    if (!Buffer.isBuffer(first)) throw new Error(`lock ${file}: flock ended with ${String(first)}`);
    return await work();
  } finally {
    holder.stdin.end();
    await ended;
  }
}
