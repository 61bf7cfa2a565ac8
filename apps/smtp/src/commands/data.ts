import { type Delivery, StorageError } from '@postel/storage';
import type { Command } from '../command.ts';
import { notifyOfDelivery } from '../delivery-notification.ts';
import { PATHS_KEPT } from '../limits.ts';
import type { MailTransaction } from '../mail-transaction.ts';
import { noArgument } from '../parse-argument.ts';
import { type ReceivedMessage, receiveData } from '../receive-message.ts';
import { Hangup, replies, type SmtpReply } from '../replies.ts';
import type { Session } from '../session.ts';
import { traceFields } from '../trace-fields.ts';
import { transmissionType } from '../transmission-type.ts';

/** DATA: RFC 5321 §4.1.1.4, in LMTP RFC 2033 §4.2. Whatever comes of it, the mail transaction is over. */
export const data: Command<null> = {
  name: 'DATA',
  needs: 'transaction',
  parse: noArgument,

  async run(session) {
    const { transaction, wire } = session;
    if (transaction === null) return replies.needsMail;
    // DATA comes last in a group (RFC 2920 §3.1). What stands behind it may be a message or commands, and we must not guess.
    if (wire.hasOctets) throw new Hangup(replies.notPipelined, 'went on behind DATA without waiting');
    // RFC 3030 §2, §3. The transaction stays: a client may go on with BDAT.
    if (transaction.chunks !== null) return replies.noDataAfterBdat;
    if (transaction.body === 'BINARYMIME') return replies.binaryNeedsBdat;
    if (transaction.recipients.size === 0) {
      session.transaction = null;
      return withoutRecipients(session, transaction);
    }
    await session.ask(replies.startMail);
    try {
      return await answerToMessage(session, transaction, () => receiveData(session, transaction));
    } finally {
      session.transaction = null;
    }
  },
};

/**
 * Clients that send DATA without a look at the replies to RCPT take its reply for that to the message: a reply for good would
 * make them give up, though a recipient has only to be tried again. LMTP has one code for all (RFC 2033 §4.2).
 */
export function withoutRecipients({ kind }: Session, { hasDeferral }: MailTransaction): SmtpReply {
  if (kind === 'lmtp') return replies.noRecipientsLmtp;
  return hasDeferral ? replies.noRecipientsYet : replies.noRecipients;
}

/** Takes a message to its end, and delivers it. In LMTP the replies have been given. @throws as `receive` */
export async function answerToMessage(
  session: Session,
  transaction: MailTransaction,
  take: Take,
): Promise<SmtpReply | null> {
  if (session.kind !== 'lmtp') return await receive(session, transaction, take, deliverToAll);
  await answerForEach(session, transaction, take);
  return null;
}

/** Gives the message, once it has come to its end: by DATA or by BDAT. */
type Take = () => Promise<ReceivedMessage>;

type Deliver<Result> = (
  session: Session,
  message: ReceivedMessage,
  transaction: MailTransaction,
  deliveries: readonly Delivery[],
) => Promise<Result>;

/** @throws {StorageError}; {SmtpError} what is wrong with the message; {Hangup} */
async function receive<Result>(
  session: Session,
  transaction: MailTransaction,
  take: Take,
  deliver: Deliver<Result>,
): Promise<Result> {
  const message = await take();
  await using _content = message.content; // what no account took is removed
  return await deliver(session, message, transaction, deliveriesOf(session, transaction, message));
}

/** One reply for all recipients; see commands/rcpt.ts for why all get the message or none. */
const deliverToAll: Deliver<SmtpReply> = async (session, message, transaction, deliveries) => {
  try {
    await session.services.store.deliver(message.content, deliveries);
  } catch (error) {
    if (deliveries.length === 1 && isTooLargeForQuota(error, message, transaction, deliveries[0])) {
      return replies.largerThanQuota;
    }
    throw error;
  }
  await notifyOfDelivery(session, transaction, message);
  return accepted(session, message, transaction, deliveries.length);
};

/**
 * A reply for each RCPT that was accepted, in their order. What is wrong with the message as a whole is said as often. A reply
 * that would be neither true nor false ends the connection; those before it are given, so that their recipients need not get
 * the message again.
 */
async function answerForEach(session: Session, transaction: MailTransaction, take: Take): Promise<void> {
  const outcomes = await receive(session, transaction, take, deliverToEach).catch((error: unknown) => {
    const reply = session.replyTo(error);
    return new Map([...transaction.recipients.keys()].map((account) => [account, () => reply]));
  });
  for (const accounts of transaction.accepted) session.answer(data, replyForAll(accounts, outcomes));
}

/** An alias has one reply for all whom it stands for: the worst. */
function replyForAll(
  accounts: readonly Delivery['account'][],
  outcomes: ReadonlyMap<Delivery['account'], () => SmtpReply>,
): SmtpReply {
  const all = accounts.map((account) => outcomes.get(account)?.() ?? replies.unavailable);
  return all.find(([code]) => code >= 400) ?? all[0] ?? replies.unavailable;
}

/** @returns what gives the reply for each account, or throws {Hangup} if there is none to give */
const deliverToEach: Deliver<Map<Delivery['account'], () => SmtpReply>> = async (
  session,
  message,
  transaction,
  deliveries,
) => {
  const outcomes = await session.services.store.deliverToEach(message.content, deliveries);
  const delivered = outcomes.filter(({ status }) => status === 'fulfilled').length;
  const yes = delivered > 0 ? accepted(session, message, transaction, delivered) : replies.unavailable;
  return new Map(
    deliveries.map((delivery, i) => {
      const outcome = outcomes[i];
      if (outcome?.status !== 'rejected') return [delivery.account, () => yes];
      const { reason } = outcome;
      const isForGood = isTooLargeForQuota(reason, message, transaction, delivery);
      return [delivery.account, () => (isForGood ? replies.largerThanQuota : session.replyTo(reason))];
    }),
  );
};

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

function deliveriesOf(
  session: Session,
  { reversePath, recipients, isUtf8, body, said }: MailTransaction,
  { addedFields, receivedAt, id }: ReceivedMessage,
): readonly Delivery[] {
  const { wire, services, greeting, kind } = session;
  const { hostname } = services;
  const protocol = transmissionType(session, isUtf8);
  const clientName = greeting?.clientName ?? null;
  const clientAddress = wire.remoteAddress;
  // Who writes a mail need not tell everybody who reads it, and whoever they pass it on to, the addresses of their home and
  // their telephone (RFC 5321 §7.6). The log and the database have them.
  const client = kind === 'submission' ? null : { name: clientName ?? '', address: clientAddress };

  const { tls } = wire;
  const details = {
    ...said,
    sender: session.account?.name ?? null,
    tls: tls === null ? null : { version: tls.protocol, cipher: tls.cipher },
    body,
    isUtf8,
    results: null,
  };

  return [...recipients].map(([account, { forwardPath, alias, mailbox, paths }]) => {
    const trace = { reversePath, forwardPath, alias, hostname, client, protocol, tls: wire.tls, id, receivedAt };
    const prefix = Buffer.from(traceFields(trace) + addedFields);
    const arrival = { prefix, reversePath, forwardPath, protocol, clientAddress, clientName };
    return {
      account,
      mailbox,
      arrival: { ...arrival, details: { ...details, recipients: paths.slice(0, PATHS_KEPT) } },
    };
  });
}

function accepted(
  session: Session,
  { content, id, endOfDataMs }: ReceivedMessage,
  { reversePath, recipients }: MailTransaction,
  accounts: number,
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
  const failed = recipients.size - accounts;
  session.log.info(
    { id, sizeOctets, reversePath, accounts, ...(failed > 0 ? { failed } : {}), seconds },
    'message accepted',
  );
  return [250, '2.0.0', `Accepted as ${id}`];
}
