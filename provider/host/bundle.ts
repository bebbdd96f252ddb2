import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { z } from "zod";
import { reason, SlipwayError } from "./errors";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const file = z.object({ file: z.string(), size: z.int(), sha256 });
const pair = z.object({ agent: file, monitor: file });
const manifest = z.object({
  protocol: z.int(),
  version: z.string(),
  architectures: z.object({ amd64: pair, arm64: pair }).partial(),
});

/** A machine type in Go's and Docker's words. */
export type Architecture = "amd64" | "arm64";

/** One file that a host needs. */
export interface BundledFile {
  /** Its name on the host. */
  readonly name: "slipway-agent" | "slipway-monitor";
  /** Bytes of the unpacked file. */
  readonly size: number;
  /** Of the unpacked file, in hexadecimal. */
  readonly sha256: string;
  /** The bytes, after a check that they are those of the manifest. */
  readonly plain: () => Promise<Buffer>;
  /** The same through gzip; packed once for all hosts. */
  readonly packed: () => Promise<Buffer>;
}

/** The agents that Slipway brings along. */
export interface Bundle {
  readonly protocol: number;
  readonly files: Partial<Record<Architecture, readonly [agent: BundledFile, monitor: BundledFile]>>;
}

const bundles = new Map<string, Promise<Bundle>>();

/**
 * Reads the manifest of the bundled agents: of the folder that SLIPWAY_AGENT_DIR names, which must then be there, else
 * of the package. Rejects with "bundle_missing".
 */
export function loadBundle(folder: string = process.env["SLIPWAY_AGENT_DIR"] || packageFolder()): Promise<Bundle> {
  const known = bundles.get(folder);
  if (known) return known;
  const loading = load(folder);
  bundles.set(folder, loading);
  loading.catch(() => bundles.delete(folder));
  return loading;
}

/** dist/agent, seen from dist/provider/host as in the package, or from provider/host as in the repository. */
function packageFolder(): string {
  const built = join(__dirname, "..", "..", "agent");
  return existsSync(join(built, "manifest.json")) ? built : join(__dirname, "..", "..", "dist", "agent");
}

async function load(folder: string): Promise<Bundle> {
  const path = join(folder, "manifest.json");
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw missing(`${path} cannot be read: ${reason(error)}`);
  }
  const parsed = manifest.safeParse(parseJson(text));
  if (!parsed.success) throw missing(`${path} is not a manifest: ${reason(parsed.error)}`);
  const { protocol, architectures } = parsed.data;
  const files: Bundle["files"] = {};
  for (const architecture of ["amd64", "arm64"] as const) {
    const found = architectures[architecture];
    if (!found) continue;
    files[architecture] = [
      bundled("slipway-agent", folder, found.agent),
      bundled("slipway-monitor", folder, found.monitor),
    ];
  }
  return { protocol, files };
}

function bundled(name: BundledFile["name"], folder: string, entry: z.infer<typeof file>): BundledFile {
  const plain = async (): Promise<Buffer> => {
    const path = join(folder, entry.file);
    const bytes = await readFile(path).catch((error: unknown) => {
      throw missing(`${path} cannot be read: ${reason(error)}`);
    });
    const digest = createHash("sha256").update(bytes).digest("hex");
    if (digest !== entry.sha256) throw missing(`${path} has sha256 ${digest}, its manifest says ${entry.sha256}`);
    return bytes;
  };
  let packing: Promise<Buffer> | undefined;
  const packed = (): Promise<Buffer> => {
    packing ??= plain().then((bytes) => promisify(gzip)(bytes, { level: 9 }));
    packing.catch(() => (packing = undefined));
    return packing;
  };
  return { name, size: entry.size, sha256: entry.sha256, plain, packed };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function missing(sentence: string): SlipwayError {
  return new SlipwayError("bundle_missing", sentence, {
    wayOut:
      "Install pulumi-slipway anew; in the repository run `npm run build`. SLIPWAY_AGENT_DIR names another folder.",
  });
}
