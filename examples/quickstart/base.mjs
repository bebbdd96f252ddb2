/**
 * `node base.mjs [amd64|arm64] [MIRROR]` writes base.tar, the files of Debian's busybox-static package: a root file system
 * with one static program in it. The architecture is the host's, amd64 unless given. MIRROR is the address of a Debian
 * mirror, needed only where there is no apt. Where base.tar is, it does nothing.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";

const [architecture = "amd64", mirror] = process.argv.slice(2);
const target = fileURLToPath(new URL("base.tar", import.meta.url));

if (!existsSync(target)) {
  const folder = mkdtempSync(`${target}-`);
  try {
    const file = byApt(folder) ?? (await fromMirror(folder));
    writeFileSync(join(folder, "base.tar"), files(file));
    renameSync(join(folder, "base.tar"), target);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** On Debian and its relatives apt knows the nearest mirror, and checks what it fetches. */
function byApt(folder) {
  try {
    execFileSync("apt-get", ["-q", "download", `busybox-static:${architecture}`], { cwd: folder, stdio: "ignore" });
    return join(folder, readdirSync(folder)[0]);
  } catch {
    return undefined;
  }
}

/** Elsewhere: the mirror that was named, and the sha256 that its index has for the package. */
async function fromMirror(folder) {
  if (mirror === undefined) {
    throw new Error(
      `apt cannot fetch busybox-static here; name a mirror from https://www.debian.org/mirror/list: node base.mjs ${architecture} MIRROR`,
    );
  }
  const index = gunzipSync(await get(`${mirror}/dists/bookworm/main/binary-${architecture}/Packages.gz`)).toString();
  const entry = index.split("\n\n").find((text) => text.startsWith("Package: busybox-static\n"));
  const bytes = await get(`${mirror}/${/^Filename: (.*)$/m.exec(entry)[1]}`);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  if (sha256 !== /^SHA256: (.*)$/m.exec(entry)[1]) throw new Error(`busybox-static has the wrong sha256, ${sha256}`);
  writeFileSync(join(folder, "busybox.deb"), bytes);
  return join(folder, "busybox.deb");
}

async function get(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${answer.statusText}`);
  return Buffer.from(await answer.arrayBuffer());
}

/** The package's files as a plain tar archive. Without dpkg-deb the tar of macOS and Windows can do it, GNU's cannot. */
function files(file) {
  const options = { maxBuffer: 64 << 20, stdio: ["pipe", "pipe", "pipe"] };
  try {
    return execFileSync("dpkg-deb", ["--fsys-tarfile", file], options);
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
    const input = execFileSync("tar", ["-xOf", file, "data.tar.xz"], options);
    return execFileSync("tar", ["-cf", "-", "@-"], { ...options, input });
  }
}
