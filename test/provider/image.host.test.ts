import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createHost, type TestHost } from "../host";
import { archive, bundle, describeTree, layout, listens, Registry, type Spec } from "../registry";
import { Engine, type Bag, type CallError } from "./engine";

/** Images pulled from a real registry onto a real host, by the provider as Pulumi runs it. */

let host: TestHost;
let engine: Engine;
let plain: Registry;
let guarded: Registry;
let folder: string;
let place: Bag;
const made: { id: string; outputs: Bag }[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "slipway-image-"));
  mkdirSync(join(folder, "docker"));
  host = await createHost();
  place = { name: "web-1", connection: { ...host.connection, configFile: "/dev/null" } };
  [engine, plain, guarded] = await Promise.all([
    Engine.start({}, { DOCKER_CONFIG: join(folder, "docker") }),
    Registry.start(host, 5000),
    Registry.start(host, 5001, { tls: true, guarded: true }),
  ]);
});
afterEach(async () => {
  for (const { id, outputs } of made.splice(0).reverse()) await engine.delete("Image", id, outputs);
  expect(await host.must("ls /var/lib/slipway/layers /var/lib/slipway/images /var/lib/slipway/blobs")).not.toMatch(
    /[0-9a-f]{64}/,
  );
});
afterAll(async () => {
  await engine.stop();
  await host.close();
  rmSync(folder, { recursive: true });
});

async function checked(inputs: Bag): Promise<Bag> {
  const owner = "organization/urn:pulumi:dev::shop::pulumi-nodejs:dynamic/slipway:Image::app";
  const result = await engine.check("Image", {}, { owner, host: place, ...inputs });
  expect(result.failures).toEqual([]);
  return result.inputs;
}

async function create(inputs: Bag): Promise<{ id: string; outputs: Bag; inputs: Bag }> {
  const canonical = await checked(inputs);
  const { id, outputs } = await engine.create("Image", canonical);
  made.push({ id, outputs });
  return { id, outputs, inputs: canonical };
}

const failing = async (inputs: Bag): Promise<string> =>
  engine.create("Image", await checked(inputs)).then(
    () => "the call succeeded",
    (error: unknown) => (error as CallError).message,
  );

const page = async (content: string): Promise<Spec> => ({
  layers: [{ tar: await archive({ name: "index.html", mode: 0o644, content }) }],
});

/** One of everything, and then changes of it. */
async function everything(packed: "gzip" | "zstd" | "plain"): Promise<Spec> {
  const time = new Date(1_234_567_890_000);
  const capability = { "SCHILY.xattr.security.capability": "\x01\0\0\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0" };
  const base = await archive(
    { name: "bin/", type: "directory", mode: 0o755 },
    { name: "bin/su", mode: 0o4755, uid: 0, gid: 7, content: "su", mtime: time },
    { name: "bin/hard", type: "link", linkname: "bin/su" },
    { name: "bin/ping", mode: 0o755, content: "ping", pax: capability },
    { name: "bin/ping6", mode: 0o755, content: "ping6", pax: capability },
    { name: "bin/soft", type: "symlink", linkname: "../bin/su", uid: 3, gid: 4 },
    { name: "tmp/", type: "directory", mode: 0o1777 },
    { name: "dev/null", type: "character-device", mode: 0o666, devmajor: 1, devminor: 3 },
    { name: "dev/pipe", type: "fifo", mode: 0o600 },
    { name: "dev/", type: "directory", mode: 0o755 },
    { name: "gone/", type: "directory", mode: 0o700 },
    { name: "gone/file", content: "gone" },
    { name: "opaque/", type: "directory", mode: 0o750, uid: 12345, gid: 4_000_000_000 },
    { name: "opaque/below", content: "below" },
    { name: "kind/", type: "directory" },
    { name: "kind/file", content: "file" },
    { name: "nobody's", content: "x", uid: 65534, gid: 65534 },
    { name: "grüße\n", content: "x" },
  );
  const above = await archive(
    { name: ".wh.gone", content: "" },
    { name: "opaque/", type: "directory", mode: 0o711 },
    { name: "opaque/.wh..wh..opq", content: "" },
    { name: "opaque/above", content: "above" },
    { name: ".wh.kind", content: "" },
    { name: "kind", content: "now a file" },
    { name: "bin/", type: "directory", mode: 0o755 },
    { name: "bin/ping", mode: 0o700, content: "without a capability" },
  );
  const config = {
    Env: ["PATH=/bin", "A=b=c"],
    Cmd: ["su"],
    WorkingDir: "/tmp",
    User: "3:4",
    Volumes: { "/data": {} },
  };
  return { layers: [base, above, await archive()].map((tar) => ({ tar, packed })), config };
}

describe("an image from a registry", () => {
  it.each([
    ["gzip", "oci"],
    ["gzip", "v2s2"],
    ["plain", "oci"],
    ["zstd", "oci"],
  ] as const)("with %s, of the kind %s, has the tree that umoci unpacks", async (packed, format) => {
    const name = `every-${packed}-${format}:1`;
    await layout(host, "/root/every", await everything(packed));
    await plain.push("/root/every", name, format);
    const { outputs } = await create({ reference: `${plain.address}/${name}`, insecure: true });
    expect(outputs).toMatchObject({
      digest: await plain.digestOf(name),
      imageConfig: { command: ["su"], env: { A: "b=c", PATH: "/bin" }, workingDir: "/tmp", user: "3:4" },
      intact: true,
    });
    const trees = (outputs["layerDigests"] as string[]).map(
      (digest) => `/var/lib/slipway/layers/${digest.slice(7)}/fs`,
    );
    await host.must(`mkdir -p /root/ours && mount -t overlay -o lowerdir=${trees.reverse().join(":")} none /root/ours`);
    try {
      // It knows no zstd.
      await layout(host, "/root/every", await everything("gzip"));
      const theirs = await describeTree(host, await bundle(host, "/root/every", "/root/theirs"));
      expect(theirs.join("\n")).toContain("security.capability=0x");
      expect(await describeTree(host, "/root/ours")).toEqual(theirs);
    } finally {
      await host.must("umount /root/ours; rm -rf /root/theirs");
    }
  });

  it("is that of the host's platform, or of one that is asked for", async () => {
    const { digest } = await layout(
      host,
      "/root/index",
      { ...(await page("other")), architecture: "s390x" },
      await page("own"),
    );
    await plain.push("/root/index", "index:1");
    const reference = `${plain.address}/index:1`;
    const own = await create({ reference, insecure: true });
    expect(own.outputs["digest"]).toBe(digest);
    const other = await create({ reference, insecure: true, platform: "linux/s390x" });
    expect(other.outputs["imageId"]).not.toBe(own.outputs["imageId"]);
    expect(await failing({ reference, insecure: true, platform: "linux/riscv64" })).toMatch(
      /not there for linux\/riscv64, but for linux\/(amd64|arm64), linux\/s390x.*\[platform_missing\]/,
    );
  });

  it("keeps what its tag stood for, also when it is repaired, until a trigger asks again", async () => {
    await layout(host, "/root/page", await page("one"));
    await plain.push("/root/page", "page:1");
    const reference = `${plain.address}/page:1`;
    const { id, outputs, inputs } = await create({ reference, insecure: true });
    expect((await engine.read("Image", id, outputs)).inputs).toEqual(inputs);
    await layout(host, "/root/page", await page("two"));
    await plain.push("/root/page", "page:1");
    const read = await engine.read("Image", id, outputs);
    expect(read).toEqual({ id, outputs, inputs });
    expect((await engine.diff("Image", id, read.outputs, inputs)).replacesList).toEqual([]);

    const file = `/var/lib/slipway/layers/${(outputs["layerDigests"] as string[])[0]?.slice(7) ?? ""}/fs/index.html`;
    await host.must(`echo damaged > ${file}`);
    const damaged = await engine.read("Image", id, outputs);
    expect(damaged.inputs).toEqual({ ...inputs, intact: false });
    const repaired = await engine.update("Image", id, damaged.outputs, inputs);
    expect(repaired).toEqual(outputs);
    expect(await host.must(`cat ${file}`)).toBe("one");

    const again = await checked({ reference, insecure: true, triggers: ["again"] });
    expect((await engine.diff("Image", id, repaired, again)).replacesList).toEqual(["contentKey"]);
    const next = await create({ reference, insecure: true, triggers: ["again"] });
    expect(next.outputs["digest"]).toBe(await plain.digestOf("page:1"));
    expect(next.outputs["digest"]).not.toBe(outputs["digest"]);
  });
});

describe("a registry that asks for credentials and shows its own certificate", () => {
  const { credentials } = Registry;
  let reference: string;
  const config = (content: object): void => writeFileSync(join(folder, "docker/config.json"), JSON.stringify(content));

  beforeAll(async () => {
    reference = `${guarded.address}/app:1`;
    await layout(host, "/root/app", await page("secret"));
    await guarded.push("/root/app", "app:1");
  });
  afterEach(() => rmSync(join(folder, "docker/config.json"), { force: true }));

  it("is not trusted unless the program says so", async () => {
    const says = await failing({ reference, credentials });
    expect(says).toMatch(/cannot be trusted: .*unknown authority.*`ca`.*`insecure: true`.*\[registry_untrusted\]/);
    await create({ reference, credentials, ca: guarded.certificate });
    await create({ reference, credentials, insecure: true });
  });

  it("gets those of the program, and they are refused by name where they are wrong", async () => {
    const wrong = { ...credentials, password: "wrong-one" };
    const says = await failing({ reference, ca: guarded.certificate, credentials: wrong });
    expect(says).toMatch(
      /refuses app with the credentials given.*\[registry_refused\]\nCredentials used for .*of the Image/,
    );
    expect(says).not.toContain("wrong-one");
  });

  it("gets those of docker login on this machine, which stay out of state and host", async () => {
    const { username, password } = credentials;
    expect(await failing({ reference, ca: guarded.certificate })).toMatch(
      /without credentials[\s\S]*none, for .*config\.json/,
    );
    config({ auths: { [guarded.address]: { auth: Buffer.from(`${username}:${password}`).toString("base64") } } });
    // What was found before is used again for a minute, so another process looks.
    const other = await Engine.start({}, { DOCKER_CONFIG: join(folder, "docker") });
    try {
      const { id, outputs } = await other.create("Image", await checked({ reference, ca: guarded.certificate }));
      made.push({ id, outputs });
      expect(JSON.stringify(outputs)).not.toContain(password);
      expect(await host.must(`grep -rl -e '${password}' /var/lib/slipway /run/slipway || true`)).toBe("");
      expect(other.output()).not.toContain(password);
    } finally {
      await other.stop();
    }
  });
});

it("tells what is not there, and from which registry", async () => {
  expect(await failing({ reference: `${plain.address}/none:1`, insecure: true })).toMatch(
    /the registry 127\.0\.0\.1:5000 has no manifests\/1 of none.*\[image_not_found\]/,
  );
  expect(await failing({ reference: "127.0.0.1:9/none:1", insecure: true })).toMatch(
    /cannot be reached from the host.*\[registry_unreachable\]/,
  );
  expect(await failing({ reference: `${plain.address}/none:1` })).toMatch(/does not speak TLS.*`insecure: true`/);
});

it("goes on where it was cut off", async () => {
  await layout(host, "/root/large", {
    layers: [{ tar: await archive({ name: "large", content: randomBytes(300_000).toString("hex") }), packed: "plain" }],
  });
  await plain.push("/root/large", "large:1");
  const lossy = host.enter([process.execPath, join(__dirname, "../registry/lossy.mjs"), "5002", "5000", "250000"]);
  let asked = "";
  lossy.stdout?.on("data", (piece: Buffer) => (asked += piece.toString()));
  try {
    await listens(host, 5002, lossy);
    await create({ reference: "127.0.0.1:5002/large:1", insecure: true });
    // The config, and then the layer in three parts.
    expect(asked).toMatch(/^-\n-\n(bytes=\d+-\n){2,}$/);
  } finally {
    lossy.kill("SIGKILL");
  }
});

it("goes to a mirror first, and to the registry for what that lacks", async () => {
  await layout(host, "/root/mirrored", await page("mirrored"));
  await plain.push("/root/mirrored", "hub/library/mirrored:1");
  // Nothing but the mirror can be reached under this name.
  const mirrors = [`http://${plain.address}/hub`];
  await create({ reference: "mirrored:1", mirrors });
  await plain.push("/root/mirrored", "own:1");
  await create({ reference: `${plain.address}/own:1`, insecure: true, mirrors: ["http://127.0.0.1:9", ...mirrors] });
});
