import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { Bench } from "../e2e/bench.js";
import { repository } from "../e2e/pulumi.js";
import { Stack } from "../e2e/stack.js";

const run = promisify(execFile);
const pulumi = "@pulumi/pulumi@3.245.0";
// Scripts of other packages only make optional parts faster, and cost a minute of compiling.
const npm = ["npm", "install", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"];

/** Each way to get the package: the folder in projects/, where its program is, and how a person would install. */
const ways: { project: string; within?: string; commands: (tarball: string) => string[][] }[] = [
  { project: "npm", commands: (tarball) => [[...npm, tarball, pulumi, "typescript@5.9.3", "@types/node@20.19.43"]] },
  {
    project: "pnpm",
    commands: (tarball) => [
      ["npx", "--yes", "pnpm@10.34.9", "add", "--ignore-scripts", "--prefer-offline", `file:${tarball}`, pulumi],
    ],
  },
  {
    project: "workspace",
    within: "program",
    commands: (tarball) => [
      [...npm, "--workspace", "components", tarball, pulumi],
      [...npm, "--workspace", "program", pulumi],
    ],
  },
];

describe("the packed package, installed elsewhere", () => {
  let bench: Bench;
  let folder: string;
  let tarball: string;

  beforeAll(async () => {
    [bench, folder] = await Promise.all([Bench.create(), mkdtemp(join(tmpdir(), "slipway-pack-"))]);
    await run("npm", ["pack", "--ignore-scripts", "--pack-destination", folder], { cwd: repository });
    const [name] = await readdir(folder);
    tarball = join(folder, name ?? "");
  });
  afterAll(async () => {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
    await bench?.dispose();
  });

  test.each(ways)("with $project", async ({ project, within, commands }) => {
    const stack = await Stack.ofFolder(join(__dirname, "projects", project), {
      parent: folder,
      within,
      prepare: async (cwd) => {
        for (const [command = "", ...words] of commands(tarball)) await run(command, words, { cwd });
      },
    });
    try {
      await stack.pulumi("config", "set", "settings", JSON.stringify(bench.settings()));
      await stack.up();
      expect(await stack.outputs()).toEqual({ running: true });
      await bench.expectSameAs(stack);
      expect((await stack.up()).steps).toEqual([]);
      await stack.destroy();
      await bench.expectSameAs(stack);
    } finally {
      await stack.dispose();
    }
  });
});
