import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, posix } from "node:path";
import { describe, expect, test } from "vitest";
import { agentModule, findGo, goEnvironment } from "../../scripts/go.js";

const repository = join(__dirname, "../..");
const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { cwd: repository })
  .toString()
  .split("\n")
  .filter((file) => /\.(ts|mts|mjs|go)$/.test(file));
const source = (file: string): string => readFileSync(join(repository, file), "utf8");

/**
 * What the TypeScript of a folder imports for more than types, as [file, module, whether only when it is called]; our own
 * files by their path.
 */
function imports(folder: string): [string, string, boolean][] {
  const found = /^(?:import|export)\s+(?!type\b)(?:[^"';]*?\sfrom\s+)?"([^"]+)"|\b(?:import|require)\("([^"]+)"\)/gm;
  return files
    .filter((file) => file.startsWith(`${folder}/`) && file.endsWith(".ts"))
    .flatMap((file) =>
      [...source(file).matchAll(found)].map(([, from, called]): [string, string, boolean] => {
        const name = from ?? called ?? "";
        return [file, name.startsWith(".") ? posix.join(dirname(file), name) : name, called !== undefined];
      }),
    );
}

const isBuiltin = (name: string): boolean => name.startsWith("node:") || builtinModules.includes(name);

describe("who may import what", () => {
  test("sdk/ imports only Pulumi and Node, because users' programs load it", () => {
    const strange = imports("sdk").filter(
      ([file, name, late]) =>
        !name.startsWith("sdk/") &&
        !name.startsWith("@pulumi/pulumi") &&
        !isBuiltin(name) &&
        // This stands in the text that Pulumi keeps in the state and runs elsewhere.
        name !== "pulumi-slipway/provider" &&
        // A function loads what it runs when it is called.
        !(late && file.startsWith("sdk/functions/") && name.startsWith("provider/")),
    );
    expect(strange).toEqual([]);
  });

  test("provider/resources/ does no I/O, because check and diff run for every resource of every preview", () => {
    const pure = new Set(["zod", "node:crypto", "sdk/ignore", "sdk/permissions"]);
    const strange = imports("provider/resources").filter(
      ([, name]) => !/^provider\/(resources\/|api$)/.test(name) && !pure.has(name),
    );
    expect(strange).toEqual([]);
  });

  test("slipway-monitor has only what it needs, because there is one for each container", async () => {
    const { command } = await findGo();
    const listed = execFileSync(command, ["list", "-deps", "./cmd/slipway-monitor"], {
      cwd: agentModule,
      env: goEnvironment({ CGO_ENABLED: "0" }),
    });
    // Each of these costs every running container memory of its own.
    const heavy = /^(os|net|net\/.*|encoding\/json|fmt|reflect|time|log|context|golang\.org\/.*|github\.com\/.*)$/;
    expect(
      listed
        .toString()
        .split("\n")
        .filter((name) => heavy.test(name)),
    ).toEqual([]);
  });
});

test("no file is too long to be read at once", () => {
  const lines = files
    .filter((file) => !file.startsWith("scripts/pulumi-cli/"))
    .map((file): [string, number] => [file, source(file).split("\n").length]);
  expect(lines.filter(([, count]) => count > 400)).toEqual([]);
  const sorted = lines.map(([, count]) => count).sort((a, b) => a - b);
  expect(sorted[sorted.length >> 1]).toBeLessThan(100);
});

test("every Go package says once what lives there", () => {
  for (const [folder, members] of packages()) {
    const commented = members.filter((file) => /^\/\/ (Package|Command) .*(\n\/\/.*)*\npackage /m.test(source(file)));
    expect([folder, commented.length]).toEqual([folder, 1]);
  }
});

test("every folder of TypeScript says what lives there", () => {
  const folders = new Set(files.filter((file) => /\.(ts|mjs)$/.test(file)).map(dirname));
  // What mirrors another folder says no more than that one; examples and programs of tests are one thing each.
  const silent =
    /^(test\/(agent|cli|provider|scripts|sdk)(\/|$)|test\/pack\/projects\/|examples\/\w+\/|scripts\/build$)/;
  const says = (folder: string): boolean =>
    existsSync(join(repository, folder, "README.md")) ||
    ["index.ts", "main.ts"].some((file) => {
      const path = `${folder}/${file}`;
      return files.includes(path) && /^(#!.*\n)?\/\*\*\n/.test(source(path));
    });
  expect([...folders].filter((folder) => !silent.test(folder) && !says(folder))).toEqual([]);
});

/** The Go files of the agent but for its tests, by folder. */
function packages(): Map<string, string[]> {
  const folders = new Map<string, string[]>();
  for (const file of files) {
    if (!file.startsWith("agent/") || !file.endsWith(".go") || file.endsWith("_test.go")) continue;
    folders.set(dirname(file), [...(folders.get(dirname(file)) ?? []), file]);
  }
  return folders;
}
