import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { protocol } from "../../provider/api.js";
import {
  architectures,
  buildAgents,
  type BundledFile,
  describe as describeFile,
  type Manifest,
} from "../../scripts/build/agents.js";
import { build } from "../../scripts/build.js";
import { agentModule, findGo } from "../../scripts/go.js";

const bundle = join(__dirname, "../../dist/agent");
/** e_machine of elf(5), by Go's names. */
const machines = { amd64: 0x3e, arm64: 0xb7 };

describe("the agents in the package", () => {
  let manifest: Manifest;
  let files: BundledFile[];
  const elsewhere = mkdtempSync(join(tmpdir(), "slipway-build-"));

  beforeAll(async () => {
    await build();
    manifest = JSON.parse(readFileSync(join(bundle, "manifest.json"), "utf8")) as Manifest;
    files = architectures.flatMap((architecture) => Object.values(manifest.architectures[architecture] ?? {}));
  });
  afterAll(() => rmSync(elsewhere, { recursive: true, force: true }));

  test("are an agent and a monitor for each architecture, as the manifest says", async () => {
    const { version } = JSON.parse(readFileSync(join(__dirname, "../../package.json"), "utf8")) as { version: string };
    expect([manifest.protocol, manifest.version]).toEqual([protocol, version]);
    expect(files.map(({ file }) => file).sort()).toEqual([
      "slipway-agent-linux-amd64",
      "slipway-agent-linux-arm64",
      "slipway-monitor-linux-amd64",
      "slipway-monitor-linux-arm64",
    ]);
    for (const file of files) expect(await describeFile(bundle, file.file)).toEqual(file);
  });

  test.each(architectures)("for %s are programs of that machine that need no loader", (architecture) => {
    for (const { file } of Object.values(manifest.architectures[architecture] ?? {})) {
      const { machine, interpreter } = elf(readFileSync(join(bundle, file)));
      expect([file, machine, interpreter]).toEqual([file, machines[architecture], false]);
    }
  });

  test("are at most 10 MB together, packed as npm packs them", () => {
    const packed = files.map(({ file }) => gzipSync(readFileSync(join(bundle, file)), { level: 9 }).length);
    expect(packed.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(10 * 1000 * 1000);
  });

  test("are the same bytes when built from a copy in another folder", async () => {
    const module = join(elsewhere, "a copy of the module");
    cpSync(agentModule, module, { recursive: true });
    const again = await buildAgents(await findGo(), module, join(elsewhere, "bundle"), manifest.version);
    expect(again).toEqual(manifest);
  });
});

/** What elf(5) says of a file: the machine, and whether it names a program interpreter (PT_INTERP). */
function elf(bytes: Buffer): { machine: number; interpreter: boolean } {
  if (bytes.readUInt32BE(0) !== 0x7f454c46 || bytes[4] !== 2 || bytes[5] !== 1)
    throw new Error("not a 64-bit ELF file");
  const [start, size, count] = [Number(bytes.readBigUInt64LE(32)), bytes.readUInt16LE(54), bytes.readUInt16LE(56)];
  const kinds = Array.from({ length: count }, (_, i) => bytes.readUInt32LE(start + i * size));
  return { machine: bytes.readUInt16LE(18), interpreter: kinds.includes(3) };
}
