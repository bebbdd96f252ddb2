import { execFile } from "node:child_process";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Options } from "./options";
import type { Scope } from "./scope";
import { type Result, row } from "./statistics";
import { repository } from "./tools";

/** The part of dist/agent/manifest.json that says which files there are. */
interface Manifest {
  architectures: Record<string, Record<string, { file: string }>>;
}

/** What `npm pack --dry-run --json` says. */
interface Packed {
  size: number;
  unpackedSize: number;
}

/** How big what we deliver is: each agent and monitor, and the npm package packed and unpacked. */
export async function packageSizes(_scope: Scope, _options: Options): Promise<Result> {
  const folder = join(repository, "dist", "agent");
  const manifest = JSON.parse(await readFile(join(folder, "manifest.json"), "utf8")) as Manifest;
  const files = Object.values(manifest.architectures).flatMap((one) => Object.values(one).map(({ file }) => file));
  const rows = await Promise.all(
    files.map(async (file) => row(file, "bytes", [(await stat(join(folder, file))).size])),
  );
  const { stdout } = await promisify(execFile)("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: repository,
  });
  const [packed] = JSON.parse(stdout) as Packed[];
  if (!packed) throw new Error("npm pack --dry-run --json answered with nothing");
  const all = [row("npm tarball", "bytes", [packed.size]), row("npm unpacked", "bytes", [packed.unpackedSize])];
  return { rows: [...rows, ...all], notes: [] };
}
