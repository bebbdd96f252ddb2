#!/usr/bin/env node
/**
 * The `slipway` command: looks at hosts, and meddles with what runs there, without Pulumi. One file per command; this one only finds it and turns errors
 * into text on stderr and an exit code: 0 done, 1 failed, 2 asked for something there is not.
 *
 * @packageDocumentation
 */
import { textOf } from "../provider/failure";
import { isSlipwayError } from "../provider/host/errors";
import { isUsageError, UsageError, type Command } from "./command";
import { inspect } from "./inspect";
import { logs } from "./logs";
import { stats } from "./stats";
import { kill, pause, unpause } from "./stop";
import { version } from "./version";

const commands: readonly Command[] = [inspect, logs, stats, pause, unpause, kill];

const help = `slipway looks at hosts that Slipway manages, and stops what runs there. What is there is declared with Pulumi.

Usage: slipway COMMAND [OPTIONS]

${commands.map(({ usage, summary }) => `  slipway ${usage.padEnd(46)} ${summary}`).join("\n")}

slipway COMMAND --help tells more. slipway --version prints the version.
`;

async function main([name, ...words]: string[]): Promise<void> {
  if (name === "--version") return print(`${version()}\n`);
  if (name === undefined || name === "--help" || name === "-h" || name === "help") return print(help);
  const command = commands.find((each) => each.name === name);
  if (command === undefined) throw new UsageError(`there is no command ${JSON.stringify(name)}`);
  if (words.includes("--help") || words.includes("-h"))
    return print(`Usage: slipway ${command.usage}\n\n${command.help}`);
  await command.run(words);
}

function print(text: string): void {
  process.stdout.write(text);
}

// A reader that has seen enough, such as head(1), is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));

main(process.argv.slice(2)).then(
  // Connections and followed logs would keep the process alive.
  () => process.stdout.write("", () => process.exit(0)),
  (error: unknown) => {
    const usage = isUsageError(error) ? "\nslipway --help tells what there is." : "";
    const text = isSlipwayError(error) ? textOf(error) : error instanceof Error ? error.message : String(error);
    process.stderr.write(`slipway: ${text}${usage}\n`, () => process.exit(isUsageError(error) ? 2 : 1));
  },
);
