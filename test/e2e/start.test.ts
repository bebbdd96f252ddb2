import { execFile, execFileSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { groupName } from "../host/boot.js";
import { repository } from "./pulumi.js";

const run = promisify(execFile);

/** The commands in a checkout of their own, so that a quickstart somebody runs in this one is left alone. */
describe("npm start and npm run stop", () => {
  let folder: string;
  const npm = async (...words: string[]): Promise<string> => {
    const { stdout, stderr } = await run("npm", [...words, "--silent"], { cwd: folder });
    return stdout + stderr;
  };

  beforeAll(async () => {
    await mkdir(join(repository, ".state/e2e"), { recursive: true });
    folder = await mkdtemp(join(repository, ".state/e2e/checkout-"));
    const words = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    const files = execFileSync("git", words, { cwd: repository, encoding: "utf8" }).split("\0");
    for (const file of files.filter((name) => name !== "")) {
      await mkdir(dirname(join(folder, file)), { recursive: true });
      await cp(join(repository, file), join(folder, file), { verbatimSymlinks: true }).catch(() => undefined);
    }
    // What takes minutes to get is shared.
    for (const shared of ["node_modules", ".tools"]) await symlink(join(repository, shared), join(folder, shared));
  });
  afterAll(async () => {
    await npm("run", "stop").catch(() => undefined);
    await rm(folder, { recursive: true, force: true });
  });

  test("the first start ends with the container's answer and three things to try", async () => {
    const output = await npm("start");
    expect(output).toContain("<h1>Launched.</h1>");
    expect(output).toMatch(/\n1\. [^]*pulumi preview\n2\. [^]*pulumi up\n3\. [^]*npm run stop\n/);
  });

  test("the second start changes nothing, and goes on where a CLI was killed", async () => {
    const locks = join(folder, ".state/start/state/.pulumi/locks/organization/quickstart/dev");
    await mkdir(locks, { recursive: true });
    // No process has this number: it is beyond the kernel's largest.
    await writeFile(join(locks, "killed.json"), JSON.stringify({ pid: 2 ** 22 + 1, hostname: hostname() }));
    expect(await npm("start")).toMatch(/Resources:\n +\d+ unchanged\n/);
  });

  test("stop leaves nothing", async () => {
    await npm("run", "stop");
    expect(await readdir(join(folder, ".state"))).toEqual(["hosts"]);
    expect(await readdir(join(folder, ".state/hosts"))).toEqual([]);
    const group = groupName({ name: "quickstart", folder: join(folder, ".state/hosts/quickstart") });
    const groups = await readdir("/sys/fs/cgroup", { recursive: true });
    expect(groups.filter((name) => name.includes(group))).toEqual([]);
  });
});
