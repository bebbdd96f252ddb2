import { expect } from "vitest";

import type { Group } from "./group";
import type { LoadHost } from "./host";

/** A process of the host that does not end at SIGKILL until it is let go. */
export interface Stuck {
  readonly pid: number;
  /** Lets it go, and takes away what it was made with. */
  letGo(): Promise<void>;
}

/** Moves a process of the host into a container's group by hand, where it cannot be killed. */
export async function stickIn(host: LoadHost, group: Group, version: 1 | 2): Promise<Stuck> {
  return version === 1 ? frozen(host, group) : writing(host, group);
}

/** Version 1 freezes a process so that not even SIGKILL reaches it. */
async function frozen(host: LoadHost, group: Group): Promise<Stuck> {
  const freezer = "/sys/fs/cgroup/freezer/stuck";
  const pid = Number(
    await host.must(
      `mkdir ${freezer} && { sleep 100000 </dev/null >/dev/null 2>&1 & } && echo $! > ${freezer}/cgroup.procs && echo $!`,
    ),
  );
  for (const controller of ["cpu", "memory", "pids"]) {
    await host.must(`echo ${pid} > ${group.folder(controller)}/cgroup.procs`);
  }
  await host.must(`echo FROZEN > ${freezer}/freezer.state`);
  await expect.poll(async () => host.must(`cat ${freezer}/freezer.state`), { timeout: 60_000 }).toBe("FROZEN\n");
  return {
    pid,
    letGo: async () => {
      await host.must(`echo THAWED > ${freezer}/freezer.state; kill -KILL ${pid} 2>/dev/null; true`);
      await expect.poll(async () => (await host.exec(`rmdir ${freezer}`)).code, { timeout: 60_000 }).toBe(0);
    },
  };
}

/** A frozen file system holds who writes to it, in a sleep that no signal ends. */
async function writing(host: LoadHost, group: Group): Promise<Stuck> {
  await host.must(
    `truncate -s 8M /root/stuck.img && mkfs.ext4 -q /root/stuck.img && mkdir /root/stuck &&
     mount -o loop /root/stuck.img /root/stuck && fsfreeze -f /root/stuck`,
  );
  const pid = Number(
    await host.must(
      `sh -c 'echo $$ > ${group.folder("memory")}/cgroup.procs; exec dd if=/dev/zero of=/root/stuck/file count=1' \\
         </dev/null >/dev/null 2>&1 & echo $!`,
    ),
  );
  await expect.poll(async () => host.must(`cut -d' ' -f3 /proc/${pid}/stat`), { timeout: 60_000 }).toBe("D\n");
  return {
    pid,
    letGo: async () => {
      await host.must("fsfreeze -u /root/stuck");
      await expect.poll(async () => (await host.exec("umount /root/stuck")).code, { timeout: 60_000 }).toBe(0);
      await host.must("rm -r /root/stuck /root/stuck.img");
    },
  };
}
