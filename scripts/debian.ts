/** Debian packages unpacked into a folder of ours, never installed. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { access, mkdir, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { withLock } from "./lock";

const run = promisify(execFile);

/** Where every unpacked set of packages lives. */
const folder = join(__dirname, "../.tools/debian");

/**
 * Unpacks Debian packages, with those of their dependencies that this machine lacks, and answers the folder that holds
 * their `usr`, `etc` and so on. Done once per set; a second call only looks. Needs apt and root's rights to keep the
 * files' owners and modes. Errors: apt's own words, and what to do.
 */
export async function debianPackages(name: string, packages: readonly string[]): Promise<string> {
  const key = createHash("sha256").update(packages.join("\n")).digest("hex").slice(0, 12);
  const root = join(folder, `${name}-${key}`);
  if (await exists(join(root, ".complete"))) return root;
  await mkdir(folder, { recursive: true });
  return withLock(`${root}.lock`, async () => {
    if (await exists(join(root, ".complete"))) return root;
    const archives = `${root}.download`;
    const unfinished = `${root}.unfinished`;
    await rm(unfinished, { recursive: true, force: true });
    await mkdir(join(archives, "partial"), { recursive: true });
    await download(packages, archives);
    await unpack(archives, unfinished);
    await writeFile(join(unfinished, ".complete"), packages.join("\n"));
    await rename(unfinished, root);
    await rm(archives, { recursive: true, force: true });
    return root;
  });
}

/** The folder of the shared libraries among unpacked packages, for LD_LIBRARY_PATH of programs that are run from there. */
export function libraries(root: string): string {
  return join(root, "usr/lib", process.arch === "arm64" ? "aarch64-linux-gnu" : "x86_64-linux-gnu");
}

/** Has apt put the packages, and what they need beyond this machine's, into a folder. Nothing is installed. */
async function download(packages: readonly string[], archives: string): Promise<void> {
  const apt = async (...words: string[]): Promise<unknown> =>
    run("apt-get", ["-q", "-y", ...words], { env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } });
  const fetch = async (): Promise<unknown> =>
    apt(
      "install",
      "--download-only",
      "--no-install-recommends",
      // So that a package this machine has is fetched too.
      "--reinstall",
      "-o",
      `Dir::Cache::archives=${archives}`,
      ...packages,
    );
  try {
    await fetch();
  } catch {
    // The lists are missing or older than the mirror.
    try {
      await apt("update");
      await fetch();
    } catch (error) {
      throw new Error(
        `apt cannot download ${packages.join(", ")}: ${reason(error)}\nDebian 12 or a relative is needed`,
      );
    }
  }
}

async function unpack(archives: string, root: string): Promise<void> {
  await mkdir(join(root, "usr"), { recursive: true });
  // Packages of Debian 12 still hold /lib and /bin, which are links there; unpacking must not turn them into folders.
  for (const merged of ["bin", "sbin", "lib", "lib32", "lib64"]) {
    await mkdir(join(root, "usr", merged));
    await symlink(`usr/${merged}`, join(root, merged));
  }
  for (const file of (await readdir(archives)).filter((name) => name.endsWith(".deb"))) {
    await run("sh", [
      "-c",
      'dpkg-deb --fsys-tarfile "$1" | tar -x --same-permissions --keep-directory-symlink --exclude=./usr/share/doc --exclude=./usr/share/man --exclude=./usr/share/locale --exclude=./usr/share/javascript -C "$2"',
      "sh",
      join(archives, file),
      root,
    ]);
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function reason(error: unknown): string {
  const text = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : "";
  return text || (error instanceof Error ? error.message : String(error));
}
