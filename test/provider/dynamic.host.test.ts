import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { contentKeyOf } from "../../sdk/content-key";
import type { Kind } from "../../sdk/resource";
import { rootfs } from "../e2e/rootfs";
import { createHost, type TestHost } from "../host";
import { Engine, type Bag, type CallError } from "./engine";

let host: TestHost;
let engine: Engine;
let folder: string;
let place: Bag;
/** What a test made, in the order it was made. */
let made: { kind: Kind; id: string; outputs: Bag }[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "slipway-dynamic-"));
  host = await createHost();
  place = { name: "web-1", connection: { ...host.connection, configFile: "/dev/null" } };
  engine = await Engine.start();
});
afterEach(async () => {
  for (const { kind, id, outputs } of made.splice(0).reverse()) await engine.delete(kind, id, outputs);
});
afterAll(async () => {
  await engine.stop();
  await host.close();
  rmSync(folder, { recursive: true });
});

const owner = (name: string): string =>
  `organization/urn:pulumi:dev::shop::pulumi-nodejs:dynamic/slipway:Thing::${name}`;

/** Check as for something new. */
async function checked(kind: Kind, name: string, inputs: Bag): Promise<Bag> {
  const result = await engine.check(kind, {}, { owner: owner(name), host: place, ...inputs });
  expect(result.failures).toEqual([]);
  return result.inputs;
}

/** Check and create, as `pulumi up` does. */
async function create(kind: Kind, name: string, inputs: Bag = {}): Promise<{ id: string; outputs: Bag; inputs: Bag }> {
  const canonical = await checked(kind, name, inputs);
  const { id, outputs } = await engine.create(kind, canonical);
  made.push({ kind, id, outputs });
  return { id, outputs, inputs: canonical };
}

/** A directory layer's inputs; the engine's provider runs in another folder, so the path is whole. */
async function directory(name: string, content: string): Promise<Bag> {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "index.html"), content);
  return { directory: path, target: "/srv", contentKey: await contentKeyOf({ directory: path, target: "/srv" }) };
}

async function failure(call: Promise<unknown>): Promise<CallError> {
  return call.then(
    () => Promise.reject(new Error("the call succeeded")),
    (error: unknown) => error as CallError,
  );
}

const reference = ({ outputs }: { outputs: Bag }): Bag => ({
  owner: outputs["owner"],
  contentKey: outputs["contentKey"],
});

/** An image of busybox, for containers. */
async function busybox(): Promise<Bag> {
  const archive = await rootfs();
  const base = await create("Layer", "base", { rootfs: archive, contentKey: await contentKeyOf({ rootfs: archive }) });
  return reference(await create("Image", "busybox", { layers: [reference(base)] }));
}

describe("a host", () => {
  it("is what it says it is", async () => {
    const { id, outputs, inputs } = await create("Host", "host");
    expect(id).toMatch(/^[^/]+\/[0-9a-f]{32}$/);
    expect(outputs).toMatchObject({ ...inputs, kernel: (await host.must("uname -r")).trim() });
    expect(outputs["hostId"]).toMatch(/./);
    expect(outputs).not.toHaveProperty("incarnation");
  });

  it("is not taken for another machine", async () => {
    const { id, outputs } = await create("Host", "host");
    const other = { ...outputs, hostId: "another" };
    for (const call of [
      engine.read("Host", id, other),
      engine.delete("Host", id, other),
      engine.update("Host", id, other, outputs),
    ]) {
      expect((await failure(call)).message).toMatch(/another machine answers/);
    }
    const forgetful = await Engine.start({}, { SLIPWAY_UNREACHABLE: "forget" });
    try {
      expect(await forgetful.read("Host", id, other)).toMatchObject({ id: "" });
      expect(await forgetful.update("Host", id, other, outputs)).toMatchObject({ hostId: outputs["hostId"] });
      await forgetful.delete("Host", id, other);
      expect((await engine.read("Host", id, outputs)).id).toBe(id);
    } finally {
      await forgetful.stop();
    }
  });
});

describe("a layer", () => {
  it("is sent once, and then neither read nor sent again", async () => {
    const inputs = await directory("once", "hello");
    const first = await create("Layer", "one", inputs);
    rmSync(String(inputs["directory"]), { recursive: true });
    const second = await create("Layer", "two", inputs);
    expect(first.outputs).toMatchObject({ digest: inputs["contentKey"], sizeBytes: 5, intact: true });
    expect(second.outputs["digest"]).toBe(first.outputs["digest"]);
    expect(second.id).not.toBe(first.id);
  });

  it("is what it was declared as, or an error that leaves nothing", async () => {
    const inputs = await checked("Layer", "changing", await directory("changing", "before"));
    writeFileSync(join(folder, "changing/index.html"), "afterwards");
    const { message, left } = await failure(engine.create("Layer", inputs));
    expect(message).toMatch(/^the files of ".*changing" changed while they were deployed; run `pulumi up` again$/);
    expect(left).toBeUndefined();
  });

  it("that is no archive is told, and leaves nothing", async () => {
    const path = join(folder, "rootfs.tar");
    writeFileSync(path, Buffer.alloc(4096, "not a tar"));
    const before = await host.must("find /var/lib/slipway/layers /var/lib/slipway/blobs");
    const inputs = await checked("Layer", "broken", { rootfs: path, contentKey: await contentKeyOf({ rootfs: path }) });
    const { message, left } = await failure(engine.create("Layer", inputs));
    expect(message).toMatch(/tar/);
    expect(left).toBeUndefined();
    expect(await host.must("find /var/lib/slipway/layers /var/lib/slipway/blobs")).toBe(before);
  });

  it("that several declare is sent once, and a bad one is the same error for each", async () => {
    const good = join(folder, "shared.tar");
    execFileSync("tar", ["-cf", good, "-C", folder, "--exclude=*.tar", "."]);
    const bad = join(folder, "cut-off.tar");
    writeFileSync(bad, Buffer.concat([readFileSync(good).subarray(0, -1024), Buffer.alloc(1 << 20, "x")]));
    const each = async (path: string): Promise<Bag[]> => {
      const contentKey = await contentKeyOf({ rootfs: path });
      return Promise.all([1, 2, 3, 4, 5, 6].map((n) => checked("Layer", `${path}-${n}`, { rootfs: path, contentKey })));
    };
    const shared = await Promise.all(
      (await each(good)).map((inputs) => create("Layer", String(inputs["owner"]), inputs)),
    );
    expect(new Set(shared.map(({ outputs }) => outputs["digest"])).size).toBe(1);
    const failures = await Promise.all((await each(bad)).map((inputs) => failure(engine.create("Layer", inputs))));
    for (const { message } of failures) expect(message).toMatch(/\[archive_invalid\]/);
    expect(await host.must("find /var/lib/slipway/blobs /var/lib/slipway/building -type f")).toBe("");
  });

  it("that somebody damaged is seen, and repaired by an update", async () => {
    const { id, outputs, inputs } = await create("Layer", "damaged", await directory("damaged", "whole"));
    const clean = await engine.read("Layer", id, outputs);
    expect(clean.inputs).toEqual(inputs);
    await host.must("rm -rf /var/lib/slipway/layers/*");
    const drifted = await engine.read("Layer", id, outputs);
    expect(drifted.inputs).toEqual({ ...inputs, intact: false });
    const { inputs: again } = await engine.check("Layer", drifted.inputs, inputs);
    expect(again).toEqual(inputs);
    await engine.update("Layer", id, drifted.outputs, again);
    expect((await engine.read("Layer", id, outputs)).inputs).toEqual(inputs);
  });
});

describe("anything", () => {
  it("that is gone is read as gone, and deleted without complaint", async () => {
    const { id, outputs } = await create("Layer", "gone", await directory("gone", "gone"));
    await engine.delete("Layer", id, outputs);
    expect((await engine.read("Layer", id, outputs)).id).toBe("");
    await engine.delete("Layer", id, outputs);
    await engine.delete("Container", `slot/${"0".repeat(32)}`, outputs);
    await expect(engine.read("Layer", "no-id-of-ours", outputs)).rejects.toThrow(/is not the id of a Slipway resource/);
  });

  it("moves to another owner in place", async () => {
    const { id, outputs, inputs } = await create("Layer", "old", await directory("moved", "moved"));
    const updated = await engine.update("Layer", id, outputs, { ...inputs, owner: owner("new") });
    made = [{ kind: "Layer", id, outputs: updated }];
    const successor = await create("Layer", "new", await directory("moved", "again"));
    expect(successor.id.split("/")[0]).toBe(id.split("/")[0]);
    expect((await engine.read("Layer", id, updated)).id).toBe("");
  });

  it("is looked up by its id and its host", async () => {
    const { id, outputs } = await create("Layer", "looked-up", await directory("looked-up", "x"));
    expect((await engine.read("Layer", id, { host: place })).outputs).toMatchObject({
      owner: outputs["owner"],
      contentKey: outputs["contentKey"],
      digest: outputs["digest"],
      intact: true,
    });
    // Pulumi takes an answer without an id for a resource without properties.
    const nowhere = engine.read("Layer", `slot/${"0".repeat(32)}`, { host: place });
    expect((await failure(nowhere)).message).toMatch(/\[gone\]/);
  });
});

describe("a container", () => {
  const sleeper = { command: ["sleep", "1000"], network: "none", stopSignal: "KILL" };

  it("runs as declared, and a second look sees no difference", async () => {
    const image = await busybox();
    const full = { ...sleeper, image, memory: "32m", cpus: 0.5, pidsLimit: 9, labels: ["a=b"], env: ["A=1"] };
    const { id, outputs, inputs } = await create("Container", "web", full);
    expect(outputs).toMatchObject({ ...inputs, running: true });
    const read = await engine.read("Container", id, outputs);
    expect(read).toEqual({ id, outputs, inputs });
    expect((await engine.diff("Container", id, read.outputs, inputs)).replacesList).toEqual([]);
  });

  it("is changed in place, and seen to be changed by others", async () => {
    const { id, outputs, inputs } = await create("Container", "web", {
      ...sleeper,
      image: await busybox(),
      memory: "32m",
    });
    const news = await checked("Container", "web", { ...inputs, memory: "48m", labels: { x: "y" } });
    const updated = await engine.update("Container", id, outputs, news);
    expect(updated).toMatchObject({ memory: 48 * 1024 ** 2, labels: { x: "y" } });
    expect((await engine.read("Container", id, updated)).inputs).toEqual(news);
    await host.must("kill -9 $(grep -lz '^sleep$' /proc/[0-9]*/cmdline | cut -d/ -f3)");
    await expect
      .poll(async () => (await engine.read("Container", id, updated)).inputs, { timeout: 5000 })
      .toEqual({ ...news, running: false });
    expect(await engine.update("Container", id, updated, news)).toMatchObject({ running: true });
  });

  it("that ends at once is recorded with its error, and can be read and deleted by what was recorded", async () => {
    const image = await busybox();
    const inputs = await checked("Container", "bad", { ...sleeper, image, command: ["sh", "-c", "echo why; exit 3"] });
    const { message, left } = await failure(engine.create("Container", inputs));
    expect(message).toMatch(/3[\s\S]*The last lines of its log:\n {2}why/);
    if (left === undefined) throw new Error("nothing was recorded");
    expect(left.reasons).toEqual([message]);
    expect(left.properties).toMatchObject(inputs);
    const read = await engine.read("Container", left.id, left.properties);
    expect(read.inputs).toMatchObject({ running: false });
    expect(read.outputs["exitCode"]).toBe(3);
    await engine.delete("Container", left.id, left.properties);
  });

  it("that cannot be made leaves nothing", async () => {
    const inputs = await checked("Container", "none", {
      ...sleeper,
      image: await busybox(),
      command: ["no-such-program"],
    });
    const { message, left } = await failure(engine.create("Container", inputs));
    expect(message).toMatch(/no-such-program/);
    expect(left).toBeUndefined();
  });

  it("gives way to a good successor only", async () => {
    const image = await busybox();
    const old = await create("Container", "web", { ...sleeper, image });
    const bad = await checked("Container", "web", { ...sleeper, image, command: ["false"] });
    const { left } = await failure(engine.create("Container", bad));
    expect(left).toBeUndefined();
    expect((await engine.read("Container", old.id, old.outputs)).inputs).toMatchObject({ running: true });
    const successor = await create("Container", "web", { ...sleeper, image, env: { NEW: "1" } });
    expect(successor.id.split("/")[0]).toBe(old.id.split("/")[0]);
    expect((await engine.read("Container", old.id, old.outputs)).id).toBe("");
    await engine.delete("Container", old.id, old.outputs);
    expect((await engine.read("Container", successor.id, successor.outputs)).inputs).toMatchObject({ running: true });
  });

  it("as a job has run once it is there", async () => {
    const image = await busybox();
    const job = { image, network: "none", wait: "exit" };
    const { id, outputs, inputs } = await create("Container", "job", { ...job, command: ["true"] });
    expect(outputs).toMatchObject({ running: false, succeeded: true, exitCode: 0 });
    expect((await engine.read("Container", id, outputs)).inputs).toEqual(inputs);
    const failing = await checked("Container", "failing", { ...job, command: ["sh", "-c", "exit 4"] });
    const { left } = await failure(engine.create("Container", failing));
    if (left === undefined) throw new Error("nothing was recorded");
    expect((await engine.read("Container", left.id, left.properties)).inputs).toMatchObject({ succeeded: false });
    await engine.delete("Container", left.id, left.properties);
  });
});
