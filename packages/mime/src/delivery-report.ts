import { formatDateTime } from './format-date-time.ts';
import { decodeXtext } from './xtext.ts';

/** One recipient of whom a report tells, by the path that the sender of the message named. */
export interface ReportedRecipient {
  readonly forwardPath: string;
  /** An address type, `;` and xtext (RFC 3461 §4.2); null if there is none. */
  readonly originalRecipient: string | null;
}

export interface DeliveryReport {
  readonly hostname: string;
  /** Whom it is for. */
  readonly reversePath: string;
  /** Differs from that of any other report: it makes the Message-ID and the boundary. */
  readonly id: string;
  readonly date: Date;
  readonly subject: string;
  /** What it says to people, in lines. */
  readonly text: readonly string[];
  /** When the message came. */
  readonly receivedAt: Date;
  /** In xtext (RFC 3461 §4.4), null if there is none. */
  readonly envelopeId: string | null;
  /** How it was to be held: RFC 4865 §5.1.2. Null if it was not. */
  readonly releaseRequest: string | null;
  /** What became of the message for all of these: RFC 3464 §2.3.3. */
  readonly action: 'delivered' | 'failed';
  /** RFC 3463 §2. */
  readonly status: string;
  readonly recipients: readonly ReportedRecipient[];
  /** The header section of the message, or how it begins; what stands behind it is left out. */
  readonly header: Buffer;
}

const END_OF_HEADER = Buffer.from('\r\n\r\n');
const ASCII = /^\p{ASCII}*$/u;

/** A delivery status notification: RFC 3464, and RFC 6533 where it tells of what is not ASCII. */
export function formatDeliveryReport(report: DeliveryReport): Buffer {
  const { hostname, reversePath, recipients, header } = report;
  const boundary = report.id;
  const isGlobal = !ASCII.test(reversePath) || recipients.some(({ forwardPath }) => !ASCII.test(forwardPath));
  const id = report.envelopeId === null ? null : decodeXtext(report.envelopeId);
  const start = [
    `From: Mail Delivery System <postmaster@${hostname}>`,
    `To: <${reversePath}>`,
    `Subject: ${report.subject}`,
    `Date: ${formatDateTime(report.date)}`,
    `Message-ID: <${report.id}@${hostname}>`,
    'Auto-Submitted: auto-replied',
    'MIME-Version: 1.0',
    `Content-Type: multipart/report; report-type=delivery-status; boundary="${boundary}"`,
    '',
    `--${boundary}`,
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
    '',
    ...report.text,
    '',
    `--${boundary}`,
    `Content-Type: message/${isGlobal ? 'global-' : ''}delivery-status`,
    ...(isGlobal ? ['Content-Transfer-Encoding: 8bit'] : []),
    '',
    ...(id === null ? [] : [`Original-Envelope-Id: ${id}`]),
    `Reporting-MTA: dns; ${hostname}`,
    `Arrival-Date: ${formatDateTime(report.receivedAt)}`,
    ...(report.releaseRequest === null ? [] : [`Future-Release-Request: ${report.releaseRequest}`]),
    ...recipients.flatMap((recipient) => recipientFields(recipient, report)),
    '',
    `--${boundary}`,
    `Content-Type: ${isGlobal ? 'message/global-headers' : 'text/rfc822-headers'}`,
    'Content-Transfer-Encoding: 8bit',
    '\r\n',
  ];
  return Buffer.concat([
    Buffer.from(start.join('\r\n')),
    headerSection(header),
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);
}

function headerSection(octets: Buffer): Buffer {
  if (octets.indexOf('\r\n') === 0) return octets.subarray(0, 2); // it has no fields
  const end = octets.indexOf(END_OF_HEADER);
  return end === -1 ? octets : octets.subarray(0, end + END_OF_HEADER.length);
}

/** The fields of one recipient, and the empty line before them: RFC 3464 §2.3. */
function recipientFields(
  { forwardPath, originalRecipient }: ReportedRecipient,
  { action, status }: DeliveryReport,
): readonly string[] {
  const [, type = '', xtext = ''] = /^([^;]*);(.*)$/.exec(originalRecipient ?? '') ?? [];
  return [
    '',
    ...(originalRecipient === null ? [] : [`Original-Recipient: ${type}; ${decodeXtext(xtext) ?? ''}`]),
    `Final-Recipient: ${ASCII.test(forwardPath) ? 'rfc822' : 'utf-8'}; ${forwardPath}`,
    `Action: ${action}`,
    `Status: ${status}`,
  ];
}
