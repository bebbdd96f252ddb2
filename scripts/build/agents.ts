import { createHash } from "node:crypto";
import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Go, runGo } from "../go";

/** The machines a host may be, in Go's words. The one list: all else reads the manifest. */
export const architectures = ["amd64", "arm64"] as const;

/** The programs that run on a host, by their role in the manifest. */
export const programs = { agent: "slipway-agent", monitor: "slipway-monitor" } as const;

/** One file of the bundle. */
export interface BundledFile {
  readonly file: string;
  readonly size: number;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
}

/** What dist/agent/manifest.json says: which files are for which machine. */
export interface Manifest {
  /** The version of the contract, api.Protocol. */
  readonly protocol: number;
  /** The version of the package. */
  readonly version: string;
  readonly architectures: Record<string, Record<keyof typeof programs, BundledFile>>;
}

/** The baseline of each architecture, so that what is built does not depend on the builder's settings. */
const baseline = { amd64: { GOAMD64: "v1" }, arm64: { GOARM64: "v8.0" } };

/**
 * Builds every program for every architecture into `output`, with the manifest beside them. The same sources and the
 * same Go make the same bytes, in whatever folder: no path, no build id, no version control stands in them.
 */
export async function buildAgents(go: Go, module: string, output: string, version: string): Promise<Manifest> {
  await rm(output, { recursive: true, force: true });
  await mkdir(output, { recursive: true });
  const protocol = Number(
    /^const Protocol = (\d+)$/m.exec(await readFile(join(module, "api/greeting.go"), "utf8"))?.[1],
  );
  if (!Number.isInteger(protocol)) throw new Error("agent/api/greeting.go does not state the protocol's number");
  const built = architectures.map(async (architecture) => {
    const files = Object.entries(programs).map(async ([role, program]) => {
      const file = `${program}-linux-${architecture}`;
      const flags = ["-trimpath", "-ldflags", `-s -w -buildid= -X main.version=${version}`];
      const env = { CGO_ENABLED: "0", GOOS: "linux", GOARCH: architecture, ...baseline[architecture] };
      await runGo(go, ["build", ...flags, "-o", join(output, file), `./cmd/${program}`], { module, env });
      await chmod(join(output, file), 0o755);
      return [role, await describe(output, file)] as const;
    });
    return [architecture, Object.fromEntries(await Promise.all(files))] as const;
  });
  const manifest = { protocol, version, architectures: Object.fromEntries(await Promise.all(built)) } as Manifest;
  await writeFile(join(output, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  return manifest;
}

/** Size and digest of a built file. */
export async function describe(folder: string, file: string): Promise<BundledFile> {
  const bytes = await readFile(join(folder, file));
  return { file, size: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
}
