import { expect, test } from 'vitest';
import { DEFAULT_LIFETIME_MS, DELAY_REPORT_MS } from './limits.ts';
import { isToldOfDelay, isToldOfFailure, nextPauseMs } from './schedule.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const lifetimeMs = DEFAULT_LIFETIME_MS;

test('pauses grow from minutes to hours, and the last attempt is made when the time is over', () => {
  const attempts: number[] = [];
  let ageMs = 0;
  for (let count = 1; ; count++) {
    const pauseMs = nextPauseMs({ ageMs, attempts: count, lifetimeMs }, 0.5);
    if (pauseMs === null) break;
    attempts.push(pauseMs / MINUTE_MS);
    ageMs += pauseMs;
  }
  expect(attempts.slice(0, 8)).toEqual([5, 10, 20, 40, 80, 160, 240, 240]);
  expect(ageMs).toBe(lifetimeMs);
});

test('what failed together is not tried again together', () => {
  const pause = (chance: number) => nextPauseMs({ ageMs: 0, attempts: 1, lifetimeMs }, chance);
  expect([pause(0), pause(0.5), pause(1)]).toEqual([4 * MINUTE_MS, 5 * MINUTE_MS, 6 * MINUTE_MS]);
});

test('attempts without number, and clocks that jumped, leave a schedule', () => {
  expect(nextPauseMs({ ageMs: HOUR_MS, attempts: 1e9, lifetimeMs }, 0.5)).toBe(4 * HOUR_MS);
  expect(nextPauseMs({ ageMs: 10 * 365 * 24 * HOUR_MS, attempts: 1, lifetimeMs }, 0.5)).toBeNull();
  expect(nextPauseMs({ ageMs: -HOUR_MS, attempts: 1, lifetimeMs }, 0.5)).toBe(5 * MINUTE_MS);
});

test('a delay is told once, late enough, and to who did not decline: RFC 3461 §4.1', () => {
  expect(isToldOfDelay({ ageMs: DELAY_REPORT_MS - 1 }, null, false)).toBe(false);
  expect(isToldOfDelay({ ageMs: DELAY_REPORT_MS }, null, false)).toBe(true);
  expect(isToldOfDelay({ ageMs: DELAY_REPORT_MS }, null, true)).toBe(false);
  expect(isToldOfDelay({ ageMs: DELAY_REPORT_MS }, ['FAILURE', 'DELAY'], false)).toBe(true);
  expect(isToldOfDelay({ ageMs: DELAY_REPORT_MS }, ['FAILURE'], false)).toBe(false);
  expect([null, ['FAILURE'], ['NEVER'], ['SUCCESS', 'DELAY']].map(isToldOfFailure)).toEqual([true, true, false, false]);
});
