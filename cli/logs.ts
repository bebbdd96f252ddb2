import { parseArgs } from "node:util";
import { inventory } from "../provider/api";
import { UsageError, type Command } from "./command";
import { findContainer } from "./find-container";
import { hostHelp, hostOptions, openHost } from "./host";
import { writeLog } from "./log-lines";

/** `slipway logs HOST/CONTAINER`: what a container wrote. */
export const logs: Command = {
  name: "logs",
  usage: "logs HOST/CONTAINER [--tail N] [--follow]",
  summary: "what a container wrote",
  help: `CONTAINER is the name of the resource in its program, its slot, or the first digits of its incarnation, as
\`slipway inspect HOST\` shows them. What it wrote to stdout goes to stdout, the rest to stderr.

  -n, --tail N              only the last N lines
  -f, --follow              go on until the container ends or you press ^C
  -t, --timestamps          begin each line with its time

${hostHelp}`,
  async run(words) {
    const { values, positionals } = parseArgs({
      args: words,
      options: {
        ...hostOptions,
        tail: { type: "string", short: "n" },
        follow: { type: "boolean", short: "f" },
        timestamps: { type: "boolean", short: "t" },
      },
      allowPositionals: true,
    });
    const [, address, wanted] = /^([^/]+)\/(.+)$/.exec(positionals[0] ?? "") ?? [];
    if (address === undefined || wanted === undefined || positionals.length > 1)
      throw new UsageError("logs takes one HOST/CONTAINER");
    if (values.tail !== undefined && !/^\d+$/.test(values.tail))
      throw new UsageError(`--tail must be a number of lines; got ${JSON.stringify(values.tail)}`);
    const host = await openHost(address, values);
    const { containers } = await host.request("GET", "/v1/inventory", undefined, inventory);
    const { incarnation } = findContainer(wanted, containers);
    const query = new URLSearchParams();
    if (values.tail !== undefined) query.set("tail", values.tail);
    if (values.follow === true) query.set("follow", "true");
    const log = await host.stream(`/v1/containers/${incarnation}/logs?${query.toString()}`);
    await writeLog(log, process, values.timestamps === true);
  },
};
