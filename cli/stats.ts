import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { inventory } from "../provider/api";
import type { Session } from "../provider/host/session";
import { followStats, parseInterval, readStats } from "../provider/reading";
import { prometheusText } from "../sdk/functions/prometheus";
import { UsageError, type Command } from "./command";
import { findContainerOrGroup } from "./find-container";
import { hostHelp, hostOptions, openHost } from "./host";
import { Screen } from "./screen";
import { chosen, rowsOf, type Watched } from "./stats-rows";
import { statsTable } from "./stats-table";
import { write } from "./write";

/** `slipway stats HOST`: what containers and declared groups use. */
export const stats: Command = {
  name: "stats",
  usage: "stats HOST[/NAME]... [--no-stream]",
  summary: "what containers and control groups use",
  help: `Shows processor, memory, network, block devices and processes of all that runs, again after every interval until you
press ^C. NAME is that of a Container or a Cgroup, as in \`slipway pause\`; several of them, and several hosts, may be given. A
declared control group has a line too, its name with a "/", above those that are in it.

      --no-stream           once and no more; a table takes two readings, an interval apart
      --interval TIME       between two readings, over which CPU % and THROTTLED are; 1s unless you say otherwise
      --json                one line of JSON for each reading, for programs
      --prometheus          one reading in Prometheus' text format

CPU %      of one processor: 200 % are two
THROTTLED  the share of its quota's periods in which it had to wait; -- without a quota
MEM USAGE  what the kernel cannot take back without loss; LIMIT is the least of its own, those around it and the host's
MEM STALL  the share of the last 10 seconds in which something in it waited for memory
OOM        processes killed for want of memory
Narrow terminals leave columns out.

${hostHelp}`,
  async run(words) {
    const { values, positionals } = parseArgs({
      args: words,
      options: {
        ...hostOptions,
        "no-stream": { type: "boolean" },
        interval: { type: "string" },
        json: { type: "boolean" },
        prometheus: { type: "boolean" },
      },
      allowPositionals: true,
    });
    const wanted = readHosts(positionals);
    if (values.json === true && values.prometheus === true) throw new UsageError("--json or --prometheus, not both");
    const interval = readInterval(values.interval);
    const hosts = await Promise.all(
      [...wanted].map(async ([address, names]): Promise<Host> => {
        const session = await openHost(address, values);
        return { address, session, slots: await slotsOf(session, names) };
      }),
    );
    if (values.prometheus === true) await printPrometheus(hosts);
    else if (values.json === true) await printJson(hosts, values["no-stream"] === true ? undefined : interval);
    else if (values["no-stream"] === true) await printTable(hosts, interval);
    else await watch(hosts, interval);
  },
};

/** A host to ask, and for what. */
interface Host extends Pick<Watched, "address" | "slots"> {
  readonly session: Session;
}

/** What the words name: hosts, each with the containers wanted of it; undefined is everything. */
function readHosts(words: readonly string[]): Map<string, string[] | undefined> {
  const hosts = new Map<string, string[] | undefined>();
  for (const word of words) {
    const [, address = "", name] = /^([^/]*)(?:\/(.+))?$/s.exec(word) ?? [];
    if (address === "") throw new UsageError(`${JSON.stringify(word)} is no HOST or HOST/NAME`);
    const before = hosts.get(address);
    const everything = name === undefined || (hosts.has(address) && before === undefined);
    hosts.set(address, everything ? undefined : [...(before ?? []), name]);
  }
  if (hosts.size === 0) throw new UsageError("stats takes at least one HOST or HOST/NAME");
  return hosts;
}

function readInterval(written: string | undefined): number {
  try {
    return parseInterval(written);
  } catch (error) {
    throw new UsageError(`--${(error as Error).message}`);
  }
}

/** The slots of containers and groups. Slots, so that one that is replaced while it is watched stays in the table. */
async function slotsOf(session: Session, names: readonly string[] | undefined): Promise<Set<string> | undefined> {
  if (names === undefined) return undefined;
  const { containers, cgroups } = await session.request("GET", "/v1/inventory", undefined, inventory);
  return new Set(names.map((name) => findContainerOrGroup(name, containers, cgroups).slot));
}

async function printPrometheus(hosts: readonly Host[]): Promise<void> {
  const readings = await Promise.all(
    hosts.map(async ({ address, session, slots }) => {
      const reading = await readStats(session);
      return [address, chosen({ reading, slots })] as const;
    }),
  );
  await write(process.stdout, prometheusText(Object.fromEntries(readings)));
}

/** A line for each reading; without an interval one for each host. */
async function printJson(hosts: readonly Host[], interval: number | undefined): Promise<void> {
  const print = async ({ slots }: Host, reading: Watched["reading"]): Promise<void> =>
    write(process.stdout, `${JSON.stringify(chosen({ reading, slots }))}\n`);
  await Promise.all(
    hosts.map(async (host) => {
      if (interval === undefined) return print(host, await readStats(host.session));
      for await (const reading of followStats(host.session, { interval })) await print(host, reading);
    }),
  );
}

/** One table of all hosts, with the rates over one interval. */
async function printTable(hosts: readonly Host[], interval: number): Promise<void> {
  const watched = await Promise.all(
    hosts.map(async (host): Promise<Watched> => {
      const earlier = await readStats(host.session);
      await delay(interval);
      return { ...host, earlier, reading: await readStats(host.session) };
    }),
  );
  await write(process.stdout, `${statsTable(rowsOf(watched)).join("\n")}\n`);
}

/**
 * The table again and again: in a terminal over the one before, elsewhere one below the other, each of the host that was
 * read, as soon as there are rates.
 */
async function watch(hosts: readonly Host[], interval: number): Promise<void> {
  const several = hosts.length > 1;
  const latest = new Map<string, Watched>();
  const shown = (): Watched[] => hosts.flatMap(({ address }) => latest.get(address) ?? []);
  const screen = Screen.on(process.stdout, (width) => statsTable(rowsOf(shown(), several), width));
  await Promise.all(
    hosts.map(async (host) => {
      for await (const reading of followStats(host.session, { interval })) {
        const earlier = latest.get(host.address)?.reading;
        const now = { ...host, reading, earlier };
        latest.set(host.address, now);
        if (screen !== undefined) await screen.draw();
        else if (earlier !== undefined)
          await write(process.stdout, `${statsTable(rowsOf([now], several)).join("\n")}\n\n`);
      }
    }),
  );
}
