import type { Command } from '../command.ts';
import { isXtext, parseParameters } from '../esmtp-parameters.ts';
import { MESSAGE_OCTETS } from '../limits.ts';
import type { MailboxAddress } from '../path.ts';
import { parsePath } from '../path.ts';
import { replies, SmtpError } from '../replies.ts';

interface MailArgs {
  /** Null for the null reverse-path. */
  readonly mailbox: MailboxAddress | null;
  readonly reversePath: string;
}

const PARAMETERS = new Set(['SIZE', 'BODY', 'AUTH']);

/**
 * MAIL: RFC 5321 §4.1.1.2, on a submission port: RFC 6409. SIZE: RFC 1870 §6. BODY: RFC 6152 §2. AUTH: RFC 4954 §5; nobody is
 * trusted with it here, so its grammar is checked and it is forgotten.
 */
export const mail: Command<MailArgs> = {
  name: 'MAIL',
  needs: 'login',
  showsArgument: true,

  parse(argument) {
    // A space after the colon is wrong and common.
    const [, text] = /^FROM: *(.*)$/i.exec(argument) ?? [];
    if (text === undefined) throw new SmtpError(replies.badMail);
    const path = parsePath(text);
    if (path === null || (path.mailbox === null && path.text !== '')) throw new SmtpError(replies.badReversePath);

    const parameters = parseParameters(path.rest, PARAMETERS);
    checkSize(parameters.get('SIZE'));
    checkBody(parameters.get('BODY'));
    const submitter = parameters.get('AUTH');
    if (submitter === null || (submitter !== undefined && !isXtext(submitter))) {
      throw new SmtpError(replies.badParameter);
    }
    return { mailbox: path.mailbox, reversePath: path.text };
  },

  async run(session, { mailbox, reversePath }) {
    const { account } = session;
    if (account === null) return replies.needsLogin;
    if (session.transaction !== null) return replies.noNestedMail;
    // The null reverse-path is for what must not be answered, such as MDNs, and says nobody's name (RFC 6409 §6.1).
    if (mailbox !== null && !(await session.services.directory.mayUseAddress(account.accountId, mailbox))) {
      return replies.senderNotYours;
    }
    session.transaction = { reversePath, forwardPaths: new Map(), recipients: 0 };
    return replies.ok;
  },
};

/** @throws {SmtpError} 552 for what would be refused after data */
function checkSize(size: string | null | undefined): void {
  if (size === undefined) return;
  if (size === null || !/^[0-9]{1,20}$/.test(size)) throw new SmtpError(replies.badParameter);
  if (Number(size) > MESSAGE_OCTETS) throw new SmtpError(replies.messageTooLarge);
}

/** 8-bit text is taken either way: programs that send it without a word, such as curl, mean no harm. */
function checkBody(body: string | null | undefined): void {
  if (body === undefined) return;
  if (body === null || !/^(?:7BIT|8BITMIME)$/i.test(body)) throw new SmtpError(replies.badParameter);
}
