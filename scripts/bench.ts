/** `npm run bench -- [NAME …] [--json] [--runs N] [--guest]`: figures beside their peers, see bench/README.md. */
import { parseArgs } from "node:util";
import { benchmarks, inGuest } from "../bench/index";
import type { Options } from "../bench/options";
import { Scope } from "../bench/scope";
import type { Row } from "../bench/statistics";
import { table } from "../bench/table";
import { build } from "./build";

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: "boolean", default: false },
      runs: { type: "string" },
      guest: { type: "boolean", default: false },
    },
  });
  const names = positionals.length > 0 ? positionals : Object.keys(benchmarks);
  const options: Options = { guest: values.guest };
  if (values.runs !== undefined) options.runs = Number(values.runs);
  if (options.runs !== undefined && !(Number.isInteger(options.runs) && options.runs > 0)) {
    throw new Error(`--runs: expected a whole number above 0, got ${values.runs}`);
  }
  const print = process.stdout.write.bind(process.stdout);
  // What building and fetching say is not for the program that reads the array.
  if (values.json) process.stdout.write = process.stderr.write.bind(process.stderr);
  await build();
  const rows: Row[] = [];
  for (const name of names) {
    const benchmark = benchmarks[name];
    if (!benchmark) throw new Error(`no benchmark ${name}; there are ${Object.keys(benchmarks).join(", ")}`);
    if (values.guest && !inGuest.has(name)) {
      throw new Error(`${name} does not run in the guest; ${[...inGuest].join(", ")} do`);
    }
    process.stderr.write(`${name} …\n`);
    const scope = new Scope();
    const interrupted = (): void => {
      void scope.close().finally(() => process.exit(130));
    };
    process.once("SIGINT", interrupted).once("SIGTERM", interrupted);
    try {
      const result = await benchmark(scope, options);
      rows.push(...result.rows);
      if (values.json) process.stderr.write(result.notes.map((note) => `  ${note}\n`).join(""));
      else print(`${table(name, result)}\n\n`);
    } catch (error) {
      // Said at once, because undoing may fail for the same reason.
      process.stderr.write(`${name}: ${error instanceof Error ? error.message : String(error)}\n`);
      process.exitCode = 1;
    } finally {
      process.off("SIGINT", interrupted).off("SIGTERM", interrupted);
      await scope.close();
    }
  }
  if (values.json) print(`${JSON.stringify(rows, null, 2)}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
