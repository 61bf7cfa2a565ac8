import type { Command } from '../command.ts';
import { parseParameters } from '../esmtp-parameters.ts';
import { RECIPIENTS } from '../limits.ts';
import { type MailboxAddress, parsePath } from '../path.ts';
import { replies, SmtpError } from '../replies.ts';

interface RcptArgs {
  /** Null for a postmaster without domain. */
  readonly mailbox: MailboxAddress | null;
  readonly forwardPath: string;
}

const PARAMETERS: ReadonlySet<string> = new Set();

/** RCPT: RFC 5321 §4.1.1.3. */
export const rcpt: Command<RcptArgs> = {
  name: 'RCPT',
  needs: 'transaction',
  showsArgument: true,

  parse(argument) {
    const [, text] = /^TO: *(.*)$/i.exec(argument) ?? [];
    if (text === undefined) throw new SmtpError(replies.badRcpt);
    const path = parsePath(text);
    if (path === null || path.text === '') throw new SmtpError(replies.badForwardPath);
    parseParameters(path.rest, PARAMETERS);
    return { mailbox: path.mailbox, forwardPath: path.text };
  },

  async run(session, { mailbox, forwardPath }) {
    const { transaction } = session;
    const { directory, hostname } = session.services;
    if (transaction === null) return replies.needsMail;
    if (transaction.recipients >= RECIPIENTS) return replies.tooManyRecipients;

    // The postmaster of this host: RFC 5321 §4.5.1.
    const recipient = await directory.resolveRecipient(mailbox ?? { localPart: forwardPath, domain: hostname });
    switch (recipient.type) {
      case 'unknown-address':
        return replies.noSuchAddress;
      case 'not-local':
        return replies.noRelay;
      case 'account':
        transaction.recipients++;
        if (!transaction.forwardPaths.has(recipient.accountId)) {
          transaction.forwardPaths.set(recipient.accountId, forwardPath);
        }
        return replies.ok;
      default:
        return recipient satisfies never;
    }
  },
};
