import { type Command, No, ok } from '../command.ts';
import { findMailbox } from '../find-mailbox.ts';
import { listNames } from '../list-mailboxes.ts';
import { type GivenName, parseGivenName } from '../mailbox-name.ts';
import { tellChangedName } from '../tell-name.ts';

/**
 * DELETE: RFC 3501 §6.3.4.
 *
 * Mailboxes below stay, and the name with them, as `\Noselect`, until the last of them is gone: the RFC permits that, other
 * servers do it, and clients that delete a whole tree may begin at either end. A name that is only such a level cannot be
 * deleted. Nor does a subscription end (RFC 3501 §6.3.6).
 */
export const deleteMailbox: Command<GivenName> = {
  name: 'DELETE',
  state: 'authenticated',
  parse: (args) => parseGivenName(args.sp()),
  async run(session, givenName) {
    const { store } = session;
    const { name } = givenName;
    const mailbox = await findMailbox(session, name, 'x');
    if (mailbox === null) {
      const below = await listNames(session, name);
      throw below.length > 0
        ? new No('The mailbox is deleted already: only those below it are left', 'HASCHILDREN')
        : new No('No such mailbox', 'NONEXISTENT');
    }
    const { account, id, ownName } = mailbox;
    if (ownName === 'INBOX') throw new No('INBOX cannot be deleted', 'CANNOT');
    const modseq = await store.mailboxes.delete(account, id, ownName);
    session.notifications?.made({ account, modSeq: modseq });
    const selected = session.selected?.mailbox;
    if (selected?.id === id && selected.account === account) session.unselect();
    await tellChangedName(session, givenName);
    return ok('Deleted');
  },
};
