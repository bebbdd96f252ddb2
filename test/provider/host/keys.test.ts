/** Which keys a host is offered, with a real ssh-agent and a real sshd that hangs up after six. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { HostConnection } from "../../../provider/host/connection";
import { isSlipwayError } from "../../../provider/host/errors";
import { connectOpenssh } from "../../../provider/host/openssh";
import { connectSsh2 } from "../../../provider/host/ssh2";
import { createHost, type TestHost } from "../../host";

let host: TestHost;
let folder: string;
let agent: ChildProcess;
let socket: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipway-keys-"));
  socket = join(folder, "agent.socket");
  host = await createHost({ sshdConfig: ["TrustedUserCAKeys /etc/ssh/authority.pub"] });
  agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
  await vi.waitUntil(() => sshAdd("-l").includes("no identities"), { timeout: 5000 });
  for (const name of ["own", "locked", "authority", "certified", ...strangers])
    makeKey(name, name === "locked" ? "correct horse" : "");
  for (const name of ["own", "locked"])
    await host.must("cat >>/root/.ssh/authorized_keys", { input: await text(`${name}.pub`) });
  await host.must("cat >/etc/ssh/authority.pub", { input: await text("authority.pub") });
  execFileSync("ssh-keygen", ["-q", "-s", path("authority"), "-I", "test", "-n", "root", path("certified.pub")]);
});
beforeEach(() => {
  sshAdd("-D");
  vi.stubEnv("SSH_AUTH_SOCK", socket);
});
afterAll(async () => {
  agent.kill();
  vi.unstubAllEnvs();
  await Promise.all([host.close(), rm(folder, { recursive: true })]);
});

const strangers = Array.from({ length: 8 }, (_, index) => `stranger${index}`);
const path = (name: string): string => join(folder, name);
const text = async (name: string): Promise<string> => readFile(path(name), "utf8");

function makeKey(name: string, passphrase: string): void {
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", passphrase, "-C", name, "-f", path(name)]);
}

/** Runs ssh-add against our agent; an encrypted key gets its passphrase. */
function sshAdd(...args: string[]): string {
  const environment = {
    ...process.env,
    SSH_AUTH_SOCK: socket,
    SSH_ASKPASS_REQUIRE: "force",
    SSH_ASKPASS: path("askpass"),
  };
  try {
    return execFileSync("ssh-add", args, { env: environment, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

/** Tries to get in; answers the address of the error where not. The key of the bench is left out. */
async function attempt(
  transport: "ssh2" | "openssh",
  connection: Partial<HostConnection>,
): Promise<"in" | { code: string; message: string }> {
  const { identityFile: _, ...rest } = host.connection;
  const config = join(folder, `config-${Math.random()}`);
  await writeFile(config, `Host *\n  IdentityFile ${path("nothing")}\n`);
  const connect = transport === "ssh2" ? connectSsh2 : connectOpenssh;
  try {
    const reached = await connect({ ...rest, configFile: config, ...connection });
    const channel = await reached.exec("true");
    channel.stdout.resume();
    await channel.exit.finally(() => reached.close());
    return "in";
  } catch (error) {
    if (!isSlipwayError(error)) throw error;
    return { code: error.code, message: error.message };
  }
}

async function config(lines: string[]): Promise<string> {
  const file = join(folder, `config-${Math.random()}`);
  await writeFile(file, `Host *\n${lines.map((line) => `  ${line}\n`).join("")}`);
  return file;
}

describe.each(["ssh2", "openssh"] as const)("%s", (transport) => {
  test("a key from the ssh-agent", async () => {
    sshAdd(path("stranger0"), path("own"));
    expect(await attempt(transport, {})).toBe("in");
    expect(await attempt(transport, { useAgent: false })).toMatchObject({ code: "key_refused" });
  });

  test("the one key of many that is named, by file or by public half", async () => {
    for (const name of [...strangers, "own"]) sshAdd(path(name));
    expect(await attempt(transport, { identityFile: path("own") })).toBe("in");
    expect(await attempt(transport, { configFile: await config([`IdentityFile ${path("own.pub")}`]) })).toBe("in");
    expect(
      await attempt(transport, { configFile: await config([`IdentityFile ${path("own")}`, "IdentitiesOnly yes"]) }),
    ).toBe("in");
  });

  test("too many keys in the agent", async () => {
    for (const name of [...strangers, "own"]) sshAdd(path(name));
    const refused = await attempt(transport, {});
    expect(refused).toMatchObject({ code: "key_refused" });
    if (transport === "ssh2") {
      expect(refused).toMatchObject({ message: expect.stringContaining("3 more keys were not offered") as string });
    }
  });

  test("an encrypted key: by its passphrase, by the ssh-agent, as a secret", async () => {
    expect(await attempt(transport, { identityFile: path("locked"), passphrase: "correct horse" })).toBe("in");
    expect(await attempt(transport, { privateKey: await text("locked"), passphrase: "correct horse" })).toBe("in");
    expect(await attempt(transport, { identityFile: path("locked") })).toMatchObject({ code: "passphrase_missing" });
    await writeFile(path("askpass"), "#!/bin/sh\necho correct horse\n", { mode: 0o700 });
    sshAdd(path("locked"));
    expect(await attempt(transport, { identityFile: path("locked") })).toBe("in");
  });

  test.each(["rsa", "ecdsa"])("a secret key of type %s", async (type) => {
    const name = `${transport}-${type}`;
    execFileSync("ssh-keygen", ["-q", "-t", type, "-N", "", "-C", name, "-f", path(name)]);
    await host.must("cat >>/root/.ssh/authorized_keys", { input: await text(`${name}.pub`) });
    expect(await attempt(transport, { privateKey: await text(name) })).toBe("in");
  });

  test("a secret key alone counts, whatever the ssh-agent has", async () => {
    sshAdd(path("own"));
    expect(await attempt(transport, { privateKey: await text("own") })).toBe("in");
    expect(await attempt(transport, { privateKey: await text("stranger1") })).toMatchObject({ code: "key_refused" });
  });
});

test("a certificate in the ssh-agent: openssh shows it, ssh2 says that it cannot", async () => {
  sshAdd(path("certified"));
  expect(await attempt("openssh", {})).toBe("in");
  const refused = await attempt("ssh2", {});
  expect(refused).toMatchObject({ code: "key_refused" });
  expect(refused).toMatchObject({
    message: expect.stringMatching(/ssh-ed25519-cert.*needs `transport: "openssh"`/) as string,
  });
});

test("a stale SSH_AUTH_SOCK does not stand in the way of a file", async () => {
  vi.stubEnv("SSH_AUTH_SOCK", path("nobody"));
  expect(await attempt("ssh2", { configFile: await config([`IdentityFile ${path("own")}`]) })).toBe("in");
  expect(await attempt("ssh2", {})).toMatchObject({ message: expect.stringContaining("was not asked") as string });
});
