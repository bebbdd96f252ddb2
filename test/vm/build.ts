import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { openSync } from "node:fs";
import { access, copyFile, cp, mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { debianPackages } from "../../scripts/debian";
import { withLock } from "../../scripts/lock";
import { makeKey } from "../host/keys";
import { hostPackages } from "../host/packages";
import { writeSettings } from "./settings";

const run = promisify(execFile);
const tools = join(__dirname, "../../.tools");

/** What the guest has beyond Debian's smallest system. */
const contents = [
  "busybox-static",
  "dbus",
  "iproute2",
  "libpam-systemd",
  "linux-image-cloud-amd64",
  "nftables",
  "openssh-server",
  "sudo",
  "systemd",
  "systemd-sysv",
  "udev",
];

/** Debian's kernels that the guest can be booted with: that of its release, and the newer one beside it. */
export type Kernel = "6.1" | "6.12";

const kernels: readonly Kernel[] = ["6.1", "6.12"];

/** A guest on disk. */
export interface Guest {
  /** Holds disk.img, vmlinuz-KERNEL and initrd.img-KERNEL for both, and the keys client and host-key. */
  readonly folder: string;
  /** Where qemu was unpacked. */
  readonly qemu: string;
}

/** The guest, built at the first call on this machine: about three minutes, with its words in .tools/vm-….log. */
export async function guest(): Promise<Guest> {
  const qemu = await debianPackages("qemu", ["qemu-system-x86", "debootstrap"]);
  const recipe = await Promise.all(
    ["build.ts", "plain-init.sh", "settings.ts"].map(async (file) => readFile(join(__dirname, file))),
  );
  const folder = join(tools, `vm-${createHash("sha256").update(Buffer.concat(recipe)).digest("hex").slice(0, 12)}`);
  if (await exists(folder)) return { folder, qemu };
  return withLock(`${folder}.lock`, async () => {
    if (!(await exists(folder))) await build(folder, qemu);
    return { folder, qemu };
  });
}

async function build(folder: string, qemu: string): Promise<void> {
  const unfinished = `${folder}.unfinished`;
  const root = join(unfinished, "root");
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  const [newer] = await Promise.all([
    // Not among the packages of the release, which is all that debootstrap takes from.
    debianPackages("linux-6.12", ["linux-image-6.12-cloud-amd64"]),
    debootstrap(qemu, root, `${folder}.log`),
  ]);
  await addKernel(root, newer);
  const packages = await hostPackages();
  await makeKey(join(unfinished, "client"), packages);
  await makeKey(join(unfinished, "host-key"), packages);
  await writeSettings(root, unfinished);
  const boot = await readdir(join(root, "boot"));
  for (const file of kernels.flatMap((kernel) => [`vmlinuz-${kernel}`, `initrd.img-${kernel}`])) {
    const found = boot.find((entry) => entry.startsWith(`${file}.`));
    if (found === undefined) throw new Error(`the guest has no ${file}; see ${folder}.log`);
    await copyFile(join(root, "boot", found), join(unfinished, file));
  }
  for (const place of ["var/cache/apt/archives", "var/lib/apt/lists", "usr/share/doc", "usr/share/locale", "boot"]) {
    await rm(join(root, place), { recursive: true, force: true });
  }
  // mke2fs fills the file system by itself: no mount, no loop device.
  await run("mke2fs", ["-q", "-t", "ext4", "-d", root, join(unfinished, "disk.img"), "2G"]);
  await rm(root, { recursive: true, force: true });
  await rename(unfinished, folder);
  // Guests of earlier recipes.
  for (const name of (await readdir(tools)).filter((entry) => /^vm-[0-9a-f]{12}(\.|$)/.test(entry))) {
    if (!join(tools, name).startsWith(folder)) await rm(join(tools, name), { recursive: true, force: true });
  }
}

/** Puts a kernel that was unpacked elsewhere beside the one that is installed. */
async function addKernel(root: string, unpacked: string): Promise<void> {
  const modules = "usr/lib/modules";
  const [version] = await readdir(join(unpacked, modules));
  if (version === undefined) throw new Error(`no kernel was unpacked in ${unpacked}`);
  await cp(join(unpacked, modules, version), join(root, modules, version), { recursive: true, verbatimSymlinks: true });
  for (const file of [`vmlinuz-${version}`, `config-${version}`]) {
    await copyFile(join(unpacked, "boot", file), join(root, "boot", file));
  }
  const environment = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C.UTF-8" };
  await run("chroot", [root, "depmod", version], { env: environment });
  await run("chroot", [root, "update-initramfs", "-c", "-k", version], { env: environment });
}

async function debootstrap(qemu: string, root: string, log: string): Promise<void> {
  const words = ["--variant=minbase", `--include=${contents.join(",")}`, "bookworm", root, await mirror()];
  const output = openSync(log, "w");
  // It runs beside the tests, which matter more.
  const child = spawn("nice", ["-n", "10", "sh", join(qemu, "usr/sbin/debootstrap"), ...words], {
    env: {
      PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin:${join(qemu, "usr/bin")}`,
      DEBOOTSTRAP_DIR: join(qemu, "usr/share/debootstrap"),
      LC_ALL: "C.UTF-8",
    },
    stdio: ["ignore", output, output],
  });
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`debootstrap ended with ${code ?? "a signal"}; its words are in ${log}`);
}

/** The mirror this machine's apt uses for Debian 12. */
async function mirror(): Promise<string> {
  const words = ["indextargets", "--format", "$(RELEASE) $(COMPONENT) $(REPO_URI)", "Identifier: Packages"];
  const { stdout } = await run("apt-get", words).catch(() => ({ stdout: "" }));
  const found = /^bookworm main (\S+)$/m.exec(stdout)?.[1];
  if (found === undefined)
    throw new Error("apt knows no mirror of Debian 12 (bookworm main), which the guest is made of");
  return found;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
