import { execFile } from "node:child_process";
import { chmod, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { swap } from "./swap";

const run = promisify(execFile);
const repository = join(__dirname, "../..");

/** The folders that are compiled into dist/. */
export const compiled = ["sdk", "provider", "cli"] as const;

/**
 * Compiles the TypeScript beside dist/ and then puts it in place folder by folder, so that a program that runs
 * meanwhile finds the old one or the new one, and no file of a source that is gone stays. Error: what tsc printed.
 */
export async function compile(): Promise<void> {
  const fresh = join(repository, ".tools/build/dist");
  await rm(fresh, { recursive: true, force: true });
  try {
    const tsc = join(repository, "node_modules/typescript/bin/tsc");
    await run(process.execPath, [tsc, "-p", "tsconfig.build.json", "--outDir", fresh], { cwd: repository });
  } catch (error) {
    throw new Error(`tsc:\n${(error as { stdout?: string }).stdout ?? String(error)}`);
  }
  // npm sets the bit when it links the command, a checkout's own link does not.
  await chmod(join(fresh, "cli/main.js"), 0o755);
  for (const folder of compiled) await swap(join(fresh, folder), join(repository, "dist", folder));
}
