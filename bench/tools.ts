/** What is measured beside us: programs of Debian's packages, unpacked and never installed, and our own C programs. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { debianPackages } from "../scripts/debian";
import { Unavailable } from "./contestant";

/** The checkout's folder. */
export const repository = resolve(__dirname, "..");

/** Where each program is inside its package, and packages of libraries that the guest lacks even if this machine has them. */
const packaged = {
  runc: { file: "usr/sbin/runc", from: ["runc"] },
  crun: { file: "usr/bin/crun", from: ["crun"] },
  conmon: { file: "usr/bin/conmon", from: ["conmon"] },
  docker: { file: "usr/bin/docker", from: ["docker.io"] },
  podman: { file: "usr/bin/podman", from: ["podman"] },
  busybox: { file: "bin/busybox", from: ["busybox-static"] },
  strace: { file: "usr/bin/strace", from: ["strace", "libunwind8", "liblzma5"] },
} as const;

/** A program, the folder it was unpacked to, and the environment it needs to find its libraries. */
export interface Tool {
  path: string;
  folder: string;
  environment: { LD_LIBRARY_PATH: string };
}

/** A program of Debian; its package is unpacked at the first call. Throws Unavailable where that cannot be. */
export async function debian(name: keyof typeof packaged): Promise<Tool> {
  const { file, from } = packaged[name];
  const root = await debianPackages(name, from).catch((error: unknown) => {
    throw new Unavailable(`${name}: ${error instanceof Error ? error.message : String(error)}`);
  });
  const lib = join(root, "usr", "lib");
  const libraries = (await readdir(lib)).filter((entry) => entry.includes("-linux-")).map((entry) => join(lib, entry));
  return { path: join(root, file), folder: root, environment: { LD_LIBRARY_PATH: libraries.join(":") } };
}

/** Compiles bench/<name>.c, again where the source is newer. Throws Unavailable without a C compiler. */
export async function compiled(name: "floor" | "stopwatch"): Promise<string> {
  const source = join(repository, "bench", `${name}.c`);
  const program = join(repository, ".tools", "bench", name);
  if (existsSync(program) && (await stat(program)).mtimeMs > (await stat(source)).mtimeMs) return program;
  await mkdir(join(program, ".."), { recursive: true });
  try {
    await promisify(execFile)("gcc", ["-O2", "-o", program, source]);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") {
      throw new Unavailable(`${name}: needs a C compiler (apt-get install gcc libc6-dev)`);
    }
    throw error;
  }
  return program;
}
