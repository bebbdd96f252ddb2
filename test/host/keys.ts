import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { libraries } from "../../scripts/debian";

const run = promisify(execFile);

/**
 * Makes an Ed25519 key in OpenSSH's format at a path, its public half beside it as `.pub`, and answers that half without
 * the comment. `packages` is where Debian's ssh-keygen was unpacked.
 */
export async function makeKey(path: string, packages: string): Promise<string> {
  await run(join(packages, "usr/bin/ssh-keygen"), ["-q", "-t", "ed25519", "-N", "", "-C", "throw-away", "-f", path], {
    env: { ...process.env, LD_LIBRARY_PATH: libraries(packages) },
  });
  return publicKey(path);
}

/** The public half of a key made by {@link makeKey}. */
export async function publicKey(path: string): Promise<string> {
  const [type, key] = (await readFile(`${path}.pub`, "utf8")).split(" ");
  return `${type ?? ""} ${key ?? ""}`;
}
