import { type Command, ok } from '../command.ts';
import { parseNewMailboxName } from '../mailbox-name.ts';

/** UNSUBSCRIBE: RFC 3501 §6.3.7. OK also if the name was not subscribed, as RFC 9051 §6.3.8 has it. */
export const unsubscribe: Command<string> = {
  name: 'UNSUBSCRIBE',
  state: 'authenticated',
  parse: (args) => parseNewMailboxName(args.sp()).name,
  async run(session, name) {
    session.notifications?.made({ name });
    await session.store.mailboxes.unsubscribe(session.account.accountId, name);
    return ok('Unsubscribed');
  },
};
