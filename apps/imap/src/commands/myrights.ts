import { type Command, ok } from '../command.ts';
import { requireMailbox } from '../find-mailbox.ts';
import { parseMailboxName } from '../mailbox-name.ts';
import { writeMyRights } from '../my-rights.ts';
import { anyOf } from '../rights.ts';

/** MYRIGHTS: RFC 4314 §3.5. */
export const myRights: Command<string> = {
  name: 'MYRIGHTS',
  state: 'authenticated',
  parse: (args) => parseMailboxName(args.sp()),
  async run(session, mailboxName) {
    writeMyRights(session, await requireMailbox(session, mailboxName, anyOf('l', 'r', 'i', 'k', 'x', 'a')));
    return ok('Rights told');
  },
};
