import { setTimeout as pause } from 'node:timers/promises';
import type { Database } from '@postel/storage';

/** Housekeeping looks for what is due every half minute. */
const LONGEST_MS = 60_000;
const PAUSE_MS = 200;

/**
 * Has copies that wait be delivered now, as `postel waiting retry --all` does: they were acknowledged too, and are to be found where they
 * belong. Those that do not come in a minute are left for the comparison to miss.
 */
export async function deliverWhatWaits({ sql }: Database): Promise<void> {
  const end = performance.now() + LONGEST_MS;
  for (;;) {
    await sql`update waiting_deliveries set next_attempt_at = now() where next_attempt_at > now()`;
    const [left] = await sql.read`select from waiting_deliveries limit 1`;
    if (left === undefined || performance.now() > end) return;
    await pause(PAUSE_MS);
  }
}
