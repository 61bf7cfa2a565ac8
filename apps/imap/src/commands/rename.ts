import { HIERARCHY_DELIMITER } from '@postel/storage';
import { type Command, No, ok } from '../command.ts';
import { type GivenName, parseGivenName, parseNewMailboxName, requireMailboxName } from '../mailbox-name.ts';
import { tellChangedName } from '../tell-name.ts';

interface RenameArgs {
  readonly from: GivenName;
  readonly to: GivenName;
}

/**
 * RENAME: RFC 3501 §6.3.5. Mailboxes below go with it, and superiors that are missing are created. RENAME of INBOX moves its
 * messages to a new mailbox, which may be below INBOX. Sessions that have one of them selected go on.
 */
export const rename: Command<RenameArgs> = {
  name: 'RENAME',
  state: 'authenticated',
  parse(args) {
    const from = parseGivenName(args.sp());
    return { from, to: parseNewMailboxName(args.sp()) };
  },
  async run(session, { from, to }) {
    requireMailboxName(to.name);
    if (from.name !== 'INBOX' && to.name.startsWith(`${from.name}${HIERARCHY_DELIMITER}`)) {
      throw new No('A mailbox cannot be below itself', 'CANNOT');
    }
    const modseq = await session.store.renameMailbox(session.account.accountId, from.name, to.name);
    session.notifications?.made(modseq);
    // RFC 9051 §6.3.6: what the old one was called, if either name is stored in another form.
    const isChanged = from.given !== from.name || to.given !== to.name;
    if (isChanged) await tellChangedName(session, { name: to.name, given: from.given });
    await session.syncAfterChange({ ask: 'memory', expunges: true }); // of INBOX
    return ok('Renamed');
  },
};
