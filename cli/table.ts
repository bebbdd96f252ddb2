import { printable } from "../provider/host/stderr";

/** Text as it may stand in a line of a terminal and is as wide as it is long: no tab, no end of a line. */
export function oneLine(text: string): string {
  return printable(text).replace(/[\t\n]/g, " ");
}

/** Rows in columns that are as wide as they need to be, two spaces apart, fit for a terminal. */
export function table(rows: readonly (readonly string[])[]): string {
  const shown = rows.map((row) => row.map((cell) => oneLine(cell)));
  const widths: number[] = [];
  for (const row of shown) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  }
  const line = (row: string[]): string => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ");
  return shown.map((row) => line(row).trimEnd()).join("\n");
}
