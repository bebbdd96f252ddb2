import * as pulumi from "@pulumi/pulumi";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import * as slipway from "../../sdk";
import { imageName } from "../../sdk/image-name";

/** What reached the engine, by the name of the resource. */
const registered = new Map<string, pulumi.runtime.MockResourceArgs>();
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "slipway-sdk-"));
  writeFileSync(join(folder, "index.html"), "hello");
  await pulumi.runtime.setMocks(
    {
      newResource: (args) => {
        registered.set(args.name, args);
        const inputs = args.inputs as Record<string, unknown>;
        return {
          id: args.id === undefined || args.id === "" ? `${args.name}/${"0".repeat(32)}` : args.id,
          state: { ...inputs, contentKey: inputs["contentKey"] ?? "key" },
        };
      },
      call: () => ({}),
    },
    "shop",
    "dev",
    false,
    "acme",
  );
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  registered.clear();
  pulumi.runtime.setAllConfig({});
});

/** The inputs of a resource as the engine got them. */
async function inputs(resource: pulumi.CustomResource, name: string): Promise<Record<string, unknown>> {
  await now(resource.urn);
  return registered.get(name)?.inputs as Record<string, unknown>;
}

function now<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => output.apply(resolve));
}

const urn = (type: string): string => `acme/urn:pulumi:dev::shop::${type}`;
const container = "pulumi-nodejs:dynamic/slipway:Container";

/** A host, a layer, an image: what most resources are declared with. */
function parts(): { host: slipway.Host; layer: slipway.Layer; image: slipway.Image } {
  const host = new slipway.Host("web-1", { address: "192.0.2.1" });
  const layer = new slipway.Layer("site", { host, directory: folder, target: "/srv" });
  return { host, layer, image: new slipway.Image("web", { host, layers: [layer] }) };
}

describe("the text that state keeps", () => {
  it.each([
    ["Host", slipway.Host, () => new slipway.Host("x", { address: "a" })],
    ["Layer", slipway.Layer, () => new slipway.Layer("x", { host: "a", directory: folder })],
    ["Image", slipway.Image, () => new slipway.Image("x", { host: "a", layers: [] })],
    [
      "Container",
      slipway.Container,
      () => new slipway.Container("x", { host: "a", image: parts().image, network: "none" }),
    ],
  ])("of a %s never changes", async (kind, type, make) => {
    const resource = make();
    const { __provider: text } = await inputs(resource, "x");
    expect(text).toBe(`exports.handler=()=>require("pulumi-slipway/provider").${kind.toLowerCase()}`);
    expect(String(text).length).toBeLessThan(100);
    expect(registered.get("x")?.type).toBe(`pulumi-nodejs:dynamic/slipway:${kind}`);
    expect(type.__pulumiType).toBe(registered.get("x")?.type);
    expect(type.isInstance(resource)).toBe(true);
    expect(type.isInstance({ __pulumiType: type.__pulumiType })).toBe(false);
  });
});

describe("owner", () => {
  it("is organisation and URN, with the types of the parents", async () => {
    const component = new pulumi.ComponentResource("acme:web:Site", "site");
    const { host, image } = parts();
    const web = new slipway.Container("inner", { host, image, network: "none" }, { parent: component });
    expect((await inputs(web, "inner"))["owner"]).toBe(`${urn("acme:web:Site")}$${container}::inner`);
  });

  it("holds the namespace where the stack sets one", async () => {
    pulumi.runtime.setAllConfig({ "slipway:namespace": "team-a" });
    const host = new slipway.Host("h", { address: "a" });
    expect((await inputs(host, "h"))["owner"]).toBe(
      "acme/team-a/urn:pulumi:dev::shop::pulumi-nodejs:dynamic/slipway:Host::h",
    );
  });

  it("does not take a namespace that could be confused with another owner", () => {
    pulumi.runtime.setAllConfig({ "slipway:namespace": "a/b" });
    expect(() => new slipway.Host("h", { address: "a" })).toThrow(/slipway:namespace must be made of/);
  });
});

describe("references", () => {
  it("are the owner and the content key of what was handed over", async () => {
    const { host, layer, image } = parts();
    const web = new slipway.Container("c", { host, image, network: "none" });
    expect(await inputs(image, "web")).toMatchObject({
      host: { name: "web-1", connection: { address: "192.0.2.1" } },
      layers: [{ owner: urn("pulumi-nodejs:dynamic/slipway:Layer::site"), contentKey: await now(layer.contentKey) }],
    });
    expect((await inputs(web, "c"))["image"]).toEqual({
      owner: urn("pulumi-nodejs:dynamic/slipway:Image::web"),
      contentKey: "key",
    });
  });

  it("to a control group are also the slot that it has on the host", async () => {
    const { host, image } = parts();
    const tenants = new slipway.Cgroup("tenants", { host });
    const expected = {
      owner: urn("pulumi-nodejs:dynamic/slipway:Cgroup::tenants"),
      contentKey: "key",
      slot: "tenants",
    };
    const blue = new slipway.Cgroup("blue", { host, parent: tenants });
    expect((await inputs(blue, "blue"))["parent"]).toEqual(expected);
    const web = new slipway.Container("c", { host, image, network: "none", cgroup: pulumi.output(tenants) });
    expect((await inputs(web, "c"))["cgroup"]).toEqual(expected);
  });

  it("are the same from an output, a promise and a nested list", async () => {
    const { host, layer } = parts();
    const direct = new slipway.Image("direct", { host, layers: [layer] });
    const wrapped = new slipway.Image("wrapped", {
      host: pulumi.output(host),
      layers: pulumi.output(Promise.resolve([pulumi.output(layer)])),
    });
    const { owner: _, ...expected } = await inputs(direct, "direct");
    expect(await inputs(wrapped, "wrapped")).toMatchObject(expected);
  });

  it("know our classes though the package was loaded twice", async () => {
    const { host, image } = parts();
    const copy = Object.create(
      pulumi.CustomResource.prototype,
      Object.getOwnPropertyDescriptors(image),
    ) as slipway.Image;
    expect(copy instanceof slipway.Image).toBe(false);
    const web = new slipway.Container("c", { host, image: copy, network: "none" });
    expect((await inputs(web, "c"))["image"]).toEqual({
      owner: urn("pulumi-nodejs:dynamic/slipway:Image::web"),
      contentKey: "key",
    });
  });

  it("of a container to an image by name are to one that is declared beside it", async () => {
    const { host } = parts();
    const component = new pulumi.ComponentResource("acme:Component", "names");
    for (const image of ["nginx:1.27", imageName(pulumi.output("nginx:1.27"))]) {
      const web = new slipway.Container("named", { host, image, network: "none" }, { parent: component });
      expect((await inputs(web, "named"))["image"]).toEqual({
        owner: urn("acme:Component$pulumi-nodejs:dynamic/slipway:Image::named"),
        contentKey: "key",
      });
    }
  });

  it("leave for check to refuse what is none: a name in disguise, or a resource of another kind", async () => {
    const { host, layer } = parts();
    const named = new slipway.Container("c", { host, image: pulumi.output("nginx") as never, network: "none" });
    expect((await inputs(named, "c"))["image"]).toBe("nginx");
    const confused = new slipway.Image("i", { host: layer as never, layers: pulumi.output([layer, host as never]) });
    expect(await inputs(confused, "i")).toMatchObject({
      host: "a resource of type pulumi-nodejs:dynamic/slipway:Layer",
      layers: [{ contentKey: await now(layer.contentKey) }, "a resource of type pulumi-nodejs:dynamic/slipway:Host"],
    });
  });
});

describe("connection", () => {
  it("takes the stack's defaults below what the program says", async () => {
    pulumi.runtime.setAllConfig({ "slipway:ssh": JSON.stringify({ user: "deploy", port: 2222, sudo: true }) });
    const host = new slipway.Host("h", { address: "a", port: 22 });
    const onName = new slipway.Layer("l", { host: "web.example", directory: folder });
    expect(await inputs(host, "h")).toMatchObject({
      host: { name: "h", connection: { address: "a", user: "deploy", port: 22, sudo: true } },
    });
    expect(await inputs(onName, "l")).toMatchObject({
      host: { name: "web.example", connection: { address: "web.example", user: "deploy", port: 2222, sudo: true } },
    });
  });

  it("keeps keys and passphrases secret, whoever gave them", async () => {
    pulumi.runtime.setAllConfig({ "slipway:ssh": JSON.stringify({ passphrase: "from the stack" }) });
    const host = new slipway.Host("h", { address: "a", privateKey: "from the program" });
    const layer = new slipway.Layer("l", { host, directory: folder });
    await inputs(layer, "l");
    expect(await pulumi.isSecret(host.host)).toBe(true);
    expect(await pulumi.isSecret(layer.host)).toBe(true);
    expect(await pulumi.isSecret(layer.contentKey)).toBe(false);
  });

  it.each(["[1]", "null", "{ a passphrase"])(
    "does not take defaults that are no object, and does not show them",
    (ssh) => {
      pulumi.runtime.setAllConfig({ "slipway:ssh": ssh });
      expect(() => new slipway.Host("h", { address: "a" })).toThrow(
        'slipway:ssh must be a JSON object of connection settings, such as {"user": "deploy"}',
      );
    },
  );
});

describe("arguments", () => {
  it("that are missing or do not exist are for the provider to refuse, with all else that is wrong", async () => {
    const host = new slipway.Host("h", { prot: 22 } as never);
    expect(await inputs(host, "h")).toMatchObject({ host: { name: "h", connection: { prot: 22 } } });
    const web = new slipway.Container("c", { memory: "x" } as never);
    const { owner: _, __provider: _provider, ...written } = await inputs(web, "c");
    expect(written).toEqual({ memory: "x" });
  });

  it("give an output each, set or not", () => {
    const { host, image } = parts();
    const web = new slipway.Container("c", { host, image, network: "none" });
    for (const property of [web.memory, web.command, web.running, web.imageId, web.exitCode, web.hostId, web.owner]) {
      expect(pulumi.Output.isInstance(property)).toBe(true);
    }
  });

  it("that name local files keep the path from the program's folder", async () => {
    const layer = new slipway.Layer("l", { host: "a", directory: folder });
    expect(String((await inputs(layer, "l"))["directory"])).toMatch(/^\.\.\/.*slipway-sdk-/);
  });
});

describe("pairs", () => {
  it("reach the provider by name", async () => {
    const { host, image } = parts();
    const hidden = pulumi.interpolate`B=${pulumi.secret("hidden")}`;
    const later = Promise.resolve("C=1=2");
    const config = { env: ["A=1", hidden, later], labels: { a: "b" } };
    const described = new slipway.Image("described", { host, layers: [], config });
    const web = new slipway.Container("c", { host, image, network: "none", env: ["A=1", hidden, later] });
    // The mocks show a secret in an object as a secret object; that each value keeps its own mark is for test/e2e.
    expect((await inputs(web, "c"))["env"]).toMatchObject({ value: { A: "1", B: "hidden", C: "1=2" } });
    expect((await inputs(described, "described"))["config"]).toMatchObject({
      value: { env: { A: "1", B: "hidden" }, labels: { a: "b" } },
    });
  });

  it("without names, or with one twice, are left for check to refuse", async () => {
    const { host, image } = parts();
    const web = new slipway.Container("c", { host, image, network: "none", env: ["A=1", "A=2"], labels: ["x"] });
    expect(await inputs(web, "c")).toMatchObject({ env: ["A=1", "A=2"], labels: ["x"] });
  });
});

describe("a lookup", () => {
  it("needs the id and the host, and declares no owner", async () => {
    const id = `web/${"1".repeat(32)}`;
    const web = slipway.Container.get("found", id, { host: "web.example" });
    expect(await now(web.id)).toBe(id);
    const { owner, ...rest } = await inputs(web, "found");
    expect(owner).toBeUndefined();
    expect(rest).toMatchObject({
      host: { name: "web.example" },
      __provider: expect.stringContaining("container") as string,
    });
    slipway.Layer.get("layer", id, { host: "a" });
    slipway.Image.get("image", id, { host: "a" });
    slipway.Host.get("host", id, { host: { name: "h", connection: { address: "a" } } });
  });
});
