import { randomBytes } from "node:crypto";
import { chmod, copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

const users = [
  { name: "deploy", id: 1000 },
  { name: "guest", id: 1001 },
];

/** Writes the host's own files of /etc into a folder: users, names, machine id, sshd, sudo and init. */
export async function writeEtc(
  folder: string,
  name: string,
  packages: string,
  sshdConfig: readonly string[],
): Promise<void> {
  await mkdir(join(folder, "ssh"), { recursive: true });
  await mkdir(join(folder, "sudoers.d"));
  const write = async (path: string, text: string, mode = 0o644): Promise<void> => {
    await writeFile(join(folder, path), text, { mode });
    await chmod(join(folder, path), mode);
  };
  const [passwd, group] = await Promise.all([systemLines("/etc/passwd"), systemLines("/etc/group")]);
  const sshd = "sshd:x:998:65534::/run/sshd:/usr/sbin/nologin";
  await write(
    "passwd",
    [...passwd, sshd, ...users.map(({ name, id }) => `${name}:x:${id}:${id}::/home/${name}:/bin/sh`), ""].join("\n"),
  );
  await write("group", [...group, ...users.map(({ name, id }) => `${name}:x:${id}:`), ""].join("\n"));
  // "*" is no password that could be typed, but not a locked account either.
  await write(
    "shadow",
    ["root", "sshd", "deploy", "guest"].map((user) => `${user}:*:19000:0:99999:7:::\n`).join(""),
    0o640,
  );
  await write("hostname", `${name}\n`);
  await write("hosts", `127.0.0.1 localhost ${name}\n::1 localhost\n`);
  await write("machine-id", `${randomBytes(16).toString("hex")}\n`);
  await write("sudoers.d/deploy", "deploy ALL=(ALL) NOPASSWD: ALL\n", 0o440);
  await write("inittab", "::respawn:/usr/sbin/sshd -D -E /var/log/sshd.log\n");
  // The first of several lines for one setting counts, so ours come before Debian's.
  const debians = await readFile(join(packages, "usr/share/openssh/sshd_config"), "utf8");
  await write("ssh/sshd_config", [...sshdConfig, debians].join("\n"));
  await copyFile(join(packages, "etc/ssh/moduli"), join(folder, "ssh/moduli"));
}

/** The lines of passwd(5) or group(5) that belong to the system; people's own stay out of the host. */
async function systemLines(path: string): Promise<string[]> {
  const lines = (await readFile(path, "utf8")).trim().split("\n");
  return lines.filter((line) => {
    const [name, , id] = line.split(":");
    return name !== "sshd" && (Number(id) < 1000 || Number(id) === 65534);
  });
}
