import { isInternal } from '../authorized-url.ts';
import { type Command, No, ok } from '../command.ts';
import { requireMailbox } from '../find-mailbox.ts';
import { parseMailboxName } from '../mailbox-name.ts';

interface ResetKeyArgs {
  /** Null: all. */
  readonly mailboxName: string | null;
  readonly mechanisms: readonly string[];
}

/**
 * RESETKEY: RFC 4467 §7. Revokes what one's account has authorized by GENURLAUTH, of a mailbox or of all. Other sessions are not told:
 * the mechanism has no data that they would have to learn.
 */
export const resetKey: Command<ResetKeyArgs> = {
  name: 'RESETKEY',
  state: 'authenticated',
  parse(args) {
    const mailboxName = args.optional(parseMailboxName);
    const mechanisms: string[] = [];
    while (!args.isAtEnd()) mechanisms.push(args.sp().atom());
    return { mailboxName, mechanisms };
  },
  async run(session, { mailboxName, mechanisms }) {
    const { store, account } = session;
    if (account.credential.type === 'anonymous') throw new No('Not for everybody', 'NOPERM');
    if (!mechanisms.every(isInternal)) throw new No('There is no mechanism but INTERNAL', 'CANNOT');
    if (mailboxName === null) {
      await store.urlKeys.removeAll(account.accountId);
      return ok('Nothing is authorized any more');
    }
    await store.urlKeys.reset(account.accountId, await requireMailbox(session, mailboxName, 'r'));
    return ok('Nothing of the mailbox is authorized any more', 'URLMECH INTERNAL');
  },
};
