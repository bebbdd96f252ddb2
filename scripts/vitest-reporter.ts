/**
 * How vitest tells scripts/suite-kinds.ts what came of a run: a line on standard output for each test that is done, and
 * at the end a {@link Count} as JSON in the file that the environment names. vitest's own JSON leaves out the reason of
 * a test that took too long.
 */
import { writeFileSync } from "node:fs";
import type { Reporter, SerializedError, TestCase, TestModule, TestSuite } from "vitest/node" with {
  "resolution-mode": "import",
};
import type { Count, Failure } from "./suites";

/** The environment's name for the file. */
export const reportVariable = "SLIPWAY_TEST_REPORT";
/** What a test that is done prints. */
export const doneLine = "done";

export default class CountReporter implements Reporter {
  /** @inheritdoc */
  onTestCaseResult(): void {
    process.stdout.write(`${doneLine}\n`);
  }

  /** @inheritdoc */
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const failures = [
      ...tests.flatMap((test) => (test.result().state === "failed" ? [failure(test, test.result().errors)] : [])),
      // A file that cannot be loaded has no tests, and a hook that fails need not fail one.
      ...modules
        .flatMap((module) => [module, ...module.children.allSuites()])
        .flatMap((group) => (group.errors().length > 0 ? [failure(group, group.errors())] : [])),
      ...unhandled.map((error) => ({ name: "outside of any test", reason: reason(error) })),
    ];
    const passed = tests.filter((test) => test.result().state === "passed").length;
    const count: Count = { passed, failed: failures.length, failures };
    writeFileSync(process.env[reportVariable] ?? "", JSON.stringify(count));
  }
}

function failure(task: TestCase | TestSuite | TestModule, errors: readonly SerializedError[] = []): Failure {
  const module = task.type === "module" ? task : task.module;
  const name = task.type === "module" ? "" : `: ${task.fullName}`;
  return { name: `${module.relativeModuleId}${name}`, reason: errors.map(reason).join("\n") };
}

/** What was wrong, what differed, and where in our own files. */
function reason({ message, diff, stack = "" }: SerializedError): string {
  const ours = (line: string): boolean => line.includes(process.cwd()) && !line.includes("/node_modules/");
  const frames = stack.split("\n").filter((line) => /^\s+at /.test(line) && ours(line));
  return [message, diff, ...frames.slice(0, 5)].filter((part) => part !== undefined && part !== "").join("\n");
}
