/** What has to hold of the source text itself, each a suite of one. */
import { join } from "node:path";
import { command } from "./command";
import { agentModule, findGo, goEnvironment } from "./go";
import { single, type Suite } from "./suites";

const repository = join(__dirname, "..");

/** Format, lint, types and tidiness of both languages. The examples are compiled against dist/, which has to be built. */
export function checks(): Suite[] {
  return [
    single("Lint (eslint)", async () => npm("eslint", ".")),
    single("Types (tsc)", async () => npm("tsc", "--noEmit", "-p", ".")),
    single("Types of the examples (tsc)", async () => npm("tsc", "--noEmit", "-p", "examples/quickstart")),
    single("Format (prettier)", async () => npm("prettier", "--check", "--log-level", "warn", ".")),
    single("Format (gofmt)", async () => {
      const root = (await go("env", "GOROOT")).trim();
      const unformatted = await command(join(root, "bin/gofmt"), ["-l", "."], { cwd: agentModule });
      if (unformatted !== "") throw new Error(`not formatted; run npm run format:\n${unformatted}`);
    }),
    single("go vet", async () => go("vet", "./...")),
    single("staticcheck", async () => go("tool", "-modfile=../scripts/go-tools/go.mod", "staticcheck", "./...")),
    single("go mod tidy", async () => go("mod", "tidy", "-diff")),
  ];
}

async function npm(program: string, ...words: string[]): Promise<void> {
  await command(join(repository, "node_modules/.bin", program), words, { cwd: repository });
}

async function go(...words: string[]): Promise<string> {
  return command((await findGo()).command, words, { cwd: agentModule, env: goEnvironment({ CGO_ENABLED: "0" }) });
}
