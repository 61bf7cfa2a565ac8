import { HIERARCHY_DELIMITER } from '@postel/storage';
import { type Command, No, ok } from '../command.ts';
import { parseMailboxName } from '../mailbox-name.ts';

/** DELETE: RFC 9051 §6.3.5. Names below keep theirs: they must go first, so that no mailbox is without its parent. */
export const deleteMailbox: Command<string> = {
  name: 'DELETE',
  state: 'authenticated',
  parse: (args) => parseMailboxName(args.sp()),
  async run(session, name) {
    const { account, store } = session;
    if (name === 'INBOX') throw new No('INBOX cannot be deleted', 'CANNOT');
    const mailboxes = await store.listMailboxes(account.accountId);
    const mailbox = mailboxes.find((one) => one.name === name);
    if (mailbox === undefined) throw new No('No such mailbox', 'NONEXISTENT');
    if (mailboxes.some((one) => one.name.startsWith(`${name}${HIERARCHY_DELIMITER}`))) {
      throw new No('Delete the mailboxes below it first', 'HASCHILDREN');
    }
    await store.deleteMailbox(account.accountId, mailbox.id);
    if (session.selected?.mailbox.id === mailbox.id) session.unselect();
    return ok('Deleted');
  },
};
