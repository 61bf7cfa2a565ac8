import type { Door } from './doors.ts';
import type { GuessedMechanism } from './guesses.ts';
import { rankTest } from './rank-test.ts';
import type { Comparison, Subject } from './subjects.ts';

/** Guesses before the measurement, for caches to fill and code to be compiled. */
const WARM_UP_ROUNDS = 50;
const ONE_MICROSECOND = 0.001;

/** Whether the server's answer to two subjects took the same time. */
export interface Finding {
  readonly door: string;
  readonly mechanism: string;
  /** What the client had sent. */
  readonly answerTo: string;
  readonly what: string;
  readonly expected: Comparison['expected'];
  readonly mediansMs: readonly [number, number];
  /** How often the second took longer than the first. */
  readonly above: number;
  readonly p: number;
  /** If the second took so much longer than the first, `p` would fall below the level. */
  readonly visibleMs: number;
  readonly isAsExpected: boolean;
}

export interface MeasureOptions {
  /** Of each subject. */
  readonly samples: number;
  /** Times differ where `p` is below. */
  readonly level: number;
}

/** Tries all subjects in rounds: each once a round, in an order drawn anew, so that what slows the machine slows them alike. */
export async function measure(
  door: Door,
  mechanism: GuessedMechanism,
  comparisons: readonly Comparison[],
  { samples, level }: MeasureOptions,
): Promise<readonly Finding[]> {
  const timed = comparisons.filter(({ needsNearlyRight }) => mechanism.canBeNearlyRight || !needsNearlyRight);
  const times = new Map<Subject, readonly Float64Array[]>();
  for (const subject of timed.flatMap(({ subjects }) => subjects)) {
    times.set(
      subject,
      mechanism.answersTo.map(() => new Float64Array(samples)),
    );
  }
  for (let round = -Math.min(WARM_UP_ROUNDS, samples); round < samples; round++) {
    for (const [subject, series] of shuffled([...times])) {
      const took = await door.guess(mechanism, subject());
      if (round >= 0) for (const [i, ms] of took.entries()) series[i]?.fill(ms, round, round + 1);
    }
  }
  return timed.flatMap(({ what, expected, subjects: [first, second] }) =>
    mechanism.answersTo.map((answerTo, i) => {
      const [a, b] = [times.get(first)?.[i], times.get(second)?.[i]];
      if (a === undefined || b === undefined) throw new Error(`${what} was not measured`);
      const { above, p } = rankTest(a, b);
      return {
        ...{ door: door.name, mechanism: mechanism.name, answerTo, what, expected, above, p },
        mediansMs: [median(a), median(b)],
        visibleMs: smallestVisible(a, level),
        isAsExpected: p < level === (expected === 'different'),
      };
    }),
  );
}

function shuffled<T>(items: T[]): readonly T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    const [a, b] = [items[i], items[j]];
    if (a !== undefined && b !== undefined) [items[i], items[j]] = [b, a];
  }
  return items;
}

function median(values: Float64Array): number {
  return values.toSorted()[values.length >> 1] ?? Number.NaN;
}

/** By how many ms the values would have to be moved to differ from themselves. */
function smallestVisible(values: Float64Array, level: number): number {
  const isVisible = (ms: number) =>
    rankTest(
      values,
      values.map((value) => value + ms),
    ).p < level;
  let [low, high] = [0, 2 * Math.max(...values)];
  while (high - low > ONE_MICROSECOND) {
    const middle = (low + high) / 2;
    if (isVisible(middle)) high = middle;
    else low = middle;
  }
  return high;
}
