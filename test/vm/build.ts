import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { openSync } from "node:fs";
import { access, copyFile, mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
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

/** A guest on disk. */
export interface Guest {
  /** Holds disk.img, vmlinuz, initrd.img, and the keys client and host-key. */
  readonly folder: string;
  /** Where qemu was unpacked. */
  readonly qemu: string;
}

/** The guest, built at the first call on this machine: two to three minutes, with its words in .tools/vm-….log. */
export async function guest(): Promise<Guest> {
  const qemu = await debianPackages("qemu", ["qemu-system-x86", "debootstrap"]);
  const recipe = await Promise.all(["build.ts", "settings.ts"].map(async (file) => readFile(join(__dirname, file))));
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
  await debootstrap(qemu, root, `${folder}.log`);
  const packages = await hostPackages();
  await makeKey(join(unfinished, "client"), packages);
  await makeKey(join(unfinished, "host-key"), packages);
  await writeSettings(root, unfinished);
  for (const [name, file] of [
    ["vmlinuz-", "vmlinuz"],
    ["initrd.img-", "initrd.img"],
  ] as const) {
    const found = (await readdir(join(root, "boot"))).find((entry) => entry.startsWith(name));
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
