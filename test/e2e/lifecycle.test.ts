import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { Snapshot } from "../host/index.js";
import { Bench, type Transport } from "./bench.js";
import type { Program, Settings } from "./program.js";
import { Stack } from "./stack.js";

interface WebSettings extends Settings {
  memory: string;
  tier: string;
}

/** A page served from a layer, and a second container of the same image. */
const web: Program<WebSettings> = ({ slipway, settings, busybox }) => {
  const { host, rootfs } = busybox();
  const site = new slipway.Layer("site", { host, directory: "site", target: "/srv/www" });
  const image = new slipway.Image("web", {
    host,
    layers: [rootfs, site],
    config: { entrypoint: ["/bin/busybox"], command: ["httpd", "-f", "-p", "8080", "-h", "/srv/www"] },
  });
  new slipway.Container("web", {
    host,
    image,
    network: "host",
    memory: settings.memory,
    cpus: 0.5,
    pidsLimit: 32,
    labels: { tier: settings.tier },
  });
  new slipway.Container("quiet", { host, image, command: ["sleep", "100000"], network: "none" });
  return { site: site.digest };
};

describe.each<{ transport: Transport; onDelete: "keep" | "purge" }>([
  { transport: "ssh2", onDelete: "keep" },
  { transport: "openssh", onDelete: "purge" },
  { transport: "local", onDelete: "purge" },
])("the life of a stack over $transport", ({ transport, onDelete }) => {
  let bench: Bench;
  let stack: Stack;
  let before: Snapshot;
  const given = (): WebSettings => {
    const { host, rootfs } = bench.settings(transport);
    return { host: { ...host, onDelete }, rootfs, memory: "64m", tier: "front" };
  };

  beforeAll(async () => {
    bench = await Bench.create();
    before = await bench.snapshot();
    stack = await Stack.create(web, given(), bench.surroundings(transport));
    await stack.writeFile("site/index.html", "first page\n");
  });
  afterAll(async () => {
    await stack?.dispose();
    await bench?.dispose();
  });

  test("a preview touches nothing, up makes all, and a second up nothing more", async () => {
    await stack.preview();
    expect(await bench.changes(before, { agent: "gone" })).toEqual([]);

    const first = await stack.up();
    expect(first.steps.map(({ op, name }) => `${op} ${name}`).sort()).toEqual(
      ["busybox", "host", "quiet", "rootfs", "site", "web", "web"].map((name) => `create ${name}`),
    );
    expect(await bench.fetch(8080)).toBe("first page\n");
    await bench.expectSameAs(stack);

    expect((await stack.up()).steps).toEqual([]);
  });

  test("limits and labels change in place", async () => {
    const { id } = await stack.resource("Container", "web");
    const process = bench.firstProcess(id);
    await stack.write(web, { ...given(), memory: "96m", tier: "back" });

    const { steps } = await stack.up();

    expect(steps).toMatchObject([{ op: "update", name: "web" }]);
    expect(steps[0]?.diff.sort()).toEqual(["labels", "memory"]);
    expect((await stack.resource("Container", "web")).id).toBe(id);
    expect(bench.firstProcess(id)).toEqual(process);
    expect(await bench.container(id)).toMatchObject({
      running: true,
      resources: { memory: { max: 96 * 1024 * 1024 }, cpu: { maxUs: 50_000 }, pids: { max: 32 } },
      labels: { tier: "back" },
    });
  });

  test("a changed file shows in the preview as replacement and is served after up", async () => {
    await stack.writeFile("site/index.html", "second page\n");
    const preview = await stack.preview();
    const replaced = preview.steps.filter(({ op }) => op === "replace").map(({ type, name }) => `${type} ${name}`);
    expect(replaced.sort()).toEqual(["Container quiet", "Container web", "Image web", "Layer site"]);
    expect(await bench.fetch(8080)).toBe("first page\n");

    await stack.up();

    expect(await bench.fetch(8080)).toBe("second page\n");
    await bench.expectSameAs(stack);
  });

  test("refresh finds no drift on a host that nobody touched", async () => {
    const state = async (): Promise<string> =>
      JSON.stringify((await stack.resources()).map(({ id, inputs, outputs }) => ({ id, inputs, outputs })));
    const recorded = await state();
    const { changes } = await stack.refresh();
    expect(Object.keys(changes)).toEqual(["same"]);
    expect(await state()).toBe(recorded);
    expect((await stack.up()).steps).toEqual([]);
  });

  test("destroy leaves the host as it was", async () => {
    await stack.destroy();
    expect(await stack.resources()).toEqual([]);
    const agent = onDelete === "keep" ? "kept" : "gone";
    expect(await bench.changes(before, { agent })).toEqual([]);
    if (agent === "kept") expect(await bench.host.must("cat /var/lib/slipway/host-id")).toMatch(/\S/);
  });
});
