import type { LoadHost } from "./host";

/** One control group of ours on a host, in all hierarchies, by its last name: a container's incarnation, or a slot. */
export class Group {
  constructor(
    private readonly host: LoadHost,
    readonly name: string,
    private readonly folders: readonly string[],
  ) {}

  /** Its folder in the hierarchy that has a controller. */
  folder(controller: string): string {
    const own = this.folders.find((folder) => folder.startsWith(`/sys/fs/cgroup/${controller}/`));
    // Version 2 has one for all.
    const folder = own ?? (this.folders.length === 1 ? this.folders[0] : undefined);
    if (folder === undefined) throw new Error(`no group of ${controller} in ${this.folders.join(", ")}`);
    return folder;
  }

  /** Runs a line of sh in its folder. */
  async in(controller: string, command: string): Promise<string> {
    return this.host.must(`cd ${this.folder(controller)} && ${command}`);
  }

  /** Its processes, sorted. */
  async processes(): Promise<number[]> {
    const list = await this.in("memory", "cat cgroup.procs");
    return list.split("\n").filter(Boolean).map(Number).sort();
  }

  /** The second column of a file such as cpu.stat, by the first. */
  async counters(controller: string, file: string): Promise<Record<string, number>> {
    const lines = (await this.in(controller, `cat ${file}`)).trim().split("\n");
    return Object.fromEntries(lines.map((line) => [line.split(" ")[0] ?? "", Number(line.split(" ")[1])]));
  }
}
