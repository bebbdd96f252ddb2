import { describe, expect, it } from "vitest";
import * as api from "../../../provider/api";
import type { Bag } from "../../../provider/resources/bag";
import { check } from "../../../provider/resources/check";
import { container, type ContainerInputs } from "../../../provider/resources/container";
import { host } from "../../../provider/resources/host";
import { image } from "../../../provider/resources/image";
import { layer } from "../../../provider/resources/layer";
import { keys, least } from "./inputs";

const identity = { owner: "organization/urn:x", slot: "x", incarnation: "0".repeat(32) };

/** A container after check. */
function declared(changed: Bag): ContainerInputs {
  const checked = check(container, {}, { ...least.container, ...changed });
  if ("failures" in checked) throw new Error(JSON.stringify(checked.failures));
  return checked.inputs;
}

const running: api.ContainerAnswer = { ...identity, imageId: keys.one, running: true, paused: false, resources: {} };

describe("requests", () => {
  it("say what the contract allows, and everything that was declared", () => {
    const inputs = declared({
      command: ["a"],
      entrypoint: ["e"],
      env: { A: "1" },
      workingDir: "/srv",
      user: 33,
      hostname: "web",
      memory: "64m",
      memorySwap: "96m",
      memoryReservation: "32m",
      cpus: 0.5,
      cpuShares: 512,
      cpusetCpus: "0,1,2,4",
      cpusetMems: 0,
      pidsLimit: 9,
      blkioWeight: 500,
      deviceReadBps: ["/dev/vdb:1m", "8:0:2k"],
      deviceWriteIOps: [{ path: "/dev/vdb", rate: 30 }],
      labels: { a: "b" },
      stopSignal: "QUIT",
      stopTimeout: "5s",
      readOnly: true,
      wait: "exit",
    });
    expect(api.containerRequest.parse(container.request(inputs))).toEqual({
      owner: "organization/urn:container",
      image: { owner: "organization/urn:image", contentKey: keys.one },
      entrypoint: ["e"],
      command: ["a"],
      env: { A: "1" },
      workingDir: "/srv",
      user: "33",
      hostname: "web",
      network: "none",
      resources: {
        cpu: { maxUs: 50_000, shares: 512 },
        cpuset: { cpus: "0-2,4", mems: "0" },
        memory: { max: 67_108_864, low: 33_554_432, swapMax: 33_554_432 },
        pids: { max: 9 },
        io: {
          weight: 4500,
          max: [
            { device: "/dev/vdb", readBytes: 1_048_576, writeOps: 30 },
            { device: "8:0", readBytes: 2048 },
          ],
        },
      },
      labels: { a: "b" },
      stopSignal: "SIGQUIT",
      stopTimeoutMs: 5000,
      readOnly: true,
      wait: "exit",
    });
  });

  it("leave to the agent what was not declared", () => {
    expect(api.containerRequest.parse(container.request(declared({})))).toEqual({
      owner: "organization/urn:container",
      image: { owner: "organization/urn:image", contentKey: keys.one },
      network: "none",
      wait: "running",
    });
    expect(container.request(declared({ paused: false }))).not.toHaveProperty("paused");
    expect(api.containerRequest.parse(container.request(declared({ paused: true })))).toMatchObject({ paused: true });
  });

  it.each([
    ["host", host, least.host, api.hostRequest, { owner: "organization/urn:host" }],
    [
      "layer",
      layer,
      least.layer,
      api.layerRequest,
      { owner: "organization/urn:layer", contentKey: keys.one, blob: keys.one },
    ],
  ] as const)("of a %s", (_, definition, inputs, schema, expected) => {
    expect(schema.parse(definition.request(inputs as never))).toEqual(expected);
  });

  it("of an image", () => {
    const checked = check(image, {}, { ...least.image, config: { command: ["httpd"] } });
    if ("failures" in checked) throw new Error("failed");
    const { contentKey } = checked.inputs;
    expect(api.imageRequest.parse(image.request(checked.inputs))).toEqual({
      owner: "organization/urn:image",
      contentKey,
      layers: [{ owner: "organization/urn:layer", contentKey: keys.one }],
      config: { command: ["httpd"] },
    });
  });

  it("to end a host say what becomes of its files", () => {
    expect(host.ending?.({ ...least.host })).toBe("");
    expect(host.ending?.({ ...least.host, onDelete: "purge" })).toBe("?purge=true");
  });
});

describe("observed outputs", () => {
  it("have names that no input has", () => {
    const layerAnswer: api.LayerAnswer = {
      ...identity,
      contentKey: keys.one,
      digest: keys.two,
      sizeBytes: 1,
      intact: true,
    };
    const imageAnswer: api.ImageAnswer = {
      ...identity,
      contentKey: keys.one,
      imageId: keys.two,
      layers: [keys.one],
      sizeBytes: 1,
      intact: true,
      digest: keys.one,
      config: {},
    };
    const observed: [readonly string[], Bag][] = [
      [layer.inputs, layer.observed(layerAnswer)],
      [image.inputs, image.observed(imageAnswer)],
      [container.inputs, container.observed({ ...running, exitCode: 0, oomKilled: true, pidsLimitReached: false })],
      [container.inputs, container.observed({ ...running, labels: {} })],
    ];
    for (const [inputs, outputs] of observed) expect(inputs.filter((name) => name in outputs)).toEqual([]);
    expect(observed.map(([, outputs]) => Object.keys(outputs))).toEqual([
      ["digest", "sizeBytes"],
      ["imageId", "layerDigests", "sizeBytes", "digest", "imageConfig"],
      ["imageId", "exitCode", "oomKilled", "pidsLimitReached"],
      ["imageId"],
    ]);
  });
});

/** Every limit there is, and another value for each. */
const limits = {
  memory: "64m",
  memorySwap: "96m",
  memoryReservation: "32m",
  cpus: 1 / 3,
  cpuShares: 512,
  cpusetCpus: "0-2",
  cpusetMems: "0",
  pidsLimit: 9,
  blkioWeight: 500,
  deviceReadBps: ["/dev/vdb:1m"],
  deviceWriteBps: ["/dev/vdb:1m"],
  deviceReadIOps: ["/dev/vdb:10", "8:0:20"],
  deviceWriteIOps: ["/dev/vdb:10"],
};
const otherLimits = {
  memory: "65m",
  memorySwap: -1,
  memoryReservation: "31m",
  cpus: 2,
  cpuShares: 1000,
  cpusetCpus: "0",
  cpusetMems: "1",
  pidsLimit: 10,
  blkioWeight: 499,
  deviceReadBps: ["/dev/vdb:2m"],
  deviceWriteBps: ["/dev/vdb:2m"],
  deviceReadIOps: ["/dev/vdb:10", "8:0:21"],
  deviceWriteIOps: ["/dev/vda:10"],
};

const held = (resources: api.GroupResources): Partial<api.ContainerAnswer> => ({ resources });

describe("drift of a container", () => {
  const seen = (changed: Bag, answer: Partial<api.ContainerAnswer>): Bag =>
    container.drift(declared(changed), { ...running, ...answer });

  it("is none where all is as declared", () => {
    const full = { ...limits, labels: { a: "b" } };
    const { resources = {} } = container.request(declared(limits));
    expect(seen(full, { resources, labels: { a: "b" } })).toEqual(declared(full));
    const others = { memory: { max: 5 }, cpu: { maxUs: 1 }, pids: { max: 1 } };
    expect(seen({}, { resources: others, labels: { by: "hand" } })).toEqual(declared({}));
  });

  it.each(Object.keys(limits) as (keyof typeof limits)[])("is seen in %s by itself", (name) => {
    const inputs = declared(limits);
    const { [name]: changed } = declared({ ...limits, [name]: otherLimits[name] });
    const { resources = {} } = container.request({ ...inputs, [name]: changed });
    // Swap of its own is what the kernel keeps when memory becomes other.
    const { swapMax = 0 } = container.request(inputs).resources?.memory ?? {};
    if (name === "memory") resources.memory = { ...resources.memory, swapMax };
    expect(seen(limits, { resources })).toEqual({ ...inputs, [name]: changed });
  });

  it.each([
    ["stopped", {}, { running: false, exitCode: 137 }, { running: false }],
    ["a limit changed", { memory: "64m" }, { resources: { memory: { max: 4096 } } }, { memory: 4096 }],
    ["memory lifted", { memory: "64m" }, { resources: { memory: { max: -1 } } }, { memory: -1 }],
    [
      "memory and swap changed",
      { memory: 1e8, memorySwap: 1e8 },
      held({ memory: { max: 6e7, swapMax: 5e6 } }),
      { memory: 6e7, memorySwap: 6.5e7 },
    ],
    ["swap lifted", { memory: 1e8, memorySwap: 2e8 }, held({ memory: { max: 1e8, swapMax: -1 } }), { memorySwap: -1 }],
    [
      "a reservation lifted",
      { memoryReservation: "8m" },
      held({ memory: { low: 0 } }),
      { memoryReservation: undefined },
    ],
    ["processes lifted", { pidsLimit: 9 }, held({ pids: { max: -1 } }), { pidsLimit: -1 }],
    ["processors lifted", { cpus: 1.5 }, held({ cpu: { maxUs: -1 } }), { cpus: undefined }],
    ["a quota lifted", { cpuQuota: 5000 }, held({ cpu: { maxUs: -1 } }), { cpuQuota: -1 }],
    ["another period", { cpus: 1 }, held({ cpu: { maxUs: 100_000, periodUs: 50_000 } }), { cpus: 2 }],
    ["a period", { cpuQuota: 5000 }, held({ cpu: { maxUs: 5000, periodUs: 50_000 } }), { cpuPeriod: 50_000 }],
    [
      "another declared period",
      { cpuQuota: 5000, cpuPeriod: 20_000 },
      held({ cpu: { maxUs: 5000, periodUs: 100_000 } }),
      { cpuPeriod: 100_000 },
    ],
    [
      "a device lifted",
      { deviceReadBps: ["8:0:1m"] },
      held({ io: { max: [{ device: "8:0" }] } }),
      { deviceReadBps: undefined },
    ],
    [
      "a device more",
      { deviceReadBps: ["/dev/sda:5"] },
      held({
        io: {
          max: [
            { device: "/dev/sda", readBytes: 5, writeOps: 9 },
            { device: "8:16", readBytes: 7 },
          ],
        },
      }),
      {
        deviceReadBps: [
          { path: "/dev/sda", rate: 5 },
          { path: "8:16", rate: 7 },
        ],
      },
    ],
    ["paused by hand", {}, { paused: true }, { paused: true }],
    ["let go on by hand", { paused: true }, {}, { paused: false }],
    ["paused, and ended", { paused: true }, { running: false, exitCode: 137 }, { running: false }],
    ["labels gone", { labels: { a: "b" } }, {}, { labels: {} }],
    ["a job that failed", { wait: "exit" }, { running: false, exitCode: 3 }, { succeeded: false }],
    ["a job that runs again", { wait: "exit" }, { running: true }, { running: true }],
  ] as [string, Bag, Partial<api.ContainerAnswer>, Bag][])("%s", (_, changed, answer, expected) => {
    const before = declared(changed);
    expect(seen(changed, answer)).toEqual(JSON.parse(JSON.stringify({ ...before, ...expected })));
  });

  it("is none where a limit cannot be seen because nothing runs, or a code could not be learnt", () => {
    expect(
      container.drift(declared({ memory: "64m", wait: "exit" }), {
        ...identity,
        imageId: keys.one,
        running: false,
        paused: false,
      }),
    ).toEqual(declared({ memory: "64m", wait: "exit" }));
  });

  it("stays away from what older state does not have", () => {
    const { running: _, paused: _paused, ...older } = declared({});
    expect(container.drift(older, { ...running, running: false, paused: true })).toEqual(older);
  });
});
