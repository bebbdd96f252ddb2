import { readFile } from "node:fs/promises";

import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";

import { archive, layout, Registry } from "../registry/index.js";
import { Bench } from "./bench.js";
import type { Program, Settings } from "./program.js";
import { Stack } from "./stack.js";

interface ImageSettings extends Settings {
  image: Record<string, unknown>;
}

/** An image from a registry, and a container of it that says nothing of what to run. */
const pulled: Program<ImageSettings> = ({ slipway, settings }) => {
  const host = new slipway.Host("host", settings.host);
  const image = new slipway.Image("app", { host, ...settings.image });
  new slipway.Container("web", { host, image, network: "none", stopTimeout: "1s" });
  return { digest: image.digest };
};

/** A container of a name, and one of what a tag stands for. */
const named: Program<Settings & { name: string; ca: string }> = ({ slipway, settings }) => {
  const host = new slipway.Host("host", settings.host);
  const rest = { host, network: "none", stopTimeout: "1s" } as const;
  new slipway.Container("by-name", { ...rest, image: settings.name });
  new slipway.Container("resolved", { ...rest, image: slipway.resolveImage(settings.name, { ca: settings.ca }) });
};

describe("images from a registry", () => {
  let bench: Bench;
  let registry: Registry;
  let stack: Stack;
  const web = async (): Promise<string> => (await stack.resource("Container", "web")).id;

  /** Puts busybox into a registry, running a command. */
  const push = async (registry: Registry, name: string, ...command: string[]): Promise<string> => {
    const word = await archive({ name: "word", content: command.join(" ") });
    const layers = [{ tar: await readFile(bench.settings().rootfs) }, { tar: word }];
    await layout(bench.host, "/root/layout", { layers, config: { Cmd: command, Env: ["PATH=/bin"] } });
    await registry.push("/root/layout", name);
    return registry.digestOf(name);
  };

  beforeAll(async () => {
    bench = await Bench.create();
    registry = await Registry.start(bench.host, 5000, { guarded: true });
  });
  afterEach(async () => {
    try {
      await stack.destroy();
      await bench.expectSameAs(stack);
      expect(await bench.host.must("ls /var/lib/slipway/layers /var/lib/slipway/blobs")).not.toMatch(/[0-9a-f]{64}/);
    } finally {
      await stack.dispose();
    }
  });
  afterAll(async () => {
    await bench?.dispose();
  });

  test("a tag that moves changes nothing until a trigger does", async () => {
    const first = await push(registry, "app:1", "sleep", "100000");
    const { credentials } = Registry;
    const image = { reference: `${registry.address}/app:1`, insecure: true, credentials };
    stack = await Stack.create(pulled, { ...bench.settings(), image });
    await stack.up();
    expect(await stack.outputs()).toEqual({ digest: first });
    const before = await web();
    const { output } = await stack.pulumi("stack", "export");
    expect(output).not.toContain(credentials.password);

    const second = await push(registry, "app:1", "sleep", "200000");
    expect((await stack.up("--refresh")).changes).toEqual({ same: 4 });

    await stack.write(pulled, { ...bench.settings(), image: { ...image, triggers: ["again"] } });
    const preview = await stack.preview();
    expect(preview.changes).toMatchObject({ replace: 2 });
    await stack.up();
    expect(await stack.outputs()).toEqual({ digest: second });
    expect(await web()).not.toBe(before);
    const running = await bench.container(await web());
    expect(running.command).toEqual(["sleep", "200000"]);

    // Without the registry, whatever is there needs it no more.
    await stack.write(pulled, { ...bench.settings(), image: { ...image, triggers: ["again"], maxSize: "1g" } });
    await registry.stop();
    expect((await stack.up()).changes).toMatchObject({ update: 1 });
    registry = await Registry.start(bench.host, 5000, { guarded: true });
  });

  test("a container takes a name, and what a tag stands for in this deployment", async () => {
    const trusted = await Registry.start(bench.host, 5001, { guarded: true, tls: true });
    const ca = trusted.certificate;
    await bench.host.must("mkdir -p /etc/ssl/certs && cat >> /etc/ssl/certs/ca-certificates.crt", { input: ca });
    await push(trusted, "app:1", "sleep", "100000");
    // The registry listens where the host does, so Pulumi runs there too.
    const settings = { ...bench.settings("local"), name: `${trusted.address}/app:1`, ca };
    stack = await Stack.create(named, settings, bench.surroundings("local"));
    const auth = Buffer.from(Object.values(Registry.credentials).join(":")).toString("base64");
    await stack.writeFile("docker/config.json", JSON.stringify({ auths: { [trusted.address]: { auth } } }));
    stack.setEnvironment({ DOCKER_CONFIG: `${stack.program}/docker` });
    expect((await stack.up()).changes).toEqual({ create: 6 });
    const image = await stack.resource("Image", "resolved");
    expect(image.inputs["reference"]).toMatch(/:1@sha256:[0-9a-f]{64}$/);
    expect((await stack.up()).changes).toEqual({ same: 6 });

    await push(trusted, "app:1", "sleep", "200000");
    const { changes, steps } = await stack.up();
    expect(changes).toEqual({ same: 4, replace: 2 });
    expect(steps.filter(({ op }) => op === "replace").map(({ name }) => name)).toEqual(["resolved", "resolved"]);
    const byName = await bench.container((await stack.resource("Container", "by-name")).id);
    expect(byName.command).toEqual(["sleep", "100000"]);
    const resolved = await bench.container((await stack.resource("Container", "resolved")).id);
    expect(resolved.command).toEqual(["sleep", "200000"]);
  });
});
