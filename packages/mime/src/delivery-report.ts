import { isAscii } from 'node:buffer';
import { formatDateTime } from './format-date-time.ts';
import { decodeXtext } from './xtext.ts';

/** RFC 3464 §2.3.3. */
export type ReportedAction = 'failed' | 'delayed' | 'delivered' | 'relayed' | 'expanded';

/** The last attempt to pass a message on. */
interface ReportedAttempt {
  readonly at: Date;
  /** The other server's name, and what it said; null where none said anything. */
  readonly mta: string | null;
  readonly reply: string | null;
  /** Until when others are made; null if none are. */
  readonly retriesUntil: Date | null;
  /** What we call the way by which it went; null or left out: to the servers of the domain. */
  readonly route?: string | null;
}

/** One recipient of whom a report tells, by the path that the sender of the message named. */
export interface ReportedRecipient {
  readonly forwardPath: string;
  /** An address type, `;` and xtext (RFC 3461 §4.2); null if there is none. */
  readonly originalRecipient: string | null;
  /** RFC 3463 §2. */
  readonly status: string;
  /** Null where it never was for another server. */
  readonly attempt: ReportedAttempt | null;
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
  /** What became of the message for all of these. */
  readonly action: ReportedAction;
  readonly recipients: readonly ReportedRecipient[];
  /** The message, or its header section or how that begins; what stands behind a header section is left out. */
  readonly returned: { readonly what: 'message' | 'header'; readonly octets: Buffer };
}

const CR = 0x0d;
const END_OF_HEADER = Buffer.from('\r\n\r\n');
const ASCII = /^\p{ASCII}*$/u;
const FOLDED_CHARACTERS = 76;

/** A delivery status notification: RFC 3464, RFC 6522, and RFC 6533 where it tells of what is not ASCII. */
export function formatDeliveryReport(report: DeliveryReport): Buffer {
  const { hostname, reversePath, recipients, returned } = report;
  const boundary = report.id;
  const isGlobal = !ASCII.test(reversePath) || recipients.some(({ forwardPath }) => !ASCII.test(forwardPath));
  const id = report.envelopeId === null ? null : decodeXtext(report.envelopeId);
  const header = headerSection(returned.octets);
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
    ...recipients.flatMap((recipient) => recipientFields(recipient, report.action, isGlobal)),
    '',
    `--${boundary}`,
    `Content-Type: ${returnedType(returned.what, isGlobal || !isAscii(header))}`,
    'Content-Transfer-Encoding: 8bit',
    '\r\n',
  ];
  return Buffer.concat([
    Buffer.from(start.join('\r\n')),
    returned.what === 'message' ? returned.octets : header,
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);
}

/** What another server says, in lines for people: it is to write no fields and no lines of its own, and none without end. */
export function quotedLines(text: string): readonly string[] {
  const lines: string[] = [];
  for (let rest = printable(text); rest !== ''; ) {
    // Parted at spaces where there are some.
    const space = rest.length <= FOLDED_CHARACTERS ? -1 : rest.lastIndexOf(' ', FOLDED_CHARACTERS);
    const end = rest.length <= FOLDED_CHARACTERS ? rest.length : space > 0 ? space : FOLDED_CHARACTERS;
    lines.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  return lines;
}

function returnedType(what: 'message' | 'header', isGlobal: boolean): string {
  if (what === 'message') return isGlobal ? 'message/global' : 'message/rfc822';
  return isGlobal ? 'message/global-headers' : 'text/rfc822-headers';
}

function headerSection(octets: Buffer): Buffer {
  if (octets.indexOf('\r\n') === 0) return octets.subarray(0, 2); // it has no fields
  const end = octets.indexOf(END_OF_HEADER);
  if (end !== -1) return octets.subarray(0, end + END_OF_HEADER.length);
  // It may have been cut within the end of a line, and a CR alone is taken by nobody (RFC 5321 §2.3.8).
  return octets.at(-1) === CR ? octets.subarray(0, -1) : octets;
}

/** The fields of one recipient, and the empty line before them: RFC 3464 §2.3. */
function recipientFields(
  { forwardPath, originalRecipient, status, attempt }: ReportedRecipient,
  action: ReportedAction,
  isGlobal: boolean,
): readonly string[] {
  const [, type = '', xtext = ''] = /^([^;]*);(.*)$/.exec(originalRecipient ?? '') ?? [];
  return [
    '',
    ...(originalRecipient === null ? [] : [`Original-Recipient: ${type}; ${decodeXtext(xtext) ?? ''}`]),
    `Final-Recipient: ${ASCII.test(forwardPath) ? 'rfc822' : 'utf-8'}; ${forwardPath}`,
    `Action: ${action}`,
    `Status: ${status}`,
    ...(attempt === null ? [] : attemptFields(attempt, isGlobal)),
  ];
}

function attemptFields({ at, mta, reply, retriesUntil }: ReportedAttempt, isGlobal: boolean): readonly string[] {
  const said = mta === null || reply === null ? null : { mta: printable(mta), reply: printable(reply) };
  const diagnostic = isGlobal ? said?.reply : said?.reply.replace(/[^ -~]/gu, '?');
  return [
    ...(said === null
      ? []
      : [`Remote-MTA: dns; ${said.mta}`, quotedLines(`Diagnostic-Code: smtp; ${diagnostic}`).join('\r\n ')]),
    `Last-Attempt-Date: ${formatDateTime(at)}`,
    ...(retriesUntil === null ? [] : [`Will-Retry-Until: ${formatDateTime(retriesUntil)}`]),
  ];
}

function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, '?');
}
