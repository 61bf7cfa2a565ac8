import type { Sql } from './database.ts';
import { translateDatabaseError } from './errors.ts';

/** Octets whose row never came: longer than any message takes. */
const GRACE_MS = 86_400_000;

/** Octets that are gone, in pieces. */
export interface SweptWaiting {
  readonly waitingPieces: number;
  readonly heldPieces: number;
}

/**
 * Removes octets that no copy that waits, and no message that is held, came to name, and what accounts that were removed while these
 * were being kept have left. It reads all there are; to be called from time to time.
 *
 * @throws {StorageError} 'unavailable'
 */
export async function sweepWaiting(sql: Sql, now: Date): Promise<SweptWaiting> {
  const before = new Date(now.getTime() - GRACE_MS);
  try {
    return { waitingPieces: await sweepCopies(sql, before), heldPieces: await sweepHeld(sql, before) };
  } catch (error) {
    throw translateDatabaseError(error, true);
  }
}

async function sweepCopies(sql: Sql, before: Date): Promise<number> {
  await sql`
    delete from waiting_deliveries as w
     where not exists (select from accounts as a where a.account_id = w.account_id)`;
  const swept = await sql`
    delete from waiting_contents as c
     where stored_at < ${before}
       and not exists (select from waiting_deliveries as w
                        where w.account_id = c.account_id and w.delivery_id = c.delivery_id)`;
  return swept.count;
}

async function sweepHeld(sql: Sql, before: Date): Promise<number> {
  await sql`
    delete from held_messages as h where not exists (select from accounts as a where a.account_id = h.account_id)`;
  for (const table of ['held_copies', 'held_delivered']) {
    await sql`
      delete from ${sql(table)} as c
       where not exists (select from held_messages as h where h.account_id = c.account_id and h.message_id = c.message_id)`;
  }
  const swept = await sql`
    delete from held_contents as c
     where stored_at < ${before}
       and not exists (select from held_messages as h where h.account_id = c.account_id and h.message_id = c.message_id)`;
  return swept.count;
}
