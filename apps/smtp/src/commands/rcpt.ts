import type { AliasTarget, RecipientAccount } from '@postel/directory';
import { type AccountId, hasMuchWaiting, type ReceivedRecipient } from '@postel/storage';
import type { Command } from '../command.ts';
import { parseNotify, parseOriginalRecipient } from '../dsn-parameters.ts';
import { parseParameters } from '../esmtp-parameters.ts';
import { offersDsn } from '../extensions.ts';
import { ADDED_OCTETS, PATHS_KEPT, RECIPIENTS } from '../limits.ts';
import type { MailTransaction } from '../mail-transaction.ts';
import { isAscii, type MailboxAddress, parsePath } from '../path.ts';
import { replies, SmtpError, type SmtpReply } from '../replies.ts';
import type { Session } from '../session.ts';

interface RcptArgs {
  /** Null for a postmaster without domain. */
  readonly mailbox: MailboxAddress | null;
  readonly path: ReceivedRecipient;
}

const PARAMETERS: ReadonlySet<string> = new Set(['NOTIFY', 'ORCPT']);
/** RFC 5321 §4.5.1, RFC 2142 §4: whom people write to whose mail does not get through, or who complain of ours. */
const POSTMASTERS: ReadonlySet<string> = new Set(['postmaster', 'abuse']);

/** RCPT: RFC 5321 §4.1.1.3. Who could not get the message is refused here, and not by a DSN to somebody who never wrote. NOTIFY, ORCPT: RFC 3461. */
export const rcpt: Command<RcptArgs> = {
  name: 'RCPT',
  needs: 'transaction',
  takesUtf8: true,
  showsArgument: true,

  parse(argument) {
    const [, text] = /^TO: *(.*)$/i.exec(argument) ?? [];
    if (text === undefined) throw new SmtpError(replies.badRcpt);
    const path = parsePath(text);
    if (path === null || path.text === '') throw new SmtpError(replies.badForwardPath);
    const parameters = parseParameters(path.rest, PARAMETERS);
    const notify = parseNotify(parameters.get('NOTIFY'));
    const originalRecipient = parseOriginalRecipient(parameters.get('ORCPT'));
    return { mailbox: path.mailbox, path: { forwardPath: path.text, notify, originalRecipient } };
  },

  async run(session, args) {
    const { transaction } = session;
    if (transaction === null) return replies.needsMail;
    if (transaction.chunks !== null) return replies.noRcptAfterBdat;
    if (session.isBeyond('recipients')) return replies.tooManyRecipientsOfNetwork;
    const reply = await answer(session, transaction, args).catch((error: unknown) => session.replyTo(error));
    if (reply[0] < 400) {
      session.count('recipients');
      transaction.isForPostmaster &&= isPostmaster(args.mailbox);
      askBeforehand(session, transaction);
    }
    if (reply[0] >= 400 && reply[0] < 500) transaction.hasDeferral = true;
    return reply;
  },
};

function isPostmaster(mailbox: MailboxAddress | null): boolean {
  return mailbox === null || POSTMASTERS.has(mailbox.localPart.toLowerCase());
}

/**
 * The DNS has something to say about the message once somebody here gets it, and not before: MAIL and RSET in turn would cost
 * only us.
 */
function askBeforehand(session: Session, { expected, reversePath }: MailTransaction): void {
  if (expected === null) return;
  expected.ask();
  if (reversePath === '') void session.mayBounceToMany();
}

async function answer(session: Session, transaction: MailTransaction, { mailbox, path }: RcptArgs): Promise<SmtpReply> {
  const { kind } = session;
  const { directory, hostname } = session.services;
  if (!offersDsn(session) && (path.notify !== null || path.originalRecipient !== null)) return replies.unknownParameter;
  if (!transaction.isUtf8 && !isAscii(path.forwardPath)) return replies.forwardPathNeedsUtf8;
  if (transaction.accepted.length >= RECIPIENTS) return replies.tooManyRecipients;
  if (transaction.accepted.length > 0 && !(await maySendToMore(session, transaction))) return replies.nullSenderAlone;

  // The postmaster of this host: RFC 5321 §4.5.1.
  const recipient =
    mailbox === null ? await directory.resolvePostmaster(hostname) : await directory.resolveRecipient(mailbox);
  switch (recipient.type) {
    case 'unknown-address':
      await session.unknownRecipient();
      return replies.noSuchAddress;
    case 'not-local':
      if (kind === 'submission') return acceptElsewhere(session, transaction, mailbox, path);
      await session.unknownRecipient();
      return replies.notHere;
    case 'account':
      return await accept(session, transaction, recipient, path);
    case 'alias':
      return await acceptAlias(session, transaction, recipient, path);
    default:
      return recipient satisfies never;
  }
}

/**
 * A message from <> tells of another one (RFC 5321 §4.5.5), and is for who has sent that. Who forges it has no domain whose SPF speaks
 * against it, but for that of the client's name (RFC 7208 §2.4): where that does not vouch for it, it goes to one at a time.
 */
async function maySendToMore(session: Session, { reversePath }: MailTransaction): Promise<boolean> {
  return session.kind !== 'mx' || reversePath !== '' || (await session.mayBounceToMany());
}

/** Relaying: RFC 5321 §2.1, for who has logged in and nobody else. */
function acceptElsewhere(
  session: Session,
  { outgoing, accepted }: MailTransaction,
  mailbox: MailboxAddress | null,
  path: ReceivedRecipient,
): SmtpReply {
  if (session.services.queue === null || mailbox === null) return replies.noRelay;
  if (mailbox.domain.startsWith('[')) return replies.literalElsewhere;
  outgoing.add(path);
  accepted.push([]);
  session.progressed();
  return replies.recipientOk;
}

async function accept(
  session: Session,
  transaction: MailTransaction,
  recipient: RecipientAccount,
  path: ReceivedRecipient,
): Promise<SmtpReply> {
  const { recipients, accepted, sizeOctets } = transaction;
  const { accountId, quotaOctets } = recipient;
  const known = recipients.get(accountId);
  session.concerned = accountId;
  // In LMTP it has a reply of its own, that can be no yes for a copy which waits only if somebody else has the message.
  if (known === undefined || (known.waitsFor !== null && session.kind === 'lmtp')) {
    const refusal = refusalOf(recipient, sizeOctets);
    if (refusal !== null) return refusal;
  }
  if (known === undefined) {
    if (session.kind === 'mx') {
      const isTight = mayTurnOutFull(recipient, sizeOctets ?? session.services.messageOctets);
      if (transaction.isClosed || (isTight && recipients.size + transaction.outgoing.size > 0))
        return replies.recipientAlone;
      transaction.isClosed = isTight;
    }
    // Where others may have the message by the time it turns out full, its copy waits.
    if (session.kind === 'submission' && (await withMuchWaiting(session, sizeOctets, [recipient])).size > 0) {
      return replies.mailboxFull;
    }
    const { forwardPath } = path;
    transaction.leftOut.delete(accountId);
    recipients.set(accountId, {
      forwardPath,
      alias: null,
      list: null,
      mailbox: recipient.mailbox,
      paths: [path],
      waitsFor: null,
      quotaOctets,
    });
  } else known.paths.push(path);
  accepted.push([accountId]);
  session.progressed();
  return replies.recipientOk;
}

/**
 * RFC 5321 §3.9: each account that the alias stands for gets a copy, unless it gets one already. Of those that cannot take it now
 * the copy waits, as the sender named one address and could not send to the others alone; if that is all of them, the message
 * waits with its sender. Those for whom much waits already are left out, as list programs do with members whose mail comes
 * back. Copies for other servers go to the queue; where nothing goes there, one makes it impossible for all.
 */
async function acceptAlias(
  session: Session,
  transaction: MailTransaction,
  alias: AliasTarget,
  path: ReceivedRecipient,
): Promise<SmtpReply> {
  const { recipients, outgoing, accepted, aliases, sender, sizeOctets } = transaction;
  if (alias.isDisabled) return replies.mailboxDisabled;
  const members = aliases.get(alias.address);
  if (session.kind === 'mx' && members !== undefined) return acceptAgain(session, transaction, members, path);
  const poster = { account: session.account?.accountId ?? null, address: sender };
  const { mayPost, accounts, elsewhere, isTooLarge } = await session.services.directory.expandAlias(alias, poster);
  if (!mayPost) return replies.mayNotPost;
  if (isTooLarge) return replies.aliasTooLarge;
  if (elsewhere.length > 0 && session.services.queue === null) return replies.aliasNeedsRelay;
  if (accounts.length + elsewhere.length === 0) return replies.aliasWithoutMembers;
  if (transaction.isClosed) return replies.recipientAlone;

  const added = accounts.filter(({ accountId }) => !recipients.has(accountId));
  const known = recipients.size + outgoing.size;
  if (known > 0 && known + added.length + elsewhere.length > RECIPIENTS) return replies.tooManyRecipients;
  const refusals = new Map(added.map((recipient) => [recipient.accountId, refusalOf(recipient, sizeOctets)]));
  const [first = null] = [...refusals.values()].filter((refusal) => refusal !== null);
  const leftOut = await withMuchWaiting(session, sizeOctets, added);
  const isWithoutRoom = ({ accountId }: RecipientAccount) =>
    leftOut.has(accountId) || (refusals.get(accountId) ?? recipients.get(accountId)?.waitsFor ?? null) !== null;
  if (accounts.length > 0 && accounts.every(isWithoutRoom)) return first ?? replies.mailboxFull;
  const localPath = outgoing.addMembers(alias.address, elsewhere, path, accounts);
  for (const { accountId } of accounts) recipients.get(accountId)?.paths.push(localPath);
  const { forwardPath } = path;
  for (const { accountId, accountName, list, mailbox, quotaOctets } of added) {
    if (leftOut.has(accountId)) {
      const paths = transaction.leftOut.get(accountId)?.paths ?? [];
      transaction.leftOut.set(accountId, { accountName, paths: [...paths, path] });
      continue;
    }
    const [code, status] = refusals.get(accountId) ?? [];
    const waitsFor = code === undefined ? null : `${code} ${status}`;
    const { address } = alias;
    transaction.leftOut.delete(accountId); // of an alias before, when it had no room yet
    recipients.set(accountId, {
      forwardPath,
      alias: address,
      list,
      mailbox,
      paths: [localPath],
      waitsFor,
      quotaOctets,
    });
  }
  const served = accounts.map(({ accountId }) => accountId).filter((account) => !leftOut.has(account));
  aliases.set(alias.address, served);
  accepted.push(served);
  session.progressed();
  if (session.kind === 'mx') return replies.recipientOk; // how its mailboxes are is nobody's business
  if (leftOut.size > 0) return replies.someLeftOut;
  return accounts.some(isWithoutRoom) ? replies.someWait : replies.recipientOk;
}

/**
 * Looking for a thousand members a thousand times would cost a stranger nothing, and us much. What is to be told of it was said when
 * it was named first, as with an address in the queue.
 */
function acceptAgain(
  session: Session,
  { recipients, accepted }: MailTransaction,
  members: readonly AccountId[],
  path: ReceivedRecipient,
): SmtpReply {
  for (const account of members) {
    const { paths = [] } = recipients.get(account) ?? {};
    if (paths.length < PATHS_KEPT) paths.push({ ...path, notify: null });
  }
  accepted.push(members);
  session.progressed();
  return replies.recipientOk;
}

/**
 * Of accounts, those that cannot take the message now, or of which that is not known, and for which as much waits as may. It
 * is asked only of these, who are few.
 */
async function withMuchWaiting(
  { services }: Session,
  sizeOctets: number | null,
  accounts: readonly RecipientAccount[],
): Promise<ReadonlySet<AccountId>> {
  const mostOctets = sizeOctets ?? services.messageOctets;
  const doubtful = accounts.filter(
    (account) => refusalOf(account, sizeOctets) !== null || mayTurnOutFull(account, mostOctets),
  );
  if (doubtful.length === 0) return new Set();
  const uses = await services.store.waitingUse(doubtful.map(({ accountId }) => accountId));
  return new Set([...uses].filter(([, use]) => hasMuchWaiting(use)).map(([account]) => account));
}

/**
 * A disabled account is refused for now: whoever disabled it may enable it again, and until then the mail waits with its
 * sender (RFC 3463 §3.3, X.2.1). So is a full one. Only a message that could never fit is refused for good.
 */
function refusalOf(recipient: RecipientAccount, sizeOctets: number | null): SmtpReply | null {
  const { isDisabled, quotaOctets, freeOctets, freeMessages } = recipient;
  if (isDisabled) return replies.mailboxDisabled;
  if (quotaOctets !== null && sizeOctets !== null && sizeOctets > quotaOctets) return replies.largerThanQuota;
  if (freeMessages !== null && freeMessages < 1) return replies.mailboxFull;
  return freeOctets !== null && freeOctets < Math.max(sizeOctets ?? 0, 1) ? replies.mailboxFull : null;
}

/**
 * On MX one reply at the end of data is that of all recipients. After 250 the message is ours (RFC 5321 §6.1): a recipient left out
 * would need a DSN to a sender who is often forged, and a copy for a full mailbox waits here, unknown to its sender, for as
 * long as the mailbox is full. So an account of which it is not known that it has room gets a transaction of its own, in which
 * it can be refused: 452 4.5.3 makes clients send to the others at once in another (RFC 5321 §4.5.3.1.10).
 */
function mayTurnOutFull({ freeOctets }: RecipientAccount, mostOctets: number): boolean {
  return freeOctets !== null && freeOctets < mostOctets + ADDED_OCTETS;
}
