import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { credentialsFor, type Found } from "../../../provider/registry/credentials";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-docker-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const secret = "s3cret-of-the-test";
const auth = (text: string): string => Buffer.from(text).toString("base64");

/** Looks for credentials with a Docker config, and with helpers that are scripts. */
async function find(address: string, config: unknown, helpers: Record<string, string> = {}): Promise<Found> {
  if (config !== undefined) {
    writeFileSync(join(folder, "config.json"), typeof config === "string" ? config : JSON.stringify(config));
  }
  for (const [name, script] of Object.entries(helpers)) {
    const file = join(folder, `docker-credential-${name}`);
    writeFileSync(file, `#!/bin/sh\n${script}\n`);
    chmodSync(file, 0o755);
  }
  return credentialsFor(address, { DOCKER_CONFIG: folder, PATH: `${folder}:${process.env["PATH"] ?? ""}` });
}

/** A helper that knows one server. */
const knows = (server: string, username: string): string =>
  `[ "$1" = get ] || exit 9; read -r server || [ -n "$server" ] || exit 8
if [ "$server" = "${server}" ]; then echo '{"ServerURL":"x","Username":"${username}","Secret":"${secret}"}'
else echo "credentials not found in native keychain"; exit 1; fi`;

const hub = "https://index.docker.io/v1/";
const given = { username: "me", password: secret };

it.each([
  ["for the very name", "ghcr.io", { auths: { "ghcr.io": { auth: auth(`me:${secret}`) } } }, given],
  [
    "for a URL of it",
    "r.example:5000",
    { auths: { "https://r.example:5000/v2/": { auth: auth(`me:${secret}`) } } },
    given,
  ],
  ["for Docker Hub", "registry-1.docker.io", { auths: { [hub]: { auth: auth(`me:${secret}`) } } }, given],
  [
    "as an identity token",
    "a.azurecr.io",
    { auths: { "a.azurecr.io": { auth: auth("0:"), identitytoken: secret } } },
    { identityToken: secret },
  ],
  [
    "with a colon in the password",
    "a.b",
    { auths: { "a.b": { auth: auth("me:a:b") } } },
    { username: "me", password: "a:b" },
  ],
  ["for another port", "r.example:5001", { auths: { "r.example:5000": { auth: auth(`me:${secret}`) } } }, undefined],
  ["for another name", "evil-ghcr.io", { auths: { "ghcr.io": { auth: auth(`me:${secret}`) } } }, undefined],
  ["empty, as beside a helper", "ghcr.io", { auths: { "ghcr.io": {} } }, undefined],
  ["of strange types", "ghcr.io", { auths: { "ghcr.io": { auth: 7 } }, credHelpers: 7, credsStore: [] }, undefined],
])("an entry %s", async (_, address, config, expected) => {
  const { credentials, looked } = await find(address, config);
  expect(credentials).toEqual(expected);
  expect(looked).toContain(folder);
});

it("asks the helper of the registry, then that for all, then the file", async () => {
  const config = {
    credHelpers: { "ghcr.io": "own" },
    credsStore: "all",
    auths: { "quay.io": { auth: auth("file:word") } },
  };
  const helpers = { own: knows("ghcr.io", "own"), all: knows(hub, "<token>") };
  expect((await find("ghcr.io", config, helpers)).credentials).toEqual({ username: "own", password: secret });
  expect((await find("registry-1.docker.io", config, helpers)).credentials).toEqual({ identityToken: secret });
  expect((await find("quay.io", config, helpers)).credentials).toEqual({ username: "file", password: "word" });
  expect(await find("other.example", config, helpers)).toEqual({
    credentials: undefined,
    looked: `none, for ${folder}/config.json and docker-credential-all of this machine have none for other.example`,
  });
});

it.each([
  ["a helper that is not there", { credsStore: "desktop" }, {}, "docker-credential-desktop is not in PATH"],
  [
    "a helper that fails",
    { credsStore: "bad" },
    { bad: `echo ${secret}; exit 3` },
    "docker-credential-bad ended with 3",
  ],
  [
    "a helper that says something else",
    { credsStore: "odd" },
    { odd: `echo ${secret}` },
    "answered with no credentials",
  ],
  ["a helper that is a path", { credsStore: "../../bin/sh" }, {}, "is no name of a program"],
  ["a config that is not JSON", `{"auths": "${secret}`, {}, "is not JSON"],
])("%s leaves the registry without, and is told", async (_, config, helpers, says) => {
  const { credentials, looked } = await find("ghcr.io", config, helpers);
  expect(credentials).toBeUndefined();
  expect(looked).toContain(says);
  expect(looked).not.toContain(secret);
});

it("does without a config", async () => {
  expect((await find("ghcr.io", undefined)).credentials).toBeUndefined();
});
