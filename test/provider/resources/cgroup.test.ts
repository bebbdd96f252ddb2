import { describe, expect, it } from "vitest";
import * as api from "../../../provider/api";
import type { Bag } from "../../../provider/resources/bag";
import { cgroup, type CgroupInputs } from "../../../provider/resources/cgroup";
import { check, replacing } from "../../../provider/resources/check";
import { checkFailure } from "../../../provider/failure";
import { container } from "../../../provider/resources/container";
import { unknown } from "../../../provider/resources/unknown";
import { keys, least } from "./inputs";

const identity = { owner: least.cgroup.owner, slot: "x", incarnation: "0".repeat(32), contentKey: keys.one };

/** A group after check. */
function declared(changed: Bag): CgroupInputs {
  const checked = check(cgroup, {}, { ...least.cgroup, ...changed });
  if ("failures" in checked) throw new Error(JSON.stringify(checked.failures));
  return checked.inputs;
}

const tenants = { owner: "o", contentKey: keys.two, slot: "0123456789abcdef" };

const everything = {
  cpu: { max: 1.5, weight: 200, burst: "5ms" },
  cpuset: { cpus: "0,1,2", mems: 0 },
  memory: { max: "1g", high: "900m", low: "100m", min: 0, swapMax: -1, oomGroup: true },
  pids: { max: 100 },
  io: { weight: 50, max: [{ device: "/dev/sda", readBps: "10m", writeIops: 20 }] },
  hugetlb: { "2MB": "64m" },
  devices: ["c 1:3 mrw"],
};

describe("a control group", () => {
  it("is asked for in the words of the kernel", () => {
    const request = cgroup.request(declared({ ...everything, parent: tenants }));
    expect(api.cgroupRequest.parse(request)).toMatchObject({
      parent: { owner: "o", contentKey: keys.two },
      resources: {
        cpu: { maxUs: 150_000, burstUs: 5000, weight: 200 },
        cpuset: { cpus: "0-2", mems: "0" },
        memory: { max: 2 ** 30, high: 943_718_400, low: 104_857_600, min: 0, swapMax: -1, oomGroup: true },
        pids: { max: 100 },
        io: { weight: 50, max: [{ device: "/dev/sda", readBytes: 10_485_760, writeOps: 20 }] },
        hugetlb: [{ pageSize: "2MB", max: 67_108_864 }],
        devices: ["c 1:3 rwm"],
      },
    });
  });

  it.each([
    [1.5, { quota: 150_000 }],
    ["0.5", { quota: 50_000 }],
    ["max", { quota: -1 }],
    ["50000 100000", { quota: 50_000 }],
    ["20000 50000", { quota: 20_000, period: 50_000 }],
    [
      { quota: "20ms", period: "50ms" },
      { quota: 20_000, period: 50_000 },
    ],
  ])("takes processors as %j", (max, expected) => {
    expect(declared({ cpu: { max } }).cpu).toEqual({ max: expected });
  });

  it("shows what the kernel holds otherwise, and only of what was declared", () => {
    const inputs = declared(everything);
    const { resources } = cgroup.request(inputs);
    const answer = { ...identity, path: "/x", version: 2 as const, intact: true, paused: false, resources };
    expect(cgroup.drift(inputs, answer)).toEqual(inputs);
    const other: api.GroupResources = {
      ...resources,
      cpu: { ...resources.cpu, maxUs: -1 },
      memory: { ...resources.memory, max: 5 },
      devices: ["a *:* rwm"],
    };
    expect(cgroup.drift(inputs, { ...answer, resources: other })).toEqual({
      ...inputs,
      cpu: { ...inputs.cpu, max: { quota: -1 } },
      memory: { ...inputs.memory, max: 5 },
      devices: ["a *:* rwm"],
    });
    const small = declared({ memory: { max: "1g" } });
    expect(cgroup.drift(small, answer)).toEqual(small);
    expect(cgroup.drift(inputs, { ...answer, intact: false, resources: {} })).toEqual({ ...inputs, intact: false });
    expect(cgroup.drift(inputs, { ...answer, paused: true })).toEqual({ ...inputs, paused: true });
    const still = declared({ paused: true });
    expect(api.cgroupRequest.parse(cgroup.request(still))).toMatchObject({ paused: true });
    expect(cgroup.drift(still, { ...answer, resources: {} })).toEqual({ ...still, paused: false });
    expect(cgroup.drift(still, { ...answer, intact: false, resources: {} })).toEqual({ ...still, intact: false });
  });

  it.each([
    ["cpu", { max: 1.5, weight: 200 }, { maxUs: 50_000, weight: 200 }, { max: { quota: 50_000 }, weight: 200 }],
    ["cpu", { max: 1.5 }, { maxUs: 150_000, periodUs: 50_000 }, { max: { quota: 150_000, period: 50_000 } }],
    ["cpu", { max: 1.5 }, { maxUs: -1 }, { max: { quota: -1 } }],
    ["cpu", { weight: 200, burst: 0 }, { weight: 100, burstUs: 9 }, { weight: 100, burst: 9 }],
    ["cpuset", { cpus: "0,1", mems: 0 }, { cpus: "1", mems: "0" }, { cpus: "1", mems: "0" }],
    ["cpuset", { cpus: "0,1" }, {}, {}],
    ["memory", { max: "512m" }, { max: 268_435_456 }, { max: 268_435_456 }],
    ["memory", { high: "1g", low: "1m", min: 0 }, { high: -1, low: 0, min: 9 }, { high: -1, low: 0, min: 9 }],
    ["memory", { max: "1g", swapMax: 0 }, { max: 2 ** 30, swapMax: -1 }, { max: 2 ** 30, swapMax: -1 }],
    ["memory", { oomGroup: true }, { oomGroup: false }, { oomGroup: false }],
    ["pids", { max: 100 }, { max: -1 }, { max: -1 }],
    ["io", { weight: 50 }, { weight: 100 }, { weight: 100 }],
    [
      "io",
      { max: [{ device: "/dev/sda", readBps: "1m" }] },
      {
        max: [
          { device: "/dev/sda", writeOps: 5 },
          { device: "8:16", readBytes: 7 },
        ],
      },
      {
        max: [
          { device: "/dev/sda", writeIops: 5 },
          { device: "8:16", readBps: 7 },
        ],
      },
    ],
    ["io", { max: [{ device: "8:0", writeBps: 5 }] }, { max: [{ device: "8:0" }] }, { max: [{ device: "8:0" }] }],
    [
      "hugetlb",
      { "2MB": "64m", "1GB": 0 },
      [
        { pageSize: "2MB", max: -1 },
        { pageSize: "1GB", max: 0 },
      ],
      { "1GB": 0, "2MB": -1 },
    ],
    ["devices", ["c 1:3 rwm"], ["c 1:3 r"], ["c 1:3 r"]],
    ["devices", ["c 1:3 rwm"], undefined, undefined],
  ] as [string, unknown, unknown, unknown][])(
    "shows in %s %j that the kernel holds %j",
    (name, wanted, holds, expected) => {
      const inputs = declared({ pids: { max: 7 }, cpu: { weight: 9 }, [name]: wanted });
      const { resources } = cgroup.request(inputs);
      const answer = {
        ...identity,
        path: "/x",
        version: 2 as const,
        intact: true,
        paused: false,
        resources: { ...resources, [name]: holds },
      };
      const { [name]: before, ...rest } = inputs as Bag;
      const { [name]: now, ...unchanged } = cgroup.drift(inputs, answer) as Bag;
      expect(now).toEqual(expected);
      expect(now).not.toEqual(before);
      expect(unchanged).toEqual(rest);
      // What is shown is what could be declared, so that the difference is the change.
      if (now !== undefined && JSON.stringify(now) !== "{}")
        expect(declared({ [name]: now })[name as "cpu"]).toEqual(now);
    },
  );

  it.each([
    ["other settings", { paused: true, cpu: { max: 3 }, memory: {}, devices: ["a *:* r"], pids: null }, []],
    ["a group above that was renamed", { parent: { ...tenants, owner: "other" } }, []],
    ["a group above that is being replaced", { parent: { ...tenants, slot: unknown } }, []],
    [
      "a group above that is still to be made",
      { parent: { ...tenants, owner: "other", slot: unknown } },
      ["contentKey"],
    ],
    ["another group above", { parent: { ...tenants, slot: "f".repeat(16) } }, ["contentKey"]],
    ["a group above that went into another one", { parent: { ...tenants, contentKey: keys.one } }, ["contentKey"]],
    ["one that is about to", { parent: { ...tenants, contentKey: unknown } }, ["contentKey"]],
    ["one of which nothing is known", { parent: unknown }, ["contentKey"]],
    ["no group above", { parent: undefined }, ["contentKey"]],
  ] as [string, Bag, string[]][])("with %s is replaced where that is another place", (_, changed, expected) => {
    const olds = declared({ ...everything, parent: tenants });
    const news = check(cgroup, olds, { ...least.cgroup, ...everything, parent: tenants, ...changed });
    if ("failures" in news) throw new Error(JSON.stringify(news.failures));
    expect(replacing(cgroup, { ...olds, hostId: "id" }, news.inputs)).toEqual(expected);
    // A container in the same place changes it with the group.
    const before = { ...least.container, cgroup: tenants };
    const { parent } = { parent: tenants, ...changed };
    const after = check(container, before, { ...before, cgroup: parent });
    if ("failures" in after) throw new Error(JSON.stringify(after.failures));
    expect(replacing(container, before, after.inputs)).toEqual(expected.length === 0 ? [] : ["cgroup"]);
  });

  it.each([
    [{ cpu: { max: 0 } }, /^cpu\.max must be a number of processors from 0\.01 to 8192 such as 1\.5, .*; got 0$/],
    [{ cpu: { max: "50000 100000 1" } }, /^cpu\.max must be .*; got "50000 100000 1"$/],
    [{ cpu: { max: "max 5" } }, /^cpu\.max must be .*; got "max 5"$/],
    [
      { cpu: { max: { quota: 999 } } },
      /^cpu\.max\.quota must be a time from 1000 to 8192000000 microseconds, .*, or -1 for no limit; got 999$/,
    ],
    [{ memory: { max: 4095 } }, /^memory\.max must be a size of at least 4k, .*, or -1 for no limit; got 4095$/],
    [{ memory: { low: -1 } }, /^memory\.low must be a size, .* \(leave it out for none\); got -1$/],
    [{ memory: { max: "1m", min: "2m" } }, /^memory\.min must be at most memory\.max, 1048576 bytes; got 2097152$/],
    [{ pids: { max: 0 } }, /^pids\.max must be a whole number from 1 to 4194304, or -1 for no limit; got 0$/],
    [
      { io: { max: [{ device: "8:0", readBps: 0 }] } },
      /^io\.max\[0\]\.readBps must be bytes a second, such as "10m", more than 0, or -1 for no limit; got 0$/,
    ],
    [
      {
        io: {
          max: [
            { device: "8:0", readBps: 1 },
            { device: "8:0", readBps: 2 },
          ],
        },
      },
      /^io\.max\[1\]\.device names 8:0 a second time$/,
    ],
    [{ hugetlb: ["2MB"] }, /^hugetlb must be an object such as \{ "2MB": "64m" \}; got a list$/],
    [
      { devices: ["c 9999999999:1 r"] },
      /^devices\[0\] must be a rule such as "c 1:3 rwm": .*; got "c 9999999999:1 r"$/,
    ],
    [{ devices: [] }, /^devices must be a list .* \(leave it out for no restriction\); got an empty list$/],
    [{ memory: "1g" }, /^memory must be an object such as \{ max: "1g" \}; got a string$/],
    [{ cpu: { shares: 512 } }, /^cpu\.shares is not an argument; did you mean "weight"\?$/],
    [
      { io: { max: [{ device: "8:0", rbps: 5 }] } },
      /^io\.max\[0\]\.rbps is not an argument; did you mean "readBps"\?$/,
    ],
    [{ memory: { limit: "1g" } }, /^memory\.limit is not an argument; did you mean "max"\?$/],
  ] as [Bag, RegExp][])("with %j is refused", (wrong, expected) => {
    const checked = check(cgroup, {}, { ...least.cgroup, ...wrong });
    const reasons = "failures" in checked ? checked.failures.map((one) => checkFailure(one).reason) : [];
    expect(reasons).toEqual([expect.stringMatching(expected)]);
  });

  it("tells all that is wrong at once", () => {
    const wrong = {
      cpu: { max: "many", weight: 0, burst: "-1s" },
      cpuset: { cpus: "x" },
      memory: { max: "64q", oomGroup: 1, hihg: 1 },
      pids: { max: -2 },
      io: { max: [{ device: "sda", readBps: 0 }] },
      hugetlb: { "2M": "1m" },
      devices: ["c 1:3"],
    };
    const checked = check(cgroup, {}, { ...least.cgroup, ...wrong });
    const reasons = "failures" in checked ? checked.failures.map((one) => checkFailure(one).reason) : [];
    for (const path of [
      "cpu.max",
      "cpu.weight",
      "cpu.burst",
      "cpuset.cpus",
      "memory.max",
      "memory.oomGroup",
      "memory.hihg",
      "pids.max",
      "io.max[0].device",
      "io.max[0].readBps",
      'hugetlb["2M"]',
      "devices[0]",
    ]) {
      expect(
        reasons.some((reason) => reason.startsWith(path.replace('["2M"]', ".2M"))),
        path,
      ).toBe(true);
    }
  });
});
