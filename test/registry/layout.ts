import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import type { TestHost } from "../host";

/** A layer of an image in the making. */
export interface LayerSpec {
  /** Its archive. */
  readonly tar: Buffer;
  /** How it is packed; default gzip. */
  readonly packed?: "gzip" | "zstd" | "plain";
}

/** An image in the making, of one platform. */
export interface Spec {
  readonly layers: readonly LayerSpec[];
  /** The specification's "config"; default nothing. */
  readonly config?: object;
  /** In Go's words; default this machine's. */
  readonly architecture?: string;
}

/** What points at a manifest. */
export interface Manifest {
  readonly digest: string;
  /** The digests of its packed layers. */
  readonly layers: readonly string[];
}

const type = (name: string): string => `application/vnd.oci.image.${name}`;
const suffix = { gzip: "+gzip", zstd: "+zstd", plain: "" };
const zstd = (data: Buffer): Buffer => execFileSync("zstd", ["-q", "-c"], { input: data, maxBuffer: 1 << 30 });
const native = process.arch === "x64" ? "amd64" : process.arch;

/**
 * Writes an OCI image layout into a folder of a host, tagged "latest": of one image, or of several as an index of
 * platforms. The answer is what stands at the top, and the images themselves.
 */
export async function layout(
  host: TestHost,
  folder: string,
  ...specs: Spec[]
): Promise<Manifest & { images: Manifest[] }> {
  const blobs = new Map<string, Buffer>();
  const put = (mediaType: string, data: Buffer | object): { mediaType: string; digest: string; size: number } => {
    const bytes = Buffer.isBuffer(data) ? data : Buffer.from(JSON.stringify(data));
    const hex = createHash("sha256").update(bytes).digest("hex");
    blobs.set(hex, bytes);
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
  };
  const made = specs.map(({ layers, config = {}, architecture = native }) => {
    const packed = layers.map(({ tar, packed: how = "gzip" }) => {
      const bytes = how === "gzip" ? gzipSync(tar) : how === "zstd" ? zstd(tar) : tar;
      return put(type(`layer.v1.tar${suffix[how]}`), bytes);
    });
    const diffIDs = layers.map(({ tar }) => `sha256:${createHash("sha256").update(tar).digest("hex")}`);
    const settings = put(type("config.v1+json"), {
      os: "linux",
      architecture,
      config,
      rootfs: { type: "layers", diff_ids: diffIDs },
      history: diffIDs.map(() => ({ created_by: "test" })),
    });
    const manifest = { schemaVersion: 2, mediaType: type("manifest.v1+json"), config: settings, layers: packed };
    const descriptor = { ...put(manifest.mediaType, manifest), platform: { os: "linux", architecture } };
    return { descriptor, layers: packed.map(({ digest }) => digest) };
  });
  const [only] = made;
  const index = type("index.v1+json");
  const manifests = made.map(({ descriptor }) => descriptor);
  const top =
    made.length === 1 && only !== undefined
      ? only.descriptor
      : put(index, { schemaVersion: 2, mediaType: index, manifests });
  await host.must(`rm -rf '${folder}' && mkdir -p '${folder}/blobs/sha256'`);
  const write = async (name: string, data: Buffer | object): Promise<unknown> =>
    host.must(`cat > '${folder}/${name}'`, { input: Buffer.isBuffer(data) ? data : JSON.stringify(data) });
  await write("oci-layout", { imageLayoutVersion: "1.0.0" });
  const tagged = { ...top, annotations: { "org.opencontainers.image.ref.name": "latest" } };
  await write("index.json", { schemaVersion: 2, mediaType: index, manifests: [tagged] });
  for (const [hex, bytes] of blobs) await write(`blobs/sha256/${hex}`, bytes);
  const images = made.map(({ descriptor: { digest }, layers }) => ({ digest, layers }));
  return { digest: top.digest, layers: images.flatMap(({ layers }) => layers), images };
}
