import { ALL_RIGHTS } from '@postel/storage';
import { type Command, ok } from '../command.ts';
import { requireMailbox } from '../find-mailbox.ts';
import { formatIdentifier } from '../identifier.ts';
import { parseMailboxName } from '../mailbox-name.ts';
import { toldRights } from '../rights.ts';

/** GETACL: RFC 4314 §3.3. The owner comes first: in no list, but with all rights. */
export const getAcl: Command<string> = {
  name: 'GETACL',
  state: 'authenticated',
  parse: (args) => parseMailboxName(args.sp()),
  async run(session, mailboxName) {
    const { out, store } = session;
    const { account, id, name, owner } = await requireMailbox(session, mailboxName, 'a');
    const entries = await store.sharing.readRights(account, id);
    out.text('* ACL ');
    session.writeMailboxName(name).sp().astring(owner).sp().astring(toldRights(ALL_RIGHTS));
    for (const entry of entries) {
      out.sp().astring(formatIdentifier(entry.name, entry)).sp().astring(toldRights(entry.rights));
    }
    out.crlf();
    return ok('Rights told');
  },
};
