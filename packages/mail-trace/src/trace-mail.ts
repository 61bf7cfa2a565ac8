import { findQueuedMessage, type QueuedRecipient } from '@postel/queue';
import {
  type AccountId,
  beganAt,
  findPlaces,
  findWaitingCopies,
  type MessagePlace,
  type RecordedTransaction,
  readTransaction,
  type Sql,
  type WaitingCopyState,
} from '@postel/storage';
import { TRACED_RECIPIENTS } from './limits.ts';
import { queueEvents } from './queue-events.ts';
import { type Viewer, visibleRows } from './viewer.ts';
import { checkWords, outcomeWords, replyWords } from './words.ts';

/** Something that happened to a message. */
export interface TraceEvent {
  readonly at: Date;
  readonly type:
    | 'received'
    | 'checked'
    | 'accepted'
    | 'refused'
    | 'delivered'
    | 'waiting'
    | 'sent'
    | 'failed'
    | 'report';
  /** For people. */
  readonly text: string;
  /** What more there is to say of it, a line each. */
  readonly details: readonly string[];
}

export interface TracedRecipient {
  readonly recipientNo: number;
  readonly recipient: string | null;
  readonly destination: string | null;
  readonly account: string | null;
  readonly outcome: RecordedTransaction['outcome'];
  /** As it is now. For people. */
  readonly state: string;
  readonly reply: string;
}

/** The way of one message, or of what was refused before there was one. */
export interface Trace {
  readonly transactionId: string;
  readonly beganAt: Date;
  readonly message: string | null;
  readonly messageId: string | null;
  readonly reversePath: string | null;
  readonly sender: string | null;
  readonly sizeOctets: number | null;
  readonly listener: string;
  /** Null: the viewer does not see it. */
  readonly client: string | null;
  readonly recipients: readonly TracedRecipient[];
  /** There are more recipients than are told. */
  readonly hasMore: boolean;
  readonly events: readonly TraceEvent[];
}

/** @returns null if there is none, or none that the viewer may see. @throws {StorageError} 'unavailable' */
export async function traceMail(sql: Sql, transactionId: string, viewer: Viewer): Promise<Trace | null> {
  const all = await readTransaction(sql, transactionId, TRACED_RECIPIENTS + 1);
  const rows = visibleRows(all.slice(0, TRACED_RECIPIENTS), viewer);
  const [first] = rows;
  if (first === undefined) return null;
  const isAdmin = viewer.type === 'admin';
  const isSender = viewer.type === 'account' && first.senderAccountId === viewer.account;
  const message = rows.find((row) => row.message !== null)?.message ?? null;
  const [queued, places, waiting] = await Promise.all([
    message !== null && (isAdmin || isSender) ? findQueuedMessage(sql, message, TRACED_RECIPIENTS) : [],
    findPlaces(sql, placesAsked(rows, viewer)),
    message === null ? [] : findWaitingCopies(sql, message, waitingAsked(rows, viewer)),
  ]);
  const known = { queued: queued.filter((each) => isAdmin || isNamed(each, rows)), places, waiting };
  const showsClient = isAdmin || isSender || first.senderAccountId === null;
  const about = rows.find(({ stage }) => stage === 'message') ?? first;
  const events = [
    received(about, showsClient),
    ...checked(about),
    ...rows.flatMap((row) => outcomeEvents(row, known, isAdmin)),
    ...known.queued.flatMap((each) => queueEvents(each)),
  ];
  return {
    transactionId,
    beganAt: beganAt(transactionId),
    message,
    messageId: about.messageId,
    reversePath: about.reversePath,
    sender: isAdmin || isSender ? about.sender : null,
    sizeOctets: about.sizeOctets,
    listener: about.listener,
    client: showsClient ? clientOf(about) : null,
    recipients: rows.map((row) => ({
      recipientNo: row.recipientNo,
      recipient: row.recipient,
      destination: row.destination,
      account: isAdmin ? row.account : null,
      outcome: row.outcome,
      state: stateOf(row, known),
      reply: replyWords(row),
    })),
    hasMore: all.length > TRACED_RECIPIENTS,
    // Stable: what happened at the same time stays in the order in which it is told.
    events: events.toSorted((a, b) => a.at.getTime() - b.at.getTime()),
  };
}

/** What is known of a message beside its rows. */
interface Known {
  readonly queued: readonly QueuedRecipient[];
  readonly places: readonly MessagePlace[];
  readonly waiting: readonly WaitingCopyState[];
}

function placesAsked(rows: readonly RecordedTransaction[], viewer: Viewer) {
  return rows.flatMap(({ accountId, uidvalidity, uid }) =>
    accountId === null || uidvalidity === null || uid === null || !isOwn(accountId, viewer)
      ? []
      : [{ accountId, uidvalidity, uid }],
  );
}

const waitingAsked = (rows: readonly RecordedTransaction[], viewer: Viewer): readonly AccountId[] =>
  rows.flatMap(({ accountId, outcome }) =>
    accountId !== null && outcome === 'waiting' && isOwn(accountId, viewer) ? [accountId] : [],
  );

const isOwn = (account: AccountId, viewer: Viewer) => viewer.type === 'admin' || account === viewer.account;

/** By the sender, and not by an alias that it is a member of. */
const isNamed = ({ forwardPath }: QueuedRecipient, rows: readonly RecordedTransaction[]) =>
  rows.some(({ recipient, reversePath }) => recipient === forwardPath || reversePath === forwardPath);

const LISTENERS = new Map([
  ['mx', 'from another server'],
  ['mxs', 'from another server'],
  ['submission', 'from a mail program'],
  ['submissions', 'from a mail program'],
  ['lmtp', 'by LMTP'],
]);

function clientOf({ client, clientName }: RecordedTransaction): string | null {
  if (client === null) return clientName;
  return clientName === null || clientName === '' ? client : `${clientName} [${client}]`;
}

function received(row: RecordedTransaction, showsClient: boolean): TraceEvent {
  const from = row.reversePath === null ? '' : ` of ${row.reversePath === '' ? '<>' : row.reversePath}`;
  const client = showsClient ? clientOf(row) : null;
  const by = row.sender === null || !showsClient ? '' : `, submitted by the account ${row.sender}`;
  const what = row.stage === 'connection' ? 'A connection' : 'Mail';
  return {
    at: beganAt(row.transactionId),
    type: 'received',
    text: `${what}${from} came ${LISTENERS.get(row.listener) ?? `by ${row.listener}`}${client === null ? '' : `: ${client}`}${by}`,
    details: [
      ...(row.protocol === null ? [] : [`${row.protocol}, ${row.tlsVersion ?? 'without TLS'}`]),
      ...(row.connectionId === null ? [] : [`In the log it is ${row.message ?? row.connectionId}`]),
      ...(row.messageId === null ? [] : [`Message-ID <${row.messageId}>`]),
    ],
  };
}

function checked(row: RecordedTransaction): readonly TraceEvent[] {
  const details = checkWords(row.checks);
  return details.length === 0
    ? []
    : [{ at: row.settledAt, type: 'checked', text: 'What was found out about it', details }];
}

/** The recipient as it was named, and what that led to. */
function nameOf({ recipient, destination, account }: RecordedTransaction, isAdmin: boolean): string {
  const ledTo = destination ?? (isAdmin ? account : null);
  return `${recipient ?? 'nobody yet'}${ledTo === null ? '' : ` (${ledTo})`}`;
}

function outcomeEvents(row: RecordedTransaction, known: Known, isAdmin: boolean): readonly TraceEvent[] {
  const at = row.settledAt;
  const name = nameOf(row, isAdmin);
  const reply = replyWords(row);
  switch (row.outcome) {
    case 'delivered':
    case 'junk': {
      const place = placeOf(row, known);
      return [
        {
          at,
          type: 'delivered',
          text: `Delivered to ${name}${row.outcome === 'junk' ? ', with the junk' : ''}`,
          details: place === null ? [] : placeWords(place, isAdmin),
        },
      ];
    }
    case 'queued':
      return [
        { at, type: 'accepted', text: `Accepted for ${name}, and put into the queue`, details: releaseWords(row) },
      ];
    case 'held':
      return [{ at, type: 'waiting', text: `Held for ${name}, as its sender asked`, details: releaseWords(row) }];
    case 'waiting': {
      const copy = known.waiting.find(({ accountId }) => accountId === row.accountId);
      const details =
        copy === undefined
          ? []
          : [
              `Why: ${copy.failure}; ${copy.attempts} attempts since`,
              `Tried again at ${copy.nextAttemptAt.toISOString()}, once there is room`,
            ];
      return [
        { at, type: 'waiting', text: `Accepted for ${name}, whose mailbox could not take it: it waits`, details },
      ];
    }
    case 'given-up':
      return [
        { at, type: 'failed', text: `Given up for ${name}: it waited for too long, or was taken out`, details: [] },
      ];
    case 'left-out':
      return [
        {
          at,
          type: 'failed',
          text: `Not delivered to ${name}: it took no mail, and too much waited for it`,
          details: [],
        },
      ];
    case 'suspect':
      return [
        {
          at,
          type: 'refused',
          text: `Refused for now, for it looks like unwanted mail: for ${name}`,
          details: [reply, 'A copy was put into the mailbox Rejects, unless there was one; it stays for 14 days'],
        },
      ];
    case 'refused':
    case 'deferred':
      return [
        {
          at,
          type: 'refused',
          text: refusalWords(row, name),
          details: [reply, ...(row.outcome === 'deferred' ? ['The other side may try again'] : [])],
        },
      ];
    case 'broken-off':
      return [
        {
          at,
          type: 'failed',
          text: `Not brought to its end for ${name}`,
          details: row.replyText === null ? [] : [row.replyText],
        },
      ];
    default:
      return row.outcome satisfies never;
  }
}

function refusalWords({ stage, outcome, count, client }: RecordedTransaction, name: string): string {
  const how = outcome === 'deferred' ? 'Refused for now' : 'Refused';
  if (count > 1) return `${how}: ${count} times in an hour, from ${client ?? 'everywhere'}, of which no more is kept`;
  switch (stage) {
    case 'connection':
      return `${how} when it connected`;
    case 'MAIL':
      return name === 'nobody yet'
        ? `${how} when it named its sender`
        : `${how} when it named its sender; it was for ${name}`;
    case 'RCPT':
      return `${how} the recipient ${name}`;
    case 'message':
      return `${how} the message for ${name}`;
    default:
      return stage satisfies never;
  }
}

const releaseWords = ({ releaseAt }: RecordedTransaction): readonly string[] =>
  releaseAt === null ? [] : [`Not before ${releaseAt.toISOString()}`];

const placeOf = (row: RecordedTransaction, { places }: Known): MessagePlace | null =>
  places.find(
    ({ accountId, uidvalidity, uid }) =>
      accountId === row.accountId && uidvalidity === row.uidvalidity && uid === row.uid,
  ) ?? null;

function placeWords({ mailbox, uid, isThere, leftAt, elsewhere }: MessagePlace, isAdmin: boolean): readonly string[] {
  const number = isAdmin ? `, UID ${uid}` : '';
  const first =
    mailbox === null ? 'The mailbox that it was put into is no more' : `Put into the mailbox ${mailbox}${number}`;
  if (isThere) return [first, 'It is still there'];
  const left = leftAt === null ? [] : [`Taken from there at ${leftAt.toISOString()}`];
  if (elsewhere.length > 0) return [first, ...left, `Now in ${elsewhere.join(', ')}`];
  return [first, ...left, 'It has been removed'];
}

/** Of several attempts the last counts, and of a message in a mailbox where it is. */
function stateOf(row: RecordedTransaction, known: Known): string {
  const place = placeOf(row, known);
  if (place !== null) {
    const where = place.isThere ? place.mailbox : place.elsewhere.join(', ');
    return where === null || where === '' ? 'delivered, and removed since' : `delivered: in ${where}`;
  }
  if (row.outcome !== 'queued') return outcomeWords[row.outcome];
  const path = row.destination ?? row.recipient;
  const queued = known.queued.find(({ forwardPath, isReport }) => forwardPath === path && !isReport);
  return queued === undefined ? outcomeWords.queued : queueStates[queued.state];
}

const queueStates = {
  waiting: 'waits in the queue',
  held: 'is held in the queue',
  delivered: 'taken by their server',
  failed: 'failed: its sender was told',
  dropped: 'dropped from the queue',
} as const satisfies Record<QueuedRecipient['state'], string>;
