import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

import { Bench } from "./bench.js";
import type { Program, Settings } from "./program.js";
import { repository, type Outcome } from "./pulumi.js";
import { Stack } from "./stack.js";

interface AllSettings extends Settings {
  /** A second way to the same machine, by a key given as text. */
  byText: { address: string } & Record<string, unknown>;
  /** Words that may stand nowhere in plain. */
  secrets: { privateKey: string; passphrase: string; environment: string };
  /** A block device of the host, as "major:minor". */
  disk: string;
  /** Which of two ways of saying the same is used. */
  other: boolean;
}

/** Every argument there is, each said in one of two ways that mean the same. */
const everything: Program<AllSettings> = ({ pulumi, slipway, settings, busybox }) => {
  const { secrets, other } = settings;
  const { host, rootfs } = busybox();
  const either = <T>(one: T, another: T): T => (other ? another : one);

  // Known only once the host was reached, so unknown in the first preview.
  const later = host.hostId.apply((id) => `host ${id.length}`);
  const hidden = pulumi.secret(secrets.environment);

  const second = new slipway.Host("second", {
    ...settings.byText,
    privateKey: secrets.privateKey,
    passphrase: secrets.passphrase,
    useAgent: false,
    hostKeyCheck: "strict",
    sudo: false,
    transport: "ssh2",
    connectTimeout: either<string | number>("15s", 15_000),
    onDelete: "keep",
  });
  const site = new slipway.Layer("site", {
    host,
    directory: either("site", "./site/"),
    target: "/srv/www",
    exclude: ["*.log"],
    chown: either<string | number>("33:33", 33),
    chmod: "u=rwX,go=rX",
  });
  const config = new slipway.Layer("config", {
    host,
    files: either<Record<string, string | { content: string; chmod: string; chown: string | number }>>(
      { "/etc/plain": "plain\n", "/etc/owned": { content: "owned\n", chmod: "600", chown: 1000 } },
      {
        "/etc/owned": { content: "owned\n", chmod: "0600", chown: "1000:1000" },
        "/etc/./plain": { content: "plain\n", chmod: "644", chown: "0:0" },
      },
    ),
  });
  const secretFile = new slipway.Layer("secret-file", {
    host,
    files: { "/etc/secret": { content: pulumi.interpolate`${hidden}\n`, chmod: "0400" }, "/etc/later": later },
  });
  const image = new slipway.Image("image", {
    host,
    layers: [rootfs, site, config, secretFile],
    config: {
      entrypoint: ["sleep"],
      command: ["100000"],
      env: either<Record<string, string> | string[]>({ A: "1", B: "two" }, ["B=two", "A=1"]),
      workingDir: "/srv/www",
      user: either("0:0", "0:0"),
      stopSignal: either("QUIT", "SIGQUIT"),
      labels: either<Record<string, string> | string[]>({ x: "y", a: "b" }, ["a=b", "x=y"]),
    },
  });
  new slipway.Container("all", {
    host,
    image,
    entrypoint: ["/bin/busybox", "sh", "-c"],
    command: ["trap 'exit 0' INT; while true; do sleep 1; done"],
    env: either<Record<string, unknown> | unknown[]>({ FIRST: "1", SECOND: hidden, THIRD: later }, [
      pulumi.interpolate`THIRD=${later}`,
      pulumi.interpolate`SECOND=${hidden}`,
      "FIRST=1",
    ]) as Record<string, string>,
    workingDir: "/tmp",
    user: either<string | number>("1000", 1000),
    hostname: "all",
    network: "none",
    memory: either<string | number>("64m", 64 * 1024 * 1024),
    cpus: either<string | number>(0.5, "0.5"),
    memorySwap: either<string | number>("96m", "98304k"),
    memoryReservation: either<string | number>("32m", 32 * 1024 * 1024),
    cpuShares: 512,
    cpusetCpus: either<string | number>("0", 0),
    cpusetMems: either<string | number>(0, "0"),
    pidsLimit: 50,
    deviceReadBps: either<string[] | { path: string; rate: number }[]>(
      [`${settings.disk}:10m`],
      [{ path: settings.disk, rate: 10 * 1024 * 1024 }],
    ),
    deviceWriteIOps: [`${settings.disk}:1000`],
    labels: either<Record<string, unknown> | string[]>({ one: "1", two: "2" }, ["two=2", "one=1"]) as string[],
    stopSignal: either<string | number>("INT", 2),
    stopTimeout: either<string | number>("2s", 2000),
    readOnly: true,
    wait: "running",
  });
  const other2 = new slipway.Layer("second-rootfs", { host: second, rootfs: settings.rootfs });
  const image2 = new slipway.Image("second-image", { host: second, layers: [other2] });
  new slipway.Container("job", {
    host: second,
    image: image2,
    command: ["true"],
    env: { SECRET: hidden, LATER: pulumi.secret(later) },
    network: "host",
    wait: "exit",
  });
  return { hidden };
};

let bench: Bench;
let stack: Stack;
let settings: AllSettings;
let printed = "";

/** Remembers what a person would have seen. */
function seen(outcome: Outcome): Outcome {
  printed += outcome.output;
  return outcome;
}

beforeAll(async () => {
  bench = await Bench.create();
  const { privateKey, passphrase } = await bench.lockedKey();
  const { address, port, user, hostKey } = bench.host.connection;
  settings = {
    ...bench.settings(),
    byText: { address, port, user, hostKey: [...hostKey] },
    secrets: { privateKey, passphrase, environment: "a word for nobody's eyes" },
    disk: (await bench.host.must("cat /sys/block/*/dev | head -n 1")).trim(),
    other: false,
  };
  stack = await Stack.create(everything, settings);
  await stack.writeFile("site/index.html", "hello\n");
  await stack.writeFile("site/access.log", "nobody's business\n");
});
afterAll(async () => {
  await stack?.dispose();
  await bench?.dispose();
});

test("a preview with unknown values makes no fuss, and up follows it", async () => {
  const { steps } = seen(await stack.preview("--diff"));
  expect(steps.map(({ op }) => op)).toEqual(steps.map(() => "create"));
  const up = seen(await stack.up());
  expect(up.steps.length).toBe(steps.length);
});

test("the same said in another way changes nothing, neither before nor after a refresh", async () => {
  expect(seen(await stack.up()).steps).toEqual([]);
  await stack.write(everything, { ...settings, other: true });
  expect(seen(await stack.preview("--diff")).steps).toEqual([]);
  expect(seen(await stack.up()).steps).toEqual([]);
  const { changes } = seen(await stack.refresh());
  expect(Object.keys(changes)).toEqual(["same"]);
  await stack.write(everything, settings);
  expect(seen(await stack.up()).steps).toEqual([]);
});

test("arguments reach the container", async () => {
  const { id } = await stack.resource("Container", "all");
  expect(bench.environment(id)).toMatchObject({
    FIRST: "1",
    SECOND: settings.secrets.environment,
    A: "1",
    B: "two",
    HOSTNAME: "all",
  });
  const status = bench.status(id);
  expect(status).toMatch(/^Uid:\t1000\t1000\t1000\t1000$/m);
  expect(status).toMatch(/^NoNewPrivs:\t1$/m);
});

test("files are there as they were declared", async () => {
  const { id } = await stack.resource("Container", "all");
  const inside = (path: string): string => bench.inside(id, path);
  const described = async (path: string): Promise<string> => {
    const { mode, uid, gid } = await stat(inside(path));
    return `${(mode & 0o7777).toString(8)} ${uid}:${gid} ${await readFile(inside(path), "utf8")}`;
  };
  expect(await described("/etc/plain")).toBe("644 0:0 plain\n");
  expect(await described("/etc/owned")).toBe("600 1000:1000 owned\n");
  expect(await described("/etc/secret")).toBe(`400 0:0 ${settings.secrets.environment}\n`);
  expect(await described("/etc/later")).toMatch(/^644 0:0 host \d+$/);
  expect(await described("/srv/www/index.html")).toBe("644 33:33 hello\n");
  expect(await readdir(inside("/srv/www"))).toEqual(["index.html"]);
});

test("no secret stands in plain in the state, in what is printed, or on the host outside the container's record", async () => {
  const { privateKey, passphrase, environment } = settings.secrets;
  const words = [passphrase, environment, privateKey.split("\n")[1] ?? ""];
  const state = (await filesBelow(stack.state)).map(({ text }) => text).join("\n");
  for (const word of words) {
    expect(word.length).toBeGreaterThan(10);
    expect(state).not.toContain(word);
    expect(printed).not.toContain(word);
    expect((await stack.pulumi("stack", "export")).output).not.toContain(word);
  }
  const found = await bench.host.must("grep -rlF -f - /var/lib/slipway /run /var/log /tmp || true", {
    input: words.join("\n"),
  });
  // A checkout below /tmp shows there in the host, with the secrets of this file.
  for (const file of found.split("\n").filter((line) => line !== "" && !line.startsWith(repository))) {
    expect(file).toMatch(/^\/(var\/lib|run)\/slipway\/(containers|layers)\//);
  }
});

test("destroy takes all of it away", async () => {
  await stack.destroy();
  await bench.expectSameAs(stack);
});

async function filesBelow(folder: string): Promise<{ path: string; text: string }[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(files.map(async (path) => ({ path, text: await readFile(path, "latin1") })));
}
