import { type Arrival, type Delivery, StorageError } from '@postel/storage';
import { type Hold, releaseRequest } from './future-release.ts';
import { sentCopy } from './keep-sent-copy.ts';
import { HELD } from './limits.ts';
import type { MailTransaction } from './mail-transaction.ts';
import type { ReceivedMessage } from './receive-message.ts';
import { replies, SmtpError } from './replies.ts';
import type { Session } from './session.ts';

/**
 * Keeps a message until its time has come: RFC 4865. All that there is to do then is decided now, the copy of what was sent too; the
 * job of housekeeping has only to do it.
 *
 * @param arrival of the message, for whomever
 * @throws {SmtpError} if its account has too much held; {StorageError}
 */
export async function holdMessage(
  session: Session,
  transaction: MailTransaction,
  message: ReceivedMessage,
  {
    hold,
    releaseAt,
    deliveries,
    arrival,
  }: {
    readonly hold: Hold;
    readonly releaseAt: Date;
    readonly deliveries: readonly Delivery[];
    readonly arrival: Arrival;
  },
): Promise<void> {
  const { account, services } = session;
  if (account === null) throw new Error('nobody has sent it');
  const copy = sentCopy(session, transaction, message, { arrival });
  const all = copy === null ? deliveries : [...deliveries, copy];
  if (all.length === 0) return; // what goes to other servers waits in the queue
  const held = {
    sender: account.accountId,
    releaseAt,
    request: releaseRequest(hold),
    reversePath: transaction.reversePath,
    deliveries: all,
  };
  try {
    await services.held.holdMessage(message.content, held, HELD);
    for (const { account: recipient } of deliveries) transaction.record.end(recipient, 'held', { releaseAt });
  } catch (error) {
    if (error instanceof StorageError && error.kind === 'over-quota') throw new SmtpError(replies.tooMuchHeld);
    throw error;
  }
}

/**
 * Where MAIL shows already that there is no room for one more: RFC 4865 §6, items 3 to 5.
 *
 * @throws {SmtpError}; {StorageError}
 */
export async function requireRoomToHold({ account, services }: Session, sizeOctets: number | null): Promise<void> {
  if (account === null) return;
  const { messages, octets } = await services.held.heldUse(account.accountId);
  if (messages >= HELD.messages || octets + (sizeOctets ?? 0) > HELD.octets) throw new SmtpError(replies.tooMuchHeld);
}
