import { expect, test } from 'vitest';
import { DEFAULT_SCHEDULE } from './limits.ts';
import { isToldOfDelay, isToldOfFailure, nextPauseMs } from './schedule.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const schedule = DEFAULT_SCHEDULE;
const { lifetimeMs, delayReportMs } = schedule;

test('pauses grow from minutes to hours, and the last attempt is made when the time is over', () => {
  const attempts: number[] = [];
  let ageMs = 0;
  for (let count = 1; ; count++) {
    const pauseMs = nextPauseMs({ ageMs, attempts: count, schedule }, 0.5);
    if (pauseMs === null) break;
    attempts.push(pauseMs / MINUTE_MS);
    ageMs += pauseMs;
  }
  expect(attempts.slice(0, 8)).toEqual([5, 10, 20, 40, 80, 160, 240, 240]);
  expect(ageMs).toBe(lifetimeMs);
});

test('what failed together is not tried again together', () => {
  const pause = (chance: number) => nextPauseMs({ ageMs: 0, attempts: 1, schedule }, chance);
  expect([pause(0), pause(0.5), pause(1)]).toEqual([4 * MINUTE_MS, 5 * MINUTE_MS, 6 * MINUTE_MS]);
});

test('attempts without number, and clocks that jumped, leave a schedule', () => {
  expect(nextPauseMs({ ageMs: HOUR_MS, attempts: 1e9, schedule }, 0.5)).toBe(4 * HOUR_MS);
  expect(nextPauseMs({ ageMs: 10 * 365 * 24 * HOUR_MS, attempts: 1, schedule }, 0.5)).toBeNull();
  expect(nextPauseMs({ ageMs: -HOUR_MS, attempts: 1, schedule }, 0.5)).toBe(5 * MINUTE_MS);
});

test('a delay is told once, late enough, and to who did not decline: RFC 3461 §4.1', () => {
  expect(isToldOfDelay({ ageMs: delayReportMs - 1, schedule }, null, false)).toBe(false);
  expect(isToldOfDelay({ ageMs: delayReportMs, schedule }, null, false)).toBe(true);
  expect(isToldOfDelay({ ageMs: delayReportMs, schedule }, null, true)).toBe(false);
  expect(isToldOfDelay({ ageMs: delayReportMs, schedule }, ['FAILURE', 'DELAY'], false)).toBe(true);
  expect(isToldOfDelay({ ageMs: delayReportMs, schedule }, ['FAILURE'], false)).toBe(false);
  expect([null, ['FAILURE'], ['NEVER'], ['SUCCESS', 'DELAY']].map(isToldOfFailure)).toEqual([true, true, false, false]);
});

test('another schedule, as an operator may want it', () => {
  const own = { ...schedule, firstPauseMs: HOUR_MS, longestPauseMs: 30 * MINUTE_MS, delayReportMs: HOUR_MS };
  expect(nextPauseMs({ ageMs: 0, attempts: 3, schedule: own }, 0.5)).toBe(HOUR_MS);
  expect(isToldOfDelay({ ageMs: HOUR_MS, schedule: own }, null, false)).toBe(true);
});

test('after a day of outage all is sent within hours, and never all at once', () => {
  // A message a minute, for a server that is away from the first of them on.
  const outageMs = 24 * HOUR_MS;
  const chance = drawnFrom(7);
  const told: number[] = [];
  const sentMs = Array.from({ length: 24 * 60 }, (_, minute) => {
    const queuedMs = minute * MINUTE_MS;
    let nowMs = queuedMs;
    let wasTold = false;
    for (let attempts = 1; nowMs < outageMs; attempts++) {
      const ageMs = nowMs - queuedMs;
      if (isToldOfDelay({ ageMs, schedule }, null, wasTold)) {
        wasTold = true;
        told.push(ageMs);
      }
      nowMs += nextPauseMs({ ageMs, attempts, schedule }, chance()) ?? Number.NaN;
    }
    return nowMs - outageMs;
  });
  expect(Math.max(...sentMs)).toBeLessThanOrEqual(4 * HOUR_MS * 1.2);
  const perMinute = Map.groupBy(sentMs, (ms) => Math.floor(ms / MINUTE_MS));
  expect(Math.max(...[...perMinute.values()].map(({ length }) => length))).toBeLessThan(40);
  // Who sent early enough was told once, and after no less than four hours.
  expect(told.length).toBeGreaterThan(1_000);
  expect(told.length).toBeLessThanOrEqual(1_440);
  expect(Math.min(...told)).toBeGreaterThanOrEqual(delayReportMs);
});

/** The same numbers from 0 to 1 in each run. */
function drawnFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
