/** The cgroup hierarchies of this machine, and sub-groups of ours in them. Nothing above a sub-group is changed. */
import { readFileSync } from "node:fs";
import { mkdir, readFile, readdir, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Scope } from "./scope";

/** A mounted hierarchy. */
export interface Hierarchy {
  /** Where it is mounted. */
  path: string;
  version: 1 | 2;
  /** The controllers of a v1 hierarchy, for example ["cpu"]; empty for v2. */
  controllers: string[];
}

/** Every hierarchy that is mounted as a whole, from /proc/self/mountinfo. */
export function hierarchies(): Hierarchy[] {
  const found: Hierarchy[] = [];
  for (const line of readFileSync("/proc/self/mountinfo", "utf8").trim().split("\n")) {
    const [before = "", after = ""] = line.split(" - ");
    const path = before.split(" ")[4] ?? "";
    const [type, , options = ""] = after.split(" ");
    if (type === "cgroup2") found.push({ path, version: 2, controllers: [] });
    if (type === "cgroup") found.push({ path, version: 1, controllers: options.split(",").slice(1) });
  }
  return found;
}

/** Makes the sub-group `name` in each hierarchy and answers their paths; removes them with what is below at the end. */
export async function subgroups(scope: Scope, name: string, within: readonly Hierarchy[]): Promise<string[]> {
  const made: string[] = [];
  for (const hierarchy of within) {
    const path = join(hierarchy.path, name);
    await mkdir(path);
    scope.defer(path, () => remove(path));
    made.push(path);
    if (hierarchy.controllers.includes("cpuset")) {
      // Nothing can enter a cpuset without processors and memory; the groups below inherit these.
      for (const file of ["cpuset.cpus", "cpuset.mems"]) {
        await writeFile(join(path, file), await readFile(join(hierarchy.path, file)));
      }
      await writeFile(join(path, "cgroup.clone_children"), "1");
    }
    if (hierarchy.version === 2) {
      const available = (await readFile(join(path, "cgroup.controllers"), "utf8")).trim().split(/\s+/).filter(Boolean);
      await writeFile(join(path, "cgroup.subtree_control"), available.map((one) => `+${one}`).join(" "));
    }
  }
  return made;
}

/** Removes an empty group and the empty groups below it; one already gone is fine. */
export async function remove(path: string): Promise<void> {
  const below = await readdir(path, { withFileTypes: true }).catch(() => []);
  for (const entry of below) if (entry.isDirectory()) await remove(join(path, entry.name));
  for (let attempt = 0; ; attempt++) {
    try {
      await rmdir(path);
      return;
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (code === "ENOENT") return;
      // The last process has ended, but the kernel may not have let go of it yet.
      if (code !== "EBUSY" || attempt === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}
