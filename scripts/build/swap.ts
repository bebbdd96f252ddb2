import { mkdir, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

/** Puts a freshly made folder in the place of an older one; whoever looks meanwhile finds one of the two, but for a moment. */
export async function swap(fresh: string, place: string): Promise<void> {
  const old = `${place}.old`;
  await mkdir(dirname(place), { recursive: true });
  await rm(old, { recursive: true, force: true });
  await rename(place, old).catch(() => undefined);
  await rename(fresh, place);
  await rm(old, { recursive: true, force: true });
}
