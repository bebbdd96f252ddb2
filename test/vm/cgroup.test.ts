import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Program, Settings } from "../e2e/program";
import { rootfs } from "../e2e/rootfs";
import { Stack } from "../e2e/stack";
import { createVm, type TestVm } from "./index";

interface GroupSettings extends Settings {
  memory: string;
  /** Whether there is a container that is in no declared group. */
  alone?: boolean;
  /** What else the group is to have. */
  cpu?: Record<string, unknown>;
  pids?: number;
  /** And the container. */
  device?: string;
}

const tracing = "/sys/kernel/tracing";

const groups: Program<GroupSettings> = ({ slipway, settings, busybox }) => {
  const { host, image } = busybox();
  const tenant = new slipway.Cgroup("tenant", {
    host,
    cpu: { max: 1.5, weight: 200, ...settings.cpu },
    cpuset: { cpus: "0-1" },
    memory: { max: settings.memory, high: "100m", low: "8m", min: "4m", swapMax: 0, oomGroup: true },
    pids: { max: settings.pids ?? 100 },
    io: { max: [{ device: "/dev/vda", writeBps: "10m" }] },
    devices: ["c 1:3 rwm", "c 1:5 rwm"],
  });
  new slipway.Container("web", {
    host,
    image,
    command: ["sleep", "100000"],
    network: "none",
    cgroup: tenant,
    memory: "64m",
    memoryReservation: "16m",
    cpuShares: 512,
    cpusetCpus: 1,
    pidsLimit: 20,
    deviceReadBps: [`${settings.device ?? "/dev/vda"}:5m`],
  });
  if (settings.alone === true) {
    new slipway.Container("alone", { host, image, command: ["sleep", "200000"], network: "none", pidsLimit: 5 });
  }
};

describe("control groups on Debian 12 with systemd and cgroup version 2, Linux 6.12", () => {
  let vm: TestVm;
  let stack: Stack;
  let settings: GroupSettings;
  const steps = async (...words: string[]): Promise<string[]> =>
    (await stack.up(...words)).steps.filter(({ op }) => op !== "refresh").map(({ op, name }) => `${op} ${name}`);
  /** The files of the container's group, and of the one above. */
  const files = async (where: "." | "..", ...names: string[]): Promise<string[]> => {
    const found = "/sys/fs/cgroup$(sed s/^0::// /proc/$(pgrep -o -f 'sleep 100000')/cgroup)";
    return (await vm.must(`cd ${found}/${where} && cat ${names.join(" ")}`)).trim().split("\n");
  };

  /** The processes that were moved into a group of ours since the guest came up; one that is born in it is not moved. */
  const moved = async (): Promise<string> =>
    vm.must(`sed -n 's|.*dst_path=/system.slice/slipway.service/.* pid=\\([0-9]*\\) .*|\\1|p' ${tracing}/trace`);
  /** All limits of all our groups, and which controllers those in between hand on. */
  const held = async (): Promise<string> =>
    vm.must(
      "cd /sys/fs/cgroup && cat system.slice/cgroup.subtree_control && cd system.slice/slipway.service &&" +
        " grep -r . --include=cgroup.subtree_control --include='*.max' --include='*.weight' --include=cpuset.cpus g | sort",
    );

  beforeAll(async () => {
    vm = await createVm({ kernel: "6.12" });
    await vm.must(`echo 1 > ${tracing}/events/cgroup/cgroup_attach_task/enable`);
    settings = { host: { ...vm.connection }, rootfs: await rootfs(), memory: "128m" };
    stack = await Stack.create(groups, settings);
  });
  afterAll(async () => {
    await stack?.dispose();
    await vm?.close();
  });

  test("hold what they were declared with", async () => {
    await stack.up();
    expect(
      await files("..", "cpu.max", "cpu.weight", "cpuset.cpus", "pids.max", "io.max", "memory.max", "memory.high"),
    ).toEqual([
      "150000 100000",
      "200",
      "0-1",
      "100",
      expect.stringMatching(/ wbps=10485760 /),
      `${128 << 20}`,
      `${100 << 20}`,
    ]);
    expect(await files("..", "memory.low", "memory.min", "memory.swap.max", "memory.oom.group")).toEqual([
      `${8 << 20}`,
      `${4 << 20}`,
      "0",
      "1",
    ]);
    expect(await files(".", "memory.max", "memory.low", "cpu.weight", "cpuset.cpus", "pids.max", "io.max")).toEqual([
      `${64 << 20}`,
      `${16 << 20}`,
      "50",
      "1",
      "20",
      expect.stringMatching(/ rbps=5242880 /),
    ]);
    expect(await steps()).toEqual([]);
    expect(await steps("--refresh")).toEqual([]);
  });

  test("hold processes from their birth", async () => {
    expect(await moved()).toBe("");
    // That a move is seen.
    const pid = (
      await vm.must("echo $$ > /sys/fs/cgroup/system.slice/slipway.service/monitors/cgroup.procs && echo $$")
    ).trim();
    expect(await moved()).toBe(`${pid}\n`);
  });

  test("refuse the devices that no rule allows", async () => {
    const inside = "nsenter -t $(pgrep -o -f 'sleep 100000') -m -r";
    const group = "echo $$ > /sys/fs/cgroup$(sed s/^0::// /proc/$(pgrep -o -f 'sleep 100000')/cgroup)/cgroup.procs";
    const tried = await vm.exec(
      `${group}; ${inside} /bin/busybox sh -c ': > /dev/null && : < /dev/zero && echo fine; : < /dev/urandom'`,
    );
    expect(tried.stdout).toBe("fine\n");
    expect(tried.stderr).toContain("Operation not permitted");
  });

  test("change under what runs in them, and are put back", async () => {
    const pid = await vm.must("pgrep -o -f 'sleep 100000'");
    await stack.write(groups, { ...settings, memory: "256m" });
    expect(await steps()).toEqual(["update tenant"]);
    expect(await files("..", "memory.max", "memory.high")).toEqual([`${256 << 20}`, `${100 << 20}`]);
    await vm.must("echo 7 > $(ls -d /sys/fs/cgroup/system.slice/slipway.service/g/*/)pids.max");
    expect(await steps("--refresh")).toEqual(["update tenant"]);
    expect(await files("..", "pids.max")).toEqual(["100"]);
    expect(await vm.must("pgrep -o -f 'sleep 100000'")).toBe(pid);
  });

  test("are as they were where the kernel refuses a part of a change", async () => {
    const before = await files("..", "cpu.max", "pids.max", "memory.max");
    await stack.write(groups, { ...settings, memory: "200m", pids: 90, cpu: { burst: "300ms" } });
    expect((await stack.failing("up")).output).toMatch(/`cpu.burst`: writing 300000 to .*Nothing was changed/);
    await stack.write(groups, { ...settings, memory: "256m", device: "4000:9" });
    expect((await stack.failing("up")).output).toMatch(/`io.max` .*or it is a partition.*Nothing was changed/);
    expect(await files("..", "cpu.max", "pids.max", "memory.max")).toEqual(before);
    expect(await files(".", "io.max")).toEqual([expect.stringMatching(/ rbps=5242880 /)]);
    await stack.write(groups, { ...settings, memory: "256m" });
    expect(await steps()).toEqual([]);
  });

  test("are left alone by systemd, whatever it is told", async () => {
    const [before, pid] = [await held(), await vm.must("pgrep -o -f 'sleep 100000'")];
    expect(before).toMatch(/^cpuset cpu io memory .*pids/);
    await vm.must(
      "systemctl daemon-reload && systemctl set-property --runtime system.slice CPUWeight=50 TasksMax=5000",
    );
    await vm.must("systemctl set-property --runtime slipway.service MemoryMax=800M CPUWeight=50");
    // systemd cannot put a process where ours are.
    expect((await vm.exec("systemctl restart slipway")).code).not.toBe(0);
    // Units that come and go make it think over which controllers it needs.
    await vm.must("systemd-run --quiet --wait -p CPUWeight=20 -p IOWeight=20 true && systemctl daemon-reexec");
    expect(await held()).toBe(before);
    // It takes away what is empty, such as the group above those of containers that are in no other.
    await stack.write(groups, { ...settings, memory: "256m", alone: true });
    expect(await steps("--refresh")).toEqual(["create alone"]);
    expect(await held()).toBe(before);
    expect(await vm.must("pgrep -o -f 'sleep 100000'")).toBe(pid);
  });

  test("are made again where somebody removed them, and what was in them starts", async () => {
    const before = await files("..", "cpu.max", "memory.max", "pids.max", "io.max");
    const group = "/sys/fs/cgroup/system.slice/slipway.service/g/*";
    await vm.must(
      `kill -KILL $(pgrep -o -f 'sleep 100000'); until rmdir ${group}/*/ 2>/dev/null || [ -z "$(ls -d ${group}/*/)" ]; do sleep 0.1; done`,
    );
    await vm.must(`rmdir ${group}/`);
    expect((await steps("--refresh")).sort()).toEqual(["update tenant", "update web"]);
    expect(await files("..", "cpu.max", "memory.max", "pids.max", "io.max")).toEqual(before);
    expect(await steps("--refresh")).toEqual([]);
  });

  test("go with destroy", async () => {
    await stack.destroy();
    expect(await vm.must("ls -d /sys/fs/cgroup/system.slice/slipway.service/g/*/ 2>/dev/null | cat")).toBe("");
  });
});
