/**
 * What limits do to real load: the same cases for every kind of host, of test/host and of test/vm, through `pulumi up`.
 * Containers are workers, which do what they are told (worker.ts), each with a limit of another kind (program.ts).
 */
import { basename } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { rootfs } from "../e2e/rootfs";
import { Stack } from "../e2e/stack";
import { diskOf, inspect, type LoadHost, versionOf } from "./host";
import { load, type LoadSettings } from "./program";
import { expectQuota, expectShared, expectWritten } from "./rate";
import { stickIn } from "./stuck";
import { work, Worker } from "./worker";

const burn = "while :; do :; done &";
/** Takes some mebibytes, and keeps them until it is ended. */
const keep = (megabytes: number): string => `dd if=/dev/zero bs=${megabytes}M count=1 2>/dev/null | sleep 100000 &`;
/** Takes some mebibytes in a process of its own, and leaves how that ended in a file. */
const take = (megabytes: number): string =>
  `{ dd if=/dev/zero of=/dev/null bs=${megabytes}M count=1; echo $? >/ended; } 2>/dev/null &`;
const killed = "137\n";

/** Milliseconds that even a guest beside other tests needs for no test of these. */
const patience = 1_000_000;

/** Declares the cases, on a host that is made for them and closed after them. */
export function loadCases(make: () => Promise<LoadHost>): void {
  let host: LoadHost;
  let stack: Stack;
  let settings: LoadSettings;
  let version: 1 | 2;
  let workers: Map<string, Worker>;
  const undo: (() => Promise<void>)[] = [];
  const worker = (name: string): Worker => {
    const found = workers.get(name);
    if (found === undefined) throw new Error(`no worker ${name}`);
    return found;
  };
  const find = async (): Promise<Map<string, Worker>> => {
    const all = (await stack.resources()).filter(({ type }) => type.endsWith(":Container"));
    const found = new Map<string, Worker>();
    for (const { urn, id } of all) found.set(urn.split("::").at(-1) ?? "", await Worker.find(host, id));
    return found;
  };
  /** Expects that the first process of each container is the one that it was at first. */
  const alive = async (...names: string[]): Promise<void> => {
    for (const name of names) expect(await worker(name).answers(), name).toBe(true);
  };
  const exitCode = async (name: string): Promise<number | undefined> =>
    (await inspect(host)).containers.find(({ incarnation }) => incarnation === worker(name).group.name)?.exitCode;

  beforeAll(async () => {
    host = await make();
    undo.unshift(async () => host.close());
    version = await versionOf(host);
    settings = {
      host: { ...host.connection },
      rootfs: await rootfs(),
      work,
      oomGroup: version === 2,
      disk: await diskOf(host),
      cpus: 0.5,
      cpuQuota: 30_000,
      cpuPeriod: 150_000,
      cpuShares: [256, 1024],
      memory: "64m",
      tenantMemory: "96m",
      pidsLimit: 40,
      writeBps: "4m",
    };
    stack = await Stack.create(load, settings);
    undo.unshift(async () => stack.dispose());
    await stack.up();
    workers = await find();
  });
  afterAll(async () => {
    for (const step of undo) await step();
  });

  test("a program begins with its groups as the root of all, and was never more than one process", async () => {
    const single = worker("single");
    const seen = (await single.file("/first")).trim().split("\n");
    const entered = (await host.must(`cat /proc/${single.pid}/cgroup`)).trim().split("\n");
    const own = entered.filter((line) => line.endsWith(`/${single.group.name}`)).map((line) => line.split(":")[0]);
    expect(own.length).toBeGreaterThanOrEqual(version === 2 ? 1 : 3);
    for (const number of own) expect(seen.find((line) => line.startsWith(`${number ?? ""}:`))).toMatch(/:\/$/);
    expect(await single.group.in("pids", "cat pids.max pids.current")).toBe("1\n1\n");
    expect(await single.group.counters("pids", "pids.events")).toMatchObject({ max: 0 });
  });

  const quotas = async (): Promise<void> => {
    for (const [name, quota, period] of [
      ["burner", settings.cpus * 0.1, 0.1],
      ["sprinter", settings.cpuQuota / 1e6, settings.cpuPeriod / 1e6],
    ] as const) {
      const { group } = worker(name);
      // Two, so that a processor that somebody else needs does not keep them from their quota.
      for (let n = 0; n < 2; n++) await worker(name).give(burn);
      await expectQuota(group, quota, period);
      await worker(name).rest();
    }
  };
  const shares = async (): Promise<void> => {
    for (const name of ["one", "other"]) await worker(name).give(burn);
    await expectShared([worker("one").group, worker("other").group], settings.cpuShares);
    for (const name of ["one", "other"]) await worker(name).rest();
  };
  const writes = async (flag: string): Promise<void> => {
    const writer = worker("writer");
    await writer.give(`while :; do dd if=/dev/zero of=/big bs=64k count=96 ${flag} 2>/dev/null || exit; done &`);
    await expectWritten(writer.group, Number.parseInt(settings.writeBps) << 20);
    await writer.rest();
  };

  test("processor time is held to the quota, and shared by weight", { timeout: patience }, async () => {
    await quotas();
    await shares();
  });

  test("writing is held to the limit of the disk", { timeout: patience }, async (context) => {
    if (settings.disk === undefined) context.skip("what containers write lies on no disk of this machine");
    await writes("oflag=direct");
    // Version 1 does not know whose pages it writes back.
    if (version === 2) await writes("conv=fsync");
  });

  test("another limit holds for what runs already", { timeout: patience }, async () => {
    await worker("hog").give(keep(40));
    const before = await worker("hog").group.processes();
    const changed: LoadSettings = {
      ...settings,
      cpus: 0.25,
      cpuQuota: 60_000,
      cpuShares: [1024, 1024],
      memory: "128m",
      tenantMemory: "80m",
      pidsLimit: 30,
      writeBps: "6m",
    };
    await stack.write(load, changed);
    const steps = (await stack.up()).steps.map(({ op, name }) => `${op} ${name}`).sort();
    const writer = settings.disk === undefined ? [] : ["update writer"];
    expect(steps).toEqual(
      ["bomb", "burner", "hog", "one", "sprinter", "tenant"]
        .map((name) => `update ${name}`)
        .concat(writer)
        .sort(),
    );
    settings = changed;
    await worker("hog").give(take(60));
    expect(await worker("hog").file("/ended")).toBe("0\n");
    expect(await worker("hog").group.processes()).toEqual(expect.arrayContaining(before));
    await worker("hog").rest();
    await quotas();
    await shares();
    if (settings.disk !== undefined) await writes("oflag=direct");
    await alive(...[...workers.keys()].filter((name) => name !== "single"));
  });

  test("who takes more memory than its limit is killed, and nobody else", async () => {
    await worker("hog").give("exec dd if=/dev/zero of=/dev/null bs=400M count=1");
    await expect.poll(async () => exitCode("hog"), { timeout: 60_000 }).toBe(137);
    workers.delete("hog");
    await alive("neighbour", "lodger", "guest");
  });

  test("a group's limit kills in the group, and one in it has its own", { timeout: patience }, async () => {
    const [lodger, guest] = [worker("lodger"), worker("guest")];
    await guest.give(keep(30));
    await expect.poll(async () => (await guest.group.processes()).length, { timeout: 60_000 }).toBe(3);
    const before = await guest.group.processes();
    await lodger.give(take(60));
    expect(await lodger.file("/ended")).toBe(killed);
    expect(await guest.group.processes()).toEqual(before);
    await guest.rest();
    await lodger.give(keep(12));
    await expect.poll(async () => (await lodger.group.processes()).length, { timeout: 60_000 }).toBe(3);
    const other = await lodger.group.processes();
    await guest.give(take(200));
    expect(await guest.file("/ended")).toBe(killed);
    expect(await lodger.group.processes()).toEqual(other);
    await alive("neighbour", "lodger", "guest");
    await lodger.rest();
  });

  test("oomGroup kills all of the group", async (context) => {
    if (version === 1) context.skip("version 1 has nothing like it");
    await worker("father").give("exec dd if=/dev/zero of=/dev/null bs=100M count=1");
    for (const name of ["father", "child"]) {
      await expect.poll(async () => exitCode(name), { timeout: 60_000 }).toBe(137);
      workers.delete(name);
    }
    await alive("neighbour", "lodger", "guest");
  });

  test("a fork bomb has no more processes than its limit, and all else goes on", async () => {
    const bomb = worker("bomb");
    // A shell would give up where it cannot fork; this goes on.
    await bomb.give('echo "BEGIN { while (1) system(\\"awk -f /bomb &\\") }" >/bomb; awk -f /bomb 2>/dev/null &');
    const refused = async (): Promise<number> => (await bomb.group.counters("pids", "pids.events"))["max"] ?? 0;
    for (const before of [0, await refused()]) {
      await expect.poll(refused, { timeout: 60_000 }).toBeGreaterThan(before + 100);
      expect(Number(await bomb.group.in("pids", "cat pids.current"))).toBeLessThanOrEqual(settings.pidsLimit);
    }
    await alive("neighbour", "lodger", "guest");
  });

  test("destroy says what cannot be killed, and ends all else in bounded time", { timeout: patience }, async () => {
    const stuck = await stickIn(host, worker("neighbour").group, version);
    const tenant = String((await stack.resource("Cgroup", "tenant")).outputs["path"]);
    try {
      const begun = Date.now();
      const { output } = await stack.failing("destroy");
      expect(Date.now() - begun).toBeLessThan(120_000);
      expect(output).toMatch(new RegExp(`${worker("neighbour").group.name} .*do not end.*: ${stuck.pid} `));
      const left = (await stack.resources()).filter(({ type }) => type.endsWith(":Container"));
      expect(left.map(({ urn }) => urn.split("::").at(-1))).toEqual(["neighbour"]);
    } finally {
      await stuck.letGo();
    }
    await stack.destroy();
    const names = [basename(tenant), ...[...workers.values()].map(({ group }) => group.name)];
    expect(await host.must(`find /sys/fs/cgroup -type d ${names.map((name) => `-name ${name}`).join(" -o ")}`)).toBe(
      "",
    );
  });
}
