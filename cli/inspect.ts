import { parseArgs } from "node:util";
import { inventory, type CgroupAnswer, type ContainerSummary, type Inventory } from "../provider/api";
import { printable } from "../provider/host/stderr";
import { bytes } from "./bytes";
import { UsageError, type Command } from "./command";
import { hostHelp, hostOptions, openHost } from "./host";
import { readOwner } from "./owner";
import { table } from "./table";

/** `slipway inspect HOST`: what Slipway keeps on a host. */
export const inspect: Command = {
  name: "inspect",
  usage: "inspect HOST [--json]",
  summary: "what Slipway keeps on a host, by owner",
  help: `Lists hosts, layers, images, control groups and containers by the stack that declared them, with state and exit code.

      --json                the same as JSON, for programs

${hostHelp}`,
  async run(words) {
    const { values, positionals } = parseArgs({
      args: words,
      options: { ...hostOptions, json: { type: "boolean" } },
      allowPositionals: true,
    });
    const [address, ...more] = positionals;
    if (address === undefined || more.length > 0) throw new UsageError("inspect takes one HOST");
    const host = await openHost(address, values);
    const found = await host.request("GET", "/v1/inventory", undefined, inventory);
    process.stdout.write(`${values.json === true ? JSON.stringify(found, undefined, 2) : report(address, found)}\n`);
  },
};

/** The inventory for people. */
export function report(address: string, { host, hosts, layers, images, cgroups, containers }: Inventory): string {
  const rows = [
    ...hosts.map((each) => ({ ...each, kind: "host", state: "" })),
    ...layers.map((each) => ({
      ...each,
      kind: "layer",
      state: `${each.intact ? "intact" : "damaged"}, ${bytes(each.sizeBytes)}`,
    })),
    ...images.map((each) => ({
      ...each,
      kind: "image",
      state: `${each.intact ? "intact" : "damaged"}, ${bytes(each.sizeBytes)}`,
    })),
    ...cgroups.map((each) => ({ ...each, kind: "cgroup", state: groupState(each) })),
    ...containers.map((each) => ({ ...each, kind: "container", state: stateOf(each) })),
  ].map((row) => ({ ...row, ...readOwner(row.owner) }));
  const groups = [...new Set(rows.map(({ stack }) => stack))].sort().map((stack) => {
    const cells = rows
      .filter((row) => row.stack === stack)
      .map(({ kind, name, state, slot, incarnation }) => [
        `  ${kind}`,
        name,
        state,
        `${slot}/${incarnation.slice(0, 12)}`,
      ]);
    return `${printable(stack)}\n${table(cells)}`;
  });
  const facts = [
    host.os,
    `Linux ${host.kernel}`,
    host.architecture,
    `${String(host.cpus)} processors`,
    bytes(host.memoryBytes),
    `cgroup v${String(host.cgroupVersion)}`,
  ];
  const machine = printable(facts.filter((fact) => fact !== "").join(", "));
  const heading = `${address}: ${machine}\nhost id ${printable(host.hostId)}`;
  return [heading, ...(groups.length === 0 ? ["Nothing is declared here."] : groups)].join("\n\n");
}

/** Where a control group is, and whether it is paused. */
function groupState({ intact, path, paused }: CgroupAnswer): string {
  return intact ? `${path}${paused ? ", paused" : ""}` : "gone";
}

/** What a container does, or what it ended with, and what it lacked. */
function stateOf(container: ContainerSummary): string {
  return [doing(container), ...lacked(container)].join(", ");
}

function doing({ running, paused, frozen, exitCode, startedAt, endedAt }: ContainerSummary): string {
  const since = startedAt === undefined ? "" : ` since ${startedAt}`;
  if (running) return `${paused ? "paused, " : frozen === true ? "paused with its group, " : ""}running${since}`;
  const code = exitCode === undefined ? "exited, code unknown" : `exited (${String(exitCode)})`;
  return endedAt === undefined ? code : `${code} at ${endedAt}`;
}

function lacked({ exitCode, oomKills = 0, pidsMaxReached = 0 }: ContainerSummary): string[] {
  const memory = exitCode === 137 ? "out of memory" : `${String(oomKills)} killed for want of memory`;
  return [
    ...(oomKills > 0 ? [memory] : []),
    ...(pidsMaxReached > 0
      ? [`refused a process ${pidsMaxReached === 1 ? "once" : `${String(pidsMaxReached)} times`}`]
      : []),
  ];
}
