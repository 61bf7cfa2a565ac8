import { DELAY_REPORT_MS, FIRST_PAUSE_MS, JITTER, LONGEST_PAUSE_MS } from './limits.ts';

/** What is known of a recipient when an attempt has failed that may succeed later. */
export interface Wait {
  /** Since the message was taken. */
  readonly ageMs: number;
  /** That have failed, with this one. */
  readonly attempts: number;
  readonly lifetimeMs: number;
}

/**
 * How long to wait for the next attempt: RFC 5321 §4.5.4.1. The last one is made when the message's time is over.
 *
 * @param chance from 0 to 1
 * @returns null if that was the last
 */
export function nextPauseMs({ ageMs, attempts, lifetimeMs }: Wait, chance: number): number | null {
  const leftMs = lifetimeMs - ageMs;
  if (leftMs <= 0) return null;
  const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(attempts - 1, 20), LONGEST_PAUSE_MS);
  return Math.round(Math.min(pauseMs * (1 + JITTER * (2 * chance - 1)), leftMs));
}

/** Whether the sender is to hear now that the message is late: RFC 3461 §4.1, and once. */
export function isToldOfDelay(
  { ageMs }: Pick<Wait, 'ageMs'>,
  notify: readonly string[] | null,
  wasTold: boolean,
): boolean {
  return !wasTold && ageMs >= DELAY_REPORT_MS && (notify?.includes('DELAY') ?? true);
}

/** Whether the sender is to hear that it failed: RFC 3461 §4.1. */
export function isToldOfFailure(notify: readonly string[] | null): boolean {
  return notify?.includes('FAILURE') ?? true;
}
