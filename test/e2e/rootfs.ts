import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { access, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

import { pack } from "tar-stream";

import { hostPackages } from "../host/packages.js";
import { repository } from "./pulumi.js";

const run = promisify(execFile);

/** A root file system of busybox and hardly more, as an uncompressed archive: its path. Made once. */
export async function rootfs(): Promise<string> {
  const busybox = join(await hostPackages(), "bin/busybox");
  const program = await readFile(busybox);
  const key = createHash("sha256").update(program).digest("hex").slice(0, 12);
  const folder = join(repository, ".state/e2e");
  const path = join(folder, `busybox-${key}.tar`);
  if (
    await access(path).then(
      () => true,
      () => false,
    )
  )
    return path;

  const { stdout } = await run(busybox, ["--list"]);
  const archive = pack();
  const made = (async () => {
    const chunks: Buffer[] = [];
    for await (const chunk of archive) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  })();
  const mtime = new Date(0);
  for (const name of ["bin/", "etc/", "home/", "tmp/"]) {
    archive.entry({ name, type: "directory", mode: name === "tmp/" ? 0o1777 : 0o755, mtime });
  }
  archive.entry({ name: "bin/busybox", mode: 0o755, mtime }, program);
  archive.entry({ name: "etc/passwd", mode: 0o644, mtime }, "root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n");
  archive.entry({ name: "etc/group", mode: 0o644, mtime }, "root:x:0:\nnogroup:x:65534:\n");
  for (const applet of stdout
    .trim()
    .split("\n")
    .filter((name) => name !== "busybox")) {
    archive.entry({ name: `bin/${applet}`, type: "symlink", linkname: "busybox", mtime });
  }
  archive.finalize();

  await mkdir(folder, { recursive: true });
  // Other test files may be making it too.
  await writeFile(`${path}.${process.pid}`, await made);
  await rename(`${path}.${process.pid}`, path);
  return path;
}
