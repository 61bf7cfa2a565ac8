export interface RankTest {
  /** How often a value of the second sample is above one of the first, equal ones counted half; 0.5 where neither is above. */
  readonly above: number;
  /** How probable so uneven an order is by chance alone; two-sided. */
  readonly p: number;
}

/**
 * The test of Mann and Whitney, by its normal approximation with the correction for ties: for samples of 20 and more. It
 * looks at the order of the values alone, so the few that the machine made slow weigh no more than others.
 */
export function rankTest(first: Float64Array, second: Float64Array): RankTest {
  const [a, b] = [first.toSorted(), second.toSorted()];
  const [m, n] = [a.length, b.length];
  let [i, j] = [0, 0];
  let above = 0; // pairs, in halves of a pair
  let tieTerm = 0;
  while (i < m || j < n) {
    const value = Math.min(a[i] ?? Number.POSITIVE_INFINITY, b[j] ?? Number.POSITIVE_INFINITY);
    const [i0, j0] = [i, j];
    while (i < m && a[i] === value) i++;
    while (j < n && b[j] === value) j++;
    above += (j - j0) * (i0 + i);
    const ties = i - i0 + (j - j0);
    tieTerm += ties ** 3 - ties;
  }
  const u = above / 2;
  const total = m + n;
  const deviation = Math.sqrt(((m * n) / 12) * (total + 1 - tieTerm / (total * (total - 1))));
  const z = deviation === 0 ? 0 : (u - (m * n) / 2) / deviation;
  return { above: u / (m * n), p: twoSided(z) };
}

/** Of the normal distribution: Abramowitz and Stegun 26.2.17, to 7.5e-8. */
function twoSided(z: number): number {
  const x = Math.abs(z);
  const t = 1 / (1 + 0.2316419 * x);
  const series = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return Math.min(1, (2 * series * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI));
}
