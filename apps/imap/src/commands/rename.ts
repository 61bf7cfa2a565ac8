import { HIERARCHY_DELIMITER } from '@postel/storage';
import { type Command, No, ok } from '../command.ts';
import { notPermitted, requireMailbox, requirePlace } from '../find-mailbox.ts';
import { type GivenName, parseGivenName, parseNewMailboxName, requireMailboxName } from '../mailbox-name.ts';
import { isOfOtherUsers } from '../other-users.ts';
import type { Session } from '../session.ts';
import { tellChangedName } from '../tell-name.ts';

interface RenameArgs {
  readonly from: GivenName;
  readonly to: GivenName;
}

/**
 * RENAME: RFC 3501 §6.3.5. Mailboxes below go with it, and superiors that are missing are created. RENAME of INBOX moves its
 * messages to a new mailbox, which may be below INBOX. Sessions that have one of them selected go on.
 *
 * A mailbox of somebody else stays with its owner, and needs the right `x` for itself and for all that goes with it (RFC 4314 §4).
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
    await renameMailbox(session, from.name, to.name);
    // RFC 9051 §6.3.6: what the old one was called, if either name is stored in another form.
    const isChanged = from.given !== from.name || to.given !== to.name;
    if (isChanged) await tellChangedName(session, { name: to.name, given: from.given });
    await session.syncAfterChange({ ask: 'memory', expunges: true }); // of INBOX
    return ok('Renamed');
  },
};

async function renameMailbox(session: Session, from: string, to: string): Promise<void> {
  const { store } = session;
  const { accountId } = session.account;
  if (!isOfOtherUsers(from) && !isOfOtherUsers(to)) {
    const modseq = await store.mailboxes.rename(accountId, from, to);
    session.notifications?.made({ account: accountId, modSeq: modseq });
    return;
  }
  const { account, ownName } = isOfOtherUsers(from)
    ? await requireMailbox(session, from, 'x')
    : { account: accountId, ownName: from };
  const place = await requirePlace(session, to);
  if (place.account !== account) throw new No('A mailbox stays with its owner', 'CANNOT');
  if (ownName === 'INBOX') throw new No('INBOX is renamed by its owner alone', 'CANNOT');
  const below = await store.sharing.rightsBelow(accountId, account, ownName);
  if (![...below.values()].every((rights) => rights.has('x'))) throw notPermitted();
  const modSeq = await store.mailboxes.rename(account, ownName, place.ownName);
  session.notifications?.made({ account, modSeq });
}
