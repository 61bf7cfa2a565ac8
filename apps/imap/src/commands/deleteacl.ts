import { ALL_RIGHTS } from '@postel/storage';
import { type Command, No, ok } from '../command.ts';
import { requireMailbox } from '../find-mailbox.ts';
import { identify, parseIdentifier } from '../identifier.ts';
import { parseMailboxName } from '../mailbox-name.ts';

interface DeleteAclArgs {
  readonly mailboxName: string;
  readonly identifier: string;
}

/** DELETEACL: RFC 4314 §3.2. OK also if there was no such entry. */
export const deleteAcl: Command<DeleteAclArgs> = {
  name: 'DELETEACL',
  state: 'authenticated',
  parse(args) {
    const mailboxName = parseMailboxName(args.sp());
    return { mailboxName, identifier: parseIdentifier(args.sp()) };
  },
  async run(session, { mailboxName, identifier }) {
    const mailbox = await requireMailbox(session, mailboxName, 'a');
    const grantee = await identify(session, mailbox, identifier);
    if (grantee === 'owner') throw new No('The owner has all rights', 'CANNOT');
    await session.store.sharing.setRights(mailbox.account, mailbox.id, grantee, { mode: 'remove', rights: ALL_RIGHTS });
    return ok('Rights removed');
  },
};
