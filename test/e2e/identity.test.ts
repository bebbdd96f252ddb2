import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";

import { Bench } from "./bench.js";
import type { Program, Settings } from "./program.js";
import { Stack } from "./stack.js";

interface OneSettings extends Settings {
  command: string[];
  network: "none" | "host";
}

/** One container. */
const one: Program<OneSettings> = ({ slipway, settings, busybox }) => {
  const { host, image } = busybox();
  const { command, network } = settings;
  new slipway.Container("web", { host, image, command, network, stopTimeout: "1s" });
};

/** One container, of an image that `word` is part of. */
const ofWord: Program<Settings & { word: string }> = ({ slipway, settings, busybox }) => {
  const { host, rootfs } = busybox();
  const word = new slipway.Layer("word", { host, directory: settings.word, target: "/word" });
  const image = new slipway.Image("of-word", { host, layers: [rootfs, word] });
  new slipway.Container("web", { host, image, command: ["sleep", "100000"], network: "none", stopTimeout: "1s" });
};

describe("what a container is known by", () => {
  let bench: Bench;
  let stack: Stack;
  const sleeping = (): OneSettings => ({ ...bench.settings(), command: ["sleep", "100000"], network: "none" });
  const web = async (): Promise<string> => (await stack.resource("Container", "web")).id;

  beforeAll(async () => {
    bench = await Bench.create();
  });
  afterEach(async () => {
    bench.relay.restore();
    try {
      await stack.destroy();
      await bench.expectSameAs(stack);
    } finally {
      await stack.dispose();
    }
  });
  afterAll(async () => {
    await bench?.dispose();
  });

  test("replaced by --replace and by taint, the new one runs on alone", async () => {
    stack = await Stack.create(one, sleeping());
    await stack.up();
    const first = await web();
    const { urn } = await stack.resource("Container", "web");

    await stack.up("--replace", urn);
    const second = await web();
    await stack.pulumi("state", "taint", urn, "--yes");
    await stack.up();
    const third = await web();

    expect(new Set([first, second, third]).size).toBe(3);
    expect(bench.firstProcess(first)).toBeUndefined();
    expect(bench.firstProcess(second)).toBeUndefined();
    expect(bench.firstProcess(third)).toBeDefined();
    await bench.expectSameAs(stack);
    expect((await stack.up("--refresh")).steps.filter(({ op }) => op !== "refresh")).toEqual([]);
  });

  test("from A to B with deletes of A that fail, and back to A", async () => {
    const settings = { ...bench.settings(), word: "a" };
    stack = await Stack.create(ofWord, settings);
    await stack.writeFile("a/word", "a");
    await stack.writeFile("b/word", "b");
    await stack.up();

    await stack.write(ofWord, { ...settings, word: "b" });
    const run = stack.start("up");
    await run.until(({ steps }) =>
      steps.some(({ op, name, done }) => op === "create-replacement" && name === "web" && done),
    );
    bench.relay.break();
    const { code, steps } = await run.outcome;
    expect(code).not.toBe(0);
    expect(steps.filter(({ failed }) => failed).map(({ op }) => op)).toContain("delete-replaced");
    bench.relay.restore();

    await stack.write(ofWord, settings);
    await stack.up();

    expect(await bench.read(await web(), "/word/word")).toBe("a");
    await bench.expectSameAs(stack);
    expect((await stack.up()).steps).toEqual([]);
  });

  test("a create that was cut off and is repeated makes one container", async () => {
    stack = await Stack.create(one, sleeping());
    const run = stack.start("up");
    await run.until(({ steps }) => steps.some(({ op, name }) => op === "create" && name === "web"));
    bench.relay.break();
    const { code } = await run.outcome;
    expect(code).not.toBe(0);
    bench.relay.restore();

    await stack.up();

    expect(bench.firstProcess(await web())).toBeDefined();
    await bench.expectSameAs(stack);
  });

  test("components of two types may each hold a container of one name", async () => {
    const program: Program<Settings & { front: string }> = ({ pulumi, slipway, settings, busybox }) => {
      const { host, image } = busybox();
      for (const [type, command] of [
        ["Front", ["sleep", settings.front]],
        ["Back", ["sleep", "200000"]],
      ] as const) {
        const parent = new pulumi.ComponentResource(`test:index:${type}`, "same");
        new slipway.Container("web", { host, image, command: [...command], network: "none" }, { parent });
      }
    };
    stack = await Stack.create(program, { ...bench.settings(), front: "100000" });
    await stack.up();
    expect((await stack.up()).steps).toEqual([]);
    // By the types of their parents, Front first: the state has an order of its own.
    const ids = async (): Promise<(string | undefined)[]> =>
      (await stack.resources())
        .filter((r) => r.urn.endsWith("::web"))
        .sort((a, b) => (a.urn < b.urn ? 1 : -1))
        .map((r) => r.id);
    const [front, back] = await ids();
    const process = bench.firstProcess(back);
    expect(process).toBeDefined();

    await stack.write(program, { ...bench.settings(), front: "300000" });
    await stack.up();

    expect(await ids()).toEqual([expect.not.stringMatching(front ?? ""), back]);
    expect(bench.firstProcess(back)).toEqual(process);
    await bench.expectSameAs(stack);
  });

  test("moved under another parent with an alias, everything stays what it is", async () => {
    const program: Program<Settings & { moved: boolean }> = ({ pulumi, slipway, settings, busybox }) => {
      const options = settings.moved
        ? {
            parent: new pulumi.ComponentResource("test:index:Group", "group"),
            aliases: [{ parent: pulumi.rootStackResource }],
          }
        : {};
      const { host, image } = busybox(options);
      new slipway.Container("web", { host, image, command: ["sleep", "100000"], network: "none" }, options);
    };
    stack = await Stack.create(program, { ...bench.settings(), moved: false });
    await stack.up();
    const id = await web();
    const process = bench.firstProcess(id);

    await stack.write(program, { ...bench.settings(), moved: true });
    const { steps } = await stack.up();

    expect(new Set(steps.filter(({ type }) => type !== "Group").map(({ op }) => op))).toEqual(new Set(["update"]));
    expect(await web()).toBe(id);
    expect(bench.firstProcess(id)).toEqual(process);
    await bench.expectSameAs(stack);
    expect((await stack.up()).steps).toEqual([]);
  });

  test.each(["none", "host"] as const)(
    "a replacement that fails leaves the old one serving (network %s)",
    async (network) => {
      const good = { ...sleeping(), network };
      const bad = { ...good, command: ["sh", "-c", "echo this is broken; exit 3"] };
      stack = await Stack.create(one, good);
      await stack.up();
      const id = await web();
      const process = bench.firstProcess(id);
      const serves = async (): Promise<void> => {
        expect(await web()).toBe(id);
        if (network === "none") expect(bench.firstProcess(id)).toEqual(process);
        else expect(bench.firstProcess(id)).toBeDefined();
        await bench.expectSameAs(stack);
      };

      await stack.write(one, bad);
      const { output } = await stack.failing("up");
      expect(output).toMatch(/this is broken/);
      expect(output).toMatch(/\b3\b/);
      await serves();

      await stack.failing("up", "--refresh");
      await serves();

      await stack.write(one, good);
      expect((await stack.up("--refresh")).steps.filter(({ op }) => op !== "refresh")).toEqual([]);
      await serves();
    },
  );

  test("address and key of the host change without touching what runs, and destroy works from another checkout", async () => {
    stack = await Stack.create(one, sleeping());
    await stack.up();
    const id = await web();
    const process = bench.firstProcess(id);

    const move = await bench.move();
    await stack.write(one, { ...sleeping(), host: move.host });
    const { steps } = await stack.up();
    expect(new Set(steps.map(({ op }) => op))).toEqual(new Set(["update"]));
    expect(await web()).toBe(id);
    expect(bench.firstProcess(id)).toEqual(process);
    await move.retireOld();

    const elsewhere = await stack.checkout();
    await elsewhere.destroy();
    expect(bench.firstProcess(id)).toBeUndefined();
    await move.undo();
  });
});
