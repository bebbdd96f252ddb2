import type { Stats } from "../provider/stats";
import { readOwner } from "./owner";
import { figuresOf, groupsAround, type Figures, type Measured } from "./usage";

/** What is shown of one host. */
export interface Watched {
  /** The host as the command line names it. */
  readonly address: string;
  readonly reading: Stats;
  /** The one before it, once there are two. */
  readonly earlier?: Stats | undefined;
  /** The slots of the containers and groups that were asked for; undefined is everything. */
  readonly slots?: ReadonlySet<string> | undefined;
}

/** A line of the table. */
export interface Row {
  /** What it is about, indented below what that is in. */
  readonly name: string;
  /** Undefined for a heading. */
  readonly figures?: Figures;
}

/** A reading without what was not asked for. A group stands for all that is in it. */
export function chosen({ reading, slots }: Pick<Watched, "reading" | "slots">): Stats {
  if (slots === undefined) return reading;
  const groups = reading.cgroups.filter(({ slot }) => slots.has(slot));
  const inside = ({ path }: { readonly path: string }): boolean =>
    groups.some((group) => `${path}/`.startsWith(`${group.path}/`));
  return {
    ...reading,
    containers: reading.containers.filter((each) => slots.has(each.slot) || inside(each)),
    cgroups: reading.cgroups.filter(inside),
  };
}

/**
 * Everything that runs, each container below the declared group it is in, and each group below its own. Hosts and stacks
 * have headings where there are several.
 */
export function rowsOf(hosts: readonly Watched[], several = hosts.length > 1): Row[] {
  return hosts.flatMap((host) => {
    const rows = rowsOfHost(host);
    return several ? [{ name: host.address }, ...indented(rows)] : rows;
  });
}

function rowsOfHost({ reading, earlier, slots }: Watched): Row[] {
  const shown = chosen({ reading, slots });
  const all: Measured[] = [...byName(shown.cgroups), ...byName(shown.containers)];
  const inside = (group: Measured | undefined): Measured[] =>
    all.filter((each) => groupsAround(each, shown).at(-1) === group);
  const tree = (measured: Measured): Row[] => {
    const below = "startedAt" in measured ? [] : inside(measured).flatMap(tree);
    return [{ name: nameOf(measured, all), figures: figuresOf(measured, reading, earlier) }, ...indented(below)];
  };
  const top = inside(undefined);
  const stacks = [...new Set(top.map(stackOf))].sort();
  if (stacks.length < 2) return top.flatMap(tree);
  return stacks.flatMap((stack) => [
    { name: stack },
    ...indented(top.filter((each) => stackOf(each) === stack).flatMap(tree)),
  ]);
}

/** The resource's name in its program, of a group as that of a folder; of two with one name also the incarnation. */
function nameOf(measured: Measured, all: readonly Measured[]): string {
  const known = (each: Measured): string => `${stackOf(each)} ${plainName(each)}`;
  const twins = all.filter((each) => known(each) === known(measured));
  return twins.length === 1 ? plainName(measured) : `${plainName(measured)} ${measured.incarnation.slice(0, 12)}`;
}

function plainName(measured: Measured): string {
  const { name } = readOwner(measured.owner);
  return "startedAt" in measured ? name : `${name}/`;
}

function stackOf({ owner }: Measured): string {
  return readOwner(owner).stack;
}

function byName<T extends Measured>(all: readonly T[]): T[] {
  const compare = new Intl.Collator("en", { numeric: true }).compare;
  return [...all].sort((one, other) => compare(readOwner(one.owner).name, readOwner(other.owner).name));
}

function indented(rows: readonly Row[]): Row[] {
  return rows.map((row) => ({ ...row, name: `  ${row.name}` }));
}
