import type { Arrival } from './append.ts';
import type { Delivering } from './delivering.ts';
import { translateDatabaseError } from './errors.ts';
import { type ExpiredDelivery, type ExpiredDone, findExpired } from './expired-deliveries.ts';
import { attemptDue, takeWaiting } from './waiting-deliveries.ts';

export interface GiveUpOptions {
  readonly before: Date;
  /** What the sender is told, who may be there no more; null: nothing. */
  reportOn(expired: ExpiredDelivery): NewReport | null;
  onGivenUp(expired: ExpiredDelivery, isTold: boolean): void;
  /** Ends it between two of them. */
  readonly signal?: AbortSignal;
}

/** A message of the server's own to one of its accounts. */
export interface NewReport {
  readonly octets: Buffer;
  readonly arrival: Arrival;
}

/** Copies that have waited for too long and are given up in one go. */
const AT_ONCE = 100;

/**
 * Gives up copies that wait since before then, of messages that accounts of this server sent: takes each out, and puts what its
 * sender is to be told into the sender's INBOX, in one transaction. To be called by one process at a time.
 *
 * @throws {StorageError} 'unavailable'
 */
export async function giveUpWaiting(
  delivering: Delivering,
  { before, reportOn, onGivenUp, signal }: GiveUpOptions,
): Promise<ExpiredDone> {
  let [told, untold, failed] = [0, 0, 0];
  try {
    for (let isDone = false; !isDone && signal?.aborted !== true; ) {
      const some = await findExpired(delivering.sql, before, new Date(), AT_ONCE);
      for (const expired of some) {
        const report = expired.sender === null ? null : reportOn(expired);
        const outcome = await attemptDue(delivering, expired, () => giveUp(delivering, expired, report));
        if (outcome === null) failed++;
        else if (outcome === 'told') told++;
        else if (outcome === 'untold') untold++;
        if (outcome === 'told' || outcome === 'untold') onGivenUp(expired, outcome === 'told');
      }
      isDone = some.length < AT_ONCE;
    }
  } catch (error) {
    throw translateDatabaseError(error, true);
  }
  return { told, untold, failed };
}

/** @returns whether its sender was told; 'gone' if it was delivered or removed meanwhile */
async function giveUp(
  { sql, receive, deliver }: Delivering,
  { sender, ...due }: ExpiredDelivery,
  report: NewReport | null,
): Promise<'told' | 'untold' | 'gone'> {
  if (report === null || sender === null) {
    return (await sql.begin((tx) => takeWaiting(tx, due, 'given-up'))) ? 'untold' : 'gone';
  }
  const writer = receive();
  await writer.write(report.octets);
  await using content = await writer.finish();
  const delivery = { account: sender.account, mailbox: null, arrival: report.arrival };
  const isTold = await deliver(content, delivery, Date.now(), (tx) => takeWaiting(tx, due, 'given-up'));
  return isTold ? 'told' : 'gone';
}
