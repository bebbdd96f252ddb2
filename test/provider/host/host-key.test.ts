/** Whether a host's key is taken, judged by the system's own ssh with the same known_hosts. */
import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { HostConnection } from "../../../provider/host/connection";
import { isSlipwayError } from "../../../provider/host/errors";
import { connectSsh2 } from "../../../provider/host/ssh2";
import { createHost, type TestHost } from "../../host";

let host: TestHost;
let folder: string;
/** The host's keys by type, each as in known_hosts without a name. */
const keys: Record<string, string> = {};
const stranger = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIsVqHxZ4xVXuRvKuhyrOJ4nk7mGyH4WHMLFDJvuDDfP";

beforeAll(async () => {
  const types = ["ed25519", "rsa", "ecdsa"];
  host = await createHost({ sshdConfig: types.map((type) => `HostKey /etc/ssh/ssh_host_${type}_key`) });
  folder = await mkdtemp(join(tmpdir(), "slipway-host-key-"));
  for (const type of ["rsa", "ecdsa"])
    await host.must(`ssh-keygen -q -t ${type} -N '' -f /etc/ssh/ssh_host_${type}_key`);
  await host.must("pkill -o sshd");
  for (const type of types) {
    const [name, key] = (await host.must(`ssh-keygen -y -f /etc/ssh/ssh_host_${type}_key`)).split(" ");
    keys[type] = `${name} ${key?.trim()}`;
  }
  const anyKey = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"];
  await vi.waitUntil(() => bySsh([...anyKey, "-o", "HostKeyAlgorithms=ecdsa-sha2-nistp256"]), { timeout: 10_000 });
});
afterAll(async () => Promise.all([host.close(), rm(folder, { recursive: true })]));

const port = (): number => host.connection.port;
const name = (): string => `[127.0.0.1]:${port()}`;

/** Whether ssh gets in. */
function bySsh(options: string[]): boolean {
  const { user, identityFile } = host.connection;
  const args = [
    "-o",
    "BatchMode=yes",
    "-i",
    identityFile,
    "-p",
    String(port()),
    "-l",
    user,
    ...options,
    "127.0.0.1",
    "true",
  ];
  return spawnSync("ssh", args).status === 0;
}

/** "in", or the code of the error. */
async function bySsh2(connection: Partial<HostConnection>): Promise<string> {
  const { hostKey: _, ...rest } = host.connection;
  try {
    (await connectSsh2({ ...rest, ...connection })).close();
    return "in";
  } catch (error) {
    return isSlipwayError(error) ? error.code : String(error);
  }
}

async function config(options: Record<string, string>): Promise<string> {
  const path = join(folder, `config-${Math.random()}`);
  await writeFile(
    path,
    ["Host *", ...Object.entries(options).map(([option, value]) => `  ${option} ${value}`), ""].join("\n"),
  );
  return path;
}

async function file(lines: string[]): Promise<string> {
  const path = join(folder, `known-${Math.random()}`);
  await writeFile(path, lines.map((line) => `${line}\n`).join(""));
  return path;
}

describe("strict, as ssh decides", () => {
  const cases: [
    what: string,
    expected: string,
    user: () => string[],
    options?: Record<string, string>,
    global?: () => string[],
  ][] = [
    ["nothing known", "host_key_unknown", () => []],
    ["the key under its port", "in", () => [`${name()} ${keys["ed25519"]}`]],
    ["the key under the bare name", "in", () => [`127.0.0.1 ${keys["ed25519"]}`]],
    ["another key under the bare name", "host_key_unknown", () => [`127.0.0.1 ${stranger}`]],
    [
      "another key under its port, the right one bare",
      "host_key_changed",
      () => [`${name()} ${stranger}`, `127.0.0.1 ${keys["ed25519"]}`],
    ],
    ["only the RSA key", "in", () => [`${name()} ${keys["rsa"]}`]],
    ["only the ECDSA key", "in", () => [`${name()} ${keys["ecdsa"]}`]],
    ["two keys, one wrong", "in", () => [`${name()} ${stranger}`, `${name()} ${keys["ed25519"]}`]],
    ["a pattern", "in", () => [`[127.0.*]:${port()} ${keys["ed25519"]}`]],
    ["a pattern that rules it out", "host_key_unknown", () => [`[127.*]:${port()},!${name()} ${keys["ed25519"]}`]],
    [
      "revoked beside trusted",
      "host_key_revoked",
      () => [`${name()} ${keys["ed25519"]}`, `@revoked * ${keys["ed25519"]}`],
    ],
    ["another key revoked", "in", () => [`${name()} ${keys["ed25519"]}`, `@revoked * ${stranger}`]],
    ["revoked for another host", "in", () => [`${name()} ${keys["ed25519"]}`, `@revoked elsewhere ${keys["ed25519"]}`]],
    [
      "revoked in the global file",
      "host_key_revoked",
      () => [`${name()} ${keys["ed25519"]}`],
      {},
      () => [`@revoked * ${keys["ed25519"]}`],
    ],
    ["known in the global file only", "in", () => [], {}, () => [`${name()} ${keys["ed25519"]}`]],
    ["a certificate authority", "host_key_unknown", () => [`@cert-authority * ${keys["ed25519"]}`]],
    ["an alias", "in", () => [`web ${keys["ed25519"]}`], { HostKeyAlias: "web" }],
    [
      "an alias, known by its address only",
      "host_key_unknown",
      () => [`${name()} ${keys["ed25519"]}`],
      { HostKeyAlias: "web" },
    ],
  ];
  test.each(cases)("%s", async (_, expected, user, options = {}, global = () => []) => {
    const configFile = await config({
      UserKnownHostsFile: await file(user()),
      GlobalKnownHostsFile: await file(global()),
      ...options,
    });
    expect(bySsh(["-F", configFile, "-o", "StrictHostKeyChecking=yes"])).toBe(expected === "in");
    expect(await bySsh2({ configFile })).toBe(expected);
  });
});

test.each(["yes", "no"])("accept-new adds a key that ssh then takes, HashKnownHosts %s", async (HashKnownHosts) => {
  const known = join(folder, `fresh-${HashKnownHosts}`, "known_hosts");
  const configFile = await config({ UserKnownHostsFile: known, GlobalKnownHostsFile: "/dev/null", HashKnownHosts });
  expect(await bySsh2({ configFile })).toBe("host_key_unknown");
  expect(await bySsh2({ configFile, hostKeyCheck: "accept-new" })).toBe("in");
  expect(await bySsh2({ configFile, hostKeyCheck: "accept-new" })).toBe("in");
  expect((await readFile(known, "utf8")).trim().split("\n")).toHaveLength(1);
  expect(bySsh(["-F", configFile, "-o", "StrictHostKeyChecking=yes"])).toBe(true);
});

test("accept-new takes no key that it cannot remember", async () => {
  for (const known of ["none", folder, "/proc/version"]) {
    const configFile = await config({ UserKnownHostsFile: known, GlobalKnownHostsFile: "/dev/null" });
    expect(await bySsh2({ configFile, hostKeyCheck: "accept-new" })).toBe("host_key_unknown");
  }
});

test("a known_hosts file may have spaces in its path, and one beside it", async () => {
  const known = join(folder, "known hosts");
  await writeFile(known, `${name()} ${keys["ed25519"]}\n`);
  const configFile = await config({
    UserKnownHostsFile: `${join(folder, "nothing")} "${known}"`,
    GlobalKnownHostsFile: "/dev/null",
  });
  expect(await bySsh2({ configFile })).toBe("in");
});

test("accept-new does not take a key of another type for a host it knows", async () => {
  const other = "ssh-dss AAAAB3NzaC1kc3MAAAAB";
  const configFile = await config({
    UserKnownHostsFile: await file([`${name()} ${other}`]),
    GlobalKnownHostsFile: "/dev/null",
  });
  expect(await bySsh2({ configFile, hostKeyCheck: "accept-new" })).toBe("host_key_changed");
});

test("a pinned key counts alone, and one of several is enough", async () => {
  const configFile = await config({ UserKnownHostsFile: await file([`${name()} ${keys["ed25519"]}`]) });
  expect(await bySsh2({ configFile, hostKey: [stranger] })).toBe("host_key_changed");
  expect(await bySsh2({ configFile, hostKey: [stranger, `${keys["ed25519"]} comment`] })).toBe("in");
  expect(await bySsh2({ configFile, hostKey: [keys["rsa"] ?? ""] })).toBe("in");
  expect(await bySsh2({ hostKey: [keys["ecdsa"] ?? ""] })).toBe("in");
});
