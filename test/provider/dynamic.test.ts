import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { unknown } from "../../provider/resources/unknown";
import { bundleWithoutAgents } from "./no-agent";
import { Engine, type CallError } from "./engine";
import { keys, least } from "./resources/inputs";

const agents = bundleWithoutAgents();
afterAll(agents.remove);

const id = `web/${"1".repeat(32)}`;
/** A host where nothing listens, so that nobody can look. */
const dead = {
  name: "dead",
  connection: { address: "127.0.0.1", port: 1, identityFile: agents.key, configFile: "/dev/null" },
};
const outputs = { ...least.container, host: dead, running: true, hostId: "h-1", imageId: keys.one };

let engine: Engine;
const start = (config: Record<string, string> = {}, environment: NodeJS.ProcessEnv = {}): Promise<Engine> =>
  Engine.start(config, { SLIPWAY_AGENT_DIR: agents.folder, ...environment });

/** The error of a call that must fail. */
async function failure(call: Promise<unknown>): Promise<CallError> {
  return call.then(
    () => {
      throw new Error("the call succeeded");
    },
    (error: unknown) => error as CallError,
  );
}

// Each starts Pulumi's process for providers.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

describe("without a host", () => {
  beforeAll(async () => {
    engine = await start();
  });
  afterAll(() => engine.stop());

  it("checks: canonical inputs, with what drift needs, and the text that Pulumi runs", async () => {
    const { inputs, failures } = await engine.check("Container", {}, { ...least.container, memory: "64m" });
    expect(failures).toEqual([]);
    expect(inputs).toEqual({
      ...least.container,
      memory: 67_108_864,
      running: true,
      paused: false,
      __provider: 'exports.handler=()=>require("pulumi-slipway/provider").container',
    });
    expect(await engine.check("Container", inputs, inputs)).toEqual({ inputs, failures: [] });
  });

  it("checks: all failures at once, and none by its property, whose value the engine would print", async () => {
    const { failures } = await engine.check("Container", {}, { ...least.container, memory: "x", env: { "A=B": "1" } });
    expect(failures.map(({ property }) => property)).toEqual(["", ""]);
    expect(failures.map(({ reason }) => reason)).toEqual([
      'env["A=B"] must have a name, without "=" or NUL',
      expect.stringMatching(/^memory must be a size .*; got "x"$/),
    ]);
  });

  it("diffs: says what replaces and leaves the rest to the engine", async () => {
    const news = { ...least.container, memory: 4096, image: { ...least.container.image, contentKey: unknown } };
    expect(await engine.diff("Container", id, outputs, news)).toMatchObject({
      changes: 0,
      replacesList: ["host", "image"],
      deletebeforereplace: false,
      diffsList: [],
    });
    expect(await engine.diff("Container", id, outputs, { ...outputs, memory: 4096 })).toMatchObject({
      changes: 0,
      replacesList: [],
    });
  });
});

describe("a host that cannot be reached", () => {
  afterEach(() => engine.stop());

  it("is an error with the cause and a way out, and records nothing", async () => {
    engine = await start();
    const created = await failure(engine.create("Container", { ...least.container, host: dead }));
    expect(created.message).toMatch(/host "dead".*\[127\.0\.0\.1\]:1 refuses the connection \[connection_refused\]/);
    expect(created.left).toBeUndefined();
    expect((await failure(engine.read("Container", id, outputs))).message).toMatch(
      /refuses[\s\S]*SLIPWAY_UNREACHABLE=keep/,
    );
    expect((await failure(engine.delete("Container", id, outputs))).message).toMatch(
      /refuses[\s\S]*SLIPWAY_UNREACHABLE=forget/,
    );
    expect(engine.output()).not.toMatch(/\n\s+at /);
  });

  it("leaves the state as it was with keep, and still fails deletes", async () => {
    engine = await start({ "slipway:unreachable": "keep" });
    const read = await engine.read("Container", id, outputs);
    const { __provider: _, ...kept } = read.outputs;
    expect([read.id, kept, read.inputs]).toEqual([id, outputs, {}]);
    expect(engine.output()).toMatch(/warning: left as it was, because unreachable is "keep": .*refuses/);
    expect((await failure(engine.delete("Container", id, outputs))).message).toMatch(/refuses/);
    expect((await failure(engine.update("Container", id, outputs, outputs))).message).toMatch(/refuses/);
  });

  it("lets deletes pass with forget, and the environment has the last word", async () => {
    engine = await start({ "slipway:unreachable": "error" }, { SLIPWAY_UNREACHABLE: "forget" });
    await Promise.all([1, 2, 3].map((digit) => engine.delete("Container", `web/${String(digit).repeat(32)}`, outputs)));
    expect((await engine.read("Container", id, outputs)).id).toBe(id);
    expect(engine.output()).toMatch(/warning: let go of without looking, because unreachable is "forget"/);
  });

  it("is no way to say something else", async () => {
    engine = await start({ "slipway:unreachable": "ignore" });
    const checked = await failure(engine.check("Container", {}, least.container));
    expect(checked.message).toBe('slipway:unreachable must be "error", "keep" or "forget"; got "ignore"');
  });
});
