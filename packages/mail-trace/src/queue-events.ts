import type { QueuedRecipient, QueueEvent } from '@postel/queue';
import type { TraceEvent } from './trace-mail.ts';

/** What the queue did for a recipient, or for the DSN that was sent about the message. */
export function queueEvents(recipient: QueuedRecipient): readonly TraceEvent[] {
  const { forwardPath, isReport, queuedAt, nextAttemptAt, state, isInHand, events, attempts } = recipient;
  const what = isReport ? `the report (DSN) to ${forwardPath}` : forwardPath;
  const begun: readonly TraceEvent[] = isReport
    ? [{ at: queuedAt, type: 'report', text: `A report (DSN) about it was written to ${forwardPath}`, details: [] }]
    : [];
  const last: readonly TraceEvent[] =
    state === 'waiting' && attempts === 0 && events.length === 0
      ? [
          {
            at: queuedAt,
            type: 'waiting',
            text: isInHand ? `Being sent: ${what}` : `Not tried yet: ${what}`,
            details: nextAttemptAt === null ? [] : [`First attempt at ${nextAttemptAt.toISOString()}`],
          },
        ]
      : [];
  return [...begun, ...events.map((event) => spoken(event, what)), ...last];
}

const WORDS = {
  delivered: ['sent', 'Taken by the server of'],
  deferred: ['waiting', 'Not taken yet by the server of'],
  failed: ['failed', 'Failed for good for'],
  held: ['waiting', 'Held in the queue:'],
  released: ['waiting', 'Released in the queue:'],
  retried: ['waiting', 'Made due at once:'],
  routed: ['waiting', 'Given another way out:'],
  dropped: ['failed', 'Dropped from the queue, and nobody was told:'],
} as const satisfies Record<QueueEvent['type'], readonly [TraceEvent['type'], string]>;

function spoken({ at, type, status, reply, mta, nextAttemptAt }: QueueEvent, what: string): TraceEvent {
  const [kind, words] = WORDS[type];
  return {
    at,
    type: kind,
    text: `${words} ${what}${mta === null ? '' : `: ${mta}`}`,
    details: [
      ...(reply === null && status === null ? [] : [[status, reply].filter((part) => part !== null).join(' ')]),
      ...(nextAttemptAt === null ? [] : [`Next attempt at ${nextAttemptAt.toISOString()}`]),
    ],
  };
}
