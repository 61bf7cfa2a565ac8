import { HIERARCHY_DELIMITER } from '@postel/storage';
import { type Command, No, ok } from '../command.ts';
import { parseMailboxName, parseNewMailboxName, requireMailboxName } from '../mailbox-name.ts';

interface RenameArgs {
  readonly from: string;
  readonly to: string;
}

/**
 * RENAME: RFC 3501 §6.3.5. Mailboxes below go with it, and superiors that are missing are created. RENAME of INBOX moves its
 * messages to a new mailbox, which may be below INBOX. Sessions that have one of them selected go on.
 */
export const rename: Command<RenameArgs> = {
  name: 'RENAME',
  state: 'authenticated',
  parse(args) {
    const from = parseMailboxName(args.sp());
    return { from, to: parseNewMailboxName(args.sp()) };
  },
  async run(session, { from, to }) {
    requireMailboxName(to);
    if (from !== 'INBOX' && to.startsWith(`${from}${HIERARCHY_DELIMITER}`)) {
      throw new No('A mailbox cannot be below itself', 'CANNOT');
    }
    await session.store.renameMailbox(session.account.accountId, from, to);
    await session.syncAfterChange({ ask: 'memory', expunges: true }); // of INBOX
    return ok('Renamed');
  },
};
