import { expect } from "vitest";

import { Group } from "./group";
import type { LoadHost } from "./host";

/** What the first process of a worker does: the lines that it is given, one after the other. */
export const work = 'mkfifo /do && exec 3<>/do && while :; do read -r line <&3 && eval "$line"; done';

/** A container that does what it is told. */
export class Worker {
  private constructor(
    private readonly host: LoadHost,
    readonly group: Group,
    /** Its first process, as the host numbers it. */
    readonly pid: number,
  ) {}

  /** Finds a container's, by its id in Pulumi. */
  static async find(host: LoadHost, id: string): Promise<Worker> {
    const name = id.split("/")[1] ?? "";
    const lines = await host.must(
      `set -- $(find /sys/fs/cgroup -type d -name ${name}); printf '%s\\n' "$@"
       cd "$1" && sed 's|.*|/proc/&/status|' cgroup.procs | xargs grep -l '^NSpid:.*[[:space:]]1$'`,
    );
    const found = lines.trim().split("\n");
    const pid = Number(/^\/proc\/(\d+)\/status$/.exec(found.at(-1) ?? "")?.[1]);
    return new Worker(host, new Group(host, name, found.slice(0, -1)), pid);
  }

  /** Hands it a line of sh; what shall go on beside others ends with "&". */
  async give(line: string): Promise<void> {
    const file = `/proc/${this.pid}/root/do`;
    await expect.poll(async () => (await this.host.exec(`[ -p ${file} ]`)).code, { timeout: 60_000 }).toBe(0);
    await this.host.must(`echo '${line}' > ${file}`);
  }

  /** Ends all that it does. */
  async rest(): Promise<void> {
    const others = async (): Promise<number[]> => (await this.group.processes()).filter((pid) => pid !== this.pid);
    await expect
      .poll(
        async () => {
          const left = await others();
          if (left.length > 0) await this.host.exec(`kill -KILL ${left.join(" ")}`);
          return left;
        },
        { timeout: 60_000 },
      )
      .toEqual([]);
  }

  /** A file of the container, once it is there. */
  async file(path: string): Promise<string> {
    const read = async (): Promise<string> => (await this.host.exec(`cat /proc/${this.pid}/root${path}`)).stdout;
    await expect.poll(read, { timeout: 60_000 }).not.toBe("");
    return read();
  }

  /** Whether it still runs, and answers. */
  async answers(): Promise<boolean> {
    const { code } = await this.host.exec(
      `cd /proc/${this.pid}/root && rm -f answer && echo 'echo fine >/answer' >do || exit
       tries=0
       until [ -s answer ]; do
         [ $((tries += 1)) -lt 600 ] || exit
         sleep 0.1
       done`,
    );
    return code === 0;
  }
}
