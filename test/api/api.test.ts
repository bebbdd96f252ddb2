import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { ZodType } from "zod";
import * as api from "../../provider/api";
import { stats } from "../../provider/stats";

const golden = join(__dirname, "golden");

/** Those that have golden files. The other side of the table is in agent/api/golden_test.go. */
const types: Record<string, ZodType> = {
  HostRequest: api.hostRequest,
  HostFacts: api.hostFacts,
  HostAnswer: api.hostAnswer,
  LayerRequest: api.layerRequest,
  LayerAnswer: api.layerAnswer,
  ImageRequest: api.imageRequest,
  ImageAnswer: api.imageAnswer,
  CgroupRequest: api.cgroupRequest,
  CgroupAnswer: api.cgroupAnswer,
  ContainerRequest: api.containerRequest,
  ContainerAnswer: api.containerAnswer,
  Inventory: api.inventory,
  Stats: stats,
  Problem: api.problem,
};

describe("golden files", () => {
  test.each(readdirSync(golden))("%s is read strictly and written back", (file) => {
    const schema = types[file.split(".")[0] ?? ""];
    if (schema === undefined) throw new Error("there is no such type");
    const read = (): unknown => JSON.parse(readFileSync(join(golden, file), "utf8")) as unknown;
    expect(JSON.stringify(schema.parse(read()))).toBe(JSON.stringify(read()));
    const tree = read();
    withStrangeField(tree, "", (path) => {
      expect(schema.safeParse(tree).success, `a strange field in \`${path}\``).toBe(false);
    });
  });

  test("every type has one", () => {
    const seen = new Set(readdirSync(golden).map((file) => file.split(".")[0]));
    expect(Object.keys(types).filter((name) => !seen.has(name))).toEqual([]);
  });
});

test("the constants are the agent's", () => {
  const source = (name: string): string => readFileSync(join(__dirname, "../../agent/api", name), "utf8");
  const constant = (text: string, name: RegExp): string[] => [...text.matchAll(name)].map((match) => match[1] ?? "");
  const greeting = source("greeting.go");
  expect(constant(greeting, /^const Protocol = (.*)$/gm)).toEqual([String(api.protocol)]);
  const [magic = ""] = constant(greeting, /^const GreetingMagic = "(.*)"$/gm);
  expect(magic.replace(/\\x(..)/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))).toBe(api.greetingMagic);
  expect(constant(source("problem.go"), /Code = "(\w+)"$/gm)).toEqual([...api.problemCodes]);
});

/** Calls back once for every object of a tree, while that object has a field that the contract lacks. */
function withStrangeField(tree: unknown, path: string, check: (path: string) => void): void {
  if (Array.isArray(tree)) {
    for (const element of tree) withStrangeField(element, `${path}[]`, check);
  } else if (typeof tree === "object" && tree !== null) {
    for (const [name, value] of Object.entries(tree)) {
      // These two hold what the user likes.
      if (name !== "env" && name !== "labels") withStrangeField(value, `${path}.${name}`, check);
    }
    const object = tree as Record<string, unknown>;
    object["strange"] = true;
    check(path);
    delete object["strange"];
  }
}
