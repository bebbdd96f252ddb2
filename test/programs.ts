import { chmod, mkdir, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { libraries } from "../scripts/debian";
import { findOnPath } from "../scripts/needs";
import { hostPackages } from "./host/packages";

/** What tests run and a small Debian lacks; all of it is among the packages of throw-away hosts. */
const programs = ["ssh", "ssh-add", "ssh-agent", "ssh-keygen", "ssh-keyscan", "zstd"];

/** Puts the programs that this machine lacks at the end of PATH, for this process and those it starts. */
export async function bringPrograms(): Promise<void> {
  const found = await Promise.all(programs.map(findOnPath));
  const lacking = programs.filter((_, index) => found[index] === undefined);
  if (lacking.length === 0) return;
  const packages = await hostPackages();
  const folder = join(packages, "opt/programs");
  await mkdir(folder, { recursive: true });
  for (const name of lacking) {
    // Their libraries lie where the packages were unpacked too.
    const run = `LD_LIBRARY_PATH='${libraries(packages)}' exec '${join(packages, "usr/bin", name)}' "$@"`;
    await writeFile(join(folder, name), `#!/bin/sh\n${run}\n`);
    await chmod(join(folder, name), 0o755);
  }
  process.env["PATH"] = `${process.env["PATH"] ?? ""}${delimiter}${folder}`;
}
