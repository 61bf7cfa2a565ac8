import { expect, test } from 'vitest';
import { rankTest } from './rank-test.ts';

const numbers = (count: number, of: (i: number) => number) => Float64Array.from({ length: count }, (_, i) => of(i));

test('samples that interleave are not told apart, whatever a few outliers say', () => {
  const even = numbers(100, (i) => 2 * i);
  const odd = numbers(100, (i) => (i > 95 ? 1e9 : 2 * i + 1));
  const { above, p } = rankTest(even, odd);
  expect(above).toBeCloseTo(0.505, 2);
  expect(p).toBeGreaterThan(0.8);
});

test('samples that lie apart are', () => {
  const low = numbers(50, (i) => i);
  const high = numbers(50, (i) => i + 100);
  expect(rankTest(low, high).above).toBe(1);
  expect(rankTest(high, low).above).toBe(0);
  expect(rankTest(low, high).p).toBeLessThan(1e-15);
});

test('ties count half, and narrow the deviation', () => {
  const { above, p } = rankTest(Float64Array.of(1, 2, 2, 3, 4), Float64Array.of(2, 3, 4, 5, 6));
  expect(above).toBe(0.8);
  expect(p).toBeCloseTo(0.110492, 5); // as SciPy has it: mannwhitneyu(use_continuity=False, method='asymptotic')
});

test('samples of one value alone are equal', () => {
  const ones = numbers(30, () => 1);
  const { above, p } = rankTest(ones, ones);
  expect(above).toBe(0.5);
  expect(p).toBeCloseTo(1, 6);
});
