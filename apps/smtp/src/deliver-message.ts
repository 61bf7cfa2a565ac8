import { listFields } from '@postel/directory';
import {
  type AccountId,
  type Arrival,
  type Delivery,
  type MailboxId,
  StorageError,
  type WaitingDelivery,
} from '@postel/storage';
import { notifyOfDelivery, notifyOfLeftOut, tellsByQueue } from './delivery-notification.ts';
import { releaseTime } from './future-release.ts';
import { holdMessage } from './hold-message.ts';
import { keepSentCopy } from './keep-sent-copy.ts';
import { PATHS_KEPT } from './limits.ts';
import type { MailTransaction, Recipient } from './mail-transaction.ts';
import type { ReceivedMessage } from './receive-message.ts';
import { replies, type SmtpReply } from './replies.ts';
import type { Session } from './session.ts';
import { traceFields } from './trace-fields.ts';
import { traceOf } from './trace-of.ts';

/** Those that one reply is for: of a RCPT command in LMTP (RFC 2033 §4.2), else of all. */
type Recipients = readonly AccountId[];

/** Gives the reply for some recipients. @throws {Hangup} where neither yes nor no can be said */
export type ReplyFor = (recipients: Recipients) => SmtpReply;

/**
 * Delivers a message, to each account in a transaction of its own. A reply is for several accounts: once one of them has the
 * message, the copies of the others wait, durably, and are delivered when they can be. Only if even that fails is the
 * message refused though somebody has it, who gets it twice if it comes again: that is counted.
 */
export async function deliverMessage(
  session: Session,
  transaction: MailTransaction,
  message: ReceivedMessage,
): Promise<ReplyFor> {
  const { store, metrics } = session.services;
  const junk = message.isJunk ? await session.services.junkMailboxes([...transaction.recipients.keys()]) : null;
  const all = deliveriesOf(session, transaction, message, junk);
  const { hold } = transaction;
  const releaseAt = releaseTime(hold, message.receivedAt);
  const [one] = all;
  if (hold !== null && releaseAt !== null && one !== undefined) {
    await holdMessage(session, transaction, message, { hold, releaseAt, deliveries: all, arrival: one.arrival });
    const yes = accepted(session, message, transaction, { accounts: all.length, waiting: [], releaseAt });
    noteLeftOut(session, transaction, message);
    await notifyOfLeftOut(session, transaction, message);
    return () => yes;
  }
  const waitsFor = (account: AccountId) => transaction.recipients.get(account)?.waitsFor ?? null;
  const attempted = all.filter(({ account }) => waitsFor(account) === null);
  const outcomes = await store.deliverToEach(message.content, attempted);
  const failures = new Map<AccountId, unknown>();
  attempted.forEach(({ account }, i) => {
    const outcome = outcomes[i];
    if (outcome?.status === 'rejected') failures.set(account, outcome.reason);
    else if (outcome !== undefined) {
      const place = { uidvalidity: outcome.value.uidvalidity, uid: outcome.value.uid };
      transaction.record.end(account, message.isJunk ? 'junk' : 'delivered', { place });
    }
  });
  const has = (account: AccountId) => waitsFor(account) === null && !failures.has(account);

  const delivered = all.filter(({ account }) => has(account));
  const groups = session.kind === 'lmtp' ? transaction.accepted : [[...transaction.recipients.keys()]];
  const lacking = new Set(
    groups.filter((group) => group.some(has)).flatMap((group) => group.filter((one) => !has(one))),
  );
  const tellsElsewhere = tellsByQueue(session, transaction, message);
  const waiting = all.flatMap((delivery): WaitingDelivery[] => {
    const { account } = delivery;
    const failure = waitsFor(account) ?? reasonToWait(failures.get(account));
    return lacking.has(account) && failure !== null ? [{ delivery, failure, tellsElsewhere }] : [];
  });
  try {
    if (waiting.length > 0) await store.keepWaiting(message.content, waiting);
    for (const { delivery } of waiting) {
      failures.delete(delivery.account);
      transaction.record.end(delivery.account, 'waiting');
    }
    metrics.waitingCopies.inc(waiting.length);
  } catch (error) {
    for (const { delivery } of waiting) failures.set(delivery.account, error);
  }
  // A copy for an account that has been removed would have gone with it.
  for (const account of lacking) if (isGone(failures.get(account))) failures.delete(account);

  const [first] = delivered;
  const accounts = delivered.length;
  const yes =
    first === undefined ? null : accepted(session, message, transaction, { accounts, waiting, releaseAt: null });
  if (first !== undefined && failures.size === 0) {
    await keepSentCopy(session, transaction, message, first);
    const recipients = new Map(
      [...transaction.recipients].filter(([account]) => delivered.some((one) => one.account === account)),
    );
    await notifyOfDelivery(session, { ...transaction, recipients }, message);
    noteLeftOut(session, transaction, message);
    await notifyOfLeftOut(session, transaction, message);
  }
  if (groups.some((group) => group.some(has) && group.some((account) => failures.has(account)))) {
    metrics.possibleDuplicates.inc();
  }
  return (recipients) => {
    const failed = recipients.find((account) => failures.has(account));
    if (failed === undefined) return yes ?? replies.unavailable;
    const reason = failures.get(failed);
    const isForGood =
      recipients.length === 1 &&
      isTooLargeForQuota(
        reason,
        message,
        transaction,
        all.find(({ account }) => account === failed),
      );
    return isForGood ? replies.largerThanQuota : session.replyTo(reason);
  };
}

/** They are the operator's to look after. */
function noteLeftOut({ log, services }: Session, { leftOut }: MailTransaction, { id }: ReceivedMessage): void {
  if (leftOut.size === 0) return;
  services.metrics.leftOutCopies.inc(leftOut.size);
  const accounts = [...leftOut.values()].map(({ accountName }) => accountName);
  log.warn(
    { id, accounts },
    'members of an alias do not get a message: they take no mail, and too much waits for them',
  );
}

/** Null where the copy must not wait: it may have been delivered, or its account is gone, or the fault is ours. */
function reasonToWait(failure: unknown): string | null {
  if (!(failure instanceof StorageError) || failure.kind === 'outcome-unknown' || isGone(failure)) return null;
  return failure.kind;
}

function isGone(failure: unknown): boolean {
  return failure instanceof StorageError && failure.kind === 'nonexistent';
}

function isTooLargeForQuota(
  error: unknown,
  { content }: ReceivedMessage,
  { recipients }: MailTransaction,
  delivery: Delivery | undefined,
): boolean {
  if (!(error instanceof StorageError && error.kind === 'over-quota') || delivery === undefined) return false;
  const quotaOctets = recipients.get(delivery.account)?.quotaOctets ?? null;
  return quotaOctets !== null && content.sizeOctets + delivery.arrival.prefix.length > quotaOctets;
}

/** A message as each account gets it. */
export function deliveriesOf(
  session: Session,
  transaction: MailTransaction,
  message: ReceivedMessage,
  junk: ReadonlyMap<AccountId, MailboxId> | null,
): readonly Delivery[] {
  return [...transaction.recipients].map(([account, recipient]) => ({
    account,
    mailbox: junk?.get(account) ?? recipient.mailbox,
    arrival: arrivalFor(session, transaction, message, recipient),
  }));
}

/** What is kept of how a message came, for one of its recipients. */
export function arrivalFor(
  session: Session,
  transaction: MailTransaction,
  message: ReceivedMessage,
  { forwardPath, alias, list, paths }: Pick<Recipient, 'forwardPath' | 'alias' | 'list' | 'paths'>,
): Arrival {
  const { wire, greeting } = session;
  const { reversePath, isUtf8, body, said } = transaction;
  const { addedFields, results, id } = message;
  const trace = { ...traceOf(session, transaction, message), forwardPath, alias };
  const { tls } = wire;
  return {
    prefix: Buffer.from(traceFields(trace) + (list === null ? '' : listFields(list)) + addedFields),
    reversePath,
    forwardPath,
    protocol: trace.protocol,
    clientAddress: wire.remoteAddress,
    clientName: greeting?.clientName ?? null,
    details: {
      ...said,
      id,
      sender: session.account?.name ?? null,
      tls: tls === null ? null : { version: tls.protocol, cipher: tls.cipher },
      body,
      isUtf8,
      results,
      recipients: paths.slice(0, PATHS_KEPT),
    },
  };
}

interface Outcome {
  /** Those that have the message, or will when it is released. */
  readonly accounts: number;
  readonly waiting: readonly WaitingDelivery[];
  /** Null: it is not held. */
  readonly releaseAt: Date | null;
}

/** Counts a message that was taken, and tells of it. */
export function accepted(
  session: Session,
  { content, id, endOfDataMs }: ReceivedMessage,
  { reversePath, recipients }: MailTransaction,
  { accounts, waiting, releaseAt }: Outcome,
): SmtpReply {
  const { metrics } = session.services;
  const listener = session.listenerName;
  const seconds = (performance.now() - endOfDataMs) / 1000;
  const { sizeOctets } = content;
  session.messages++;
  session.progressed();
  session.count('messages');
  metrics.messages.inc({ listener });
  metrics.octets.inc({ listener }, sizeOctets);
  metrics.deliverySeconds.observe({ listener }, seconds);
  const failed = recipients.size - accounts - waiting.length;
  session.log.info(
    {
      id,
      sizeOctets,
      reversePath,
      accounts,
      ...(waiting.length > 0 ? { waiting: waiting.length } : {}),
      ...(failed > 0 ? { failed } : {}),
      ...(releaseAt === null ? {} : { releaseAt }),
      seconds,
    },
    'message accepted',
  );
  const until = releaseAt === null ? '' : `, held until ${releaseAt.toISOString()}`;
  return [250, '2.0.0', `Accepted as ${id}${until}`];
}
