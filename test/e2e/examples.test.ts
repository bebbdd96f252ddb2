import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { Snapshot } from "../host/index.js";
import { Bench } from "./bench.js";
import { repository } from "./pulumi.js";
import { Stack } from "./stack.js";

const folder = join(repository, "examples/quickstart");

describe("examples/quickstart", () => {
  let bench: Bench;
  let stack: Stack;
  let before: Snapshot;

  beforeAll(async () => {
    execFileSync(process.execPath, [join(folder, "base.mjs")], { stdio: "inherit" });
    bench = await Bench.create();
    before = await bench.snapshot();
    stack = await Stack.ofFolder(folder);
    const { address, ...ssh } = bench.host.connection;
    await stack.pulumi("config", "set", "address", address);
    await stack.pulumi("config", "set", "slipway:ssh", JSON.stringify(ssh));
  });
  afterAll(async () => {
    await stack?.dispose();
    await bench?.dispose();
  });

  test("up serves the page, and a second up changes nothing", async () => {
    await stack.up();
    expect(await bench.fetch(8080)).toContain("<h1>Launched.</h1>");
    expect((await stack.up()).steps).toEqual([]);
  });

  test("the container without a network serves the same page to itself only", async () => {
    const { id } = await stack.resource("Container", "alone");
    const pid = bench.firstProcess(id)?.pid;
    const inside = ["--target", `${pid}`, "--net", "--mount", "/bin/busybox"];
    const links = execFileSync("nsenter", [...inside, "ip", "-o", "link"], { encoding: "utf8" });
    expect(links.trim().split("\n")).toEqual([expect.stringContaining(": lo:")]);
    const page = execFileSync("nsenter", [...inside, "wget", "-q", "-O", "-", "http://127.0.0.1:8080/"], {
      encoding: "utf8",
    });
    expect(page).toContain("<h1>Launched.</h1>");
  });

  test("fail/ fails with the log, and what served goes on serving", async () => {
    const ids = (await stack.resources()).map(({ id }) => id);
    await stack.overlay(join(folder, "fail"));
    expect((await stack.failing("up")).output).toContain("unrecognized option");
    expect(await bench.fetch(8080)).toContain("<h1>Launched.</h1>");
    expect((await stack.resources()).map(({ id }) => id)).toEqual(ids);
  });

  test("update/ changes limits and labels in place", async () => {
    const { id } = await stack.resource("Container", "web");
    const process = bench.firstProcess(id);
    await stack.overlay(join(folder, "update"));
    const { steps } = await stack.up();
    expect(steps.map(({ op, name }) => `${op} ${name}`).sort()).toEqual(["update alone", "update web"]);
    expect(bench.firstProcess(id)).toEqual(process);
    expect((await stack.up()).steps).toEqual([]);
  });

  test("replace/ makes a new layer, image and containers, and serves the new page", async () => {
    await stack.overlay(join(folder, "replace"));
    await stack.up();
    expect(await bench.fetch(8080)).toContain("<h1>Launched again.</h1>");
    expect((await stack.up()).steps).toEqual([]);
  });

  test("destroy leaves the host as it was", async () => {
    await stack.destroy();
    expect(await bench.changes(before, { agent: "kept" })).toEqual([]);
  });
});
