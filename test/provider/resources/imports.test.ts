import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

/** What each folder may import, and why nothing else. */
const rules = [
  {
    folder: "provider/resources",
    allowed: /^(\.\/[\w-]+|\.\.\/api|\.\.\/\.\.\/sdk\/(ignore|permissions)|zod|node:crypto)$/,
    because: "what a resource takes and what a change means must be testable without files, clocks or networks",
  },
  {
    folder: "sdk",
    allowed: /^(\.\/[\w-]+|@pulumi\/pulumi|node:[\w/]+)$/,
    because: "a program that only declares things must not load SSH, schemas or anything else",
  },
  {
    folder: "provider",
    allowed:
      /^(\.\/[\w/-]+|\.\.\/sdk\/(archive|content-key)|@pulumi\/pulumi\/dynamic|zod|node:(crypto|fs|stream|timers\/promises))$/,
    because: "the adapter leaves reaching hosts to host/ and rules to resources/",
  },
];

describe.each(rules)("$folder", ({ folder, allowed, because }) => {
  const files = readdirSync(folder).filter((name) => name.endsWith(".ts"));

  it.each(files)("%s imports what it may", (name) => {
    const text = readFileSync(join(folder, name), "utf8");
    const imported = [...text.matchAll(/(?:from|import|require\()\s*"([^"]+)"/g)].map((found) => found[1] ?? "");
    const wrong = imported.filter((module) => !allowed.test(module) && !isOwnText(module));
    expect(wrong, `${folder}/${name}: ${because}`).toEqual([]);
  });
});

/** The text that Pulumi runs names this package inside a string. */
function isOwnText(module: string): boolean {
  return module === "pulumi-slipway/provider";
}
