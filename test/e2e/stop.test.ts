import { execFile } from "node:child_process";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { Bench } from "./bench.js";
import { repository } from "./pulumi.js";
import type { Program, Settings } from "./program.js";
import { Stack } from "./stack.js";

interface StopSettings extends Settings {
  group?: boolean;
  web?: boolean;
}

/** A group with a container in it, and a container by itself, each paused or not; not said is not paused. */
const stopped: Program<StopSettings> = ({ slipway, settings, busybox }) => {
  const { host, image } = busybox();
  const still = (paused?: boolean) => (paused === undefined ? {} : { paused });
  const tenant = new slipway.Cgroup("tenant", { host, pids: { max: 50 }, ...still(settings.group) });
  const command = ["sh", "-c", "while :; do i=$((i+1)); echo $i > /count; sleep 0.1; done"];
  new slipway.Container("inside", { host, image, command, network: "none", cgroup: tenant, stopTimeout: "60s" });
  new slipway.Container("web", { host, image, command, network: "none", ...still(settings.web), stopTimeout: "60s" });
};

/** What the kernel does to containers that want too much. */
const greedy: Program<Settings> = ({ slipway, busybox }) => {
  const { host, image } = busybox();
  const keep = "exec sleep 100000";
  const hog = `dd if=/dev/zero of=/dev/null bs=64M count=1; ${keep}`;
  const bomb = `bomb() { while :; do bomb & done; }; bomb 2> /dev/null & ${keep}`;
  const common = { host, image, network: "none" as const };
  new slipway.Container("hog", { ...common, command: ["sh", "-c", hog], memory: "16m" });
  new slipway.Container("bomb", { ...common, command: ["sh", "-c", bomb], pidsLimit: 60 });
  new slipway.Container("modest", { ...common, command: ["sh", "-c", keep], memory: "16m", pidsLimit: 60 });
};

/** A program that cannot do with its memory. */
const starving: Program<Settings> = ({ slipway, busybox }) => {
  const { host, image } = busybox();
  const command = ["dd", "if=/dev/zero", "of=/dev/null", "bs=64M", "count=1"];
  new slipway.Container("hog", { host, image, command, network: "none", memory: "16m" });
};

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.create();
});
afterAll(async () => bench?.dispose());

const changed = (steps: { op: string; name: string }[]): string[] =>
  steps
    .filter(({ op }) => op !== "refresh")
    .map(({ op, name }) => `${op} ${name}`)
    .sort();

describe("pausing", () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await Stack.create(stopped, bench.settings());
  });
  afterAll(async () => stack?.dispose());
  const id = async (name: string): Promise<string> => (await stack.resource("Container", name)).id;
  const count = async (name: string): Promise<string> => bench.read(await id(name), "/count");
  const slipway = async (...words: string[]): Promise<unknown> =>
    promisify(execFile)(process.execPath, [
      join(repository, "dist/cli/main.js"),
      ...words,
      "--config-file",
      bench.host.sshConfigFile,
    ]);
  const on = (name: string): string => `${bench.host.name}/${name}`;
  const processes = async (): Promise<unknown[]> => [
    bench.firstProcess(await id("inside")),
    bench.firstProcess(await id("web")),
  ];
  /** Expects that containers stand still or get on. The count is empty for a moment of each write. */
  const expectPaused = async (expected: { inside: boolean; web: boolean }): Promise<void> => {
    const before = { inside: await count("inside"), web: await count("web") };
    for (const name of ["inside", "web"] as const) {
      if (!expected[name]) await expect.poll(() => count(name), { timeout: 20_000 }).not.toBe(before[name]);
    }
    await delay(500);
    for (const name of ["inside", "web"] as const) if (expected[name]) expect(await count(name)).toBe(before[name]);
  };

  test("is a property that is changed in place", async () => {
    await stack.up();
    await expectPaused({ inside: false, web: false });
    const before = await processes();
    await stack.write(stopped, { ...bench.settings(), group: true, web: true });
    const { steps } = await stack.up();
    expect(changed(steps)).toEqual(["update tenant", "update web"]);
    expect(steps.flatMap(({ op, diff }) => (op === "update" ? [diff] : []))).toEqual([["paused"], ["paused"]]);
    await expectPaused({ inside: true, web: true });
    expect(await processes()).toEqual(before);
    const { containers, cgroups } = await bench.inventory();
    expect(containers.map(({ running, paused, frozen }) => ({ running, paused, frozen }))).toEqual(
      expect.arrayContaining([
        { running: true, paused: true, frozen: true },
        { running: true, paused: false, frozen: true },
      ]),
    );
    expect(cgroups.map(({ paused }) => paused)).toEqual([true]);
    expect(changed((await stack.up("--refresh")).steps)).toEqual([]);
  });

  test("that is undone by hand shows, and is put back", async () => {
    const before = await processes();
    await slipway("unpause", on("tenant"));
    await slipway("unpause", on("web"));
    await expectPaused({ inside: false, web: false });
    await stack.refresh();
    expect((await stack.resource("Cgroup", "tenant")).inputs["paused"]).toBe(false);
    expect((await stack.resource("Container", "web")).inputs["paused"]).toBe(false);
    expect(changed((await stack.up("--refresh")).steps)).toEqual(["update tenant", "update web"]);
    await expectPaused({ inside: true, web: true });
    expect(await processes()).toEqual(before);
  });

  test("that was never declared shows, and is put back", async () => {
    await stack.write(stopped, { ...bench.settings(), web: true });
    expect(changed((await stack.up()).steps)).toEqual(["update tenant"]);
    await expectPaused({ inside: false, web: true });
    await slipway("pause", on("inside"));
    await slipway("pause", on("tenant"));
    expect(changed((await stack.up("--refresh")).steps)).toEqual(["update inside", "update tenant"]);
    await expectPaused({ inside: false, web: true });
  });

  test("does not keep anything from being killed, started again or replaced", async () => {
    await slipway("pause", on("tenant"));
    await slipway("kill", on("tenant"));
    await slipway("kill", on("web"));
    for (const name of ["inside", "web"]) {
      expect(await bench.container(await id(name))).toMatchObject({ running: false, exitCode: 137 });
    }
    expect(changed((await stack.up("--refresh")).steps)).toEqual(["update inside", "update tenant", "update web"]);
    const old = await id("web");
    await stack.up("--replace", (await stack.resource("Container", "web")).urn);
    expect(await id("web")).not.toBe(old);
    await expectPaused({ inside: false, web: true });
    await bench.expectSameAs(stack);
  });

  test("keeps what is declared in a group from starting, and what serves is left", async () => {
    await stack.write(stopped, { ...bench.settings(), group: true, web: true });
    const before = await processes();
    const { output } = await stack.failing("up", "--replace", (await stack.resource("Container", "inside")).urn);
    expect(output).toMatch(/is paused, and nothing can start in it; let it go on first.*\[paused\]/s);
    expect(await processes()).toEqual(before);
  });

  test("does not hold up a destroy", async () => {
    const began = Date.now();
    await stack.destroy();
    // Nobody has waited for the stop timeout of what stands still.
    expect(Date.now() - began).toBeLessThan(50_000);
    await bench.expectSameAs(stack);
    expect(await bench.host.must("find /sys/fs/cgroup -path '*/g/*' -type d")).toBe("");
  });
});

describe("want of memory and processes", () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await Stack.create(greedy, bench.settings());
  });
  afterAll(async () => stack?.dispose());
  test("is told in the state, and changes nothing", async () => {
    await stack.up();
    const counted = async (): Promise<unknown[]> => {
      const { containers } = await bench.inventory();
      return containers
        .map(
          ({ oomKills = 0, pidsMaxReached = 0 }) =>
            `${oomKills} killed, ${pidsMaxReached > 0 ? "some" : "none"} refused`,
        )
        .sort();
    };
    await expect
      .poll(counted, { timeout: 60_000 })
      .toEqual(["0 killed, none refused", "0 killed, some refused", "1 killed, none refused"]);
    for (const words of [["--refresh"], []]) expect(changed((await stack.up(...words)).steps)).toEqual([]);
    for (const [name, ...told] of [
      ["hog", true, true, false],
      ["bomb", true, false, true],
      ["modest", true, false, false],
    ] as const) {
      const { outputs } = await stack.resource("Container", name);
      expect([outputs["running"], outputs["oomKilled"], outputs["pidsLimitReached"]], name).toEqual(told);
    }
  });

  test("ends with the container, however many it has become", async () => {
    await stack.destroy();
    await bench.expectSameAs(stack);
  });

  test("is why a deployment fails, with the limit and the way out", async () => {
    await stack.write(starving, bench.settings());
    const { output } = await stack.failing("up");
    expect(output).toMatch(
      /for want of memory: its limit `memory` is 16.0 MiB.*allow more, or make the program use less/s,
    );
    expect((await bench.inventory()).containers).toMatchObject([{ exitCode: 137, oomKilled: true, oomKills: 1 }]);
  });
});
