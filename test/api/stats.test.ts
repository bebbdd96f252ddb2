/** docs/stats.md explains every field of a reading, and no other. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { stats } from "../../provider/stats";

test("docs/stats.md explains every field", () => {
  const page = readFileSync(join(__dirname, "../../docs/stats.md"), "utf8");
  const first = page.split("\n").flatMap((line) => /^\| (`[^|]+)\|/.exec(line)?.[1] ?? []);
  const explained = first.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name));
  expect([...new Set(explained)].sort()).toEqual([...names(z.toJSONSchema(stats))].sort());
});

/** The names of all properties in a schema. */
function names(schema: unknown): Set<string> {
  const found = new Set<string>();
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    if ("properties" in value) for (const name of Object.keys(value.properties as object)) found.add(name);
    Object.values(value).forEach(visit);
  };
  visit(schema);
  return found;
}
