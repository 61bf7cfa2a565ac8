import { ALL_RIGHTS } from '@postel/storage';
import { type Command, ok } from '../command.ts';
import { requireMailbox } from '../find-mailbox.ts';
import { identify, parseIdentifier } from '../identifier.ts';
import { parseMailboxName } from '../mailbox-name.ts';
import { GRANTABLE, toldRights } from '../rights.ts';

interface ListRightsArgs {
  readonly mailboxName: string;
  readonly identifier: string;
}

/** LISTRIGHTS: RFC 4314 §3.4. No right is tied to another; the identifier is told as the client wrote it. */
export const listRights: Command<ListRightsArgs> = {
  name: 'LISTRIGHTS',
  state: 'authenticated',
  parse(args) {
    const mailboxName = parseMailboxName(args.sp());
    return { mailboxName, identifier: parseIdentifier(args.sp()) };
  },
  async run(session, { mailboxName, identifier }) {
    const { out } = session;
    const mailbox = await requireMailbox(session, mailboxName, 'a');
    const grantee = await identify(session, mailbox, identifier);
    out.text('* LISTRIGHTS ');
    session.writeMailboxName(mailbox.name).sp().astring(identifier).sp();
    if (grantee === 'owner') out.astring(toldRights(ALL_RIGHTS));
    else out.text(`"" ${GRANTABLE.join(' ')}`);
    out.crlf();
    return ok('Rights told');
  },
};
