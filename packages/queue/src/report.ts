import { randomUUID } from 'node:crypto';
import {
  type DeliveryReport,
  formatDateTime,
  formatDeliveryReport,
  quotedLines,
  type ReportedAction,
  type ReportedRecipient,
} from '@postel/mime';

/** What a DSN tells of. Whom it is for is never the null reverse-path (RFC 3461 §5.2). */
export type Report = Omit<DeliveryReport, 'id' | 'date' | 'subject' | 'text'>;

const WORDS = {
  failed: {
    subject: 'Your message could not be delivered',
    before: 'Your message could not be delivered to:',
    after: 'It will not be tried again. What the other side said, if anything, stands below each address.',
  },
  delayed: {
    subject: 'Your message is late',
    before: 'Your message could not be delivered yet to:',
    after: 'You need not send it again.',
  },
  delivered: {
    subject: 'Your message was delivered',
    before: 'Your message was put into the mailbox of:',
    after: 'You asked to be told of it. It does not mean that anybody has read it.',
  },
  relayed: {
    subject: 'Your message was passed on',
    before: 'Your message was passed on to the server of:',
    after: 'You asked to be told of its delivery; that server does not tell of it.',
  },
  expanded: {
    subject: 'Your message was passed on',
    before: 'Your message was passed on to the members of:',
    after: 'You asked to be told of its delivery. Of those to each of the members you are not told.',
  },
} as const satisfies Record<ReportedAction, { subject: string; before: string; after: string }>;

/** A DSN, in words: RFC 3464. */
export function formatReport(report: Report): Buffer {
  const { action, recipients } = report;
  const { subject, before, after } = WORDS[action];
  const [until = null] = recipients.flatMap(({ attempt }) => attempt?.retriesUntil ?? []);
  const text = [
    before,
    '',
    ...recipients.flatMap((recipient) => spokenOf(recipient, action)),
    '',
    ...(until === null ? [] : [`It is tried again until ${formatDateTime(until)}.`]),
    after,
  ];
  return formatDeliveryReport({ ...report, id: randomUUID(), date: new Date(), subject, text });
}

/** As people read it. */
function spokenOf({ forwardPath, attempt }: ReportedRecipient, action: ReportedAction): readonly string[] {
  const reply = attempt?.reply ?? null;
  const tellsReply = reply !== null && (action === 'failed' || action === 'delayed');
  if (!tellsReply) return [`  ${forwardPath}`];
  const by = attempt?.route == null ? '' : `, by the route ${attempt.route},`;
  const who = attempt === null || attempt.mta === null ? '' : `${attempt.mta}${by} said: `;
  return [`  ${forwardPath}`, ...quotedLines(`${who}${reply}`).map((line) => `    ${line}`)];
}
