import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";

/** Where it is remembered what was built of what. */
const folder = join(__dirname, "../../.tools/build");

/** A digest of files (folders are walked) and words: it changes when the result of building them may. */
export async function digestOf(paths: readonly string[], words: readonly string[], name: RegExp): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify(words));
  for (const path of paths) {
    for (const file of await filesBelow(path, name)) {
      const bytes = await readFile(file);
      hash.update(JSON.stringify([relative(dirname(path), file), bytes.length])).update(bytes);
    }
  }
  return hash.digest("hex");
}

async function filesBelow(path: string, name: RegExp): Promise<string[]> {
  if (/\.\w+$/.test(path)) return [path];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && name.test(entry.name));
  return files.map((entry) => join(entry.parentPath, entry.name)).sort();
}

/** Does a step unless it was done with the same input before and its result is still there. */
export async function unlessDone(
  step: string,
  input: string,
  there: () => Promise<boolean>,
  work: () => Promise<void>,
): Promise<void> {
  const file = join(folder, step);
  const before = await readFile(file, "utf8").catch(() => "");
  if (before === input && (await there())) return;
  await work();
  await mkdir(folder, { recursive: true });
  await writeFile(file, input);
}
