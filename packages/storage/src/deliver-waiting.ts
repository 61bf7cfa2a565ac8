import type { Content } from './content-writer.ts';
import type { Delivering } from './delivering.ts';
import { translateDatabaseError } from './errors.ts';
import { attemptDue, type DueDelivery, findDue, readWaiting, takeWaiting } from './waiting-deliveries.ts';

/** What became of those that were due. */
export interface WaitingDone {
  readonly delivered: number;
  /** Still wait. */
  readonly failed: number;
}

/** Deliveries that waited and are tried in one go; the others come with the next. */
const AT_ONCE = 1_000;

/**
 * Delivers the copies that wait, are due and have room. To be called by one process at a time.
 *
 * @param signal ends it between two of them
 * @throws {StorageError} 'unavailable'
 */
export async function deliverWaiting(delivering: Delivering, now: Date, signal?: AbortSignal): Promise<WaitingDone> {
  const { sql } = delivering;
  let [delivered, failed] = [0, 0];
  try {
    for (const due of await findDue(sql, now, AT_ONCE)) {
      if (signal?.aborted === true) break;
      const isDelivered = await attemptDue(delivering, due, () => deliverDue(delivering, due));
      if (isDelivered === null) failed++;
      else if (isDelivered) delivered++;
    }
  } catch (error) {
    throw translateDatabaseError(error, true);
  }
  return { delivered, failed };
}

async function deliverDue({ sql, receive, deliver }: Delivering, due: DueDelivery): Promise<boolean> {
  const writer = receive();
  let content: Content;
  try {
    await readWaiting(sql, due, writer);
    content = await writer.finish();
  } catch (error) {
    await writer.abort();
    throw error;
  }
  await using _content = content;
  return await deliver(content, due.delivery, due.internalDate, (tx) => takeWaiting(tx, due, 'delivered'));
}
