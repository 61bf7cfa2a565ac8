import { type CountedSubmission, parseAddress, type Submitter } from '@postel/directory';
import type { MailTransaction } from './mail-transaction.ts';
import { SmtpError, type SmtpReply } from './replies.ts';
import type { Session } from './session.ts';

/**
 * Why a mail transaction of an account is refused at MAIL, where a mail program shows it before it has sent anything; null if it may
 * begin.
 */
export function refusalOfSubmission(submitter: Submitter, sizeOctets: number | null): SmtpReply | null {
  const { messageOctets, messagesADay, messages } = submitter;
  if (messageOctets !== null && sizeOctets !== null && sizeOctets > messageOctets) return tooLarge(messageOctets);
  return messagesADay !== null && messages >= messagesADay ? tooMany(submitter, 'messages', submitter.resetsAt) : null;
}

/** What is said of a message larger than its account may send. */
export function tooLarge(messageOctets: number): SmtpReply {
  return [552, '5.3.4', `The message is larger than the ${messageOctets} octets that this account may send`];
}

/**
 * Counts a message that has come to its end, before it is delivered: other sessions of the account may have sent some since MAIL.
 *
 * @returns what was counted; null for an account without limits
 * @throws {SmtpError} if it is one too many
 */
export async function countSubmission(
  { account, services }: Session,
  transaction: MailTransaction,
): Promise<CountedSubmission | null> {
  const { submitter, recipients, outgoing } = transaction;
  if (account === null || submitter === null) return null;
  if (submitter.messagesADay === null && submitter.newRecipientsADay === null) return null;
  const paths = [...recipients.values()].flatMap((recipient) => recipient.paths.map(({ forwardPath }) => forwardPath));
  const addresses = new Set([...paths, ...outgoing.paths.map(({ forwardPath }) => forwardPath)].map(canonical));
  const count = await services.directory.submission.count(account.accountId, [...addresses]);
  if (count.type === 'refused') throw new SmtpError(tooMany(submitter, count.limit, count.resetsAt));
  return count.counted;
}

/**
 * A message that was counted and refused comes again, and is counted then. Where neither yes nor no was said it stays counted: it
 * may have been delivered.
 */
export async function takeBackCount(session: Session, counted: CountedSubmission): Promise<void> {
  const { account, services, log } = session;
  if (account === null) return;
  try {
    await services.directory.submission.takeBack(account.accountId, counted);
  } catch (err) {
    log.warn({ err }, 'a message that was refused stays counted');
  }
}

function canonical(path: string): string {
  const address = parseAddress(path);
  return address === null ? path.toLowerCase() : `${address.localPart}@${address.domain}`;
}

/** 4yz: the same message may go later, and mail programs keep it (RFC 5321 §4.2.1). */
function tooMany(
  { messagesADay, newRecipientsADay }: Submitter,
  what: 'messages' | 'recipients',
  resetsAt: Date | null,
): SmtpReply {
  const limit =
    what === 'messages'
      ? `${messagesADay} messages a day`
      : `to ${newRecipientsADay} addresses a day that it never wrote to before`;
  const when = resetsAt === null ? '' : `: go on at ${resetsAt.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  return [450, '4.7.1', `This account may send ${limit}${when}`];
}
