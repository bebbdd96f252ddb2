import { execFile } from "node:child_process";
import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { findGo } from "./go";

const run = promisify(execFile);

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
  // Else the trial would fail for what is said already.
  if (found.length === 0) found.push(...(await lackingFeatures()));
  await findGo().catch((error: unknown) => found.push(error instanceof Error ? error.message : String(error)));
  return found;
}

/** What a throw-away host is made of, each with a trial that fails where the kernel or a surrounding container has it not. */
const features = [
  ["namespaces of its own", "unshare --net --mount --pid --uts --ipc --cgroup --fork true"],
  ["overlay file systems", "grep -qw overlay /proc/filesystems || modprobe overlay"],
  ["mounted control groups", "grep -q ' - cgroup2\\? ' /proc/self/mountinfo"],
] as const;

async function lackingFeatures(): Promise<string[]> {
  const tried = features.map(async ([what, trial]) => {
    const reason = await run("sh", ["-c", trial]).then(
      () => undefined,
      (error: unknown) => String((error as { stderr?: string }).stderr ?? error).trim(),
    );
    if (reason === undefined) return [];
    const said = reason === "" ? "" : ` (${reason})`;
    return [
      `This machine does not give ${what}${said}. ` +
        "Use a kernel as Debian builds it, and where this is a container, a privileged one or a virtual machine.",
    ];
  });
  return (await Promise.all(tried)).flat();
}

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
