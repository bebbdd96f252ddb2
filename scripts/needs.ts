import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { findGo } from "./go";

/** What throw-away hosts run: programs that every Debian has, and how to get them elsewhere. */
const programs = ["apt-get", "dpkg-deb", "flock", "mount", "nsenter", "setpriv", "tar", "unshare"];

/** What `npm start` and `npm test` need of this machine and do not find, a sentence with the way out for each. */
export async function missing(): Promise<string[]> {
  const found: string[] = [];
  if (process.platform !== "linux") {
    return [
      `This is ${process.platform}; a throw-away host needs Linux. With a Linux machine that ssh reaches you need none: ` +
        "npm install pulumi-slipway, and see examples/quickstart/README.md.",
    ];
  }
  if (process.getuid?.() !== 0) {
    found.push(
      "Not root: a throw-away host is made of namespaces and mounts. Run it again as root, or in a virtual machine.",
    );
  }
  const absent = (
    await Promise.all(programs.map(async (name) => ((await findOnPath(name)) === undefined ? [name] : [])))
  ).flat();
  if (absent.length > 0) {
    found.push(`Not on PATH: ${absent.join(", ")}. Use Debian 12 or a relative; there they are in apt and util-linux.`);
  }
  for (const [path, what] of features) {
    if (!(await exists(path))) found.push(`The kernel lacks ${what} (no ${path}). Use a kernel as Debian builds it.`);
  }
  await findGo().catch((error: unknown) => found.push(error instanceof Error ? error.message : String(error)));
  return found;
}

const features = [
  ["/proc/self/ns/net", "network namespaces"],
  ["/proc/self/ns/pid", "pid namespaces"],
  ["/proc/self/ns/cgroup", "cgroup namespaces"],
  ["/proc/self/cgroup", "control groups"],
  ["/sys/fs/cgroup", "mounted control groups"],
] as const;

/** The file that a program's name means, or undefined. */
export async function findOnPath(name: string): Promise<string | undefined> {
  const files = (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, name));
  const there = await Promise.all(files.map(exists));
  return files.find((_, index) => there[index]);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
