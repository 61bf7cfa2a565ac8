import { type Command, No, ok } from '../command.ts';
import { findMailbox } from '../find-mailbox.ts';
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
    const { accountId } = session.account;
    if (name === 'INBOX') throw new No('INBOX cannot be deleted', 'CANNOT');
    const mailbox = await findMailbox(session, name);
    if (mailbox === null) {
      const below = await store.listNames(accountId, name);
      throw below.length > 0
        ? new No('The mailbox is deleted already: only those below it are left', 'HASCHILDREN')
        : new No('No such mailbox', 'NONEXISTENT');
    }
    const modseq = await store.deleteMailbox(mailbox.account, mailbox.id, name);
    session.notifications?.made(modseq);
    if (session.selected?.mailbox.id === mailbox.id) session.unselect();
    await tellChangedName(session, givenName);
    return ok('Deleted');
  },
};
