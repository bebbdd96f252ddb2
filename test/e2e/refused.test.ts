import { afterAll, beforeAll, expect, test } from "vitest";

import { Bench } from "./bench.js";
import type { Program, Settings } from "./program.js";
import { Stack } from "./stack.js";

interface LimitSettings extends Settings {
  /** The limits of the container that runs, and of the group that it is in. */
  web: Record<string, unknown>;
  group: Record<string, unknown>;
  /** Limits of containers and groups beside them, by name. */
  containers: Record<string, Record<string, unknown>>;
  groups: Record<string, Record<string, unknown>>;
}

const limited: Program<LimitSettings> = ({ slipway, settings, busybox }) => {
  const { host, image } = busybox();
  const command = ["sleep", "100000"];
  const cgroup = new slipway.Cgroup("tenant", { host, ...settings.group });
  new slipway.Container("web", { host, image, command, network: "none", cgroup, ...settings.web });
  for (const [name, limits] of Object.entries(settings.groups)) new slipway.Cgroup(name, { host, ...limits });
  for (const [name, limits] of Object.entries(settings.containers)) {
    new slipway.Container(name, { host, image, command, network: "none", ...limits });
  }
};

let bench: Bench;
let stack: Stack;
const good = {
  web: { memory: "32m", pidsLimit: 20, cpuShares: 512 },
  group: { memory: { max: "64m" }, pids: { max: 50 } },
};
const settings = (changed: Partial<LimitSettings> = {}): LimitSettings => ({
  ...bench.settings(),
  ...good,
  containers: {},
  groups: {},
  ...changed,
});

beforeAll(async () => {
  bench = await Bench.create();
  stack = await Stack.create(limited, settings());
  await stack.up();
});
afterAll(async () => {
  await stack?.dispose();
  await bench?.dispose();
});

/** What only the host can know to be wrong, with what is said of it. */
const containers: Record<string, [Record<string, unknown>, string]> = {
  cpus: [{ cpus: 900 }, "`cpu.max` (a container's `cpus` or `cpuQuota`): the host has "],
  quota: [{ cpuQuota: 1_000_000, cpuPeriod: 1000 }, "this is the time of 1000"],
  set: [{ cpusetCpus: "0,4000" }, "`cpuset.cpus` (a container's `cpusetCpus`): the host has no processor 4000"],
  mems: [{ cpusetMems: 900 }, "`cpuset.mems` (a container's `cpusetMems`): the host has no memory node 900"],
  missing: [{ deviceReadBps: ["/dev/none:1m"] }, "look for the device /dev/none: no such file or directory"],
  terminal: [{ deviceWriteIOps: ["/dev/null:10"] }, "/dev/null is no block device"],
  number: [{ deviceWriteBps: ["4000:9:1m"] }, "no such device; there is no such device, or it is a partition"],
  all: [
    { cpus: 900, cpusetCpus: "7000", deviceReadIOps: ["/dev/null:10"] },
    "the host has no processor 7000; `io.max` (a container's `deviceReadBps` and the like): /dev/null is no block device",
  ],
};
const groups: Record<string, [Record<string, unknown>, string]> = {
  "g-cpus": [{ cpu: { max: 900 } }, "the host has "],
  "g-burst": [{ cpu: { max: 0.5, burst: "90ms" } }, "`cpu.burst`: writing 90000 to "],
  "g-set": [{ cpuset: { cpus: 4000 } }, "the host has no processor 4000"],
  "g-pages": [{ hugetlb: { "3MB": "6m" } }, "`hugetlb`: "],
  "g-terminal": [{ io: { max: [{ device: "/dev/zero", readBps: "1m" }] } }, "/dev/zero is no block device"],
  "g-number": [{ io: { max: [{ device: "4000:9", readBps: "1m" }] } }, "or it is a partition"],
};

test("what the host refuses is told by name and leaves nothing", async () => {
  const before = await bench.snapshot();
  const limits = (of: Record<string, [Record<string, unknown>, string]>): LimitSettings["groups"] =>
    Object.fromEntries(Object.entries(of).map(([name, [wrong]]) => [name, wrong]));
  await stack.write(limited, settings({ containers: limits(containers), groups: limits(groups) }));
  const { output } = await stack.failing("up", "--continue-on-error");
  for (const [name, [, expected]] of Object.entries({ ...containers, ...groups })) {
    const told = new RegExp(`\\(${name}\\):\n *error: (.*)`).exec(output)?.[1];
    expect(told, name).toContain(expected);
    expect(told, name).toContain("[limit_unsupported]");
  }
  await bench.expectSameAs(stack);
  expect(await bench.changes(before, { agent: "kept" })).toEqual([]);
});

test("a change that is refused in part changes nothing, whatever the program says next", async () => {
  const [before, process] = [
    await bench.inventory(),
    bench.firstProcess((await stack.resource("Container", "web")).id),
  ];
  const wrong = { cpu: { max: 1, burst: "300ms" }, memory: { max: "50m" }, pids: { max: 40 }, cpuset: { cpus: 0 } };
  const web = { memory: "40m", pidsLimit: 30, cpus: 1, deviceReadBps: ["4000:9:1m"] };
  for (const changed of [{ group: wrong }, { web }]) {
    await stack.write(limited, settings(changed));
    const { output } = await stack.failing("up");
    expect(output).toContain(". Nothing was changed [limit_unsupported]");
    expect(await bench.inventory()).toEqual(before);
  }
  await stack.write(limited, settings());
  for (const words of [[], ["--refresh"]]) {
    expect((await stack.up(...words)).steps.filter(({ op }) => op !== "refresh")).toEqual([]);
  }
  // Nothing of it is in force where the inventory does not look either.
  const group = String((await stack.resource("Cgroup", "tenant")).outputs["path"]);
  const files = `cd /sys/fs/cgroup && cat {.,cpu,cpuset,memory,pids}${group}/{cpu.cfs_quota_us,cpu.max,pids.max} 2>/dev/null`;
  expect((await bench.host.must(`bash -c '${files} | sort -u'`)).trim().split("\n")).toEqual(["-1", "50"]);
  expect(bench.firstProcess((await stack.resource("Container", "web")).id)).toEqual(process);
});
