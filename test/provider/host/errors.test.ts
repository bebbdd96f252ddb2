/** Each way in which reaching a host fails, provoked for real, by both transports that can meet it. */
import { execFileSync } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { HostConnection } from "../../../provider/host/connection";
import { isSlipwayError, type SlipwayError } from "../../../provider/host/errors";
import { openLink } from "../../../provider/host/link";
import { createHost, type TestHost } from "../../host";
import { fakeBundle, greet } from "./bundles";

let host: TestHost;
let folder: string;
beforeAll(async () => {
  [host, folder] = await Promise.all([createHost(), mkdtemp(join(tmpdir(), "slipway-errors-"))]);
});
afterAll(async () => Promise.all([host.close(), rm(folder, { recursive: true })]));
afterEach(() => vi.unstubAllEnvs());

/** The error of an attempt that must fail. */
async function failure(connection: HostConnection): Promise<SlipwayError> {
  const outcome = await openLink(connection).then(
    (link) => {
      link.close();
      return "it worked";
    },
    (error: unknown) => error,
  );
  if (!isSlipwayError(outcome)) throw new Error(`not an error of ours: ${String(outcome)}`, { cause: outcome });
  return outcome;
}

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text, { mode: 0o600 });
  return path;
}

async function makeKey(name: string, passphrase = ""): Promise<string> {
  const path = join(folder, name);
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", passphrase, "-C", name, "-f", path]);
  return Promise.resolve(path);
}

/** The host by its known_hosts instead of a pinned key; `lines` replaces what stands there. */
async function viaKnownHosts(lines?: string): Promise<HostConnection> {
  const { hostKey: _, ...connection } = host.connection;
  const known = lines === undefined ? host.knownHostsFile : await file(`known_hosts-${Math.random()}`, lines);
  const configFile = await file(
    `config-${Math.random()}`,
    `Host *\n  UserKnownHostsFile ${known}\n  GlobalKnownHostsFile /dev/null\n`,
  );
  return { ...connection, configFile };
}

/** Listens on a free port and treats each connection as told. */
async function listen(treat: (socket: Socket) => void): Promise<{ server: Server; port: number }> {
  const server = createServer(treat);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, port: (server.address() as { port: number }).port };
}

const other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIsVqHxZ4xVXuRvKuhyrOJ4nk7mGyH4WHMLFDJvuDDfP";

describe.each(["ssh2", "openssh"] as const)("%s", (transport) => {
  test("name_not_found", async () => {
    const error = await failure({ ...host.connection, address: "no-such-host.invalid", transport });
    expect(error).toMatchObject({ code: "name_not_found", unreachable: true });
    expect(error.message).toContain("no-such-host.invalid");
  });

  test("name_not_found, also where there is no key to log in with", async () => {
    const { identityFile: _, ...rest } = host.connection;
    const connection = { ...rest, address: "no-such-host.invalid", configFile: "/dev/null", useAgent: false };
    expect((await failure({ ...connection, transport })).code).toBe("name_not_found");
  });

  test("connection_refused", async () => {
    const { server, port } = await listen(() => undefined);
    await new Promise((resolve) => server.close(resolve));
    const error = await failure({ ...host.connection, port, transport });
    expect(error).toMatchObject({ code: "connection_refused", unreachable: true });
    expect(error.retryFor).toBeGreaterThan(0);
    expect(error.message).toContain(`[127.0.0.1]:${port}`);
  });

  test("connect_timeout, of a machine that takes connections and says nothing", async () => {
    const { server, port } = await listen(() => undefined);
    const error = await failure({ ...host.connection, port, transport, connectTimeout: 1000 });
    server.close();
    expect(error).toMatchObject({ code: "connect_timeout", unreachable: true });
  });

  test("sshd_busy, of a server that turns new connections away", async () => {
    const { server, port } = await listen((socket) => socket.end("Exceeded MaxStartups\r\n"));
    const error = await failure({ ...host.connection, port, transport });
    server.close();
    expect(error).toMatchObject({ code: "sshd_busy", unreachable: true });
    expect(error.retryFor).toBeGreaterThan(10_000);
    expect(error.message).toContain("Exceeded MaxStartups");
  });

  test("handshake_failed, of a server that is no sshd", async () => {
    const { server, port } = await listen((socket) => socket.once("data", () => socket.end("HTTP/1.1 400 No\r\n\r\n")));
    const error = await failure({ ...host.connection, port, transport });
    server.close();
    expect(error).toMatchObject({ code: "handshake_failed", unreachable: true, retryFor: 0 });
    expect(error.message).toContain("HTTP/1.1 400 No");
  });

  test("host_key_unknown", async () => {
    const error = await failure({ ...(await viaKnownHosts("")), transport });
    expect(error).toMatchObject({ code: "host_key_unknown", unreachable: true, retryFor: 0 });
    const [key = ""] = host.connection.hostKey;
    expect(error.message).toContain(fingerprintOf(key));
    expect(error.message).toContain("ssh-keygen -lf");
    if (transport === "ssh2") {
      expect(error.message).toContain(`hostKey: ["${key}"]`);
      expect(error.message).toContain(`[127.0.0.1]:${host.connection.port} ${key}`);
    }
  });

  test("host_key_changed, in known_hosts", async () => {
    const error = await failure({
      ...(await viaKnownHosts(`[127.0.0.1]:${host.connection.port} ${other}\n`)),
      transport,
    });
    expect(error).toMatchObject({ code: "host_key_changed", unreachable: true, retryFor: 0 });
    expect(error.message).toContain(fingerprintOf(host.connection.hostKey[0] ?? ""));
  });

  test("host_key_changed, although accept-new", async () => {
    const known = await viaKnownHosts(`[127.0.0.1]:${host.connection.port} ${other}\n`);
    const error = await failure({ ...known, hostKeyCheck: "accept-new", transport });
    expect(error.code).toBe("host_key_changed");
  });

  test("host_key_changed, pinned", async () => {
    const error = await failure({ ...host.connection, hostKey: [other], transport });
    expect(error.code).toBe("host_key_changed");
    expect(error.message).toContain("`hostKey` of the program");
  });

  test("host_key_revoked, even where another line trusts the key", async () => {
    const [key = ""] = host.connection.hostKey;
    const name = `[127.0.0.1]:${host.connection.port}`;
    const error = await failure({ ...(await viaKnownHosts(`${name} ${key}\n@revoked * ${key}\n`)), transport });
    expect(error).toMatchObject({ code: "host_key_revoked", unreachable: true });
    expect(error.message).toContain("Give the host a new key");
  });

  test("key_refused names the keys that were tried", async () => {
    const identityFile = await makeKey(`stranger-${transport}`);
    const error = await failure({ ...host.connection, identityFile, transport });
    expect(error).toMatchObject({ code: "key_refused", unreachable: true, retryFor: 0 });
    expect(error.message).toContain(fingerprintOf(execFileSync("cat", [`${identityFile}.pub`]).toString()));
    expect(error.message).toContain("user root");
  });

  test("key_refused, where sshd takes the key but not the user", async () => {
    const strict = await createHost({ sshdConfig: ["PermitRootLogin no"] });
    const error = await failure({ ...strict.connection, transport });
    await strict.close();
    expect(error).toMatchObject({ code: "key_refused", unreachable: true, retryFor: 0 });
    expect(error.message).toContain("PermitRootLogin");
  });

  test("passphrase_missing and passphrase_wrong, without the passphrase", async () => {
    const identityFile = await makeKey(`locked-${transport}`, "correct horse");
    const privateKey = execFileSync("cat", [identityFile]).toString();
    const { identityFile: _, ...rest } = host.connection;
    for (const key of [{ privateKey }, { identityFile, passphrase: undefined }]) {
      // Without a passphrase the system's ssh reads the file itself, and only says that no key was left.
      const error = await failure({ ...rest, useAgent: false, ...key, transport });
      expect(error.code).toBe(transport === "openssh" && "identityFile" in key ? "key_refused" : "passphrase_missing");
    }
    for (const key of [{ privateKey }, { identityFile }]) {
      const error = await failure({ ...rest, useAgent: false, ...key, passphrase: "wrong horse", transport });
      expect(error.code).toBe("passphrase_wrong");
      expect(`${JSON.stringify(error)} ${error.stack ?? ""}`).not.toMatch(/wrong horse|PRIVATE KEY/);
    }
  });

  test("passphrase_missing, where only the host could tell that it is the right key", async () => {
    const identityFile = await makeKey(`own-${transport}`, "correct horse");
    const line = execFileSync("cat", [`${identityFile}.pub`]).toString();
    await host.must("cat >>/root/.ssh/authorized_keys", { input: line });
    const error = await failure({ ...host.connection, identityFile, useAgent: false, transport });
    expect(error).toMatchObject({ code: "passphrase_missing", unreachable: false });
    expect(error.message).toContain(identityFile);
  });

  test("host_key_invalid", async () => {
    const error = await failure({ ...host.connection, hostKey: ["ssh-ed25519 AAAAnonsense"], transport });
    expect(error).toMatchObject({ code: "host_key_invalid", unreachable: false });
  });

  test("key_unreadable", async () => {
    const { identityFile: _, ...rest } = host.connection;
    const error = await failure({ ...rest, privateKey: "no key at all", transport });
    expect(error).toMatchObject({ code: "key_unreadable", unreachable: false });
    expect(error.message).not.toContain("no key at all");
    const missing = await failure({ ...rest, identityFile: join(folder, "missing"), useAgent: false, transport });
    expect(missing).toMatchObject({ code: "key_unreadable", unreachable: false });
    expect(missing.message).toContain(join(folder, "missing"));
  });

  test("ssh_config_invalid", async () => {
    const configFile = await file("bad", "Host *\n  NoSuchOption yes\n");
    const error = await failure({ ...host.connection, configFile, transport });
    expect(error).toMatchObject({ code: "ssh_config_invalid", unreachable: false });
    expect(error.message).toMatch(/NoSuchOption/i);
  });

  test("sudo_refused", async () => {
    const error = await failure({ ...host.connectionAs("guest"), transport });
    expect(error.code).toBe("sudo_refused");
    expect(error.message).toContain("sudo: a password is required");
    expect(error.message).toContain("guest ALL=(ALL) NOPASSWD: ALL");
    const without = await failure({ ...host.connectionAs("deploy"), sudo: false, transport });
    expect(without.code).toBe("sudo_refused");
    expect(without.message).toContain("sudo: false");
  });

  test("shell_noise, of a login shell that never comes to our command", async () => {
    await host.must("busybox sed -i '/^guest:/s,:[^:]*$,:/usr/sbin/nologin,' /etc/passwd");
    const silent = await failure({ ...host.connectionAs("guest"), transport });
    expect(silent.code).toBe("shell_noise");
    expect(silent.message).toContain("This account is currently not available");
    await host.must("printf '#!/bin/sh\\nexec yes welcome' >/usr/bin/endless; chmod 755 /usr/bin/endless");
    await host.must("busybox sed -i '/^guest:/s,:[^:]*$,:/usr/bin/endless,' /etc/passwd");
    const endless = await failure({ ...host.connectionAs("guest"), transport });
    expect(endless.code).toBe("shell_noise");
    expect(endless.message).toContain("prints without end");
    await host.must("busybox sed -i '/^guest:/s,:[^:]*$,:/bin/sh,' /etc/passwd");
  });

  test("agent_failed, with what the agent said", async () => {
    vi.stubEnv("SLIPWAY_AGENT_DIR", await fakeBundle({ agent: "echo the disk is on fire >&2; exit 3" }));
    const error = await failure({ ...host.connection, transport });
    expect(error).toMatchObject({ code: "agent_failed", unreachable: false });
    expect(error.message).toContain("status 3");
    expect(error.message).toContain("the disk is on fire");
  });

  test("protocol_mismatch", async () => {
    vi.stubEnv("SLIPWAY_AGENT_DIR", await fakeBundle({ agent: greet(7) }));
    const error = await failure({ ...host.connection, transport });
    expect(error.code).toBe("protocol_mismatch");
    expect(error.message).toContain("protocol 7");
  });

  test("connection_lost, of an agent that ends after it has greeted", async () => {
    vi.stubEnv("SLIPWAY_AGENT_DIR", await fakeBundle({ agent: `${greet()}; echo out of memory >&2; exit 2` }));
    const error = await failure({ ...host.connection, transport });
    expect(error.code).toBe("connection_lost");
    expect(error.message).toContain("out of memory");
  });
});

test("needs_openssh, where ssh_config asks for what ssh2 cannot do", async () => {
  for (const option of [
    "ProxyJump nowhere.invalid",
    "ProxyCommand nc %h %p",
    "KnownHostsCommand /bin/true",
    "BindAddress 127.0.0.1",
  ]) {
    const configFile = await file("jump", `Host *\n  ${option}\n`);
    const error = await failure({ ...host.connection, configFile });
    expect(error).toMatchObject({ code: "needs_openssh", unreachable: false });
    expect(error.message).toContain(option.split(" ")[0]);
    expect(error.message).toContain('transport: "openssh"');
  }
});

test("key_unreadable, where others may read the file, which ssh does not take", async () => {
  const identityFile = await makeKey("exposed");
  await host.must("cat >>/root/.ssh/authorized_keys", { input: await readFile(`${identityFile}.pub`, "utf8") });
  await chmod(identityFile, 0o644);
  const error = await failure({ ...host.connection, identityFile, transport: "openssh" });
  expect(error).toMatchObject({ code: "key_unreadable", unreachable: false });
  expect(error.message).toContain("chmod 600");
});

test("what a jump host says is the cause", async () => {
  const { port, identityFile } = host.connection;
  const known = await file("known_hosts-jump", `[127.0.0.1]:${port} ${host.connection.hostKey[0]}\n`);
  const behind = (target: string): Promise<string> =>
    file(
      `config-${Math.random()}`,
      `Host jump\n  HostName 127.0.0.1\n  Port ${port}\nHost behind\n  ${target}\n  ProxyJump jump\n` +
        `Host *\n  User root\n  IdentityFile ${identityFile}\n  UserKnownHostsFile ${known}\n`,
    );
  for (const [target, code, sentence] of [
    ["HostName 127.0.0.1\n  Port 1", "connection_refused", "behind refuses the connection"],
    ["HostName nowhere.invalid", "network_unreachable", 'the jump host says "connect failed: '],
  ] as const) {
    const error = await failure({ address: "behind", configFile: await behind(target), transport: "openssh" });
    expect(error).toMatchObject({ code, unreachable: true });
    expect(error.message).toContain(sentence);
  }
});

test("ssh_missing", async () => {
  vi.stubEnv("PATH", folder);
  expect((await failure({ ...host.connection, transport: "openssh" })).code).toBe("ssh_missing");
  expect((await failure({ ...host.connection, configFile: "/dev/null" })).code).toBe("ssh_missing");
  // Without a configuration to read, ssh2 does well without it.
  vi.stubEnv("SLIPWAY_AGENT_DIR", await fakeBundle({ agent: "exit 9" }));
  expect((await failure(host.connection)).code).toBe("agent_failed");
});

test("bundle_missing", async () => {
  vi.stubEnv("SLIPWAY_AGENT_DIR", join(folder, "nowhere"));
  expect(await failure(host.connection)).toMatchObject({ code: "bundle_missing", unreachable: false });
});

function fingerprintOf(key: string): string {
  return execFileSync("ssh-keygen", ["-lf", "-"], { input: key }).toString().split(" ")[1] ?? "";
}
