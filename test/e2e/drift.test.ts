import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";

import { Bench } from "./bench.js";
import type { Program, Settings } from "./program.js";
import { Stack } from "./stack.js";

/** A container with a limit. */
const limited: Program<Settings> = ({ slipway, busybox }) => {
  const { host, image } = busybox();
  new slipway.Container("web", { host, image, command: ["sleep", "100000"], network: "none", memory: "64m" });
  new slipway.Container("job", { host, image, command: ["true"], network: "none", wait: "exit" });
};

describe("what was changed on the host by hand", () => {
  let bench: Bench;
  let stack: Stack;
  const web = async (): Promise<string> => (await stack.resource("Container", "web")).id;
  const changed = (steps: { op: string; name: string }[]): string[] =>
    steps.filter(({ op }) => op !== "refresh").map(({ op, name }) => `${op} ${name}`);

  beforeAll(async () => {
    bench = await Bench.create();
    stack = await Stack.create(limited, bench.settings());
    await stack.up();
  });
  afterEach(async () => {
    // Whatever was broken: what `up --refresh` made of it needs nothing more, and the host holds what the state does.
    expect(changed((await stack.up("--refresh")).steps)).toEqual([]);
    expect(bench.firstProcess(await web())).toBeDefined();
    await bench.expectSameAs(stack);
  });
  afterAll(async () => {
    await stack?.dispose();
    await bench?.dispose();
  });

  test("a container whose process was killed is started again", async () => {
    const id = await web();
    bench.kill(id);
    await bench.ended(id);

    const { changes } = await stack.refresh();
    expect(changes["update"]).toBe(1);
    expect((await stack.resource("Container", "web")).inputs["running"]).toBe(false);

    expect(changed((await stack.up("--refresh")).steps)).toEqual(["update web"]);
    expect(await web()).toBe(id);
  });

  test("a container that was removed is made anew", async () => {
    const id = await web();
    await bench.removeContainer(id);
    expect((await stack.refresh()).changes["delete"]).toBe(1);
    expect(changed((await stack.up("--refresh")).steps)).toEqual(["create web"]);
    expect(await web()).not.toBe(id);
  });

  test("a limit that was changed is put back in place", async () => {
    const id = await web();
    const process = bench.firstProcess(id);
    await bench.limitMemory(id, 48 * 1024 * 1024);

    await stack.refresh();
    expect((await stack.resource("Container", "web")).inputs["memory"]).toBe(48 * 1024 * 1024);

    const { steps } = await stack.up("--refresh");
    expect(changed(steps)).toEqual(["update web"]);
    expect(steps.find(({ op }) => op === "update")?.diff).toEqual(["memory"]);
    expect(bench.firstProcess(id)).toEqual(process);
    expect((await bench.container(id)).resources?.memory?.max).toBe(64 * 1024 * 1024);
  });

  test("a layer whose files were removed is put back", async () => {
    const { outputs } = await stack.resource("Layer", "rootfs");
    await bench.removeLayer(String(outputs["digest"]));

    await stack.refresh();
    expect((await stack.resource("Layer", "rootfs")).inputs["intact"]).toBe(false);

    await stack.up("--refresh");
    expect((await stack.resource("Layer", "rootfs")).outputs["intact"]).toBe(true);
  });

  describe("a host that cannot be reached", () => {
    afterEach(() => {
      bench.relay.restore();
      stack.setEnvironment({ SLIPWAY_UNREACHABLE: undefined });
    });

    test("is an error, and the state stays", async () => {
      bench.relay.break();
      const before = await kept(stack);
      const { output } = await stack.failing("refresh");
      expect(output).toMatch(/SLIPWAY_UNREACHABLE|slipway:unreachable/);
      expect(await kept(stack)).toEqual(before);
    });

    test('is passed over with a warning by "keep", but nothing is forgotten', async () => {
      bench.relay.break();
      stack.setEnvironment({ SLIPWAY_UNREACHABLE: "keep" });
      const before = await kept(stack);
      const { output } = await stack.refresh();
      expect(output).toMatch(/could not|unreachable|cannot be reached/i);
      expect(await kept(stack)).toEqual(before);
      await stack.failing("destroy");
      expect((await stack.resources()).length).toBe(before.length);
    });
  });
});

test('a host that is gone for good is forgotten by "forget"', async () => {
  const bench = await Bench.create();
  const stack = await Stack.create(limited, bench.settings(), { environment: { SLIPWAY_UNREACHABLE: "forget" } });
  try {
    await stack.up();
    bench.relay.break();
    const { output } = await stack.destroy();
    expect(output).toMatch(/warning|forg/i);
    expect(await stack.resources()).toEqual([]);
  } finally {
    await stack.dispose();
    await bench.dispose();
  }
});

/** What the state says of the resources. The engine's own notes beside it, on dependencies for example, come and go. */
async function kept(stack: Stack): Promise<unknown[]> {
  const resources = await stack.resources();
  return resources.map(({ urn, id, inputs, outputs }) => ({ urn, id, inputs, outputs }));
}
