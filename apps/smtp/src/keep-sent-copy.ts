import { type Delivery, StorageError, SystemFlag } from '@postel/storage';
import { PATHS_KEPT, SENT_COPIES_WAITING } from './limits.ts';
import type { MailTransaction } from './mail-transaction.ts';
import type { ReceivedMessage } from './receive-message.ts';
import type { Session } from './session.ts';

/**
 * Puts a copy of a submitted message where its writer looks for what they sent, if the account wants that. Unlike the others it has
 * Bcc, before the message. If it cannot be stored now it waits, as other copies do: once a recipient has the message, it
 * is not refused for the want of this copy.
 *
 * @param delivery of the message, to whomever
 */
export async function keepSentCopy(
  session: Session,
  { submitter, recipients, reversePath }: MailTransaction,
  { content, addedFields, hiddenFields }: ReceivedMessage,
  { arrival }: Delivery,
): Promise<void> {
  const { account, services } = session;
  if (account === null || submitter?.keepsSent !== true) return;
  const paths = new Set([...recipients.values()].flatMap((recipient) => recipient.paths));
  const copy: Delivery = {
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
  try {
    const [outcome] = await services.store.deliverToEach(content, [copy]);
    if (outcome?.status !== 'rejected') return;
    const { reason } = outcome;
    if (!(reason instanceof StorageError) || reason.kind === 'outcome-unknown') throw reason;
    // Or a full mailbox would be room without end for whoever sends.
    const waiting = { delivery: copy, failure: reason.kind, most: SENT_COPIES_WAITING };
    await services.store.keepWaiting(content, [waiting]);
    services.metrics.waitingCopies.inc();
  } catch (err) {
    session.log.warn({ err }, 'no copy of what was sent is kept');
  }
}
