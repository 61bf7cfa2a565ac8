import type { Arrival } from './append.ts';
import type { Transaction } from './database.ts';
import type { Delivering } from './delivering.ts';
import { StorageError, translateDatabaseError } from './errors.ts';
import { type ExpiredDelivery, type ExpiredDone, findExpired } from './expired-deliveries.ts';
import { attemptDue, takeWaiting } from './waiting-deliveries.ts';

export interface GiveUpOptions {
  readonly before: Date;
  /** What the sender is told, who may be there no more; null: nothing. */
  reportOn(expired: ExpiredDelivery): NewReport | null;
  /** Has it sent to who is elsewhere, in the transaction that gives the copy up. @returns false if it cannot be now */
  sendReport(tx: Transaction, expired: ExpiredDelivery, octets: Buffer): Promise<boolean>;
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
 * Gives up copies that wait since before then, of messages whose senders can be told: takes each out, and puts what its sender is to be
 * told into the sender's INBOX, or has it sent, in one transaction. To be called by one process at a time.
 *
 * @throws {StorageError} 'unavailable'
 */
export async function giveUpWaiting(
  delivering: Delivering,
  { before, reportOn, sendReport, onGivenUp, signal }: GiveUpOptions,
): Promise<ExpiredDone> {
  let [told, untold, failed] = [0, 0, 0];
  try {
    for (let isDone = false; !isDone && signal?.aborted !== true; ) {
      const some = await findExpired(delivering.sql, before, new Date(), AT_ONCE);
      for (const expired of some) {
        const { sender, tellsElsewhere } = expired;
        const report = sender === null && !tellsElsewhere ? null : reportOn(expired);
        const outcome = await attemptDue(delivering, expired, () => giveUp(delivering, expired, report, sendReport));
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
  due: ExpiredDelivery,
  report: NewReport | null,
  sendReport: GiveUpOptions['sendReport'],
): Promise<'told' | 'untold' | 'gone'> {
  const { sender } = due;
  if (report === null || sender === null) {
    return await sql.begin(async (tx) => {
      if (!(await takeWaiting(tx, due, 'given-up'))) return 'gone';
      if (report === null) return 'untold';
      // Then another time: nothing is given up in silence.
      if (!(await sendReport(tx, due, report.octets)))
        throw new StorageError('over-quota', 'its sender cannot be told');
      return 'told';
    });
  }
  const writer = receive();
  await writer.write(report.octets);
  await using content = await writer.finish();
  const delivery = { account: sender.account, mailbox: null, arrival: report.arrival };
  const isTold = await deliver(content, delivery, Date.now(), (tx) => takeWaiting(tx, due, 'given-up'));
  return isTold ? 'told' : 'gone';
}
