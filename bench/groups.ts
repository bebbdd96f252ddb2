/** The cgroup hierarchies of a sandbox's machine, and sub-groups of ours in them. Nothing above a sub-group is changed. */
import { join } from "node:path";
import { type Sandbox, output } from "./sandbox";
import type { Scope } from "./scope";

/** A mounted hierarchy. */
export interface Hierarchy {
  /** Where it is mounted. */
  path: string;
  version: 1 | 2;
  /** Its controllers, for example ["cpu"]. */
  controllers: string[];
}

/** Every hierarchy that is mounted as a whole, from /proc/self/mountinfo. */
export async function hierarchies(sandbox: Sandbox): Promise<Hierarchy[]> {
  const found: Hierarchy[] = [];
  for (const line of (await output(sandbox, "cat", "/proc/self/mountinfo")).trim().split("\n")) {
    const [before = "", after = ""] = line.split(" - ");
    const path = before.split(" ")[4] ?? "";
    const [type, , options = ""] = after.split(" ");
    if (type === "cgroup2") {
      const controllers = await output(sandbox, "cat", join(path, "cgroup.controllers"));
      found.push({ path, version: 2, controllers: controllers.trim().split(" ") });
    }
    if (type === "cgroup") found.push({ path, version: 1, controllers: options.split(",").slice(1) });
  }
  return found;
}

/**
 * Makes a group whose children can have every limit that it can have itself. Nothing can enter a cpuset of version 1
 * without processors and memory; the groups below inherit these.
 */
const make = `set -e
mkdir "$1" && cd "$1"
if [ -e cpuset.cpus ] && [ ! -e cgroup.controllers ]; then
  for file in cpuset.cpus cpuset.mems; do cat ../$file >$file; done
  echo 1 >cgroup.clone_children
fi
[ ! -e cgroup.controllers ] || for one in $(cat cgroup.controllers); do echo +$one >cgroup.subtree_control; done`;

/** Makes the sub-group `name` in each hierarchy and answers their paths; removes them with what is below at the end. */
export async function subgroups(scope: Scope, sandbox: Sandbox, name: string): Promise<string[]> {
  const made: string[] = [];
  for (const { path } of await hierarchies(sandbox)) {
    const group = join(path, name);
    await output(sandbox, "sh", "-c", make, "sh", group);
    scope.defer(group, () => remove(sandbox, group));
    made.push(group);
  }
  return made;
}

/** The last process of a group has ended, but the kernel may not have let go of it yet. */
const unmake = `for attempt in $(seq 100); do
  [ -d "$1" ] || exit 0
  find "$1" -depth -type d -exec rmdir {} + 2>/dev/null && exit 0
  sleep 0.01
done
find "$1" -depth -type d -exec rmdir {} +`;

/** Removes an empty group and the empty groups below it; one already gone is fine. */
export async function remove(sandbox: Sandbox, group: string): Promise<void> {
  await output(sandbox, "sh", "-c", unmake, "sh", group);
}
