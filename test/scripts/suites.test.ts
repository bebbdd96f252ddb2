import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { runSuites, single, type Suite } from "../../scripts/suites";

let lines: string[];
beforeEach(() => {
  lines = [];
  vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(...line.split("\n")));
  vi.spyOn(process.stdout, "write").mockReturnValue(true);
});
afterEach(() => vi.restoreAllMocks());

const counted = (name: string, passed: number, failed: number): Suite => ({
  name,
  run: async () => {
    const failures = Array.from({ length: failed }, () => ({ name: "one", reason: `${name} says why\nat length` }));
    return Promise.resolve({ passed, failed, failures });
  },
});

test("the last line is the sum, and nothing else", async () => {
  expect(await runSuites([counted("a", 3, 0), counted("b", 4, 0)])).toBe(true);
  expect(lines.at(-1)).toBe("7 passed, 0 failed");
  expect(lines.join("\n")).not.toContain("says why");
});

test("one failure among many fails the whole; its reason is shown, and in short at the end", async () => {
  expect(await runSuites([counted("a", 3, 0), counted("b", 4, 1)])).toBe(false);
  expect(lines).toContain("at length");
  expect(lines.at(-3)).toBe("✗ b: one: b says why");
  expect(lines.at(-1)).toBe("7 passed, 1 failed");
});

test("a suite that breaks, or waits for something that does, is a failure", async () => {
  const broken = single("broken", async () => Promise.reject(new Error("no compiler")));
  const after = Promise.reject(new Error("no disk"));
  expect(await runSuites([broken, { ...counted("late", 5, 0), after }])).toBe(false);
  expect(lines).toContain("no compiler");
  expect(lines).toContain("no disk");
  expect(lines.at(-1)).toBe("0 passed, 2 failed");
});

test("a heavy suite runs alone, light ones side by side", async () => {
  let busy = 0;
  const seen: Record<string, number> = {};
  const busyWith = (name: string, weight: number): Suite =>
    single(
      name,
      async () => {
        busy += weight;
        await new Promise((resolve) => setImmediate(resolve));
        seen[name] = busy;
        busy -= weight;
      },
      { weight },
    );
  await runSuites([busyWith("heavy", 1000), busyWith("a", 1), busyWith("b", 1)]);
  expect(seen["heavy"]).toBe(1000);
  expect(Math.max(seen["a"] ?? 0, seen["b"] ?? 0)).toBe(2);
});
