import { LOOK_MS, LOOK_PAUSE_MS } from './limits.ts';

/**
 * How long nobody looks into the queue, unless something is told or a transaction ends before: what is due by then and was not taken
 * waits for that end.
 *
 * @param dueMs until something is due, which may be over; null if nothing is
 * @param isFull nothing more may be taken
 */
export function lookAgainMs(dueMs: number | null, isFull: boolean): number {
  if (isFull || dueMs === null) return LOOK_MS;
  return Math.min(Math.max(dueMs, LOOK_PAUSE_MS), LOOK_MS);
}
