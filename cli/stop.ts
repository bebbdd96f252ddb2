import { parseArgs } from "node:util";
import { z } from "zod";
import { inventory } from "../provider/api";
import { printable } from "../provider/host/stderr";
import { UsageError, type Command } from "./command";
import { findContainerOrGroup } from "./find-container";
import { readOwner } from "./owner";
import { hostHelp, hostOptions, openHost } from "./host";

/** A command that stops what runs in a container or a control group: one request without a body. */
function stopping(name: string, summary: string, does: string, method: "PUT" | "DELETE", noun: string): Command {
  return {
    name,
    usage: `${name} HOST/NAME`,
    summary,
    help: `${does}

NAME is the name of a Container or a Cgroup in its program, its slot, or the first digits of its incarnation, as
\`slipway inspect HOST\` shows them. What you declared stays as it is: \`pulumi refresh\` shows the difference, and
\`pulumi up --refresh\` makes it as declared again.

${hostHelp}`,
    async run(words) {
      const { values, positionals } = parseArgs({ args: words, options: hostOptions, allowPositionals: true });
      const [, address, wanted] = /^([^/]+)\/(.+)$/.exec(positionals[0] ?? "") ?? [];
      if (address === undefined || wanted === undefined || positionals.length > 1)
        throw new UsageError(`${name} takes one HOST/NAME`);
      const host = await openHost(address, values);
      const { containers, cgroups } = await host.request("GET", "/v1/inventory", undefined, inventory);
      const found = findContainerOrGroup(wanted, containers, cgroups);
      const called = printable(readOwner(found.owner).name);
      const idle = "running" in found && !found.running;
      if (idle && method === "PUT")
        throw new Error(`the container ${called} does not run, so that there is nothing to ${name}`);
      const { resource, incarnation } = found;
      await host.request(method, `/v1/${resource}/${incarnation}/${noun}`, undefined, z.undefined());
      if (idle) process.stderr.write(`the container ${called} did not run\n`);
      else process.stdout.write(`${called}\n`);
    },
  };
}

/** `slipway pause HOST/NAME`. */
export const pause = stopping(
  "pause",
  "stop everything in a container or control group where it is",
  `Everything in it stands still, with its memory and its connections, until \`slipway unpause\`. Nothing starts in a control
group meanwhile.`,
  "PUT",
  "paused",
);

/** `slipway unpause HOST/NAME`. */
export const unpause = stopping(
  "unpause",
  "let what was paused go on",
  "What was paused goes on where it stopped, unless a control group above it is paused too.",
  "DELETE",
  "paused",
);

/** `slipway kill HOST/NAME`. */
export const kill = stopping(
  "kill",
  "end everything in a container or control group at once",
  `Sends SIGKILL to every process in it at the same moment, paused or not, and waits until all are gone. Containers that ran
there have ended with 137.`,
  "DELETE",
  "processes",
);
