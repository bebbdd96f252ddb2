import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";

/** What is on a host, each kind as sorted lines; nothing that changes by itself is in it. */
export interface Snapshot {
  /** Command lines of all processes, those in containers included. */
  readonly processes: readonly string[];
  /** Place, type, source and options of every mount that process 1 sees. */
  readonly mounts: readonly string[];
  /** The groups of every hierarchy. */
  readonly cgroups: readonly string[];
  /** Network links, addresses, and nftables rules where the machine has `nft`. */
  readonly network: readonly string[];
  /** Listening TCP sockets. */
  readonly listening: readonly string[];
  /** Everything below /var/lib/slipway, /run/slipway and /etc/systemd: path, mode, size or target. */
  readonly files: readonly string[];
}

/** Folders of which every file is listed. */
const watched = ["/var/lib/slipway", "/run/slipway", "/etc/systemd"];

/** Looks at a host from outside: by the pid of its process 1 and its groups. `network` are the lines of `ip` and `nft`. */
export async function takeSnapshot(pid: number, groups: readonly string[], network: string): Promise<Snapshot> {
  const [processes, mounts, cgroups, listening, files] = await Promise.all([
    processesOf(groups[0] ?? ""),
    mountsOf(pid),
    Promise.all(groups.map(async (group) => (await folders(group)).map((path) => path.slice(group.length)))),
    listeningOf(pid),
    Promise.all(watched.map(async (folder) => filesOf(`/proc/${pid}/root`, folder))),
  ]);
  return {
    processes: processes.sort(),
    mounts: mounts.sort(),
    cgroups: cgroups.flatMap((paths, index) => paths.map((path) => `${groups[index] ?? ""} ${path}`)).sort(),
    network: network.trim().split("\n"),
    listening: listening.sort(),
    files: files.flat().sort(),
  };
}

/** What one snapshot has (`-`) and the other (`+`), a line each; empty where they are the same. */
export function difference(before: Snapshot, after: Snapshot): string[] {
  return (Object.keys(before) as (keyof Snapshot)[]).flatMap((kind) => [
    ...missing(before[kind], after[kind]).map((line) => `- ${kind}: ${line}`),
    ...missing(after[kind], before[kind]).map((line) => `+ ${kind}: ${line}`),
  ]);
}

/** The lines of one list that the other lacks, counting how often each occurs. */
function missing(of: readonly string[], from: readonly string[]): string[] {
  const left = [...from];
  return of.filter((line) => {
    const at = left.indexOf(line);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

/** Every process is in the host's group of each hierarchy or below it, so one hierarchy tells of all. */
async function processesOf(group: string): Promise<string[]> {
  const lists = await Promise.all((await folders(group)).map(async (folder) => quiet(join(folder, "cgroup.procs"))));
  const pids = lists.flatMap((list) => list.split("\n")).filter((pid) => pid !== "");
  const lines = await Promise.all(
    pids.map(async (pid) => (await quiet(`/proc/${pid}/cmdline`)).replaceAll("\0", " ").trim()),
  );
  return lines.filter((line) => line !== "");
}

async function mountsOf(pid: number): Promise<string[]> {
  const lines = (await readFile(`/proc/${pid}/mountinfo`, "utf8")).trim().split("\n");
  return lines.map((line) => {
    const [before = "", after = ""] = line.split(" - ");
    const [, , , root = "", place = "", options = ""] = before.split(" ");
    return `${place} of ${root} ${options} ${after}`;
  });
}

async function listeningOf(pid: number): Promise<string[]> {
  const tables = await Promise.all(["tcp", "tcp6"].map(async (table) => quiet(`/proc/${pid}/net/${table}`)));
  return tables
    .flatMap((table) => table.split("\n"))
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state]) => state === "0A")
    .map(([, local = ""]) => local);
}

async function filesOf(root: string, folder: string): Promise<string[]> {
  const status = await lstat(root + folder).catch(() => undefined);
  if (status === undefined) return [];
  const mode = `${folder} ${status.mode.toString(8)} ${status.uid}:${status.gid}`;
  if (status.isSymbolicLink()) return [`${mode} -> ${await readlink(root + folder)}`];
  if (!status.isDirectory()) return [`${mode} ${status.size}`];
  const below = await Promise.all((await list(root + folder)).map(async (name) => filesOf(root, join(folder, name))));
  return [mode, ...below.flat()];
}

/** A folder and all folders below it, each ending with "/". */
async function folders(top: string): Promise<string[]> {
  const entries = await readdir(top, { withFileTypes: true }).catch(() => []);
  const below = await Promise.all(entries.filter((e) => e.isDirectory()).map(async (e) => folders(join(top, e.name))));
  return [top.endsWith("/") ? top : `${top}/`, ...below.flat()];
}

/** What has gone between being listed and being read has nothing to say. */
async function quiet(path: string): Promise<string> {
  return readFile(path, "utf8").catch(() => "");
}

async function list(path: string): Promise<string[]> {
  return readdir(path).catch(() => []);
}
