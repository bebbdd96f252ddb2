import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { Snapshot } from "../host/index.js";
import { Bench } from "./bench.js";
import type { Program, Settings } from "./program.js";
import type { Run } from "./pulumi.js";
import { Stack } from "./stack.js";

/** How many kills there are; `npm run soak` has more than `npm test`. */
const count = Number(process.env["SLIPWAY_KILLS"] ?? 20);

/** Layers, images and containers of every kind; all but the host change with the generation. */
const fleet: Program<Settings & { generation: number }> = ({ slipway, settings, busybox }) => {
  const { host, rootfs, image: plain } = busybox();
  const generation = `${settings.generation}`;
  const site = new slipway.Layer("site", { host, directory: "site", target: "/srv" });
  const image = new slipway.Image("site", { host, layers: [rootfs, site], config: { env: { generation } } });
  const sleep = { host, command: ["sleep", "100000"], stopTimeout: "1s" };
  new slipway.Container("first", { ...sleep, image, network: "none" });
  new slipway.Container("second", { ...sleep, image, network: "none", memory: "32m" });
  new slipway.Container("outside", { ...sleep, image, network: "host" });
  new slipway.Container("in-place", { ...sleep, image: plain, network: "none", labels: { generation } });
  new slipway.Container("job", { host, image, command: ["true"], network: "none", wait: "exit" });
};

/** What is done to an `up` in the middle of it. */
const ways: { way: string; kill: (bench: Bench, stack: Stack, run: Run) => void }[] = [
  { way: "the agent is killed", kill: (bench) => bench.killAgents() },
  { way: "the connection is cut", kill: (bench) => bench.relay.cut() },
  {
    way: "^C twice",
    kill: (_bench, _stack, run) => {
      run.interrupt();
      run.interrupt();
    },
  },
  { way: "the CLI is killed", kill: (_bench, _stack, run) => run.kill() },
  { way: "all of Pulumi is killed", kill: (_bench, stack) => stack.killProcesses() },
];

/** The kills: spread evenly over the time, and each way over all of it. */
const kills = Array.from({ length: Math.ceil(count / 2) }, (_, index) => ({
  at: (index + 0.5) / Math.ceil(count / 2),
  ...(ways[index % ways.length] ?? { way: "none", kill: () => undefined }),
})).map((kill) => ({ ...kill, percent: Math.round(kill.at * 100) }));

describe("cut off and run again", () => {
  let bench: Bench;
  let stack: Stack;
  let generation = 0;
  const next = async (): Promise<void> => {
    generation += 1;
    await stack.writeFile("site/generation", `${generation}`);
    await stack.write(fleet, { ...bench.settings(), generation });
  };
  /** The time from the first step of an `up` to its end, in milliseconds. */
  const measure = async (): Promise<number> => {
    const run = stack.start("up");
    await run.until(({ steps }) => steps.length > 0);
    const begin = performance.now();
    expect((await run.outcome).code).toBe(0);
    return performance.now() - begin;
  };
  const disturb = async (after: number, kill: (typeof kills)[number]["kill"]): Promise<void> => {
    const run = stack.start("up");
    await run.until(({ steps }) => steps.length > 0);
    await setTimeout(after);
    kill(bench, stack, run);
    await run.outcome;
    await stack.unlock();
  };
  const converges = async (): Promise<void> => {
    await stack.up();
    // Left behind where the CLI alone was killed.
    stack.killProcesses();
    await bench.expectSameAs(stack);
    for (const name of ["first", "second", "outside", "in-place"]) {
      const { id } = await stack.resource("Container", name);
      expect(bench.firstProcess(id), name).toBeDefined();
    }
  };

  beforeAll(async () => {
    bench = await Bench.create();
    stack = await Stack.create(fleet, { ...bench.settings(), generation });
    await next();
  });
  afterAll(async () => {
    await stack?.dispose();
    await bench?.dispose();
  });

  describe("a replacement", () => {
    let length: number;
    beforeAll(async () => {
      await stack.up();
      await next();
      length = await measure();
    });

    test.each(kills)("at $percent % $way", async ({ at, kill }) => {
      await next();
      await disturb(length * at, kill);
      await converges();
    });

    test("a CLI that is killed leaves no connection behind", async () => {
      await next();
      await disturb(length / 2, (_bench, _stack, run) => run.kill());
      for (let tries = 0; tries < 100 && bench.agents().length > 0; tries++) await setTimeout(50);
      expect(bench.agents()).toEqual([]);
      await converges();
    });

    test("then destroy leaves nothing", async () => {
      await stack.destroy();
      await bench.expectSameAs(stack);
    });
  });

  describe("a first deployment", () => {
    let length: number;
    let empty: Snapshot;
    beforeAll(async () => {
      empty = await bench.snapshot();
      length = await measure();
      await stack.destroy();
    });

    test.each(kills)("at $percent % $way", async ({ at, kill }) => {
      await disturb(length * at, kill);
      await converges();
      await stack.destroy();
      expect(await bench.changes(empty, { agent: "gone" })).toEqual([]);
    });
  });
});
