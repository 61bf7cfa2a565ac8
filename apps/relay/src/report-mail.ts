import { randomUUID } from 'node:crypto';
import { formatDateTime } from '@postel/mime';
import type { Queue } from '@postel/queue';

const BASE64_LINE = /.{1,76}/g;

interface ReportMail {
  /** From: an address of this server. */
  readonly contact: string;
  readonly to: readonly string[];
  readonly hostname: string;
  /** The domain that it is about. */
  readonly domain: string;
  /** With host and brackets. */
  readonly reportId: string;
  /** Header fields that only this kind has, without line ends. */
  readonly fields: readonly string[];
  /** Content-Type of the message, but for its boundary. */
  readonly type: string;
  /** For people, line by line. */
  readonly words: readonly string[];
  readonly attachment: { readonly type: string; readonly name: string; readonly octets: Buffer };
  readonly date: Date;
}

/** A report as a message: RFC 8460 §5.3, RFC 7489 §7.2.1.1, which ask for the same Subject. */
export function formatReportMail(mail: ReportMail): Buffer {
  const { contact, to, hostname, domain, reportId, fields, type, words, attachment, date } = mail;
  const boundary = `=_${randomUUID()}`;
  const lines = [
    `From: ${contact}`,
    `To: ${to.join(',\r\n ')}`,
    `Date: ${formatDateTime(date)}`,
    `Message-ID: <${randomUUID()}@${hostname}>`,
    `Subject: Report Domain: ${domain}`,
    ` Submitter: ${hostname}`,
    ` Report-ID: ${reportId}`,
    ...fields,
    'Auto-Submitted: auto-generated',
    'MIME-Version: 1.0',
    `Content-Type: ${type};`,
    ` boundary="${boundary}"`,
    '',
    `--${boundary}`,
    'Content-Type: text/plain; charset=us-ascii',
    '',
    ...words,
    '',
    `--${boundary}`,
    `Content-Type: ${attachment.type}`,
    'Content-Transfer-Encoding: base64',
    'Content-Disposition: attachment;',
    ` filename="${attachment.name}"`,
    '',
    ...(attachment.octets.toString('base64').match(BASE64_LINE) ?? []),
    `--${boundary}--`,
    '',
  ];
  return Buffer.from(lines.join('\r\n'));
}

/** Puts a report in the queue, as mail of this server that nobody hears of again. @param name in the log */
export async function queueReport(
  queue: Pick<Queue, 'keep'>,
  octets: Buffer,
  { name, hostname, to }: { readonly name: string; readonly hostname: string; readonly to: readonly string[] },
): Promise<void> {
  const headerOctets = octets.indexOf('\r\n\r\n') + 4;
  async function* read(start: number, end: number) {
    yield octets.subarray(start, end);
  }
  const said = { isUtf8: false, requiresTls: false, envelopeId: null, returnContent: null, submitter: null };
  await queue.keep(
    { sizeOctets: octets.length, headerOctets, read },
    {
      name,
      account: null,
      // Nobody waits for what becomes of it.
      envelope: { reversePath: '', releaseRequest: null, ...said },
      mayBeBinary: false,
      prefix: Buffer.alloc(0),
      signers: [hostname],
      recipients: to.map((forwardPath) => ({
        forwardPath,
        notify: ['NEVER'],
        originalRecipient: null,
        alias: null,
        listFields: '',
      })),
      waitMs: 0,
      releaseAt: null,
      tellsSender: true,
    },
  );
}
