/** What is measured beside us: Debian's packages unpacked into .tools/bench (never installed), and our own C programs. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { Unavailable } from "./contestant";

const run = promisify(execFile);

/** The checkout's folder. */
export const repository = resolve(__dirname, "..");

const folder = join(repository, ".tools", "bench");

/** The program inside its package, and the packages it needs beyond those every Debian has. */
const packaged = {
  runc: { file: "usr/sbin/runc", packages: ["runc", "libseccomp2"] },
  crun: { file: "usr/bin/crun", packages: ["crun", "libseccomp2", "libyajl2"] },
  conmon: { file: "usr/bin/conmon", packages: ["conmon", "libglib2.0-0"] },
  busybox: { file: "bin/busybox", packages: ["busybox-static"] },
} as const;

/** A program and the environment it needs to find its libraries. */
export interface Tool {
  path: string;
  environment: NodeJS.ProcessEnv;
}

/** A peer from Debian's package of that name; unpacked at the first call. Throws Unavailable where that cannot be. */
export async function debian(name: keyof typeof packaged): Promise<Tool> {
  const { file, packages } = packaged[name];
  const root = join(folder, name);
  if (!existsSync(root)) {
    try {
      await unpack(packages, root);
    } catch (error) {
      const reason = error instanceof Error ? error.message.trim().split("\n").at(-1) : String(error);
      throw new Unavailable(`${name}: needs Debian's apt-get and dpkg-deb to fetch ${packages.join(", ")} (${reason})`);
    }
  }
  const libraries = ["usr/lib", "lib"].flatMap((lib) => [join(root, lib), ...triplets(root, lib)]);
  return { path: join(root, file), environment: { ...process.env, LD_LIBRARY_PATH: libraries.join(":") } };
}

/** Compiles bench/<name>.c, again where the source is newer. Throws Unavailable without a C compiler. */
export async function compiled(name: "floor" | "stopwatch"): Promise<string> {
  const source = join(repository, "bench", `${name}.c`);
  const program = join(folder, name);
  if (existsSync(program) && (await stat(program)).mtimeMs > (await stat(source)).mtimeMs) return program;
  await mkdir(folder, { recursive: true });
  try {
    await run("gcc", ["-O2", "-o", program, source]);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") {
      throw new Unavailable(`${name}: needs a C compiler (apt-get install gcc libc6-dev)`);
    }
    throw error;
  }
  return program;
}

async function unpack(packages: readonly string[], target: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const working = await mkdtemp(join(folder, "unpack-"));
  try {
    const download = (): Promise<unknown> =>
      run("apt-get", ["-q", "-o", "APT::Sandbox::User=root", "download", ...packages], { cwd: working });
    // A fresh Debian has no package lists yet.
    await download().catch(async () => {
      await run("apt-get", ["-q", "update"]);
      await download();
    });
    const root = join(working, "root");
    for (const file of await readdir(working)) await run("dpkg-deb", ["-x", join(working, file), root]);
    await rename(root, target);
  } finally {
    await rm(working, { recursive: true, force: true });
  }
}

function triplets(root: string, lib: string): string[] {
  return ["x86_64-linux-gnu", "aarch64-linux-gnu"].map((triplet) => join(root, lib, triplet)).filter(existsSync);
}
