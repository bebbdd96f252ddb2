import { describe, expect, it } from "vitest";
import type { Bag } from "../../../provider/resources/bag";
import { check } from "../../../provider/resources/check";
import { container } from "../../../provider/resources/container";
import { host } from "../../../provider/resources/host";
import { image } from "../../../provider/resources/image";
import { parseSignal } from "../../../provider/resources/signals";
import { parseDuration, parseSize } from "../../../provider/resources/units";
import { unknown } from "../../../provider/resources/unknown";
import { least } from "./inputs";

/** One argument of a container after check. */
function canonical(name: string, value: unknown): unknown {
  const checked = check(container, {}, { ...least.container, [name]: value });
  return "failures" in checked ? checked.failures : (checked.inputs as Bag)[name];
}

describe("short and long forms", () => {
  it.each([
    ["memory", "512m", 536_870_912],
    ["cpus", "0.5", 0.5],
    ["cpusetCpus", "4,0,1, 2-3,9", "0-4,9"],
    ["cpusetMems", 0, "0"],
    ["pidsLimit", -1, -1],
    ["memory", "-1", -1],
    [
      "deviceReadBps",
      ["/dev/sdb:1m", { path: "/dev/sda", rate: 5 }],
      [
        { path: "/dev/sda", rate: 5 },
        { path: "/dev/sdb", rate: 1_048_576 },
      ],
    ],
    ["stopTimeout", "1m30s", 90_000],
    ["stopSignal", "term", "SIGTERM"],
    ["stopSignal", 3, "SIGQUIT"],
    ["user", 33, "33"],
    ["workingDir", "//srv/./www/", "/srv/www"],
    ["env", ["B=2", "A=1=2", "C="], { A: "1=2", B: "2", C: "" }],
    ["env", { N: 1, T: true }, { N: "1", T: "true" }],
    ["labels", ["a=b"], { a: "b" }],
  ])("%s: %j is %j", (name, written, expected) => {
    expect(canonical(name, written)).toEqual(expected);
  });

  it("an unknown element makes a list of variables unknown, for its name is unknown too", () => {
    expect(canonical("env", ["A=1", unknown])).toBe(unknown);
    expect(canonical("env", { A: unknown })).toEqual({ A: unknown });
  });

  it("keeps a name that JavaScript gives a meaning", () => {
    const env = JSON.parse('{"__proto__":"x","constructor":"y"}') as Bag;
    expect(JSON.stringify(canonical("env", env))).toBe('{"__proto__":"x","constructor":"y"}');
  });

  it("host keys are a set, and their comments mean nothing", () => {
    const hostKey = ["ssh-rsa BBBB me@home", "ssh-ed25519 AAAA", "ssh-rsa  BBBB"];
    const checked = check(host, {}, { ...least.host, host: { name: "h", connection: { address: "a", hostKey } } });
    expect(checked).toMatchObject({
      inputs: { host: { connection: { hostKey: ["ssh-ed25519 AAAA", "ssh-rsa BBBB"] } } },
    });
  });
});

describe("sizes", () => {
  it.each([
    ["1", 1],
    ["1b", 1],
    ["1k", 1024],
    ["1K", 1024],
    ["1kb", 1024],
    ["1KiB", 1024],
    ["1.5g", 1_610_612_736],
    ["2 t", 2_199_023_255_552],
    ["", undefined],
    ["-1m", undefined],
    ["1x", undefined],
    ["m", undefined],
    ["9999999t", undefined],
    [1.5, undefined],
    [-1, undefined],
  ])("%j is %j", (written, expected) => {
    expect(parseSize(written)).toBe(expected);
  });
});

describe("durations", () => {
  it.each([
    ["200ms", 200],
    ["1.5s", 1500],
    ["1h2m3s4ms", 3_723_004],
    ["0s", 0],
    [10, 10],
    ["10", undefined],
    ["s", undefined],
    ["1d", undefined],
    ["-1s", undefined],
  ])("%j is %j", (written, expected) => {
    expect(parseDuration(written)).toBe(expected);
  });
});

describe("signals", () => {
  it.each([
    ["SIGKILL", "SIGKILL"],
    [9, "SIGKILL"],
    [31, "SIGSYS"],
    ["iot", "SIGABRT"],
    [34, "SIGRTMIN"],
    ["RTMAX", "SIGRTMIN+30"],
    ["SIGRTMIN+0", "SIGRTMIN"],
    [32, undefined],
    [0, undefined],
    [65, undefined],
    ["RTMIN+31", undefined],
    ["", undefined],
  ])("%j is %j", (written, expected) => {
    expect(parseSignal(written)).toBe(expected);
  });
});

describe("content key of an image", () => {
  const keyOf = (changed: Bag): unknown => {
    const checked = check(image, {}, { ...least.image, ...changed });
    return "failures" in checked ? checked.failures : checked.inputs.contentKey;
  };
  const layer = (digit: string): Bag => ({ owner: "o", contentKey: `sha256:${digit.repeat(64)}` });

  it("is the same for the same content, however it is written", () => {
    expect(keyOf({ config: { env: ["B=2", "A=1"], command: ["x"] } })).toBe(
      keyOf({ config: { command: ["x"], env: { A: 1, B: 2 } } }),
    );
    expect(keyOf({ config: {} })).toBe(keyOf({}));
    expect(keyOf({ owner: "another" })).toBe(keyOf({}));
  });

  it("changes with a layer, their order, and any setting", () => {
    const all = [
      {},
      { layers: [layer("2")] },
      { layers: [layer("1"), layer("2")] },
      { layers: [layer("2"), layer("1")] },
      { config: { user: "www" } },
      { config: { workingDir: "/www" } },
      { config: { command: ["a", "b"] } },
      { config: { command: ["a b"] } },
      { config: { entrypoint: ["a", "b"] } },
    ].map(keyOf);
    expect(new Set(all).size).toBe(all.length);
  });

  it("is unknown while any of it is, but not while an owner is", () => {
    expect(keyOf({ layers: [unknown] })).toBe(unknown);
    expect(keyOf({ layers: [{ owner: "o", contentKey: unknown }] })).toBe(unknown);
    expect(keyOf({ config: { env: { A: unknown } } })).toBe(unknown);
    expect(keyOf({ layers: [{ ...layer("1"), owner: unknown }] })).toBe(keyOf({ layers: [layer("1")] }));
  });
});
