import type { CountedSubmission } from '@postel/directory';
import type { AccountId } from '@postel/storage';
import type { Command } from '../command.ts';
import { deliverEverywhere } from '../deliver-everywhere.ts';
import type { ReplyFor } from '../deliver-message.ts';
import type { MailTransaction } from '../mail-transaction.ts';
import { noArgument } from '../parse-argument.ts';
import { type ReceivedMessage, receiveData } from '../receive-message.ts';
import { refuseSuspect } from '../refuse-suspect.ts';
import { Hangup, isRefusal, replies, type SmtpReply } from '../replies.ts';
import type { Session } from '../session.ts';
import { countSubmission, takeBackCount } from '../submission-limits.ts';

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
    if (transaction.accepted.length === 0) {
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
  try {
    if (session.kind !== 'lmtp') {
      const reply = await answerForAll(session, transaction, take).catch((error: unknown) => session.replyTo(error));
      session.record.settle(transaction, () => reply);
      return reply;
    }
    await answerForEach(session, transaction, take);
    return null;
  } catch (error) {
    if (error instanceof Hangup) recordHangup(session, transaction, error);
    throw error;
  }
}

async function answerForAll(session: Session, transaction: MailTransaction, take: Take): Promise<SmtpReply> {
  const { replyFor, counted } = await receive(session, transaction, take);
  const reply = replyFor([...transaction.recipients.keys()]);
  if (counted !== null && reply[0] >= 400) await takeBackCount(session, counted);
  return reply;
}

function recordHangup({ record }: Session, transaction: MailTransaction, { reply, message }: Hangup): void {
  if (reply === null) record.breakOff(transaction, message);
  else record.settle(transaction, () => reply);
}

/** Gives the message, once it has come to its end: by DATA or by BDAT. */
type Take = () => Promise<ReceivedMessage>;

interface Received {
  readonly replyFor: ReplyFor;
  /** What was counted of it; null if nothing was. */
  readonly counted: CountedSubmission | null;
}

/** @throws {StorageError}; {SmtpError} what is wrong with the message; {Hangup} */
async function receive(session: Session, transaction: MailTransaction, take: Take): Promise<Received> {
  const message = await take();
  await using _content = message.content; // what no account took is removed
  if (message.suspicions.length > 0) {
    return { replyFor: await refuseSuspect(session, transaction, message), counted: null };
  }
  const counted = await countSubmission(session, transaction);
  try {
    return { replyFor: await deliverEverywhere(session, transaction, message), counted };
  } catch (error) {
    if (counted !== null && isRefusal(error)) await takeBackCount(session, counted);
    throw error;
  }
}

/**
 * A reply for each RCPT that was accepted, in their order. What is wrong with the message as a whole is said as often. A reply
 * that would be neither true nor false ends the connection; those before it are given, so that their recipients need not get
 * the message again.
 */
async function answerForEach(session: Session, transaction: MailTransaction, take: Take): Promise<void> {
  const { replyFor } = await receive(session, transaction, take).catch((error: unknown): Pick<Received, 'replyFor'> => {
    const reply = session.replyTo(error);
    return { replyFor: () => reply };
  });
  const replyOf = new Map<AccountId, SmtpReply>();
  let last: SmtpReply | null = null;
  for (const accounts of transaction.accepted) {
    const reply = replyFor(accounts);
    session.answer(data, reply);
    for (const account of accounts) if (!replyOf.has(account)) replyOf.set(account, reply);
    last = reply;
  }
  session.record.settle(transaction, ([account]) => (account === undefined ? null : replyOf.get(account)) ?? last);
}
