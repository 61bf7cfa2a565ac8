/** The median of those that are numbers; NaN if none is. */
export function median(values: readonly (number | null)[]): number {
  return quantile(values, 0.5);
}

/**
 * @param at 0 to 1; between two values the one half way between them
 * @returns NaN if no value is a number
 */
export function quantile(values: readonly (number | null)[], at: number): number {
  const sorted = values
    .filter((value) => value !== null)
    .filter(Number.isFinite)
    .sort((a, b) => a - b);
  const place = (sorted.length - 1) * at;
  const [low, high] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2;
}

/** Three digits or so: what a measurement is worth. */
export function format(value: number): string {
  if (!Number.isFinite(value)) return '-';
  return value >= 100 ? String(Math.round(value)) : value.toPrecision(2);
}
