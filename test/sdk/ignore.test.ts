import { execFileSync } from "node:child_process";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findGo, goEnvironment } from "../../scripts/go";
import { ignore, wrongPattern } from "../../sdk/ignore";

interface Case {
  readonly lines: string[];
  readonly paths: string[];
}

const excluded = ({ lines, paths }: Case): string[] | null => {
  if (lines.some((line) => wrongPattern(line) !== undefined)) return null;
  const { excludes } = ignore(lines);
  return paths.filter(excludes);
};

/** What Docker's own library says, of all cases in one go. */
async function byDocker(cases: readonly Case[]): Promise<(string[] | null)[]> {
  const cwd = join(__dirname, "dockerignore");
  const { command } = await findGo(cwd);
  const input = cases.map((each) => JSON.stringify(each)).join("\n");
  const output = execFileSync(command, ["run", "."], { cwd, env: goEnvironment(), input, maxBuffer: 1 << 28 });
  return output
    .toString()
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as string[] | null);
}

const name = fc.constantFrom("a", "b", "ab", "a.b", "ü", "-", "a b", "+");
const path = fc
  .array(fc.oneof({ weight: 9, arbitrary: name }, { weight: 1, arbitrary: fc.constantFrom("[", "*") }), {
    minLength: 1,
    maxLength: 4,
  })
  .map((names) => names.join("/"));
const piece = fc.constantFrom(
  "*",
  "**",
  "?",
  "[ab]",
  "[^a]",
  "[a-c]",
  "\\+",
  "\\*",
  ".",
  "..",
  "",
  "*.b",
  "a*",
  "**a",
  "a**",
);
const pattern = fc
  .tuple(
    fc.constantFrom("", "", "", "!", "! ", "/", " "),
    fc.array(fc.oneof({ weight: 3, arbitrary: name }, { weight: 2, arbitrary: piece }), { minLength: 1, maxLength: 4 }),
    fc.constantFrom("", "", "/", " "),
  )
  .map(([before, names, after]) => before + names.join("/") + after)
  // Docker takes "!.." for the name of a folder before it looks for the "!".
  .filter((written) => !/^! ?.*\.\./.test(written));
const line = fc.oneof(
  { weight: 8, arbitrary: pattern },
  { weight: 1, arbitrary: fc.constantFrom("", "# a", "#a", " #a") },
);

describe("patterns of what is left out", () => {
  it("leave out what Docker leaves out", async () => {
    const cases = fc.sample(
      fc.record({
        lines: fc.array(line, { minLength: 1, maxLength: 4 }),
        paths: fc.uniqueArray(path, { minLength: 1, maxLength: 30 }),
      }),
      3000,
    );
    const theirs = await byDocker(cases);
    expect(theirs.filter((each) => (each ?? []).length > 0).length).toBeGreaterThan(500);
    for (const [at, each] of cases.entries()) expect(excluded(each), JSON.stringify(each)).toEqual(theirs[at]);
  });

  it.each([
    ["!", '"!" takes nothing back in; a pattern has to follow the "!"'],
    ["a[", '"a[" has a "[" that no right "]" follows'],
    ["[]", '"[]" has a "[" that no right "]" follows'],
    ["a\\", '"a\\\\" ends with a "\\" that nothing follows'],
  ])("refuse %s", (wrong, reason) => {
    expect(wrongPattern(wrong)).toBe(reason);
    expect(() => ignore(["fine", wrong])).toThrow(reason);
  });
});
