import { bytes } from "./bytes";
import type { Row } from "./stats-rows";
import { oneLine, table } from "./table";
import type { Figures } from "./usage";

/** A column of the table. */
interface Column {
  readonly heading: string;
  /** As wide as it usually gets, so that the columns stand still from one reading to the next. */
  readonly width: number;
  readonly cell: (figures: Figures) => string;
}

/** As `docker stats` has them, and between them what tells that a limit hurts. */
const columns: readonly Column[] = [
  { heading: "CPU %", width: 7, cell: ({ cpuPercent }) => percent(cpuPercent) },
  { heading: "THROTTLED", width: 9, cell: ({ throttledPercent }) => percent(throttledPercent) },
  { heading: "MEM USAGE / LIMIT", width: 17, cell: memory },
  { heading: "MEM %", width: 7, cell: ({ memoryPercent }) => percent(memoryPercent) },
  { heading: "MEM STALL", width: 9, cell: ({ memoryStallPercent }) => percent(memoryStallPercent) },
  { heading: "OOM", width: 3, cell: ({ oomKills }) => number(oomKills) },
  { heading: "NET I/O", width: 15, cell: ({ network }) => pair(network) },
  { heading: "BLOCK I/O", width: 15, cell: ({ block }) => pair(block) },
  { heading: "PIDS", width: 4, cell: ({ pids }) => number(pids) },
];

/** What a narrow terminal does without, the first one first. */
const dispensable = ["MEM STALL", "BLOCK I/O", "THROTTLED", "NET I/O", "OOM", "PIDS", "MEM %"];

/** A name is shown up to here before a column is left out for it. */
const enoughOfName = 20;

/**
 * The lines of the table. In a terminal of a given width, columns are left out and long names are cut until it fits;
 * elsewhere everything is shown.
 */
export function statsTable(rows: readonly Row[], width = Infinity): string[] {
  if (rows.length === 0) return ["Nothing runs."];
  const names = ["NAME", ...rows.map(({ name }) => oneLine(name))];
  const longest = Math.max(...names.map((name) => name.length));
  for (let left = 0; ; left += 1) {
    const shown = columns.filter(({ heading }) => !dispensable.slice(0, left).includes(heading));
    const figures = [
      shown.map(({ heading, width }) => heading.padEnd(width)),
      ...rows.map(({ figures }) =>
        figures === undefined ? [] : shown.map(({ cell, width }) => cell(figures).padEnd(width)),
      ),
    ];
    const room =
      width -
      Math.max(
        ...table(figures)
          .split("\n")
          .map((line) => line.length),
      ) -
      2;
    if (room < Math.min(longest, enoughOfName) && left < dispensable.length) continue;
    const lines = names.map((name, row) => [cut(name, Math.max(room, 4)), ...(figures[row] ?? [])]);
    return table(lines)
      .split("\n")
      .map((line) => cut(line, width));
  }
}

const letters = new Intl.Segmenter();

/** A text that is too long ends with an ellipsis; what a person sees as one letter is not cut in the middle. */
function cut(text: string, width: number): string {
  if (text.length <= width) return text;
  let kept = "";
  for (const { segment } of letters.segment(text)) {
    if (kept.length + segment.length >= width) break;
    kept += segment;
  }
  return `${kept}…`;
}

/** What is not known, or not yet. */
const unknown = "--";

function percent(value: number | undefined): string {
  return value === undefined ? unknown : `${value.toFixed(2)}%`;
}

function number(value: number | undefined): string {
  return value === undefined ? unknown : String(value);
}

function memory({ memoryBytes, memoryLimitBytes }: Figures): string {
  if (memoryBytes === undefined) return unknown;
  return `${compact(memoryBytes)} / ${memoryLimitBytes === Infinity ? unknown : compact(memoryLimitBytes)}`;
}

function pair(values: readonly [number, number] | undefined): string {
  return values === undefined ? unknown : values.map(compact).join(" / ");
}

function compact(size: number): string {
  return bytes(size).replace(" ", "");
}
