import { execFileSync, spawn } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Agent } from "../agent/agent";
import { repository } from "../e2e/pulumi";
import { Stack } from "../e2e/stack";
import { createVm, type TestVm } from "./index";

const folder = join(repository, "examples/quickstart");

describe("examples/quickstart on Debian 12 with systemd and cgroup version 2", () => {
  let vm: TestVm;
  let stack: Stack;
  const fetch = async (): Promise<string> => vm.must("busybox wget -q -O - http://127.0.0.1:8080/");
  const repaired = async (): Promise<string[]> =>
    (await stack.up("--refresh")).steps.filter(({ op }) => op !== "refresh").map(({ op, name }) => `${op} ${name}`);
  const claim = `/v1/hosts/${"0".repeat(32)}`;
  /** The agent as root, past the provider. */
  const session = async (): Promise<Agent> => {
    const serve = "exec $(ls -t /var/lib/slipway/agent/*/slipway-agent | head -n 1) serve";
    const agent = new Agent(
      spawn("ssh", ["-F", vm.sshConfigFile, vm.name, serve], { stdio: ["pipe", "pipe", "pipe"] }),
    );
    await agent.greet();
    return agent;
  };
  const limits = async (group: string): Promise<string> =>
    vm.must(`cd /sys/fs/cgroup/${group} && cat memory.max cpu.max pids.max`);

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
    expect(await limits(group)).toBe(`${64 << 20}\n50000 100000\n32\n`);
  });

  test("whatever somebody does to the service leaves them alone", async () => {
    const before = await vm.must("pgrep -f 'httpd -f'");
    const group = (await vm.must("sed s/^0::// /proc/$(pgrep -o -f 'httpd -f')/cgroup")).trim();
    // Restarting fails, because systemd cannot put a process where ours are.
    await vm.exec("systemctl restart slipway");
    await vm.must("systemctl stop slipway; systemctl reset-failed slipway; systemctl daemon-reload");
    expect(await vm.must("pgrep -f 'httpd -f'")).toBe(before);
    expect(await limits(group)).toBe(`${64 << 20}\n50000 100000\n32\n`);
    // What wants to be sure of the service takes it as it is.
    const agent = await session();
    expect((await agent.ask("PUT", claim, { owner: "acme/urn" })).status).toBe(200);
    expect((await agent.ask("DELETE", claim)).status).toBe(204);
    expect(await agent.hangUp()).toBe(0);
    expect(await repaired()).toEqual([]);
    expect(await vm.must("systemctl --failed --no-legend")).toBe("");
  });

  test("after a reboot they are down, and up --refresh starts them again", async () => {
    const bootId = "cat /proc/sys/kernel/random/boot_id";
    const before = await vm.must(bootId);
    await vm.exec("systemctl reboot");
    await expect
      .poll(async () => (await vm.exec(bootId)).stdout, { timeout: 400_000 })
      .not.toMatch(new RegExp(`^(${before})?$`));
    expect(await vm.must("systemctl is-active slipway")).toBe("active\n");
    expect((await vm.exec("pgrep -f 'httpd -f'")).stdout).toBe("");
    expect((await repaired()).sort()).toEqual(["update alone", "update web"]);
    expect(await fetch()).toContain("<h1>Launched.</h1>");
    expect(await repaired()).toEqual([]);
    // systemd waits a minute and a half for programs that do not end at its SIGTERM, as httpd does not.
  }, 600_000);

  test("destroy ends them, and no unit has failed", async () => {
    await stack.destroy();
    expect((await vm.exec("pgrep -f 'httpd -f'")).stdout).toBe("");
    expect(await vm.must("systemctl --failed --no-legend")).toBe("");
  });

  test("purging the host leaves nothing of ours", async () => {
    const agent = await session();
    expect((await agent.ask("PUT", claim, { owner: "acme/urn" })).status).toBe(200);
    expect(await agent.ask("DELETE", `${claim}?purge=true`)).toMatchObject({ status: 204 });
    expect(await agent.hangUp()).toBe(0);
    const places = "/etc/systemd /run /var/lib /sys/fs/cgroup /sys/fs/bpf /tmp";
    expect(await vm.must(`find ${places} -iname '*slipway*'`)).toBe("");
    expect((await vm.exec("systemctl show --property=LoadState slipway")).stdout).toBe("LoadState=not-found\n");
  });
});
