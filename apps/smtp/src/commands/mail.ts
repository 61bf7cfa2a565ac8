import type { Submitter } from '@postel/directory';
import { decodeXtext } from '@postel/mime';
import type { Command } from '../command.ts';
import { parseEnvelopeId, parseReturnContent } from '../dsn-parameters.ts';
import { parseParameters } from '../esmtp-parameters.ts';
import { offersDsn } from '../extensions.ts';
import { type Hold, parseHold, releaseRequest } from '../future-release.ts';
import { requireRoomToHold } from '../hold-message.ts';
import type { BodyType } from '../mail-transaction.ts';
import { Outgoing } from '../outgoing.ts';
import type { MailboxAddress } from '../path.ts';
import { isAscii, LENIENT, parsePath } from '../path.ts';
import { TransactionRecord } from '../record/transaction-record.ts';
import { replies, SmtpError } from '../replies.ts';
import type { Session } from '../session.ts';
import { refusalOfSubmission } from '../submission-limits.ts';

interface MailArgs {
  /** Null for the null reverse-path. */
  readonly mailbox: MailboxAddress | null;
  readonly reversePath: string;
  /** It is as RFC 5321 §4.1.2 has it. */
  readonly isWellFormed: boolean;
  readonly sizeOctets: number | null;
  readonly body: BodyType | null;
  readonly isUtf8: boolean;
  /** Of AUTH, '' for `<>`; null if it was not given. */
  readonly submitter: string | null;
  readonly requiresTls: boolean;
  readonly envelopeId: string | null;
  readonly returnContent: 'FULL' | 'HDRS' | null;
  readonly hold: Hold | null;
}

const BODY_TYPES: readonly BodyType[] = ['7BIT', '8BITMIME', 'BINARYMIME'];

const PARAMETERS = new Set(['SIZE', 'BODY', 'SMTPUTF8', 'AUTH', 'RET', 'ENVID', 'REQUIRETLS', 'HOLDFOR', 'HOLDUNTIL']);

/**
 * MAIL: RFC 5321 §4.1.1.2, on a submission port: RFC 6409. SIZE: RFC 1870 §6. BODY: RFC 6152 §2, RFC 3030 §3. SMTPUTF8: RFC 6531 §3.4. RET,
 * ENVID: RFC 3461. REQUIRETLS: RFC 8689. HOLDFOR, HOLDUNTIL: RFC 4865. AUTH: RFC 4954 §5; of who is not trusted with it, it is as if it were `<>`.
 */
export const mail: Command<MailArgs> = {
  name: 'MAIL',
  needs: 'login',
  takesUtf8: true,
  showsArgument: true,

  parse(argument) {
    // A space after the colon is wrong and common.
    const [, text] = /^FROM: *(.*)$/i.exec(argument) ?? [];
    if (text === undefined) throw new SmtpError(replies.badMail);
    const strict = parsePath(text);
    const path = strict ?? parsePath(text, LENIENT);
    if (path === null || (path.mailbox === null && path.text !== '')) throw new SmtpError(replies.badReversePath);

    const parameters = parseParameters(path.rest, PARAMETERS);
    const sizeOctets = parseSize(parameters.get('SIZE'));
    const body = parseBody(parameters.get('BODY'));
    const isUtf8 = isGiven(parameters.get('SMTPUTF8'));
    if (!isUtf8 && !isAscii(path.text)) throw new SmtpError(replies.reversePathNeedsUtf8);
    return {
      mailbox: path.mailbox,
      reversePath: path.text,
      isWellFormed: strict !== null,
      sizeOctets,
      body,
      isUtf8,
      submitter: parseSubmitter(parameters.get('AUTH')),
      requiresTls: isGiven(parameters.get('REQUIRETLS')),
      envelopeId: parseEnvelopeId(parameters.get('ENVID')),
      returnContent: parseReturnContent(parameters.get('RET')),
      hold: parseHold(parameters, Date.now()),
    };
  },

  async run(session, args) {
    const { mailbox, reversePath, isWellFormed, sizeOctets, body, isUtf8, requiresTls, hold } = args;
    if (session.transaction !== null) return replies.noNestedMail;
    // Parameters of what is not announced here.
    if (session.kind !== 'submission' && (args.submitter !== null || hold !== null)) return replies.unknownParameter;
    if (!offersDsn(session) && (args.envelopeId !== null || args.returnContent !== null))
      return replies.unknownParameter;
    if (requiresTls && session.wire.tls === null) return replies.requireTlsNeedsTls;
    if (sizeOctets !== null && sizeOctets > session.services.messageOctets) return replies.messageTooLarge;
    if (session.isBeyond('messages')) return replies.tooManyMessages;
    if (session.kind === 'submission' && !isWellFormed) return replies.badReversePath;
    if (session.kind === 'submission' && !(await maySendAs(session, mailbox))) return replies.senderNotYours;
    const submitter = await findSubmitter(session);
    const refusal = submitter === null ? null : refusalOfSubmission(submitter, sizeOctets);
    if (refusal !== null) return refusal;
    if (hold !== null) await requireRoomToHold(session, sizeOctets);
    await session.services.store.requireDiskRoom(sizeOctets ?? 0); // 452: RFC 1870 §6.1
    session.transaction = {
      reversePath,
      sender: mailbox,
      sizeOctets,
      body,
      isUtf8,
      submitter,
      hold,
      said: {
        submitter: args.submitter !== null && !isTrustedPeer(session) ? '' : args.submitter,
        requiresTls,
        envelopeId: args.envelopeId,
        returnContent: args.returnContent,
        releaseRequest: hold === null ? null : releaseRequest(hold),
      },
      recipients: new Map(),
      outgoing: new Outgoing(),
      accepted: [],
      aliases: new Map(),
      leftOut: new Map(),
      expected: session.kind === 'mx' ? session.services.incoming.expect({ ...session.client, reversePath }) : null,
      isForPostmaster: true,
      isClosed: false,
      chunks: null,
      record: new TransactionRecord(),
      hasDeferral: false,
    };
    session.record.forgetRefusedMail();
    return replies.senderOk;
  },
};

async function findSubmitter({ account, kind, services }: Session): Promise<Submitter | null> {
  return kind === 'submission' && account !== null ? await services.directory.submission.find(account.accountId) : null;
}

/** Whoever has shown a client key that is an account's, or comes from a network that is listed: RFC 4954 §5. */
function isTrustedPeer({ clientKey, wire, services }: Session): boolean {
  return clientKey !== null || services.submitterNetworks.includes(wire.remoteAddress);
}

/** The null reverse-path is for what must not be answered, such as MDNs, and says nobody's name (RFC 6409 §6.1). */
async function maySendAs({ account, services }: Session, mailbox: MailboxAddress | null): Promise<boolean> {
  if (account === null) return false;
  return mailbox === null || (await services.directory.mayUseAddress(account.accountId, mailbox));
}

/** @throws {SmtpError} 501 */
function parseSize(size: string | null | undefined): number | null {
  if (size === undefined) return null;
  if (size === null || !/^[0-9]{1,20}$/.test(size)) throw new SmtpError(replies.badParameter);
  return Number(size);
}

/** Of a parameter without a value. @throws {SmtpError} 501 */
function isGiven(value: string | null | undefined): boolean {
  if (typeof value === 'string') throw new SmtpError(replies.badParameter);
  return value === null;
}

/** A mailbox, or `<>`, in xtext. @throws {SmtpError} 501 */
function parseSubmitter(xtext: string | null | undefined): string | null {
  if (xtext === undefined) return null;
  const text = xtext === null ? null : decodeXtext(xtext);
  if (text === null) throw new SmtpError(replies.badParameter);
  if (text === '<>') return '';
  const path = parsePath(`<${Buffer.from(text, 'latin1').toString()}>`);
  if (path === null || path.mailbox === null || path.rest !== '') throw new SmtpError(replies.badParameter);
  return path.text;
}

/** 8-bit text is taken either way: programs that send it without a word, such as curl, mean no harm. */
function parseBody(body: string | null | undefined): BodyType | null {
  if (body === undefined) return null;
  const type = BODY_TYPES.find((name) => name === body?.toUpperCase());
  if (type === undefined) throw new SmtpError(replies.badParameter);
  return type;
}
