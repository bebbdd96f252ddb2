/** A size in the unit that suits it, a power of 1024. */
export function bytes(size: number): string {
  const unit = Math.min(4, Math.floor(Math.log2(Math.max(1, size)) / 10));
  const value = size / 1024 ** unit;
  const name = ["B", "KiB", "MiB", "GiB", "TiB"][unit] ?? "B";
  return `${value.toFixed(value >= 100 || unit === 0 ? 0 : 1)} ${name}`;
}
