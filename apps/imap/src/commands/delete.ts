import { HIERARCHY_DELIMITER } from '@postel/storage';
import { type Command, No, ok } from '../command.ts';

/** DELETE: RFC 9051 §6.3.5. */
export const deleteMailbox: Command<string> = {
  name: 'DELETE',
  state: 'authenticated',
  parse: (args) => args.sp().mailbox(),
  async run(session, name) {
    const { account, store } = session;
    if (name === 'INBOX') throw new No('INBOX cannot be deleted', 'CANNOT');
    const mailboxes = await store.listMailboxes(account.accountId);
    const mailbox = mailboxes.find((one) => one.name === name);
    if (mailbox === undefined) throw new No('No such mailbox', 'NONEXISTENT');
    if (mailboxes.some((one) => one.name.startsWith(`${name}${HIERARCHY_DELIMITER}`))) {
      throw new No('Delete the mailboxes below it first', 'CANNOT');
    }
    if (session.selected?.mailbox.id === mailbox.id) session.unselect();
    await store.deleteMailbox(account.accountId, mailbox.id);
    return ok('Deleted');
  },
};
