import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { repository } from "../e2e/pulumi";
import { Stack } from "../e2e/stack";
import { createVm, type TestVm } from "./index";

const folder = join(repository, "examples/quickstart");

describe("examples/quickstart on Debian 12 with systemd and cgroup version 2", () => {
  let vm: TestVm;
  let stack: Stack;
  const fetch = async (): Promise<string> => vm.must("busybox wget -q -O - http://127.0.0.1:8080/");

  beforeAll(async () => {
    execFileSync(process.execPath, [join(folder, "base.mjs")], { stdio: "inherit" });
    [vm, stack] = await Promise.all([createVm(), Stack.ofFolder(folder)]);
    // A user with sudo, whose processes the machine kills with the session.
    const { address, ...ssh } = vm.connectionAs("deploy");
    await stack.pulumi("config", "set", "address", address);
    await stack.pulumi("config", "set", "slipway:ssh", JSON.stringify(ssh));
  });
  afterAll(async () => {
    await stack?.dispose();
    await vm?.close();
  });

  test("up serves the page, and a second up changes nothing", async () => {
    await stack.up();
    expect(await fetch()).toContain("<h1>Launched.</h1>");
    expect((await stack.up()).steps).toEqual([]);
  });

  test("the containers outlive the SSH session, where other processes die with it", async () => {
    await vm.must("sudo -u deploy true");
    // What a user leaves behind is killed: else the next lines would prove nothing.
    execFileSync("ssh", [
      "-F",
      vm.sshConfigFile,
      "-l",
      "deploy",
      vm.name,
      "setsid sleep 1234 >/dev/null 2>&1 </dev/null & true",
    ]);
    const left = "pgrep -x sleep; loginctl list-sessions --no-legend | grep deploy";
    await expect.poll(async () => (await vm.exec(left)).stdout, { timeout: 60_000, interval: 500 }).toBe("");
    expect(await fetch()).toContain("<h1>Launched.</h1>");
    expect(await vm.must("pgrep -c -f 'httpd -f'")).toBe("2\n");
  });

  test("they run below a delegated service, with their limits", async () => {
    const group = (await vm.must("sed s/^0::// /proc/$(pgrep -o -f 'httpd -f')/cgroup")).trim();
    expect(group).toMatch(/^\/system\.slice\/slipway\.service\//);
    const limits = await vm.must(`cd /sys/fs/cgroup/${group} && cat memory.max cpu.max pids.max`);
    expect(limits).toBe(`${64 << 20}\n50000 100000\n32\n`);
  });

  test("destroy ends them, and no unit has failed", async () => {
    await stack.destroy();
    expect((await vm.exec("pgrep -f 'httpd -f'")).stdout).toBe("");
    expect(await vm.must("systemctl --failed --no-legend")).toBe("");
  });
});
