import { isAscii } from 'node:buffer';
import { domainToASCII } from 'node:url';
import { encodeXtext } from '@postel/mime';
import type { LeasedRecipient, QueuedMessage } from '@postel/queue';
import { DotStuffing, SmtpError, type SmtpReply } from '@postel/smtp-client';
import { DATA_REPLY_MS, END_OF_DATA_REPLY_MS, REPLY_MS } from './limits.ts';
import { hostFailure, type MailSession } from './mail-session.ts';
import type { OpenMessage } from './open-message.ts';
import { deferred, failed, HostFailure, type Outcome, outcomeOf } from './outcome.ts';

/** A message on its way: to some of its recipients, of one domain. */
export interface Shipment {
  readonly message: QueuedMessage;
  readonly recipients: readonly LeasedRecipient[];
  readonly octets: OpenMessage;
  /** Nobody else has the rows: asked before the last octet, after which the other side has the message. */
  isOurs(): boolean;
}

/** By recipient. Whoever is not in it is to be tried further. */
export type Outcomes = Map<LeasedRecipient, Outcome>;

/**
 * One mail transaction, or several: RFC 5321 §3.3.
 *
 * @param outcomes gets what came of each recipient; who has none is for the next connection, as this one takes no more (RFC 9422)
 * @throws {HostFailure} if this host will not do; those without outcome may be tried with another one
 */
export async function sendMessage(session: MailSession, shipment: Shipment, outcomes: Outcomes): Promise<void> {
  const recipients = shipment.recipients.filter((recipient) => {
    const refusal = whyNot(session, shipment, recipient);
    if (refusal !== null) outcomes.set(recipient, refusal);
    return refusal === null;
  });
  // As many as fit, and the others then; by another connection where this one has had its fill.
  let left = recipients;
  while (left.length > 0 && session.messages < session.mostMessages) {
    const some = left.slice(0, session.mostRecipients);
    const again = await transact(session, { ...shipment, recipients: some }, outcomes);
    left = [...left.slice(some.length), ...again];
  }
}

/** What the other side cannot take, by its own word. */
function whyNot(
  { extensions, host }: MailSession,
  { octets: { sizeOctets }, message: { is8bit, isBinary, hasUtf8Header, envelope } }: Shipment,
  { forwardPath }: LeasedRecipient,
): Outcome | null {
  const most = Number(extensions.get('SIZE') || 0);
  if (most > 0 && sizeOctets > most) {
    return failed('5.3.4', `${host} takes messages of ${most} octets, and this one has ${sizeOctets}`);
  }
  if (!extensions.has('SMTPUTF8')) {
    if (!isAsciiPath(forwardPath) || !isAsciiPath(envelope.reversePath)) {
      return failed('5.6.7', `${host} takes no addresses that are not ASCII (SMTPUTF8)`);
    }
    if (hasUtf8Header && envelope.isUtf8) {
      return failed('5.6.9', `${host} takes no messages with a header that is not ASCII (SMTPUTF8)`);
    }
  }
  if (isBinary && !(extensions.has('BINARYMIME') && extensions.has('CHUNKING'))) {
    return failed('5.6.3', `${host} takes no binary messages (BINARYMIME)`);
  }
  if (is8bit && !extensions.has('8BITMIME')) return failed('5.6.3', `${host} takes no 8-bit text (8BITMIME)`);
  return null;
}

/** @returns those for whom there was no room in this transaction, after at least one for whom there was */
async function transact(
  session: MailSession,
  shipment: Shipment,
  outcomes: Outcomes,
): Promise<readonly LeasedRecipient[]> {
  const { message, recipients } = shipment;
  const { connection, extensions, host } = session;
  const { isBinary } = message;
  const mail = mailCommand(session, shipment);
  const rcpts = recipients.map((recipient) => rcptCommand(session, recipient));
  const isPipelined = extensions.has('PIPELINING');
  // Whoever hangs up between two messages does so to say that it was enough.
  let isStale = session.messages > 0;
  const reset = session.needsReset ? ['RSET'] : [];
  session.messages++;
  session.needsReset = true;
  try {
    // DATA ends a group (RFC 2920 §3.1), and BDAT would send the message before anybody is accepted.
    const group = [...reset, mail, ...rcpts, ...(isBinary ? [] : ['DATA'])];
    if (isPipelined) await connection.send(group.map((line) => `${line}\r\n`).join(''));
    const ask = (line: string, timeoutMs: number) =>
      isPipelined ? connection.reply(timeoutMs) : connection.command(line, timeoutMs);

    for (const line of reset) requireReset(await ask(line, REPLY_MS), host);
    const mailReply = await ask(mail, REPLY_MS);
    requireOpen(mailReply, host);
    isStale = false;
    const isRefused = mailReply.code !== 250;
    if (isRefused && !isPipelined) return refuseAll(session, recipients, mailReply, outcomes);

    const replies: SmtpReply[] = [];
    for (const line of rcpts) {
      const reply = await ask(line, REPLY_MS);
      if (!isRefused) requireOpen(reply, host);
      replies.push(reply);
    }
    const accepted = recipients.filter((_, at) => isAccepted(replies[at]));
    if (!isPipelined && accepted.length === 0) return settleRefused(session, recipients, replies, outcomes);
    const dataReply = isBinary ? null : await ask('DATA', DATA_REPLY_MS);
    if (isRefused) {
      if (dataReply?.code === 354) await connection.command('.', END_OF_DATA_REPLY_MS); // RFC 2920 §3.1
      return refuseAll(session, recipients, mailReply, outcomes);
    }
    const again = settleRefused(session, recipients, replies, outcomes);
    if (accepted.length === 0) {
      if (dataReply?.code === 354) await connection.command('.', END_OF_DATA_REPLY_MS);
      return again;
    }
    if (dataReply !== null && dataReply.code !== 354) {
      requireOpen(dataReply, host);
      for (const recipient of accepted) outcomes.set(recipient, refusalBy(session, dataReply));
      return again.flatMap((one) => deferAgain(one, outcomes));
    }
    const outcome = isBinary ? await sendChunks(session, shipment) : await sendData(session, shipment);
    // What comes of a chunk that is refused is not known: RFC 3030 §2.
    session.needsReset = isBinary && outcome.type !== 'delivered';
    const tells = extensions.has('DSN') || outcome.type !== 'delivered' ? null : 'relayed';
    for (const recipient of accepted) outcomes.set(recipient, { ...outcome, success: tells });
    return outcome.type === 'delivered' ? again : again.flatMap((one) => deferAgain(one, outcomes));
  } catch (error) {
    const failure = error instanceof SmtpError ? hostFailure(error) : error;
    if (!isStale || !(failure instanceof HostFailure)) throw failure;
    throw new HostFailure(failure.outcome, { cause: failure, isStale });
  }
}

/** The message was not taken, so the others need not try it in a transaction of their own now. */
function deferAgain(recipient: LeasedRecipient, outcomes: Outcomes): readonly never[] {
  outcomes.set(recipient, deferred('4.5.3', 'There were too many recipients for one transaction'));
  return [];
}

function isAccepted(reply: SmtpReply | undefined): boolean {
  return reply !== undefined && reply.code >= 250 && reply.code <= 252;
}

/**
 * RFC 5321 §4.5.3.1.10: for want of room, by the code of before too; unless it says that it is another one's, of a mailbox say. OpenSMTPD has
 * 451, but says which room it is.
 */
function isOneTooMany({ code, lines: [first = ''] }: SmtpReply): boolean {
  if (code >= 400 && code < 500 && /^4\.5\.3(?!\d)/.test(first)) return true;
  return (code === 452 || code === 552) && /^(?:[45]\.5\.3(?!\d)|(?![45]\.\d))/.test(first);
}

/** 421 closes the connection, at any time: RFC 5321 §3.8. @throws {HostFailure} */
function requireOpen(reply: SmtpReply, host: string): void {
  if (reply.code === 421) throw new HostFailure(outcomeOf(reply, host));
}

/** Where the last transaction goes on, MAIL would be refused for its sake: another connection has none. @throws {HostFailure} */
function requireReset(reply: SmtpReply, host: string): void {
  if (reply.code !== 250) throw new HostFailure({ ...outcomeOf(reply, host), type: 'deferred', status: '4.5.0' });
}

/** RFC 4954 §6: who is to log in, and has not, or not well enough. */
const LOGIN_REPLIES = new Set([454, 530, 534, 535, 538]);

/** What is wrong with our login is nothing that a message could be blamed for. */
function refusalBy({ smarthost, host }: MailSession, reply: SmtpReply): Outcome {
  const outcome = refusalOf(reply, host);
  if (smarthost === null || !LOGIN_REPLIES.has(reply.code)) return outcome;
  return { ...outcome, type: 'deferred', status: '4.7.0' };
}

/** MAIL was refused. Not for good: another host may take it. */
function refuseAll(
  session: MailSession,
  recipients: readonly LeasedRecipient[],
  reply: SmtpReply,
  outcomes: Outcomes,
): readonly never[] {
  const outcome = refusalBy(session, reply);
  if (outcome.type === 'deferred') throw new HostFailure(outcome);
  for (const recipient of recipients) outcomes.set(recipient, outcome);
  return [];
}

/** @returns those to be tried again at once, in another transaction */
function settleRefused(
  session: MailSession,
  recipients: readonly LeasedRecipient[],
  replies: readonly SmtpReply[],
  outcomes: Outcomes,
): readonly LeasedRecipient[] {
  const hasRoom = replies.some(isAccepted);
  return recipients.filter((recipient, at) => {
    const reply = replies[at];
    if (reply === undefined || isAccepted(reply)) return false;
    if (isOneTooMany(reply) && hasRoom) return true;
    const outcome = refusalBy(session, reply);
    outcomes.set(recipient, isOneTooMany(reply) ? { ...outcome, type: 'deferred', status: '4.5.3' } : outcome);
    return false;
  });
}

/** A reply that is not the one that was hoped for. */
function refusalOf(reply: SmtpReply, host: string): Outcome {
  const outcome = outcomeOf(reply, host);
  return outcome.type === 'delivered' ? { ...outcome, type: 'deferred', status: '4.5.0' } : outcome;
}

async function sendData({ connection, host }: MailSession, { octets, isOurs }: Shipment): Promise<Outcome> {
  const stuffing = new DotStuffing();
  for await (const piece of octets.read()) await connection.send(stuffing.push(piece));
  requireOurs(isOurs);
  await connection.send(stuffing.end());
  return await lastReply(() => connection.reply(END_OF_DATA_REPLY_MS), host);
}

/** BDAT: RFC 3030 §2. */
async function sendChunks({ connection, host }: MailSession, { octets, isOurs }: Shipment): Promise<Outcome> {
  for await (const piece of octets.read()) {
    await connection.send(`BDAT ${piece.length}\r\n`);
    await connection.send(piece);
    const reply = await connection.reply(END_OF_DATA_REPLY_MS);
    requireOpen(reply, host);
    if (reply.code !== 250) return refusalOf(reply, host);
  }
  requireOurs(isOurs);
  return await lastReply(() => connection.command('BDAT 0 LAST', END_OF_DATA_REPLY_MS), host);
}

/** The rows may be somebody else's by now, who sends the message too: ours is not to be finished. */
function requireOurs(isOurs: () => boolean): void {
  if (!isOurs()) throw new HostFailure(deferred('4.3.0', 'The database did not answer while the message was sent'));
}

/**
 * Who has all of the message may have taken it, whatever was heard of that. Then it comes again (RFC 1047): not from the next host at
 * once, but when its time comes.
 */
async function lastReply(ask: () => Promise<SmtpReply>, host: string): Promise<Outcome> {
  try {
    return outcomeOf(await ask(), host);
  } catch (error) {
    if (!(error instanceof SmtpError)) throw error;
    return deferred('4.4.2', `It is not known whether ${host} has the message: ${error.message}`);
  }
}

/** AUTH= to those who are trusted alone: as it was kept, and nothing that we made up (RFC 4954 §5). */
function mailCommand(
  { extensions, connection, smarthost }: MailSession,
  { octets: { sizeOctets }, message: { is8bit, isBinary, envelope }, recipients }: Shipment,
): string {
  const { reversePath, isUtf8, requiresTls, envelopeId, returnContent, submitter } = envelope;
  const knowsUtf8 = extensions.has('SMTPUTF8');
  const knowsDsn = extensions.has('DSN');
  const body = isBinary ? ' BODY=BINARYMIME' : is8bit ? ' BODY=8BITMIME' : '';
  const path = knowsUtf8 ? reversePath : withAsciiDomain(reversePath);
  return [
    `MAIL FROM:<${path}>`,
    extensions.has('SIZE') ? ` SIZE=${sizeOctets}` : '',
    body,
    knowsUtf8 && (isUtf8 || recipients.some(({ forwardPath }) => !isAsciiPath(forwardPath))) ? ' SMTPUTF8' : '',
    knowsDsn && returnContent !== null ? ` RET=${returnContent}` : '',
    knowsDsn && envelopeId !== null ? ` ENVID=${envelopeId}` : '',
    // RFC 8689 §5: of a report too, where it can be had.
    requiresTls && connection.isSecured && extensions.has('REQUIRETLS') ? ' REQUIRETLS' : '',
    smarthost?.isTrusted && extensions.has('AUTH') ? ` AUTH=${encodeXtext(submitter || '<>')}` : '',
  ].join('');
}

/** NOTIFY and ORCPT as they came: RFC 3461 §5.2.1. */
function rcptCommand({ extensions }: MailSession, recipient: LeasedRecipient): string {
  const { forwardPath, notify, originalRecipient } = recipient;
  const knowsDsn = extensions.has('DSN');
  const path = extensions.has('SMTPUTF8') ? forwardPath : withAsciiDomain(forwardPath);
  return [
    `RCPT TO:<${path}>`,
    knowsDsn && notify !== null ? ` NOTIFY=${notify.join(',')}` : '',
    knowsDsn && originalRecipient !== null ? ` ORCPT=${originalRecipient}` : '',
  ].join('');
}

/** Its domain may be told in A-labels; its local part may not be told otherwise: RFC 6531 §3.7.1. */
function isAsciiPath(path: string): boolean {
  return isAscii(Buffer.from(withAsciiDomain(path)));
}

function withAsciiDomain(path: string): string {
  const at = path.lastIndexOf('@');
  const domain = path.slice(at + 1);
  return at === -1 || isAscii(Buffer.from(domain)) ? path : `${path.slice(0, at + 1)}${domainToASCII(domain)}`;
}
