import { randomUUID } from 'node:crypto';
import { formatDeliveryReport } from '@postel/mime';
import { type NewReport, NO_DETAILS, type ReleasedMessage } from '@postel/storage';
import { SECOND_MS } from '../intervals.ts';
import type { Job } from '../job.ts';

/** Of the header section of a message, so much is told. */
const BEGINNING_OCTETS = 64 * 1024;

/** Delivers messages that were to be held until now (RFC 4865), and tells who sent them if they asked for it. */
export const releaseHeld: Job = {
  name: 'release-held',
  everyMs: 5 * SECOND_MS,
  async run({ store, hostname, signal }) {
    const reportOn = (released: ReleasedMessage) => reportOnDelivery(released, hostname);
    return { ...(await store.arrivals.releaseHeld(new Date(), { reportOn, signal })) };
  },
};

/** What its sender is told: RFC 3461 §5.2.3, RFC 4865 §5.1.2; of copies that have to wait nothing. Null if they did not ask for it. */
async function reportOnDelivery(released: ReleasedMessage, hostname: string): Promise<NewReport | null> {
  const { reversePath, request, heldAt, content, delivered } = released;
  // One RCPT may have led to several accounts.
  const paths = new Map(
    delivered.flatMap(({ recipients }) => recipients.map((recipient) => [recipient.forwardPath, recipient])),
  );
  const recipients = [...paths.values()].filter(({ notify }) => notify?.includes('SUCCESS'));
  if (reversePath === '' || recipients.length === 0) return null;
  const headerOctets = Math.min(content.headerOctets, BEGINNING_OCTETS);
  const octets = formatDeliveryReport({
    hostname,
    reversePath,
    id: randomUUID(),
    date: new Date(),
    subject: 'Your message was delivered',
    text: [
      'The time has come at which your message was to be sent. It was put into the mailbox of:',
      '',
      ...recipients.map(({ forwardPath }) => `  ${forwardPath}`),
      '',
      'You asked to be told of it. It does not mean that anybody has read it.',
    ],
    receivedAt: heldAt,
    envelopeId: delivered[0]?.envelopeId ?? null,
    releaseRequest: request,
    action: 'delivered',
    recipients: recipients.map((recipient) => ({ ...recipient, status: '2.1.5', attempt: null })),
    returned: { what: 'header', octets: Buffer.concat(await Array.fromAsync(content.read(0, headerOctets))) },
  });
  const arrival = {
    prefix: Buffer.from('Return-Path: <>\r\n'),
    reversePath: '',
    forwardPath: reversePath,
    protocol: 'local',
    clientAddress: null,
    clientName: null,
    details: NO_DETAILS,
  };
  return { octets, arrival };
}
