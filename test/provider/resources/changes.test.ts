import { describe, expect, it } from "vitest";
import type { ResourceName } from "../../../provider/api";
import type { Bag } from "../../../provider/resources/bag";
import { check, replacing } from "../../../provider/resources/check";
import { cgroup } from "../../../provider/resources/cgroup";
import { container } from "../../../provider/resources/container";
import type { CommonInputs, Definition } from "../../../provider/resources/definition";
import { host } from "../../../provider/resources/host";
import { image } from "../../../provider/resources/image";
import { layer } from "../../../provider/resources/layer";
import { unknown } from "../../../provider/resources/unknown";
import { keys, least, place } from "./inputs";

/** What a change of some inputs replaces; the rest is changed in place. */
function replaced<R extends ResourceName, I extends CommonInputs>(
  definition: Definition<R, I>,
  before: Bag,
  changed: Bag,
): string[] {
  const olds = check(definition, {}, before);
  const news = check(definition, before, { ...before, ...changed });
  if ("failures" in olds || "failures" in news) throw new Error(JSON.stringify([olds, news]));
  return replacing(definition, { ...olds.inputs, hostId: "id" }, news.inputs);
}

const another = { name: "web-2", connection: { address: "192.0.2.2" } };
const renamed = { name: "web-2", connection: { ...place.connection, user: "other" } };
const moved = { name: "web-1", connection: { address: "192.0.2.9", user: "other", port: 22 } };

describe("every resource", () => {
  it.each([
    [host, least.host],
    [layer, least.layer],
    [image, least.image],
    [cgroup, least.cgroup],
    [container, least.container],
  ] as [Definition<ResourceName, CommonInputs>, Bag][])(
    "is replaced with another host, not with another way to it",
    (definition, before) => {
      expect(replaced(definition, before, { host: another })).toEqual(["host"]);
      expect(replaced(definition, before, { host: { ...another, connection: { address: unknown } } })).toEqual([
        "host",
      ]);
      expect(replaced(definition, before, { host: renamed })).toEqual([]);
      expect(replaced(definition, before, { host: moved })).toEqual([]);
      expect(replaced(definition, before, { host: unknown })).toEqual([]);
      expect(replaced(definition, before, { host: { ...place, connection: unknown } })).toEqual([]);
      expect(replaced(definition, before, { owner: "moved under another parent" })).toEqual([]);
      expect(replaced(definition, before, { owner: unknown })).toEqual([]);
    },
  );
});

describe("a container", () => {
  const full = { ...least.container, command: ["a"], entrypoint: ["e"], env: { A: "1" }, user: "www", memory: "64m" };
  const table: [Bag, string[]][] = [
    [{ image: { owner: "organization/urn:image", contentKey: keys.two } }, ["image"]],
    [{ image: { owner: "moved", contentKey: keys.one } }, []],
    [{ image: { owner: "organization/urn:image", contentKey: unknown } }, ["image"]],
    [{ image: unknown }, ["image"]],
    [{ command: ["b"] }, ["command"]],
    [{ command: undefined }, ["command"]],
    [{ command: unknown }, []],
    [{ entrypoint: ["f"] }, ["entrypoint"]],
    [{ env: ["A=1"] }, []],
    [{ env: { A: "2" } }, ["env"]],
    [{ env: { A: unknown } }, []],
    [{ env: { A: "1", B: unknown } }, []],
    [{ workingDir: "/srv" }, ["workingDir"]],
    [{ user: "root" }, ["user"]],
    [{ hostname: "web" }, ["hostname"]],
    [{ network: "host" }, ["network"]],
    [{ readOnly: true }, ["readOnly"]],
    [{ readOnly: false }, []],
    [{ paused: true }, []],
    [{ wait: "exit" }, ["wait"]],
    [{ wait: "running" }, []],
    [{ memory: "128m", cpus: 1, pidsLimit: 5 }, []],
    [{ memory: undefined }, []],
    [{ labels: { a: "b" }, stopSignal: "QUIT", stopTimeout: "1s" }, []],
    [{ command: ["b"], user: "root", memory: "1g" }, ["command", "user"]],
  ];
  it.each(table)("%j replaces for %j", (changed, expected) => {
    expect(replaced(container, full, changed)).toEqual(expected);
  });
});

describe("a layer", () => {
  it.each([
    [{ contentKey: keys.two }, ["contentKey"]],
    [{ contentKey: unknown }, ["contentKey"]],
    [{ rootfs: "elsewhere/rootfs.tar" }, []],
    [{ rootfs: undefined, directory: "rootfs" }, []],
  ] as [Bag, string[]][])("%j replaces for %j", (changed, expected) => {
    expect(replaced(layer, least.layer, changed)).toEqual(expected);
  });
});

describe("an image", () => {
  it.each([
    [{ layers: [{ owner: "organization/urn:layer", contentKey: keys.two }] }, ["contentKey"]],
    [{ layers: [{ owner: "organization/urn:layer", contentKey: unknown }] }, ["contentKey"]],
    [{ layers: [{ owner: "moved", contentKey: keys.one }] }, []],
    [{ config: { command: ["x"] } }, ["contentKey"]],
    [{ config: {} }, []],
  ] as [Bag, string[]][])("%j replaces for %j", (changed, expected) => {
    expect(replaced(image, least.image, changed)).toEqual(expected);
  });
});
