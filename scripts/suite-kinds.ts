/** The kinds of suites there are: what vitest runs, and what `go test` runs. Both count their tests one by one. */
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { command } from "./command";
import { agentModule, findGo, goEnvironment } from "./go";
import type { Count, Suite } from "./suites";
import { doneLine, reportVariable } from "./vitest-reporter";

const repository = join(__dirname, "..");
const results = join(repository, ".state/test");

/** A project of vitest.config.mts. */
export function vitest(project: string, more: Partial<Suite> = {}): Suite {
  return {
    name: `Tests: ${project}`,
    ...more,
    run: async (say) => {
      await mkdir(results, { recursive: true });
      const file = join(results, `${project}.json`);
      await rm(file, { force: true });
      const words = ["run", "--project", project, `--reporter=${join(__dirname, "vitest-reporter.ts")}`];
      let done = 0;
      const onLine = (line: string): void => {
        if (line === doneLine) say(`${++done} done`);
      };
      const failure = await command(join(repository, "node_modules/.bin/vitest"), words, {
        cwd: repository,
        env: { ...process.env, NO_COLOR: "1", [reportVariable]: file },
        onLine,
      }).then(
        () => undefined,
        (error: unknown) => String(error),
      );
      const text = await readFile(file, "utf8").catch(() => undefined);
      if (text === undefined) throw new Error(failure ?? `vitest wrote no ${file}`);
      return withFailure(JSON.parse(text) as Count, failure);
    },
  };
}

/** A count to which a failure of the command itself is added, where no test accounts for it. */
function withFailure(count: Count, failure: string | undefined): Count {
  if (failure === undefined || count.failed > 0) return count;
  return { ...count, failed: 1, failures: [{ name: "it broke", reason: failure }] };
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
      return withFailure(countGo(events), failure);
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
      .filter((line) => !/^\s*(=== |--- PASS)/.test(line))
      .join("");
  const build = ended("build-output").map(({ Output }) => Output ?? "");
  return {
    passed: ended("pass").filter(top).length,
    failed: failed.length + broken.length,
    failures: [
      ...failed.map((event) => ({ name: `${event.Package ?? ""} ${event.Test ?? ""}`, reason: said(event) })),
      ...broken.map((event) => ({ name: event.Package ?? "", reason: [...build, said(event)].join("") })),
    ],
  };
}
