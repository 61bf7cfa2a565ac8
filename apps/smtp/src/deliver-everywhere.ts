import { formatReport, type Kept, type NewMessage } from '@postel/queue';
import { StorageError } from '@postel/storage';
import { accepted, arrivalFor, deliverMessage, type ReplyFor } from './deliver-message.ts';
import { releaseTime } from './future-release.ts';
import { holdMessage } from './hold-message.ts';
import { keepSentCopy } from './keep-sent-copy.ts';
import { HELD_BACK_MS, NOTIFIED_HEADER_OCTETS } from './limits.ts';
import type { MailTransaction } from './mail-transaction.ts';
import type { ReceivedMessage } from './receive-message.ts';
import { replies, SmtpError } from './replies.ts';
import type { Session } from './session.ts';
import { relayedTraceFields } from './trace-fields.ts';
import { traceOf } from './trace-of.ts';

/**
 * Delivers a message to those who are here, and puts it into the queue for others: whoever is told 250 may count on both. The queue
 * is written first, and lets nothing go until what is here is settled; where that is refused, it is taken out again.
 */
export async function deliverEverywhere(
  session: Session,
  transaction: MailTransaction,
  message: ReceivedMessage,
): Promise<ReplyFor> {
  const { queue } = session.services;
  const { outgoing, recipients } = transaction;
  if (queue === null || outgoing.size === 0) return await deliverMessage(session, transaction, message);
  const releaseAt = releaseTime(transaction.hold, message.receivedAt);
  const goesAtOnce = recipients.size === 0 && releaseAt === null;
  const kept = await keep(session, transaction, message, { waitMs: goesAtOnce ? 0 : HELD_BACK_MS, releaseAt });
  transaction.record.releaseAt = releaseAt;
  if (goesAtOnce) {
    transaction.record.going = new Set(outgoing.recipients.map(({ forwardPath }) => forwardPath));
    return await acceptForOthers(session, transaction, message, null);
  }
  try {
    const replyFor =
      recipients.size === 0
        ? await acceptForOthers(session, transaction, message, releaseAt)
        : await deliverMessage(session, transaction, message);
    const going = goingWith(session, transaction, replyFor);
    await settle(session, kept, going);
    transaction.record.going = new Set(going);
    if (going.length > 0) await tellOfExpansion(session, transaction, message);
    return replyFor;
  } catch (error) {
    await settle(session, kept, []);
    throw error;
  }
}

async function acceptForOthers(
  session: Session,
  transaction: MailTransaction,
  message: ReceivedMessage,
  releaseAt: Date | null,
): Promise<ReplyFor> {
  const { hold, reversePath } = transaction;
  const arrival = arrivalFor(session, transaction, message, {
    forwardPath: reversePath,
    alias: null,
    list: null,
    paths: [],
  });
  const isHeld = hold !== null && releaseAt !== null;
  if (isHeld) await holdMessage(session, transaction, message, { hold, releaseAt, deliveries: [], arrival });
  const reply = accepted(session, message, transaction, { accounts: 0, waiting: [], releaseAt });
  if (!isHeld) {
    await keepSentCopy(session, transaction, message, { arrival });
    await tellOfExpansion(session, transaction, message);
  }
  return () => reply;
}

/** @throws {StorageError}; {SmtpError} if its account has too much in the queue */
async function keep(
  session: Session,
  transaction: MailTransaction,
  { content, addedFields, authorDomains, tellsSender, id, ...received }: ReceivedMessage,
  { waitMs, releaseAt }: Pick<NewMessage, 'waitMs' | 'releaseAt'>,
): Promise<Kept> {
  const { account, services } = session;
  const { outgoing, reversePath, isUtf8, body, said } = transaction;
  const [path, ...others] = outgoing.recipients;
  const isForOne = others.length === 0 && path?.alias === null;
  const trace = traceOf(session, transaction, { id, ...received });
  const fields = relayedTraceFields({ ...trace, forwardPath: isForOne ? path.forwardPath : null, alias: null });
  const message: NewMessage = {
    name: id,
    account: account?.accountId ?? null,
    envelope: { ...said, reversePath, isUtf8 },
    mayBeBinary: body === 'BINARYMIME',
    prefix: Buffer.from(fields + addedFields),
    signers: authorDomains,
    tellsSender,
    recipients: outgoing.recipients,
    waitMs,
    releaseAt,
  };
  try {
    if (services.queue === null) throw new SmtpError(replies.unavailable);
    const kept = await services.queue.keep(content, message);
    services.metrics.queued.inc(outgoing.size);
    session.log.info({ id, recipients: outgoing.size }, 'put into the queue');
    return kept;
  } catch (error) {
    if (error instanceof StorageError && error.kind === 'over-quota') throw new SmtpError(replies.queueFull);
    throw error;
  }
}

/** Whom the message goes on to: in LMTP each RCPT has a reply of its own, and with it the others whom it stands for. */
function goingWith(session: Session, { outgoing, recipients }: MailTransaction, replyFor: ReplyFor): readonly string[] {
  const isAccepted = (group: Parameters<ReplyFor>[0]) => replyFor(group)[0] < 400;
  if (session.kind !== 'lmtp') {
    return isAccepted([...recipients.keys()]) ? outgoing.recipients.map(({ forwardPath }) => forwardPath) : [];
  }
  return outgoing.recipients.filter(({ groups }) => groups.some(isAccepted)).map(({ forwardPath }) => forwardPath);
}

/** What is to go goes by itself after HELD_BACK_MS, if it cannot be said now or was not before; what is not, too, and that is counted. */
async function settle({ services, log }: Session, kept: Kept, going: readonly string[]): Promise<void> {
  try {
    const gone = (await services.queue?.start(kept, going)) ?? 0;
    if (gone === 0) return;
    services.metrics.possibleDuplicates.inc();
    log.warn(
      { recipients: gone },
      'a message that was refused is on its way to others: its delivery here took too long',
    );
  } catch (err) {
    log.warn({ err }, 'the queue was not told what is to go');
    if (going.length === 0) services.metrics.possibleDuplicates.inc();
  }
}

/** The DSN "expanded" for an alias whose members are told apart by nobody: RFC 3461 §5.2.7.3 (c). */
async function tellOfExpansion(
  { services, log, account }: Session,
  { outgoing, reversePath, said }: MailTransaction,
  { content, receivedAt, id, tellsSender }: ReceivedMessage,
): Promise<void> {
  const { queue, hostname } = services;
  if (queue === null || !tellsSender || reversePath === '' || outgoing.expanded.length === 0) return;
  try {
    const octets = Math.min(content.headerOctets, NOTIFIED_HEADER_OCTETS);
    const header = Buffer.concat(await Array.fromAsync(content.read(0, octets)));
    const report = formatReport({
      action: 'expanded',
      hostname,
      reversePath,
      receivedAt,
      envelopeId: said.envelopeId,
      releaseRequest: said.releaseRequest,
      recipients: outgoing.expanded.map((path) => ({ ...path, status: '2.1.5', attempt: null })),
      returned: { what: 'header', octets: header },
    });
    const about = {
      name: id,
      reversePath,
      account: account?.accountId ?? null,
      requiresTls: said.requiresTls,
      hostname,
    };
    await queue.report({ octets: report, about });
  } catch (err) {
    log.warn({ err }, 'the sender is not told that an alias was expanded');
  }
}
