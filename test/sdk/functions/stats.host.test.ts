import * as pulumi from "@pulumi/pulumi";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { stats as schema } from "../../../provider/stats";
import * as slipway from "../../../sdk";
import { createHost, type TestHost } from "../../host";

const run = promisify(execFile);
let host: TestHost;
let settings: Exclude<slipway.HostAddress, string | slipway.HostReference>;

beforeAll(async () => {
  host = await createHost();
  settings = { ...host.connection, hostKey: [...host.connection.hostKey], configFile: "/dev/null" };
});
afterAll(async () => host?.close());

/** Runs a script in the package, as people run theirs; fails where it does not end by itself. */
async function script(text: string, ...kind: string[]): Promise<string> {
  const words = [...kind, "-e", `const host = ${JSON.stringify(settings)};\n${text}`];
  return (await run(process.execPath, words, { cwd: join(__dirname, "../../.."), timeout: 60_000 })).stdout;
}

it("answers a script, which then ends", async () => {
  const said = await script(`
    const slipway = require("pulumi-slipway");
    const early = Object.keys(require.cache).filter((file) => /dist.provider/.test(file));
    slipway.stats(host).then((reading) => console.log(JSON.stringify({ early, reading })));`);
  const { early, reading } = JSON.parse(said) as { early: string[]; reading: unknown };
  expect(schema.parse(reading)).toMatchObject({ containers: [], cgroups: [] });
  // Nothing that talks to hosts was loaded before it was needed.
  expect(early).toEqual([]);
});

it("answers a module again and again, until that has seen enough", async () => {
  const said = await script(
    `import { followStats } from "pulumi-slipway";
    let seen = 0;
    for await (const { time } of followStats({ ...host, user: undefined }, { interval: "100ms" })) {
      console.log(time);
      if (++seen === 3) break;
    }`,
    "--input-type=module",
  );
  const times = said.trimEnd().split("\n");
  expect(new Set(times).size).toBe(3);
  expect([...times].sort()).toEqual(times);
});

it("ends at once where it is called off", async () => {
  const readings = slipway.followStats(settings, { interval: "24h", signal: AbortSignal.timeout(2_000) });
  await expect(
    (async () => {
      for await (const { containers } of readings) expect(containers).toEqual([]);
    })(),
  ).rejects.toMatchObject({ code: "aborted" });
});

it("says why a host could not be asked, with a code", async () => {
  await expect(slipway.stats({ ...settings, port: 1 })).rejects.toMatchObject({ code: "connection_refused" });
});

it("answers a program of the Host it declares, and shows it although the key is a secret", async () => {
  await pulumi.runtime.setMocks(
    { call: () => ({}), newResource: ({ inputs }) => ({ id: "slot/incarnation", state: inputs as object }) },
    "shop",
    "dev",
    false,
    "acme",
  );
  const { identityFile = "", ...rest } = settings;
  const privateKey = pulumi.secret(await readFile(identityFile, "utf8"));
  const declared = new slipway.Host("web", { ...rest, privateKey });
  const reading = slipway.statsOutput(declared) as pulumi.Output<slipway.Stats> & { isSecret: Promise<boolean> };
  const found = await new Promise<slipway.Stats>((resolve) => void reading.apply(resolve));
  expect(schema.parse(found).containers).toEqual([]);
  expect(await reading.isSecret).toBe(false);
});
