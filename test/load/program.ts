import type { Program, Settings } from "../e2e/program";

/** What the program of the load is made from; limits are those of one container, unless said otherwise. */
export interface LoadSettings extends Settings {
  /** What workers run. */
  work: string;
  /** Whether the host can kill all of a group at once, as version 2 does. */
  oomGroup: boolean;
  /** The disk that `writer` is limited on; undefined where the host has none. */
  disk: string | undefined;
  cpus: number;
  /** In microseconds. */
  cpuQuota: number;
  cpuPeriod: number;
  /** Of `one` and `other`, which share a processor. */
  cpuShares: [number, number];
  memory: string;
  /** Of the group that two containers are in. */
  tenantMemory: string;
  pidsLimit: number;
  writeBps: string;
}

/** Workers, each with a limit of another kind, and groups of them. */
export const load: Program<LoadSettings> = ({ slipway, settings, busybox }) => {
  const { host, image } = busybox();
  const worker = (name: string, limits: object): unknown =>
    new slipway.Container(name, {
      host,
      image,
      network: "none",
      command: ["sh", "-c", settings.work],
      ...limits,
    });
  const tenant = new slipway.Cgroup("tenant", { host, memory: { max: settings.tenantMemory } });
  worker("neighbour", {});
  worker("burner", { cpus: settings.cpus });
  worker("sprinter", { cpuQuota: settings.cpuQuota, cpuPeriod: settings.cpuPeriod });
  worker("one", { cpusetCpus: 0, cpuShares: settings.cpuShares[0] });
  worker("other", { cpusetCpus: 0, cpuShares: settings.cpuShares[1] });
  worker("hog", { memory: settings.memory });
  worker("lodger", { cgroup: tenant, memory: "24m" });
  worker("guest", { cgroup: tenant });
  worker("bomb", { pidsLimit: settings.pidsLimit, cpus: settings.cpus });
  if (settings.disk !== undefined) {
    worker("writer", { deviceWriteBps: [{ path: settings.disk, rate: settings.writeBps }] });
  }
  if (settings.oomGroup) {
    const family = new slipway.Cgroup("family", { host, memory: { max: "32m", oomGroup: true } });
    worker("father", { cgroup: family });
    worker("child", { cgroup: family });
  }
  // With room for one process, and for hardly more than its program.
  new slipway.Container("single", {
    host,
    image,
    network: "none",
    memory: "6m",
    pidsLimit: 1,
    command: ["sh", "-c", "while read -r line; do echo $line; done </proc/self/cgroup >/first; exec sleep 100000"],
  });
};
