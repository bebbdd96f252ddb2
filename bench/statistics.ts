/** One line of a benchmark's result. Every number of `unit`; `n` samples. */
export interface Row {
  /** What was measured, for example "slipway start". Stable: programs look for it. */
  name: string;
  /** "ms", "starts/s" or "bytes". */
  unit: string;
  /** Number of samples. */
  n: number;
  /** Median. */
  p50: number;
  /** The value 95 % of the samples do not exceed. */
  p95: number;
  /** The smallest sample. */
  min: number;
  /** p50 as a multiple of the p50 of another row of the same run: by that row's name, or by that of whose it is. */
  times?: Record<string, number>;
}

/** What a benchmark found: its rows, and what is to be said about them (a contestant left out, and why). */
export interface Result {
  rows: Row[];
  notes: string[];
}

/** Condenses samples to a row. Quantiles are samples, not interpolated; the same rule as in floor.c. */
export function row(name: string, unit: string, samples: readonly number[]): Row {
  const sorted = [...samples].sort((a, b) => a - b);
  const n = sorted.length;
  if (n === 0) throw new Error(`${name}: no samples`);
  const at = (percent: number): number => rounded(sorted[Math.min(n - 1, Math.floor((n * percent) / 100))] ?? NaN);
  return { name, unit, n, p50: at(50), p95: at(95), min: at(0) };
}

/** Adds to every row its p50 as a multiple of the named rows' p50, where those are there. */
export function compared(rows: Row[], ...to: string[]): Row[] {
  return rows.map((one) => {
    const times: Record<string, number> = {};
    for (const other of rows) {
      if (to.includes(other.name)) times[other.name] = Math.round((one.p50 / other.p50) * 100) / 100;
    }
    return { ...one, times };
  });
}

/** Three decimals for milliseconds are microseconds; more would be noise. */
function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
