import { DIRECT_ROUTE } from '@postel/directory';
import type { ReportedAction } from '@postel/mime';
import {
  formatReport,
  isToldOfDelay,
  isToldOfFailure,
  type LeasedRecipient,
  nextPauseMs,
  type QueuedMessage,
  type QueuedReport,
  RETURNED_HEADER_OCTETS,
  RETURNED_OCTETS,
  type Schedule,
  type Settled,
} from '@postel/queue';
import type { Outcome } from './outcome.ts';

export interface SettlementContext {
  readonly hostname: string;
  readonly schedule: Schedule;
  /** Since the rows were taken. */
  readonly tookMs: number;
  chance(): number;
  now(): Date;
  /** The name of the route by which it went or was to go; null: by none. */
  routeOf(recipient: LeasedRecipient): string | null;
}

/** What came of an attempt: what is written down, and what the sender is told. */
export interface Settlement {
  readonly results: readonly Settled[];
  /** By what has come of their recipients. */
  readonly told: ReadonlyMap<ReportedAction, readonly Settled[]>;
}

/** Who they are is theirs and the operator's to know. */
const LEFT_OUT =
  'Somebody for whom it stands has taken no mail for long, and more waits for them than may. The others get it';

/** What follows from the outcomes of recipients of one message. Pure but for its context. */
export function settlementOf(outcomes: ReadonlyMap<LeasedRecipient, Outcome>, context: SettlementContext): Settlement {
  const told = new Map<ReportedAction, Settled[]>();
  const tell = (action: ReportedAction, settled: Settled) => told.set(action, [...(told.get(action) ?? []), settled]);
  const results = [...outcomes].map(([recipient, outcome]): Settled => {
    const settled = settle(recipient, outcome, context);
    const { notify, message } = recipient;
    if (!tellsSender(message)) return settled;
    const { type } = settled.outcome;
    if (type === 'failed' && isToldOfFailure(notify)) tell('failed', settled);
    if (isToldOfFailure(notify) && outcome.leftOut?.some(({ isOfList }) => !isOfList) === true) {
      tell('failed', { ...settled, status: '5.2.2', reply: LEFT_OUT });
    }
    if (type === 'deferred' && settled.outcome.tellsDelay) tell('delayed', settled);
    if (type === 'delivered' && outcome.success !== null && notify?.includes('SUCCESS')) tell(outcome.success, settled);
    return settled;
  });
  return { results, told };
}

/** Nobody is told of what came from the null reverse-path (RFC 3461 §5.2), nor whoever may have had nothing to do with it. */
function tellsSender({ envelope, tellsSender }: QueuedMessage): boolean {
  return tellsSender && envelope.reversePath !== '';
}

function settle(recipient: LeasedRecipient, outcome: Outcome, context: SettlementContext): Settled {
  const { status, reply, mta, members = [] } = outcome;
  const said = { status, reply, mta, route: context.routeOf(recipient), members };
  if (outcome.type !== 'deferred') return { recipient, outcome: { type: outcome.type }, ...said };
  const { message, attempts, notify, wasToldOfDelay } = recipient;
  const { schedule, tookMs } = context;
  const ageMs = recipient.ageMs + tookMs;
  const pauseMs = nextPauseMs({ ageMs, attempts: attempts + 1, schedule }, context.chance());
  // RFC 3463 §3.5: X.4.7. What was said last stands in its text.
  if (pauseMs === null) return { recipient, outcome: { type: 'failed' }, ...said, status: '5.4.7' };
  const tellsDelay = tellsSender(message) && isToldOfDelay({ ageMs, schedule }, notify, wasToldOfDelay);
  return { recipient, outcome: { type: 'deferred', pauseMs, tellsDelay }, ...said };
}

/** The DSNs: RFC 3461 §5.2. @param read gives the octets of the message */
export async function reportsOf(
  message: QueuedMessage,
  { told }: Settlement,
  read: () => AsyncIterable<Buffer>,
  { hostname, schedule, tookMs, now }: SettlementContext,
): Promise<readonly QueuedReport[]> {
  if (told.size === 0) return [];
  const { envelope, queuedAt, name, account } = message;
  const { reversePath, envelopeId, releaseRequest, requiresTls } = envelope;
  const returned = await returnedOf(message, read);
  const at = now();
  return [...told].map(([action, settled]) => {
    const recipients = settled.map(({ recipient, status, reply, mta, route: name }) => {
      const leftMs = Math.max(schedule.lifetimeMs - recipient.ageMs - tookMs, 0);
      const retriesUntil = action === 'delayed' ? new Date(at.getTime() + leftMs) : null;
      // The built-in one needs no name.
      const route = name === DIRECT_ROUTE ? null : name;
      return { ...recipient, status, attempt: { at, mta, reply, retriesUntil, route } };
    });
    // Of a message that has arrived, its header section is enough (RFC 3461 §4.3).
    const isWhole = returned.what === 'message' && action === 'failed';
    const octets = formatReport({
      action,
      hostname,
      reversePath,
      receivedAt: queuedAt,
      envelopeId,
      releaseRequest,
      recipients,
      returned: isWhole ? returned : { what: 'header', octets: headerOf(returned.octets) },
    });
    return { octets, about: { name, reversePath, account, requiresTls, hostname } };
  });
}

/** All of it where its sender asked for that: RFC 3461 §4.3, but RFC 8689 §5. */
async function returnedOf(
  { envelope, sizeOctets, isBinary }: QueuedMessage,
  read: () => AsyncIterable<Buffer>,
): Promise<{ readonly what: 'message' | 'header'; readonly octets: Buffer }> {
  const { returnContent, requiresTls } = envelope;
  const isWhole = returnContent === 'FULL' && !requiresTls && !isBinary && sizeOctets <= RETURNED_OCTETS;
  const pieces: Buffer[] = [];
  let octets = 0;
  for await (const piece of read()) {
    pieces.push(piece);
    octets += piece.length;
    if (!isWhole && octets >= RETURNED_HEADER_OCTETS) break;
  }
  const all = Buffer.concat(pieces);
  return isWhole ? { what: 'message', octets: all } : { what: 'header', octets: headerOf(all) };
}

function headerOf(octets: Buffer): Buffer {
  const end = octets.indexOf('\r\n\r\n');
  return octets.subarray(0, Math.min(end === -1 ? octets.length : end + 2, RETURNED_HEADER_OCTETS));
}
