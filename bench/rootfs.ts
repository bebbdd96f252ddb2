import { execFile } from "node:child_process";
import { chmod, copyFile, mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { debian } from "./tools";

/** The root file system every contestant runs: Debian's static busybox and the folders to mount on. */
export async function makeRootfs(folder: string): Promise<string> {
  const rootfs = join(folder, "rootfs");
  for (const name of ["bin", "dev", "etc", "proc", "sys", "tmp"]) await mkdir(join(rootfs, name), { recursive: true });
  await copyFile((await debian("busybox")).path, join(rootfs, "bin", "busybox"));
  await chmod(join(rootfs, "bin", "busybox"), 0o755);
  for (const applet of ["sh", "sleep", "true"]) await symlink("busybox", join(rootfs, "bin", applet));
  return rootfs;
}

/** The same as a tar archive, for those that take one. */
export async function archived(rootfs: string): Promise<string> {
  const archive = `${rootfs}.tar`;
  await promisify(execFile)("tar", ["--numeric-owner", "--owner=0", "--group=0", "-C", rootfs, "-cf", archive, "."]);
  return archive;
}
