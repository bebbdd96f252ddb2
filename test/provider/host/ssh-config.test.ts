/** What a user's ssh_config means for both transports. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { HostConnection } from "../../../provider/host/connection";
import { connectOpenssh } from "../../../provider/host/openssh";
import { connectSsh2 } from "../../../provider/host/ssh2";
import { readSshConfig } from "../../../provider/host/ssh-config";
import type { Transport } from "../../../provider/host/transport";
import { createHost, type TestHost } from "../../host";

let folder: string;
let host: TestHost;
beforeAll(async () => {
  [host, folder] = await Promise.all([createHost(), mkdtemp(join(tmpdir(), "slipway-config-"))]);
});
afterAll(async () => Promise.all([host.close(), rm(folder, { recursive: true })]));
afterEach(() => vi.unstubAllEnvs());

async function config(text: string): Promise<string> {
  const path = join(folder, `config-${Math.random()}`);
  await writeFile(path, text);
  return path;
}

describe("readSshConfig", () => {
  const home = userInfo().homedir;

  test("asks ssh, with what the program says coming first", async () => {
    vi.stubEnv("SLIPWAY_TEST_KEYS", "/from/variable");
    vi.stubEnv("HOME", folder); // which ssh does not heed
    const included = await config("Host web\n  ConnectTimeout 7\n  HashKnownHosts yes\n");
    const configFile = await config(
      `Host web db
  HostName %h.example.com
  Port 2222
  IdentityFile ~/.ssh/%n-%r
  IdentityFile "${join(folder, "other key")}"
  IdentityFile \${SLIPWAY_TEST_KEYS}/%h
  IdentitiesOnly yes
  UserKnownHostsFile ~/a /b
  HostKeyAlias the-web
  CertificateFile ~/cert.pub
  PKCS11Provider /card.so
  AddressFamily inet6
Match originalhost web user deploy
  ProxyJump bastion
Include "${included}"
Host *
  User nobody
`,
    );
    const read = await readSshConfig({ address: "web", user: "deploy", configFile });
    expect(read).toMatchObject({
      hostName: "web.example.com",
      port: 2222,
      user: "deploy",
      hostKeyAlias: "the-web",
      identityFiles: [join(home, ".ssh/web-deploy"), join(folder, "other key"), "/from/variable/web.example.com"],
      identitiesOnly: true,
      userKnownHosts: [join(home, "a"), "/b"],
      hashKnownHosts: true,
      connectTimeout: 7000,
      family: 6,
      certificateFiles: [join(home, "cert.pub")],
      pkcs11Provider: "/card.so",
      beyondSsh2: ["ProxyJump"],
    });
    const other = await readSshConfig({ address: "db", port: 22, configFile, connectTimeout: 1234 });
    expect(other).toMatchObject({
      hostName: "db.example.com",
      port: 22,
      user: "nobody",
      connectTimeout: 1234,
      beyondSsh2: [],
    });
  });

  test("finds the ssh-agent", async () => {
    vi.stubEnv("SSH_AUTH_SOCK", "/from/environment");
    vi.stubEnv("MY_AGENT", "/from/variable");
    for (const [line, socket] of [
      ["", "/from/environment"],
      ["IdentityAgent SSH_AUTH_SOCK", "/from/environment"],
      ["IdentityAgent none", undefined],
      ["IdentityAgent $MY_AGENT", "/from/variable"],
      ["IdentityAgent ${MY_AGENT}", "/from/variable"],
      ["IdentityAgent ${MY_AGENT}/agent", "/from/variable/agent"],
      ["IdentityAgent ~/agent", join(home, "agent")],
    ] as const) {
      const read = await readSshConfig({ address: "host", configFile: await config(`Host *\n  ${line}\n`) });
      expect([line, read.identityAgent]).toEqual([line, socket]);
    }
  });

  test("has OpenSSH's defaults where no ssh is installed", async () => {
    vi.stubEnv("PATH", folder);
    vi.stubEnv("HOME", folder);
    const read = await readSshConfig({ address: "[2001:db8::1]" });
    expect(read).toMatchObject({ hostName: "2001:db8::1", port: 22, beyondSsh2: [], connectTimeout: 10_000 });
    expect(read.userKnownHosts).toEqual([join(home, ".ssh/known_hosts")]);
    expect(read.identityFiles).toContain(join(home, ".ssh/id_ed25519"));
  });

  test("takes no address for an option", async () => {
    await expect(readSshConfig({ address: "-oProxyCommand=false" })).rejects.toMatchObject({
      code: "ssh_config_invalid",
    });
  });
});

async function hostname(
  connect: (connection: HostConnection) => Promise<Transport>,
  connection: HostConnection,
): Promise<string> {
  const transport = await connect(connection);
  try {
    const { stdout, exit } = await transport.exec("hostname; echo $SSH_CONNECTION");
    let text = "";
    for await (const chunk of stdout) text += String(chunk);
    await exit;
    return text;
  } finally {
    transport.close();
  }
}

test.each([
  ["ssh2", connectSsh2],
  ["openssh", connectOpenssh],
])("an alias of ssh_config is enough to reach a host, by %s", async (_, connect) => {
  expect(await hostname(connect, { address: host.name, configFile: host.sshConfigFile })).toContain(host.name);
});

test("openssh goes by a jump host, each checked under its own name", async () => {
  const [key = ""] = host.connection.hostKey;
  const known = join(folder, "known hosts");
  const jumped = `Host jump
  HostName 127.0.0.1
  Port ${host.connection.port}
Host behind
  HostName 127.0.0.1
  Port 22
  HostKeyAlias behind
  ProxyJump jump
Host *
  User root
  IdentityFile ${host.connection.identityFile}
  UserKnownHostsFile "${known}"
  GlobalKnownHostsFile /dev/null
`;
  const configFile = await config(jumped);
  await writeFile(known, `[127.0.0.1]:${host.connection.port} ${key}\nbehind ${key}\n`);
  const behind = { address: "behind", configFile };
  // The second sshd sees the first: the connection never left the host.
  expect(await hostname(connectOpenssh, behind)).toMatch(/^host-\w+\n127\.0\.0\.1 \d+ 127\.0\.0\.1 22\n/);
  await expect(hostname(connectSsh2, behind)).rejects.toMatchObject({ code: "needs_openssh" });
  await writeFile(known, `[127.0.0.1]:${host.connection.port} ${key}\n`);
  await expect(hostname(connectOpenssh, behind)).rejects.toMatchObject({ code: "host_key_unknown" });
  // A pinned key is the last host's; the jump host keeps its own check.
  expect(await hostname(connectOpenssh, { ...behind, hostKey: [key] })).toContain(host.name);
  await writeFile(known, `behind ${key}\n`);
  const refused = hostname(connectOpenssh, { ...behind, hostKey: [key] });
  await expect(refused).rejects.toMatchObject({ code: "host_key_unknown" });
  await expect(refused).rejects.toThrow("the key of a jump host on the way to behind is not known");
});
