import { randomUUID } from 'node:crypto';
import { type DeliveryReport, formatDeliveryReport } from '@postel/mime';
import { type AccountId, type Content, NO_DETAILS, type ReceivedRecipient } from '@postel/storage';
import { NOTIFIED_HEADER_OCTETS } from './limits.ts';
import type { MailTransaction } from './mail-transaction.ts';
import type { ReceivedMessage } from './receive-message.ts';
import type { Session } from './session.ts';

/**
 * Sends the DSN of delivery that the sender asked for: RFC 3461 §5.2.3. One who is not here gets it by the queue; where there is none,
 * nobody else could ask (extensions.ts, `offersDsn`). The message itself is committed by then: where its DSN cannot be stored,
 * the log says so.
 */
export async function notifyOfDelivery(
  session: Session,
  transaction: MailTransaction,
  message: ReceivedMessage,
): Promise<void> {
  // One RCPT may have led to several accounts.
  const paths = new Set([...transaction.recipients.values()].flatMap(({ paths }) => paths));
  const recipients = [...paths].filter(({ notify }) => notify?.includes('SUCCESS'));
  const { sender } = transaction;
  // Never to the null reverse-path: RFC 3461 §5.2.
  if (sender === null || recipients.length === 0 || !message.tellsSender) return;
  try {
    const target = await session.services.directory.resolveRecipient(sender);
    const account = target.type === 'account' ? target.accountId : null;
    await report(session, transaction, message, account, {
      subject: 'Your message was delivered',
      text: [
        'Your message was put into the mailbox of:',
        '',
        ...recipients.map(({ forwardPath }) => `  ${forwardPath}`),
        '',
        'You asked to be told of it. It does not mean that anybody has read it.',
      ],
      action: 'delivered',
      recipients: recipients.map((recipient) => ({ ...recipient, status: '2.1.5', attempt: null })),
    });
  } catch (err) {
    session.log.warn({ err }, 'the sender is not told of a delivery');
  }
}

/**
 * Tells who submitted a message, or sent it from elsewhere, that some of those for whom an alias stands do not get it: RFC 3461 §5.2.5.
 * Who they are is theirs and the operator's to know.
 */
export async function notifyOfLeftOut(
  session: Session,
  transaction: MailTransaction,
  message: ReceivedMessage,
): Promise<void> {
  const { account } = session;
  const { leftOut, sender } = transaction;
  const recipients = [...new Set([...leftOut.values()].flatMap(({ paths }) => paths))].filter(wantsFailures);
  if (sender === null || recipients.length === 0) return;
  if (account === null && !tellsByQueue(session, transaction, message)) return;
  try {
    await report(session, transaction, message, account?.accountId ?? null, {
      subject: 'Your message was not delivered to all',
      text: [
        'Somebody did not get your message, of those for whom this address stands:',
        '',
        ...recipients.map(({ forwardPath }) => `  ${forwardPath}`),
        '',
        'Their mailbox has taken no mail for long, and more waits for it than may. The others get it.',
      ],
      action: 'failed',
      recipients: recipients.map((recipient) => ({ ...recipient, status: '5.2.2', attempt: null })),
    });
  } catch (err) {
    session.log.warn({ err }, 'the sender is not told who did not get a message');
  }
}

/** Whether somebody who has no account here, and sent it, can be told of what becomes of a message, and may (docs/sending.md). */
export function tellsByQueue(
  { account, services }: Session,
  { reversePath }: Pick<MailTransaction, 'reversePath'>,
  { tellsSender }: Pick<ReceivedMessage, 'tellsSender'>,
): boolean {
  return account === null && services.queue !== null && tellsSender && reversePath !== '';
}

/** RFC 3461 §4.1: who said nothing is told of failures. */
const wantsFailures = ({ notify }: ReceivedRecipient): boolean => notify === null || notify.includes('FAILURE');

type Told = Pick<DeliveryReport, 'subject' | 'text' | 'action' | 'recipients'>;

/** @param account whose report it is; null if that is not here */
async function report(
  { services }: Session,
  { reversePath, said }: MailTransaction,
  { content, receivedAt, id }: ReceivedMessage,
  account: AccountId | null,
  told: Told,
): Promise<void> {
  const { store, queue, hostname } = services;
  const { envelopeId, releaseRequest } = said;
  const header = await headerOf(content);
  const common = {
    hostname,
    reversePath,
    receivedAt,
    envelopeId,
    releaseRequest,
    returned: { what: 'header' as const, octets: header },
    id: randomUUID(),
    date: new Date(),
  };
  const octets = formatDeliveryReport({ ...common, ...told });
  if (account === null) {
    const { requiresTls } = said;
    await queue?.report({ octets, about: { name: id, reversePath, account: null, requiresTls, hostname } });
    return;
  }
  const writer = store.receive(octets.length);
  await writer.write(octets);
  await using notification = await writer.finish();
  const arrival = {
    prefix: Buffer.from('Return-Path: <>\r\n'),
    reversePath: '',
    forwardPath: reversePath,
    protocol: 'local',
    clientAddress: null,
    clientName: null,
    details: { ...NO_DETAILS, ...said },
  };
  const [outcome] = await store.deliverToEach(notification, [{ account, mailbox: null, arrival }]);
  if (outcome?.status === 'rejected') throw outcome.reason;
}

async function headerOf(content: Content): Promise<Buffer> {
  const octets = Math.min(content.headerOctets, NOTIFIED_HEADER_OCTETS);
  return Buffer.concat(await Array.fromAsync(content.read(0, octets)));
}
