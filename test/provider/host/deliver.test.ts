/** Bringing the agent to a real host: what arrives, what is kept, what is refused. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { bringAgent } from "../../../provider/host/bring";
import { type Bundle, loadBundle } from "../../../provider/host/bundle";
import { isSlipwayError, type SlipwayError } from "../../../provider/host/errors";
import { connectSsh2 } from "../../../provider/host/ssh2";
import { createHost, type TestHost } from "../../host";
import { fakeBundle, greet } from "./bundles";
import { Line } from "./line";

let host: TestHost;
const folders: string[] = [];
const undo: string[] = [];
beforeAll(async () => {
  host = await createHost();
});
beforeEach(async () => host.must("rm -rf /var/lib/slipway/*; chmod 700 /var/lib/slipway"));
afterEach(async () => {
  for (const command of undo.splice(0).reverse()) await host.must(command);
});
afterAll(async () => {
  await host.close();
  for (const folder of folders) await rm(folder, { recursive: true });
});

/** A bundle of its own, told apart from others by `mark`; its monitor is large enough to be seen arriving. */
async function bundle(mark = "one", monitorSize = 300_000): Promise<Bundle> {
  const monitor = randomBytes(monitorSize);
  const folder = await fakeBundle({ agent: `# ${mark}\n${greet()}; exec cat`, monitor });
  folders.push(folder);
  return loadBundle(folder);
}

/** Brings the agent and answers what it greets with, after a word there and back. */
async function bring(what: Bundle, user: "root" | "deploy" | "guest" = "root"): Promise<string> {
  const transport = await connectSsh2(host.connectionAs(user));
  try {
    const { channel, greeting } = await bringAgent(transport, "sudo", what);
    channel.stdin.write("PRI *");
    const [first] = (await once(channel.stdout, "data")) as [Buffer];
    const [word] = first.toString().split("\n");
    expect(word).toBe("PRI *");
    return greeting.digest;
  } finally {
    transport.close();
  }
}

async function refusal(what: Bundle): Promise<SlipwayError> {
  const error: unknown = await bring(what).catch((thrown: unknown) => thrown);
  if (!isSlipwayError(error)) throw new Error(`not an error of ours: ${String(error)}`);
  return error;
}

/** Changes the host until the end of the test. */
async function change(command: string, back: string): Promise<void> {
  await host.must(command);
  undo.push(back);
}

const list = async (): Promise<string[]> =>
  (await host.must("cd /var/lib/slipway && find . -printf '%P %m %U\\n'")).trim().split("\n").sort();

function agentOf(what: Bundle): string {
  return what.files.amd64?.[0].sha256 ?? "";
}

test("puts two executable files, of root's and only root's, under the agent's sha256", async () => {
  const what = await bundle();
  expect(await bring(what)).toBe(`sha256:${agentOf(what)}`);
  const at = `agent/${agentOf(what)}`;
  const expected = ["700 0", "agent 700 0", `${at} 755 0`, `${at}/slipway-agent 755 0`, `${at}/slipway-monitor 755 0`];
  expect(await list()).toEqual(expected);
  const sums = await host.must(`cd /var/lib/slipway/${at} && sha256sum slipway-agent slipway-monitor`);
  expect(sums).toBe(what.files.amd64?.map((file) => `${file.sha256}  ${file.name}\n`).join(""));
});

test("sends nothing that is there already", async () => {
  const what = await bundle();
  await bring(what);
  const inodes = await host.must("find /var/lib/slipway/agent -type f -printf '%i %T@\\n'");
  await bring(what, "deploy");
  expect(await host.must("find /var/lib/slipway/agent -type f -printf '%i %T@\\n'")).toBe(inodes);
});

test("replaces what is damaged, cut short or not executable", async () => {
  const what = await bundle();
  const folder = `/var/lib/slipway/agent/${agentOf(what)}`;
  await bring(what);
  for (const harm of [
    `printf x | dd of=${folder}/slipway-monitor bs=1 seek=1000 conv=notrunc`,
    `: >${folder}/slipway-agent`,
    `chmod 644 ${folder}/slipway-agent`,
    `rm -r ${folder}/slipway-monitor; mkdir ${folder}/empty`,
  ]) {
    await host.must(harm);
    await bring(what);
  }
});

test("comes by sudo, without gzip, and for many clients at once", async () => {
  const what = await bundle();
  for (const program of ["/usr/bin/gzip", "/usr/bin/gunzip"]) {
    await change(`mount --bind /etc/hostname ${program}`, `umount ${program}`);
  }
  await Promise.all(Array.from({ length: 6 }, async () => bring(what, "deploy")));
  expect(await list()).toHaveLength(5);
});

test("leaves nothing of a file whose sending was cut off", async () => {
  const what = await bundle("cut", 20_000_000);
  // Slow enough for the unfinished file to be seen.
  const line = await Line.to(host.connection.port, 4_000_000);
  const transport = await connectSsh2({ ...host.connection, port: line.port });
  const brought = bringAgent(transport, "sudo", what).catch((error: unknown) => error);
  await expect.poll(async () => (await list()).join(), { timeout: 10_000 }).toContain("/.slipway-monitor");
  transport.close();
  expect(await brought).toMatchObject({ code: "connection_lost" });
  await expect.poll(async () => (await list()).join(), { timeout: 10_000 }).not.toContain("/.slipway-");
  line.close();
});

test("keeps the newest two versions, and older ones that run or that the boot service names", async () => {
  const at = (version = ""): string => `/var/lib/slipway/agent/${version}`;
  const versions: string[] = [];
  for (const hoursAgo of [9, 8, 7, 6, 5, 4]) {
    const what = await bundle(`${hoursAgo} hours`, 1000);
    await bring(what);
    versions.push(agentOf(what));
    const [, running, named] = versions;
    // The agents here are scripts, of which only the shell runs: a real program stands in.
    if (running !== undefined && versions.length === 2) {
      await host.must(`cp /usr/bin/sleep ${at(running)}/sleep; ${at(running)}/sleep 60 >/dev/null 2>&1 &`);
      undo.push("pkill -x sleep");
    }
    if (named !== undefined && versions.length === 3) {
      const unit = "/etc/systemd/system/slipway.service";
      await change(
        `mkdir -p /etc/systemd/system; echo ExecStart=${at(named)}/slipway-agent boot >${unit}`,
        `rm ${unit}`,
      );
    }
    await host.must(`touch -d '-${hoursAgo} hours' ${at(agentOf(what))}`);
  }
  const [, running, named, , last, newest] = versions;
  const kept = (await host.must(`ls ${at()}`)).trim().split("\n");
  expect(kept.sort()).toEqual([running, named, last, newest].sort());
});

describe("refuses", () => {
  test("a full disk, before and while it sends", async () => {
    await change("mount -t tmpfs -o size=1m,mode=700 small /var/lib/slipway", "umount /var/lib/slipway");
    const before = await refusal(await bundle("large", 3_000_000));
    expect(before).toMatchObject({ code: "no_space", unreachable: false });
    expect(before.message).toMatch(/takes 3\.1 MB, 1\.1 MB are free/);
    await host.must("umount /var/lib/slipway; mount -t tmpfs -o nr_inodes=3,mode=700 small /var/lib/slipway");
    expect((await refusal(await bundle())).code).toBe("no_space");
  });

  test("a place where nothing may be executed, and one that cannot be written", async () => {
    await change("mount -t tmpfs -o noexec,mode=700 none /var/lib/slipway", "umount /var/lib/slipway");
    const noexec = await refusal(await bundle());
    expect(noexec.code).toBe("noexec");
    expect(noexec.message).toContain("/var/lib/slipway on the host is mounted noexec");
    await host.must("mount -o remount,exec,ro /var/lib/slipway");
    expect((await refusal(await bundle())).message).toContain("/var/lib/slipway on the host is mounted read-only");
  });

  test("folders that others could change", async () => {
    for (const [folder, harm, back] of [
      ["/var/lib/slipway", "chmod o+w", "chmod o-w"],
      ["/var/lib", "chmod g+w", "chmod g-w"],
      ["/var/lib/slipway", "chown guest", "chown root"],
    ] as const) {
      await host.must(`${harm} ${folder}`);
      const error = await refusal(await bundle());
      await host.must(`${back} ${folder}`);
      expect(error.code).toBe("folder_unsafe");
      expect(error.message).toContain(`${folder} (`);
    }
    expect(await list()).toEqual(["700 0"]);
  });

  test("bytes that changed on the way", async () => {
    await change(
      "printf '#!/bin/sh\\necho changed' >/usr/local/bin/gzip; chmod +x /usr/local/bin/gzip",
      "rm /usr/local/bin/gzip",
    );
    const error = await refusal(await bundle());
    expect(error.code).toBe("delivery_failed");
    expect(error.message).toContain("arrived with sha256");
    expect((await list()).join()).not.toContain("slipway-agent");
  });

  test("a host without sha256sum, of another machine type, or of another kernel", async () => {
    await change("mount --bind /etc/hostname /usr/bin/sha256sum", "umount /usr/bin/sha256sum");
    expect((await refusal(await bundle())).code).toBe("tool_missing");
    const uname = "/usr/local/bin/uname";
    await change(
      `echo 'case $1 in -m) echo riscv64 ;; *) echo Linux ;; esac' >${uname}; chmod +x ${uname}`,
      `rm ${uname}`,
    );
    const machine = await refusal(await bundle());
    expect(machine.code).toBe("architecture_unsupported");
    expect(machine.message).toContain("riscv64 (uname -m)");
    await host.must(`echo 'echo FreeBSD' >${uname}`);
    const kernel = await refusal(await bundle());
    expect(kernel.code).toBe("not_linux");
    expect(kernel.message).toContain("FreeBSD");
  });
});
