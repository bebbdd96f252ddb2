import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { Snapshot } from "../host/index.js";
import { Bench } from "./bench.js";
import { repository } from "./pulumi.js";
import { Stack } from "./stack.js";

const examples = join(repository, "examples");
const overlays = ["update", "replace", "fail"];

/** Every folder of examples/ is a program; overlays in it are changes to it, copied over it. */
describe.each(readdirSync(examples))("examples/%s", (name) => {
  const folder = join(examples, name);
  const overlay = (kind: string): string | undefined =>
    existsSync(join(folder, kind)) ? join(folder, kind) : undefined;
  let bench: Bench;
  let stack: Stack;
  let before: Snapshot;

  beforeAll(async () => {
    // What an example says to fetch before the first `pulumi up`.
    execFileSync("npm", ["run", "--if-present", "--silent", "base"], { cwd: folder });
    bench = await Bench.create();
    before = await bench.snapshot();
    stack = await Stack.ofFolder(folder, { environment: { PULUMI_NODEJS_TRANSPILE_ONLY: "true" } }, overlays);
    const { address, ...ssh } = bench.settings().host;
    await stack.pulumi("config", "set", "address", address);
    await stack.pulumi("config", "set", "slipway:ssh", JSON.stringify(ssh));
  });
  afterAll(async () => {
    await stack?.dispose();
    await bench?.dispose();
  });

  test("up, and up again changes nothing, nor after a refresh", async () => {
    await stack.up();
    await bench.expectSameAs(stack);
    expect((await stack.up()).steps).toEqual([]);
    expect(Object.keys((await stack.refresh()).changes)).toEqual(["same"]);
  });

  test.runIf(overlay("update"))("update/ changes in place", async () => {
    const processes = await containers();
    await stack.overlay(join(folder, "update"));
    const { steps } = await stack.up();
    expect(new Set(steps.map(({ op }) => op))).toEqual(new Set(["update"]));
    expect(await containers()).toEqual(processes);
    expect((await stack.up()).steps).toEqual([]);
  });

  test.runIf(overlay("replace"))("replace/ makes new ones, and takes the old away", async () => {
    const processes = await containers();
    await stack.overlay(join(folder, "replace"));
    expect((await stack.preview()).steps.map(({ op }) => op)).toContain("replace");
    await stack.up();
    const now = await containers();
    expect(now.length).toBe(processes.length);
    expect(now.filter((process) => processes.includes(process))).toEqual([]);
    await bench.expectSameAs(stack);
  });

  test.runIf(overlay("fail"))("fail/ fails, and what served goes on", async () => {
    const count = (await containers()).length;
    await stack.overlay(join(folder, "fail"));
    await stack.failing("up");
    expect((await containers()).length).toBe(count);
    await bench.expectSameAs(stack);
  });

  test("destroy leaves the host as it was", async () => {
    await stack.destroy();
    expect(await bench.changes(before, { agent: "kept" })).toEqual([]);
  });

  /** The containers that run, each by its number and start time. */
  async function containers(): Promise<string[]> {
    const resources = await stack.resources();
    return resources
      .filter(({ type }) => type.endsWith(":Container"))
      .flatMap(({ id }) => bench.firstProcess(id) ?? [])
      .map(({ pid, started }) => `${pid} since ${started}`)
      .sort();
  }
});
