import { readFile } from "node:fs/promises";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { agentModule, findGo, goEnvironment } from "../../scripts/go";
import { createVm, type TestVm } from "./index";

/** Packages of the agent whose tests say more where cgroup version 2 is all there is. */
const packages = ["cgroup"];

describe("the agent's own tests on Debian 12 without systemd, with cgroup version 2 alone", () => {
  let vm: TestVm;
  beforeAll(async () => {
    vm = await createVm({ init: "none" });
    // A scheduler with weights of its own; Debian loads it when somebody chooses it for a disk.
    await vm.must("modprobe bfq");
  });
  afterAll(async () => vm.close());

  test.each(packages)("package %s", async (name) => {
    const program = join(vm.folder, `${name}.test`);
    const { command } = await findGo();
    execFileSync(command, ["test", "-c", "-o", program, `./${name}`], {
      cwd: agentModule,
      env: goEnvironment({ CGO_ENABLED: "0" }),
    });
    const copy = spawn("ssh", ["-F", vm.sshConfigFile, vm.name, `cat >${name}.test && chmod +x ${name}.test`]);
    copy.stdin.end(await readFile(program));
    await once(copy, "close");
    const { code, stdout } = await vm.exec(`./${name}.test -test.v`);
    expect(code, stdout).toBe(0);
    expect(stdout.match(/^--- SKIP.*\n.*/gm) ?? []).toEqual([]);
  });
});
