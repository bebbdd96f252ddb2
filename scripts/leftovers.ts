import { readdir, readFile } from "node:fs/promises";

/** The programs that a Pulumi CLI starts for itself. Each leads a process group of its own. */
const helpers = /\/pulumi-(language-nodejs|resource-pulumi-nodejs)\0/;

/**
 * Ends what Pulumi CLIs with a home left running where they were killed, by `kill -9` or with their terminal. What
 * belongs to a CLI that still runs is left alone.
 */
export async function endLeftovers(home: string): Promise<void> {
  const read = async (pid: string, file: string): Promise<string> =>
    readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "");
  for (const pid of (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name))) {
    if (!helpers.test(await read(pid, "cmdline"))) continue;
    if (!(await read(pid, "environ")).split("\0").includes(`PULUMI_HOME=${home}`)) continue;
    const [, parent = ""] = /^PPid:\t(\d+)$/m.exec(await read(pid, "status")) ?? [];
    if (/^([^\0]*\/)?pulumi\0/.test(await read(parent, "cmdline"))) continue;
    try {
      process.kill(-Number(pid), "SIGKILL");
    } catch {
      // It has just ended by itself.
    }
  }
}
