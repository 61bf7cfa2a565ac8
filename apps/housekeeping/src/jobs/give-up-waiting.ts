import { formatDeliveryReport } from '@postel/mime';
import { queueReport, tellQueue } from '@postel/queue';
import { type ExpiredDelivery, type NewReport, NO_DETAILS } from '@postel/storage';
import { DAY_MS, HOUR_MS } from '../intervals.ts';
import type { Job } from '../job.ts';

/** As long as a queue keeps what it cannot send (RFC 5321 §4.5.4.1). */
const WAITING_MS = 5 * DAY_MS;

/**
 * Gives up copies that have waited for too long, and tells their senders: accounts of this server at once, others by the queue, if their
 * domain answered for the message. Nobody else could be told: those copies go on waiting.
 */
export const giveUpWaiting: Job = {
  name: 'give-up-waiting',
  everyMs: HOUR_MS,
  async run({ database, store, hostname, log, signal }) {
    let isQueued = false;
    const done = await store.arrivals.giveUpWaiting({
      before: new Date(Date.now() - WAITING_MS),
      reportOn: (expired) => reportOn(expired, hostname),
      async sendReport(tx, { id, delivery }, octets) {
        const { reversePath, details } = delivery.arrival;
        const about = {
          name: details.id ?? id,
          reversePath,
          account: null,
          requiresTls: details.requiresTls,
          hostname,
        };
        const withheld = await queueReport(tx, { octets, about });
        if (withheld === null) isQueued = true;
        else log.warn(withheld, 'a sender is not told: too many reports went there this hour');
        return withheld === null;
      },
      onGivenUp({ id, accountName: account, sender, delivery, failure }, isTold) {
        const told = isTold ? (sender?.name ?? delivery.arrival.reversePath) : null;
        log.warn({ copy: id, account, failure, told }, 'a copy that waited for 5 days is given up');
      },
      signal,
    });
    // A hint: who takes rows looks from time to time anyway.
    if (isQueued) await tellQueue(database.sql).catch(() => {});
    return { ...done };
  },
};

/** What its sender is told: RFC 3461 §5.2.5. Null if they are not to be told (§4.1), or sent it from the null reverse-path. */
function reportOn({ id, delivery, queuedAt, beginning }: ExpiredDelivery, hostname: string): NewReport | null {
  const { reversePath, details } = delivery.arrival;
  const recipients = details.recipients.filter(({ notify }) => notify === null || notify.includes('FAILURE'));
  if (reversePath === '' || recipients.length === 0) return null;
  const octets = formatDeliveryReport({
    hostname,
    reversePath,
    id,
    date: new Date(),
    subject: 'Your message was not delivered to all',
    text: [
      'Your message could not be put into a mailbox of:',
      '',
      ...recipients.map(({ forwardPath }) => `  ${forwardPath}`),
      '',
      'It was full, or took no mail for another reason, for 5 days. Nothing more is tried.',
      'If the address stands for several people, others of them may have your message.',
    ],
    receivedAt: queuedAt,
    envelopeId: details.envelopeId,
    releaseRequest: details.releaseRequest,
    action: 'failed',
    // delivery time expired: RFC 3463 §3.5
    recipients: recipients.map((recipient) => ({ ...recipient, status: '5.4.7', attempt: null })),
    returned: { what: 'header', octets: beginning },
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
