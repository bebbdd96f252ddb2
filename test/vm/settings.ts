import { randomBytes } from "node:crypto";
import { appendFile, chmod, chown, copyFile, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Units that cost seconds of an emulated boot and that nothing here needs. */
const unitsNotNeeded = [
  "apt-daily-upgrade.timer",
  "apt-daily.timer",
  "dpkg-db-backup.timer",
  "e2scrub_all.timer",
  "e2scrub_reap.service",
  "fstrim.timer",
  "getty@tty1.service",
  "systemd-pstore.service",
  "systemd-timesyncd.service",
];

/** Where the guest is in qemu's user network. */
const network = `[Match]
Type=ether
[Network]
Address=10.0.2.15/24
Gateway=10.0.2.2
`;

/** A server that cleans up after its users: what is left in the scope of an SSH session dies with it. logind spares root. */
const logind = `[Login]
KillUserProcesses=yes
`;

/** Makes a debootstrapped root a guest that can be reached: network, users and keys. `keys` holds client and host-key. */
export async function writeSettings(root: string, keys: string): Promise<void> {
  await put(root, "etc/hostname", "slipway-vm\n");
  await put(root, "etc/hosts", "127.0.0.1 localhost slipway-vm\n::1 localhost\n");
  await put(root, "etc/machine-id", `${randomBytes(16).toString("hex")}\n`);
  await put(root, "etc/fstab", "");
  await put(root, "sbin/plain-init", await readFile(join(__dirname, "plain-init.sh"), "utf8"), 0o755);
  await put(root, "etc/inittab", "::respawn:/usr/sbin/sshd -D\n");
  await put(root, "etc/systemd/network/10-qemu.network", network);
  await put(root, "etc/systemd/logind.conf.d/kill.conf", logind);
  await link(root, "etc/systemd/system/multi-user.target.wants/systemd-networkd.service", "systemd-networkd.service");
  for (const unit of unitsNotNeeded) {
    await rm(join(root, "etc/systemd/system", unit), { force: true });
    await symlink("/dev/null", join(root, "etc/systemd/system", unit));
  }
  await appendFile(join(root, "etc/passwd"), "deploy:x:1000:1000::/home/deploy:/bin/bash\n");
  await appendFile(join(root, "etc/group"), "deploy:x:1000:\n");
  await appendFile(join(root, "etc/shadow"), "deploy:*:19000:0:99999:7:::\n");
  await put(root, "etc/sudoers.d/deploy", "deploy ALL=(ALL) NOPASSWD: ALL\n", 0o440);
  const client = await readFile(join(keys, "client.pub"), "utf8");
  for (const [home, id] of [
    ["root", 0],
    ["home/deploy", 1000],
  ] as const) {
    await put(root, `${home}/.ssh/authorized_keys`, client, 0o600);
    for (const path of [home, `${home}/.ssh`, `${home}/.ssh/authorized_keys`]) await chown(join(root, path), id, id);
    await chmod(join(root, home, ".ssh"), 0o700);
  }
  for (const type of ["rsa", "ecdsa"]) await rm(join(root, `etc/ssh/ssh_host_${type}_key`), { force: true });
  await copyFile(join(keys, "host-key"), join(root, "etc/ssh/ssh_host_ed25519_key"));
  await copyFile(join(keys, "host-key.pub"), join(root, "etc/ssh/ssh_host_ed25519_key.pub"));
}

async function put(root: string, path: string, text: string, mode = 0o644): Promise<void> {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text, { mode });
  await chmod(file, mode);
}

async function link(root: string, path: string, unit: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await symlink(`/lib/systemd/system/${unit}`, join(root, path));
}
