import { hostPackages } from "./host/packages";
import { bringPrograms } from "./programs";

/** What every run of vitest makes first. Without root, what is there has to do. */
export default async function setup(): Promise<void> {
  if (process.getuid?.() !== 0) return;
  // Once here, rather than by every test file that needs it.
  await hostPackages();
  await bringPrograms();
}
