import { basename } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

import { Bench } from "./bench.js";
import type { Program, Settings } from "./program.js";
import { Stack } from "./stack.js";

interface GroupSettings extends Settings {
  memory: string;
  cpus?: number;
  parent: "tenants" | "others";
  /** What the first group at the top is called; it is an alias of "tenants". */
  name: string;
}

/** Two groups at the top and one in either of them, and a container in that one, another beside it. */
const tenants: Program<GroupSettings> = ({ slipway, settings, busybox }) => {
  const { host, image } = busybox();
  const all = new slipway.Cgroup(
    settings.name,
    { host, memory: { max: settings.memory }, pids: { max: 200 } },
    { aliases: [{ name: "tenants" }] },
  );
  const others = new slipway.Cgroup("others", { host });
  const parent = settings.parent === "tenants" ? all : others;
  const blue = new slipway.Cgroup("blue", {
    host,
    parent,
    ...(settings.cpus !== undefined && { cpu: { max: settings.cpus } }),
  });
  for (const [n, cgroup] of [blue, parent].entries()) {
    new slipway.Container(`web-${n}`, {
      host,
      image,
      command: ["sleep", "100000"],
      network: "none",
      cgroup,
      cpuShares: 512,
    });
  }
};

let bench: Bench;
let stack: Stack;
const settings = (changed: Partial<GroupSettings> = {}): GroupSettings => ({
  ...bench.settings(),
  memory: "256m",
  cpus: 0.5,
  parent: "tenants",
  name: "tenants",
  ...changed,
});
const changed = (steps: { op: string; name: string }[]): string[] =>
  steps
    .filter(({ op }) => op !== "refresh")
    .map(({ op, name }) => `${op} ${name}`)
    .sort();
const idOf = async (name: string): Promise<string> => (await stack.resource("Container", name)).id;
const pathOf = async (name: string): Promise<string> => String((await stack.resource("Cgroup", name)).outputs["path"]);
const processes = async (): Promise<unknown[]> => [
  bench.firstProcess(await idOf("web-0")),
  bench.firstProcess(await idOf("web-1")),
];

beforeAll(async () => {
  bench = await Bench.create();
  stack = await Stack.create(tenants, settings());
});
afterAll(async () => {
  await stack?.dispose();
  await bench?.dispose();
});

test("containers run in the group that they are declared in", async () => {
  await stack.up();
  await bench.expectSameAs(stack);
  const [top, inner] = [await pathOf("tenants"), await pathOf("blue")];
  expect(inner.startsWith(`${top}/`)).toBe(true);
  for (const [name, path] of Object.entries({ "web-0": inner, "web-1": top })) {
    const id = await idOf(name);
    expect(bench.groups(id)).toContain(`${path}/${id.split("/")[1] ?? ""}\n`);
  }
  expect(changed((await stack.up()).steps)).toEqual([]);
  expect(changed((await stack.up("--refresh")).steps)).toEqual([]);
});

test("limits change under the running containers", async () => {
  const before = await processes();
  await stack.write(tenants, settings({ memory: "128m", cpus: 1 }));
  expect(changed((await stack.up()).steps)).toEqual(["update blue", "update tenants"]);
  expect(await processes()).toEqual(before);
  const { cgroups } = await bench.inventory();
  const held = Object.fromEntries(cgroups.map(({ path, resources }) => [path, resources]));
  expect(held[await pathOf("tenants")]).toEqual({ memory: { max: 128 << 20 }, pids: { max: 200 } });
  expect(held[await pathOf("blue")]).toEqual({ cpu: { maxUs: 100_000 } });
});

test("a limit that somebody changed on the host is seen and put back", async () => {
  const before = await processes();
  await bench.limitMemoryOfGroup(await pathOf("tenants"), 200 << 20);
  await stack.refresh();
  expect((await stack.resource("Cgroup", "tenants")).inputs["memory"]).toEqual({ max: 200 << 20 });
  expect(changed((await stack.up("--refresh")).steps)).toEqual(["update tenants"]);
  expect(await processes()).toEqual(before);
  expect(changed((await stack.up("--refresh")).steps)).toEqual([]);
});

test("a group that somebody removed is made again, and a container in it starts", async () => {
  for (const name of ["web-0", "web-1"]) {
    bench.kill(await idOf(name));
    await bench.ended(await idOf(name));
  }
  await bench.removeGroup(await pathOf("tenants"));
  expect(changed((await stack.up("--refresh")).steps)).toEqual([
    "update blue",
    "update tenants",
    "update web-0",
    "update web-1",
  ]);
  expect(bench.groups(await idOf("web-0"))).toContain(`/${basename(await pathOf("blue"))}/`);
  expect(changed((await stack.up("--refresh")).steps)).toEqual([]);
});

test("a group that gets another name stays where it is, with all that is in it", async () => {
  const [before, path] = [await processes(), await pathOf("blue")];
  await stack.write(tenants, settings({ memory: "128m", cpus: 1, name: "customers" }));
  const planned = changed((await stack.preview()).steps);
  expect(changed((await stack.up()).steps)).toEqual(["update blue", "update customers", "update web-1"]);
  expect(planned).toEqual(["update blue", "update customers", "update web-1"]);
  expect(await processes()).toEqual(before);
  expect(await pathOf("blue")).toBe(path);
  expect(changed((await stack.up("--refresh")).steps)).toEqual([]);
  await bench.expectSameAs(stack);
});

test("a group that is replaced stays where it is, with all that is in it", async () => {
  const [before, path] = [await processes(), await pathOf("blue")];
  const urn = (await stack.resource("Cgroup", "customers")).urn;
  const planned = changed((await stack.preview("--replace", urn)).steps);
  const done = changed((await stack.up("--replace", urn)).steps);
  expect(done.filter((step) => !step.endsWith(" customers"))).toEqual([]);
  expect(planned.filter((step) => !step.endsWith(" customers"))).toEqual([]);
  expect(await processes()).toEqual(before);
  expect(await pathOf("blue")).toBe(path);
});

test("a group in another group is another group", async () => {
  await stack.write(tenants, settings({ memory: "128m", cpus: 1, name: "customers", parent: "others" }));
  await stack.up();
  const others = await pathOf("others");
  expect((await pathOf("blue")).startsWith(`${others}/`)).toBe(true);
  expect(bench.groups(await idOf("web-0"))).toContain(`/${basename(others)}/`);
  expect(bench.groups(await idOf("web-1"))).toContain(`/${basename(others)}/`);
  expect(changed((await stack.up("--refresh")).steps)).toEqual([]);
  await bench.expectSameAs(stack);
});

test("destroy removes the groups", async () => {
  await stack.destroy();
  await bench.expectSameAs(stack);
  expect(await bench.host.must("find /sys/fs/cgroup -path '*/g/*' -type d")).toBe("");
});
