import type { Command } from '../command.ts';
import { isXtext, parseParameters } from '../esmtp-parameters.ts';
import type { BodyType } from '../mail-transaction.ts';
import type { MailboxAddress } from '../path.ts';
import { isAscii, LENIENT, parsePath } from '../path.ts';
import { replies, SmtpError } from '../replies.ts';
import type { Session } from '../session.ts';

interface MailArgs {
  /** Null for the null reverse-path. */
  readonly mailbox: MailboxAddress | null;
  readonly reversePath: string;
  /** It is as RFC 5321 §4.1.2 has it. */
  readonly isWellFormed: boolean;
  readonly sizeOctets: number | null;
  readonly body: BodyType | null;
  readonly isUtf8: boolean;
  /** It has AUTH among its parameters. */
  readonly namesSubmitter: boolean;
}

const BODY_TYPES: readonly BodyType[] = ['7BIT', '8BITMIME', 'BINARYMIME'];

const PARAMETERS = new Set(['SIZE', 'BODY', 'SMTPUTF8', 'AUTH']);

/**
 * MAIL: RFC 5321 §4.1.1.2, on a submission port: RFC 6409. SIZE: RFC 1870 §6. BODY: RFC 6152 §2, RFC 3030 §3. SMTPUTF8: RFC 6531 §3.4. AUTH:
 * RFC 4954 §5; nobody is trusted with it here, so its grammar is checked and it is forgotten.
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
    const isUtf8 = parseSmtpUtf8(parameters.get('SMTPUTF8'));
    if (!isUtf8 && !isAscii(path.text)) throw new SmtpError(replies.reversePathNeedsUtf8);
    const submitter = parameters.get('AUTH');
    if (submitter === null || (submitter !== undefined && !isXtext(submitter))) {
      throw new SmtpError(replies.badParameter);
    }
    return {
      mailbox: path.mailbox,
      reversePath: path.text,
      isWellFormed: strict !== null,
      sizeOctets,
      body,
      isUtf8,
      namesSubmitter: submitter !== undefined,
    };
  },

  async run(session, { mailbox, reversePath, isWellFormed, sizeOctets, body, isUtf8, namesSubmitter }) {
    if (session.transaction !== null) return replies.noNestedMail;
    if (session.kind !== 'submission' && namesSubmitter) return replies.unknownParameter; // as AUTH is not announced
    if (sizeOctets !== null && sizeOctets > session.services.messageOctets) return replies.messageTooLarge;
    if (session.kind === 'submission' && !isWellFormed) return replies.badReversePath;
    if (session.kind === 'submission' && !(await maySendAs(session, mailbox))) return replies.senderNotYours;
    await session.services.store.requireDiskRoom(sizeOctets ?? 0); // 452: RFC 1870 §6.1
    session.transaction = {
      reversePath,
      sender: mailbox,
      sizeOctets,
      body,
      isUtf8,
      recipients: new Map(),
      accepted: [],
      aliases: new Set(),
      isClosed: false,
      chunks: null,
      hasDeferral: false,
    };
    return replies.senderOk;
  },
};

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

function parseSmtpUtf8(value: string | null | undefined): boolean {
  if (typeof value === 'string') throw new SmtpError(replies.badParameter);
  return value === null;
}

/** 8-bit text is taken either way: programs that send it without a word, such as curl, mean no harm. */
function parseBody(body: string | null | undefined): BodyType | null {
  if (body === undefined) return null;
  const type = BODY_TYPES.find((name) => name === body?.toUpperCase());
  if (type === undefined) throw new SmtpError(replies.badParameter);
  return type;
}
