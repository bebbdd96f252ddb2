/** The kinds of suites there are: what vitest runs, and what `go test` runs. Both count their tests one by one. */
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { command } from "./command";
import { agentModule, findGo, goEnvironment } from "./go";
import type { Count, Suite } from "./suites";

const repository = join(__dirname, "..");
const results = join(repository, ".state/test");

/** What vitest writes with --reporter=json, as far as we read it. */
interface VitestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

/** A project of vitest.config.mts. */
export function vitest(project: string, more: Partial<Suite> = {}): Suite {
  return {
    name: `Tests: ${project}`,
    ...more,
    run: async (say) => {
      await mkdir(results, { recursive: true });
      const file = join(results, `${project}.json`);
      await rm(file, { force: true });
      const words = ["run", "--project", project, "--reporter=json", `--outputFile=${file}`, "--reporter=verbose"];
      let done = 0;
      const onLine = (line: string): void => {
        if (/^[✓×↓]/.test(line.trim())) say(`${++done} done`);
      };
      const failure = await command(join(repository, "node_modules/.bin/vitest"), words, {
        cwd: repository,
        env: { ...process.env, NO_COLOR: "1" },
        onLine,
      }).then(
        () => undefined,
        (error: unknown) => String(error),
      );
      const text = await readFile(file, "utf8").catch(() => undefined);
      if (text === undefined) throw new Error(failure ?? `vitest wrote no ${file}`);
      const count = countVitest(JSON.parse(text) as VitestReport);
      // Errors outside of any test fail the run and are in no report.
      return failure !== undefined && count.failed === 0 ? { ...count, failed: 1, report: failure } : count;
    },
  };
}

function countVitest({ testResults }: VitestReport): Count {
  const tests = testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map((test) => ({ ...test, file: name })),
  );
  const failed = tests.filter(({ status }) => status === "failed");
  // A file that cannot be loaded has no tests, and a hook that fails need not fail one.
  const broken = testResults.filter(
    ({ status, assertionResults }) => status === "failed" && !assertionResults.some((test) => test.status === "failed"),
  );
  return {
    passed: tests.filter(({ status }) => status === "passed").length,
    failed: failed.length + broken.length,
    report: [
      ...failed.map(({ file, fullName, failureMessages }) => `✗ ${file}: ${fullName}\n${failureMessages.join("\n")}`),
      ...broken.map(({ name, message }) => `✗ ${name}\n${message}`),
    ].join("\n\n"),
  };
}

/** An event of `go test -json`. */
interface GoEvent {
  readonly Action: string;
  readonly Package?: string;
  readonly ImportPath?: string;
  readonly Test?: string;
  readonly Output?: string;
}

/** The Go tests of the agent; each top-level test counts. */
export function goTests(more: Partial<Suite> = {}): Suite {
  return {
    name: "Tests: agent",
    ...more,
    run: async (say) => {
      const go = await findGo();
      const events: GoEvent[] = [];
      let done = 0;
      const onLine = (line: string): void => {
        if (!line.startsWith("{")) return;
        const event = JSON.parse(line) as GoEvent;
        events.push(event);
        if (event.Action === "pass" && event.Test !== undefined) say(`${++done} done`);
      };
      const env = goEnvironment({ CGO_ENABLED: "0" });
      const failure = await command(go.command, ["test", "-json", "./..."], { cwd: agentModule, env, onLine }).then(
        () => undefined,
        (error: unknown) => String(error),
      );
      const count = countGo(events);
      return failure !== undefined && count.failed === 0 ? { ...count, failed: 1, report: failure } : count;
    },
  };
}

function countGo(events: readonly GoEvent[]): Count {
  const ended = (action: string): GoEvent[] => events.filter((event) => event.Action === action);
  const top = ({ Test }: GoEvent): boolean => Test !== undefined && !Test.includes("/");
  const failed = ended("fail").filter(top);
  // A package that does not build, or whose process dies, fails without a test that does.
  const broken = ended("fail").filter(
    ({ Package, Test }) => Test === undefined && !failed.some((test) => test.Package === Package),
  );
  const said = ({ Package, Test }: GoEvent): string =>
    events
      .filter((event) => event.Action === "output" && event.Package === Package)
      .filter((event) => Test === undefined || event.Test === Test || event.Test?.startsWith(`${Test}/`))
      .map(({ Output }) => Output ?? "")
      .join("");
  const build = ended("build-output").map(({ Output }) => Output ?? "");
  return {
    passed: ended("pass").filter(top).length,
    failed: failed.length + broken.length,
    report: [
      ...[...failed, ...broken].map((event) => `✗ ${event.Package ?? ""} ${event.Test ?? ""}\n${said(event)}`),
      ...build,
    ].join("\n"),
  };
}
