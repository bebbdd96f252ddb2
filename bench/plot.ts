/**
 * Draws rows as bars: `npx tsx bench/plot.ts start.json "Title" > start.svg`, with rows of one unit in the file.
 * A bar is p50, the line on it reaches from min to p95.
 */
import { readFileSync } from "node:fs";
import type { Row } from "./statistics";

const width = 720;
const labels = 170;
const scale = width - labels - 130;
const step = 30;

/** The picture as text. */
export function plot(rows: readonly Row[], title: string): string {
  const units = new Set(rows.map((one) => one.unit));
  if (units.size !== 1) throw new Error(`plot: rows of one unit are needed, these have ${[...units].join(", ")}`);
  const largest = Math.max(...rows.map((one) => one.p50));
  const height = 50 + rows.length * step;
  const x = (value: number): number => labels + Math.min(value / largest, 1.15) * scale;
  const bars = rows.flatMap((one, index) => {
    const y = 42 + index * step;
    const middle = y + step / 2 - 5;
    const fill = one.name.startsWith("slipway") ? "#1f6feb" : one.name.startsWith("floor") ? "#8c959f" : "#d0a215";
    const text = one.unit === "bytes" ? `${(one.p50 / 1000).toFixed(0)} kB` : `${one.p50.toPrecision(3)} ${one.unit}`;
    return [
      `<text x="${labels - 8}" y="${middle + 4}" text-anchor="end">${escaped(one.name)}</text>`,
      `<rect x="${labels}" y="${y}" width="${(x(one.p50) - labels).toFixed(1)}" height="${step - 10}" fill="${fill}"/>`,
      `<line x1="${x(one.min).toFixed(1)}" x2="${x(one.p95).toFixed(1)}" y1="${middle}" y2="${middle}" stroke="#24292f"/>`,
      `<text x="${(Math.max(x(one.p50), x(one.p95)) + 6).toFixed(1)}" y="${middle + 4}">${text}</text>`,
    ];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="13">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    `<text x="12" y="24" font-size="15" font-weight="bold">${escaped(title)}</text>`,
    ...bars,
    "</svg>\n",
  ].join("\n");
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

if (require.main === module) {
  const [file = "", title = ""] = process.argv.slice(2);
  process.stdout.write(plot(JSON.parse(readFileSync(file, "utf8")) as Row[], title));
}
