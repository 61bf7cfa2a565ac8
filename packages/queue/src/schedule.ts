import { JITTER } from './limits.ts';

/** When attempts are made, and what their failure makes known. */
export interface Schedule {
  /** How long a message is tried for. */
  readonly lifetimeMs: number;
  /** From the first attempt to the second; each further one comes after twice the time, up to the longest. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  /** Who sent a message is told once that it is late, when an attempt fails after so long. */
  readonly delayReportMs: number;
}

/** What is known of a recipient when an attempt has failed that may succeed later. */
export interface Wait {
  /** Since the message was taken. */
  readonly ageMs: number;
  /** That have failed, with this one. */
  readonly attempts: number;
  readonly schedule: Schedule;
}

/**
 * How long to wait for the next attempt: RFC 5321 §4.5.4.1. The last one is made when the message's time is over.
 *
 * @param chance from 0 to 1
 * @returns null if that was the last
 */
export function nextPauseMs({ ageMs, attempts, schedule }: Wait, chance: number): number | null {
  const { lifetimeMs, firstPauseMs, longestPauseMs } = schedule;
  const leftMs = lifetimeMs - ageMs;
  if (leftMs <= 0) return null;
  const pauseMs = Math.min(firstPauseMs * 2 ** Math.min(attempts - 1, 20), Math.max(firstPauseMs, longestPauseMs));
  return Math.round(Math.min(pauseMs * (1 + JITTER * (2 * chance - 1)), leftMs));
}

/** Whether the sender is to hear now that the message is late: RFC 3461 §4.1, and once. */
export function isToldOfDelay(
  { ageMs, schedule }: Pick<Wait, 'ageMs' | 'schedule'>,
  notify: readonly string[] | null,
  wasTold: boolean,
): boolean {
  return !wasTold && ageMs >= schedule.delayReportMs && (notify?.includes('DELAY') ?? true);
}

/** Whether the sender is to hear that it failed: RFC 3461 §4.1. */
export function isToldOfFailure(notify: readonly string[] | null): boolean {
  return notify?.includes('FAILURE') ?? true;
}
