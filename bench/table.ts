import type { Result, Row } from "./statistics";

/** A benchmark's result for people: aligned columns, then the notes. */
export function table(name: string, result: Result): string {
  const others = Object.keys(result.rows.find((one) => one.times)?.times ?? {});
  const head = [name, "n", "p50", "p95", "min", ...others.map((other) => `× ${other}`)];
  const lines = result.rows.map((one) => [
    one.name,
    String(one.n),
    ...[one.p50, one.p95, one.min].map((value) => amount(value, one.unit)),
    ...others.map((other) => factor(one, other)),
  ]);
  const widths = head.map((_, column) => Math.max(...[head, ...lines].map((line) => (line[column] ?? "").length)));
  const aligned = [head, ...lines].map((line) =>
    line.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))),
  );
  return [...aligned.map((line) => line.join("  ").trimEnd()), ...result.notes.map((note) => `  ${note}`)].join("\n");
}

function factor(one: Row, other: string): string {
  const value = one.times?.[other];
  return value === undefined ? "" : value.toFixed(2);
}

function amount(value: number, unit: string): string {
  if (unit === "bytes") return value >= 1e6 ? `${(value / 1e6).toFixed(2)} MB` : `${(value / 1e3).toFixed(0)} kB`;
  return `${value.toFixed(value >= 100 ? 0 : 2)} ${unit}`;
}
