/**
 * Reads the sizes and durations people write. Both answer undefined for what they cannot read, and take back the
 * numbers they gave, so that a canonical value is its own canonical form.
 */

const sizes: Readonly<Record<string, number>> = { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

/** Bytes of a size such as "512m", "1.5g", "64MiB" or 1024. As in Docker, every unit is a power of 1024. */
export function parseSize(value: unknown): number | undefined {
  if (typeof value === "number") return whole(value);
  const found = typeof value === "string" ? /^(\d+(?:\.\d+)?) ?(?:([kmgt])(?:i?b)?|b)?$/i.exec(value.trim()) : null;
  if (found === null) return undefined;
  return whole(Math.floor(Number(found[1]) * (sizes[found[2]?.toLowerCase() ?? "b"] ?? 1)));
}

const durations: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds of a duration such as "10s", "1m30s", "1.5h", "200ms" or 200. */
export function parseDuration(value: unknown): number | undefined {
  if (typeof value === "number") return whole(value);
  if (typeof value !== "string" || !/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(value.trim())) return undefined;
  let total = 0;
  for (const part of value.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g))
    total += Number(part[1]) * (durations[part[2] ?? ""] ?? 0);
  return whole(Math.round(total));
}

/** A number of something, or undefined where it is negative, broken or too large to be exact. */
function whole(value: number): number | undefined {
  return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
