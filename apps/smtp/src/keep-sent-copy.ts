import { type Delivery, OWN_COPIES_WAITING, StorageError, SystemFlag } from '@postel/storage';
import { PATHS_KEPT } from './limits.ts';
import type { MailTransaction } from './mail-transaction.ts';
import type { ReceivedMessage } from './receive-message.ts';
import type { Session } from './session.ts';

/**
 * The copy of a submitted message for where its writer looks for what they sent, if the account wants that. Unlike the others it has
 * Bcc, before the message.
 *
 * @param delivery of the message, to whomever
 */
export function sentCopy(
  { account }: Session,
  { submitter, recipients, outgoing, reversePath }: MailTransaction,
  { addedFields, hiddenFields }: ReceivedMessage,
  { arrival }: Pick<Delivery, 'arrival'>,
): Delivery | null {
  if (account === null || submitter?.keepsSent !== true) return null;
  const paths = new Set([...[...recipients.values()].flatMap((recipient) => recipient.paths), ...outgoing.paths]);
  return {
    account: account.accountId,
    mailbox: submitter.sentMailbox,
    flags: { system: SystemFlag.seen, keywords: [] },
    arrival: {
      ...arrival,
      prefix: Buffer.concat([Buffer.from(addedFields), hiddenFields]),
      forwardPath: reversePath,
      details: { ...arrival.details, recipients: [...paths].slice(0, PATHS_KEPT) },
    },
  };
}

/**
 * Stores that copy, if there is to be one. If it cannot be stored now it waits, as other copies do: once a recipient has the message, it
 * is not refused for the want of this copy.
 *
 * @param delivery of the message, to whomever
 */
export async function keepSentCopy(
  session: Session,
  transaction: MailTransaction,
  message: ReceivedMessage,
  delivery: Pick<Delivery, 'arrival'>,
): Promise<void> {
  const copy = sentCopy(session, transaction, message, delivery);
  if (copy === null) return;
  const { services } = session;
  const { content } = message;
  try {
    const [outcome] = await services.store.deliverToEach(content, [copy]);
    if (outcome?.status !== 'rejected') return;
    const { reason } = outcome;
    if (!(reason instanceof StorageError) || reason.kind === 'outcome-unknown') throw reason;
    // Or a full mailbox would be room without end for whoever sends.
    const waiting = { delivery: copy, failure: reason.kind, most: OWN_COPIES_WAITING };
    await services.store.keepWaiting(content, [waiting]);
    services.metrics.waitingCopies.inc();
  } catch (err) {
    session.log.warn({ err }, 'no copy of what was sent is kept');
  }
}
