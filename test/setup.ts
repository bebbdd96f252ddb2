import { chmod, mkdir, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { libraries } from "../scripts/debian";
import { findOnPath } from "../scripts/needs";
import { hostPackages } from "./host/packages";

/**
 * What tests with hosts need of this machine, made once for a run of vitest: Debian's packages unpacked, and an SSH
 * client on PATH where the machine has none.
 */
export default async function setup(): Promise<void> {
  const packages = await hostPackages();
  if ((await findOnPath("ssh")) !== undefined) return;
  const folder = join(packages, "opt/slipway-bin");
  await mkdir(folder, { recursive: true });
  for (const name of ["ssh", "ssh-add", "ssh-agent", "ssh-keygen", "ssh-keyscan"]) {
    // Their libraries lie where the packages were unpacked too.
    const lines = [
      "#!/bin/sh",
      `LD_LIBRARY_PATH='${libraries(packages)}' exec '${join(packages, "usr/bin", name)}' "$@"`,
    ];
    await writeFile(join(folder, name), `${lines.join("\n")}\n`);
    await chmod(join(folder, name), 0o755);
  }
  process.env["PATH"] = `${process.env["PATH"] ?? ""}${delimiter}${folder}`;
}
