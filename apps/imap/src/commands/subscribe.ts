import { type Command, ok } from '../command.ts';
import { parseNewMailboxName, requireMailboxName } from '../mailbox-name.ts';

/** SUBSCRIBE: RFC 3501 §6.3.6. There need not be a mailbox of that name. */
export const subscribe: Command<string> = {
  name: 'SUBSCRIBE',
  state: 'authenticated',
  parse: (args) => parseNewMailboxName(args.sp()).name,
  async run(session, name) {
    requireMailboxName(name);
    session.notifications?.made({ name });
    await session.store.mailboxes.subscribe(session.account.accountId, name);
    return ok('Subscribed');
  },
};
