import { randomUUID } from 'node:crypto';
import { formatDateTime } from '@postel/mime';
import type { Content, ReceivedRecipient } from '@postel/storage';
import { decodeXtext } from './esmtp-parameters.ts';
import { NOTIFIED_HEADER_OCTETS } from './limits.ts';
import type { MailTransaction } from './mail-transaction.ts';
import { isAscii } from './path.ts';
import type { ReceivedMessage } from './receive-message.ts';
import type { Session } from './session.ts';

/** What a DSN tells of. */
interface Delivered {
  readonly hostname: string;
  /** Whom it is for. */
  readonly reversePath: string;
  readonly receivedAt: Date;
  /** In xtext, null if there is none. */
  readonly envelopeId: string | null;
  readonly recipients: readonly Pick<ReceivedRecipient, 'forwardPath' | 'originalRecipient'>[];
  /** The header section of the message, or its beginning. */
  readonly header: Buffer;
}

/**
 * Sends the DSN of delivery that the sender asked for: RFC 3461 §5.2.3. The sender is somebody here (extensions.ts, `offersDsn`).
 * The message itself is committed by then: where its DSN cannot be stored, the log says so.
 */
export async function notifyOfDelivery(
  session: Session,
  { sender, reversePath, recipients: accounts, said }: MailTransaction,
  { content, receivedAt }: ReceivedMessage,
): Promise<void> {
  // One RCPT may have led to several accounts.
  const paths = new Set([...accounts.values()].flatMap(({ paths }) => paths));
  const recipients = [...paths].filter(({ notify }) => notify?.includes('SUCCESS'));
  if (sender === null || recipients.length === 0) return; // never to the null reverse-path: RFC 3461 §5.2
  const { store, directory, hostname } = session.services;
  try {
    const target = await directory.resolveRecipient(sender);
    if (target.type !== 'account') return;
    const header = await headerOf(content);
    const { envelopeId } = said;
    const report = formatNotification({ hostname, reversePath, receivedAt, envelopeId, recipients, header });
    const writer = store.receive(report.length);
    await writer.write(report);
    await using notification = await writer.finish();
    const arrival = {
      prefix: Buffer.from(`Return-Path: <>\r\n`),
      reversePath: '',
      forwardPath: reversePath,
      protocol: 'local',
      clientAddress: null,
      clientName: null,
      details: { ...said, sender: null, tls: null, body: null, isUtf8: false, recipients: [], results: null },
    };
    const [outcome] = await store.deliverToEach(notification, [
      { account: target.accountId, mailbox: target.mailbox, arrival },
    ]);
    if (outcome?.status === 'rejected') throw outcome.reason;
  } catch (err) {
    session.log.warn({ err }, 'the sender is not told of a delivery');
  }
}

async function headerOf(content: Content): Promise<Buffer> {
  const octets = Math.min(content.headerOctets, NOTIFIED_HEADER_OCTETS);
  return Buffer.concat(await Array.fromAsync(content.read(0, octets)));
}

/** A DSN of delivery: RFC 3464, and RFC 6533 where it tells of what is not ASCII. */
export function formatNotification(delivered: Delivered): Buffer {
  const { hostname, reversePath, receivedAt, envelopeId, recipients, header } = delivered;
  const boundary = randomUUID();
  const isGlobal = !isAscii(reversePath) || recipients.some(({ forwardPath }) => !isAscii(forwardPath));
  const now = new Date();
  const id = envelopeId === null ? null : decodeXtext(envelopeId);
  const start = [
    `From: Mail Delivery System <postmaster@${hostname}>`,
    `To: <${reversePath}>`,
    'Subject: Your message was delivered',
    `Date: ${formatDateTime(now)}`,
    `Message-ID: <${randomUUID()}@${hostname}>`,
    'Auto-Submitted: auto-replied',
    'MIME-Version: 1.0',
    `Content-Type: multipart/report; report-type=delivery-status; boundary="${boundary}"`,
    '',
    `--${boundary}`,
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
    '',
    'Your message was put into the mailbox of:',
    '',
    ...recipients.map(({ forwardPath }) => `  ${forwardPath}`),
    '',
    'You asked to be told of it. It does not mean that anybody has read it.',
    '',
    `--${boundary}`,
    `Content-Type: message/${isGlobal ? 'global-' : ''}delivery-status`,
    ...(isGlobal ? ['Content-Transfer-Encoding: 8bit'] : []),
    '',
    ...(id === null ? [] : [`Original-Envelope-Id: ${id}`]),
    `Reporting-MTA: dns; ${hostname}`,
    `Arrival-Date: ${formatDateTime(receivedAt)}`,
    ...recipients.flatMap(recipientFields),
    '',
    `--${boundary}`,
    `Content-Type: ${isGlobal ? 'message/global-headers' : 'text/rfc822-headers'}`,
    'Content-Transfer-Encoding: 8bit',
    '\r\n',
  ];
  return Buffer.concat([Buffer.from(start.join('\r\n')), header, Buffer.from(`\r\n--${boundary}--\r\n`)]);
}

/** The fields of one recipient, and the empty line before them: RFC 3464 §2.3. */
function recipientFields({
  forwardPath,
  originalRecipient,
}: Pick<ReceivedRecipient, 'forwardPath' | 'originalRecipient'>): readonly string[] {
  const [, type = '', xtext = ''] = /^([^;]*);(.*)$/.exec(originalRecipient ?? '') ?? [];
  return [
    '',
    ...(originalRecipient === null ? [] : [`Original-Recipient: ${type}; ${decodeXtext(xtext) ?? ''}`]),
    `Final-Recipient: ${isAscii(forwardPath) ? 'rfc822' : 'utf-8'}; ${forwardPath}`,
    'Action: delivered',
    'Status: 2.1.5',
  ];
}
