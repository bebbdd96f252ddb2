import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";

/** One cgroup hierarchy of this machine. */
interface Hierarchy {
  /** Where it is mounted. */
  readonly place: string;
  readonly type: "cgroup" | "cgroup2";
  /** What mount(8) needs to mount the same hierarchy again. */
  readonly options: string;
  /** The folder of the group below which ours is made. */
  readonly parent: string;
}

/** What a host needs to know of this machine's cgroups. */
export interface Groups {
  /** Our new group in each hierarchy. */
  readonly groups: readonly string[];
  /** For init.sh: place, type and options of each hierarchy, one a line. */
  readonly hierarchies: string;
}

/** Makes a group of the given name in every hierarchy that is mounted here, version 1 or 2. */
export async function makeGroups(name: string): Promise<Groups> {
  const mountinfo = await readFile("/proc/self/mountinfo", "utf8");
  const found = hierarchies(mountinfo, await readFile("/proc/self/cgroup", "utf8"));
  if (found.length === 0) throw new Error("no cgroup hierarchy is mounted on this machine");
  const groups = await Promise.all(
    found.map(async (hierarchy) => {
      const group = join(hierarchy.parent, name);
      await mkdir(group);
      // Nothing can enter a group of this controller before it has processors and memory.
      if (hierarchy.options.split(",").includes("cpuset")) await inherit(hierarchy.parent, group);
      return group;
    }),
  );
  // Where there are several, they are mounted in folders of a tmpfs.
  const above = [...new Set(found.map(({ place }) => dirname(place)))].filter((place) =>
    mountinfo.includes(` ${place} `),
  );
  const mounts = [
    ...above.map((place) => `${place} tmpfs mode=755\n`),
    ...found.map(({ place, type, options }) => `${place} ${type} ${options}\n`),
  ];
  return { groups, hierarchies: mounts.join("") };
}

async function inherit(parent: string, group: string): Promise<void> {
  for (const file of ["cpuset.cpus", "cpuset.mems"]) {
    await writeFile(join(group, file), await readFile(join(parent, file)));
  }
}

/** Reads mountinfo and cgroup of /proc/self, both described in proc(5) and cgroups(7). */
function hierarchies(mountinfo: string, cgroup: string): Hierarchy[] {
  const own = new Map<string, string>();
  for (const line of cgroup.trim().split("\n")) {
    const [, controllers = "", path = "/"] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    own.set(controllers, path);
  }
  const found = new Map<string, Hierarchy>();
  const pure = !/ - cgroup /.test(mountinfo);
  for (const line of mountinfo.trim().split("\n")) {
    const [before = "", after = ""] = line.split(" - ");
    const [, , , root = "/", place = ""] = before.split(" ");
    const [type, , settings = ""] = after.split(" ");
    if (type !== "cgroup" && type !== "cgroup2") continue;
    const controllers = type === "cgroup2" ? "" : [...own.keys()].find((key) => key !== "" && has(settings, key));
    if (controllers === undefined || found.has(controllers)) continue;
    const named = controllers.startsWith("name=");
    found.set(controllers, {
      place,
      type,
      options: type === "cgroup2" ? "rw" : named ? `none,${controllers}` : controllers,
      // In a pure version 2 tree a group that holds processes, as ours does, cannot have children with controllers.
      parent: type === "cgroup2" && pure ? place : join(place, within(root, own.get(controllers) ?? "/")),
    });
  }
  return [...found.values()];
}

function has(settings: string, controllers: string): boolean {
  const words = settings.split(",");
  return controllers.split(",").every((controller) => words.includes(controller));
}

/** The own group as seen below a mount that shows a part of the hierarchy only. */
function within(root: string, path: string): string {
  const inside = relative(root, path);
  return inside.startsWith("..") ? "" : inside;
}
