import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * The version of the package, found from here upwards: this file runs from cli/ in the repository and from dist/cli/ in
 * the package.
 */
export function version(): string {
  for (let folder = __dirname; folder !== dirname(folder); folder = dirname(folder)) {
    try {
      const found = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
        name?: string;
        version?: string;
      };
      if (found.name === "pulumi-slipway" && found.version !== undefined) return found.version;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  return "unknown";
}
