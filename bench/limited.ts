/** Six limits that control groups of both versions have, in the words of each contestant. None of them slows `true` down. */
import { dirname } from "node:path";
import type { GroupResources } from "../provider/api";
import type { Field } from "./arena";
import type { Contestant } from "./contestant";
import { floor } from "./floor";
import { hierarchies } from "./groups";
import { oci } from "./oci";
import type { Sandbox } from "./sandbox";
import type { Scope } from "./scope";
import { contestant } from "./slipway";

/** How many limits a contestant has. */
export type Limits = "none" | "six";

/** Makes a contestant in its sandbox, or in another view of it. */
export interface Maker {
  name: string;
  sandbox: Sandbox;
  make: (scope: Scope, limits: Limits, sandbox: Sandbox) => Promise<Contestant>;
}

/** Ours; Debian's crun; the floor, which is born in the hierarchies ours is born in. */
export async function makers(shared: Field): Promise<Maker[]> {
  const { common, crun, rootfs, ours, group, groups } = shared;
  const { cpus } = ours.host;
  // Before ours enters more of them for its limits.
  const entered = await ours.hierarchies();
  return [
    {
      name: "slipway",
      sandbox: common,
      make: async (scope, limits, sandbox) => {
        const session = await ours.connect(scope, sandbox);
        const one = contestant({ ...ours, ...session }, limits === "six" ? inOurWords(cpus) : undefined);
        await one.start();
        return one;
      },
    },
    {
      name: "crun",
      sandbox: crun,
      make: async (scope, limits, sandbox) =>
        oci(scope, sandbox, "crun", rootfs, group, limits === "six" ? inOciWords(cpus) : undefined),
    },
    {
      name: "floor",
      sandbox: common,
      make: async (_, limits, sandbox) => {
        const plain = groups.filter((path) => entered.includes(dirname(path)));
        return floor(sandbox, rootfs, limits === "six" ? await inFiles(shared) : plain);
      },
    },
  ];
}

const megabyte = 1 << 20;

/** As our agent takes them. */
function inOurWords(cpus: number): GroupResources {
  return {
    cpu: { maxUs: 50_000, shares: 512 },
    cpuset: { cpus: processors(cpus) },
    memory: { max: 64 * megabyte, swapMax: 64 * megabyte },
    pids: { max: 64 },
  };
}

/** As the OCI runtime specification has them: its swap counts memory. */
function inOciWords(cpus: number): object {
  return {
    cpu: { quota: 50_000, period: 100_000, shares: 512, cpus: processors(cpus) },
    memory: { limit: 64 * megabyte, swap: 128 * megabyte },
    pids: { limit: 64 },
  };
}

/** As the floor takes them: groups that ours has been born in, each with what is written to its files. */
async function inFiles({ common, ours, groups }: Field): Promise<string[]> {
  const mounted = await hierarchies(common);
  const entered = await ours.hierarchies();
  const cpus = processors(ours.host.cpus);
  return groups.flatMap((group) => {
    const found = mounted.find(({ path }) => path === dirname(group));
    if (found === undefined || !entered.includes(found.path)) return [];
    const words = found.version === 2 ? second : first;
    const files = found.controllers.flatMap((one) => words[one] ?? []);
    return [group, ...files.map((file) => file.replace("CPUS", cpus))];
  });
}

const first: Readonly<Record<string, string[]>> = {
  cpu: ["cpu.cfs_quota_us=50000", "cpu.shares=512"],
  cpuset: ["cpuset.cpus=CPUS"],
  memory: [`memory.limit_in_bytes=${64 * megabyte}`, `memory.memsw.limit_in_bytes=${128 * megabyte}`],
  pids: ["pids.max=64"],
};

const second: Readonly<Record<string, string[]>> = {
  cpu: ["cpu.max=50000 100000", "cpu.weight=50"],
  cpuset: ["cpuset.cpus=CPUS"],
  memory: [`memory.max=${64 * megabyte}`, `memory.swap.max=${64 * megabyte}`],
  pids: ["pids.max=64"],
};

/** All of them, so that the scheduler is as free as without the limit. */
function processors(cpus: number): string {
  return cpus > 1 ? `0-${cpus - 1}` : "0";
}
