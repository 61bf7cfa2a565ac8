import type { Arguments } from '@postel/imap-wire';
import { ALL_RIGHTS, isRight, type Right, type Rights, type RightsEdit } from '@postel/storage';
import { Bad, type Command, No, ok } from '../command.ts';
import { requireMailbox } from '../find-mailbox.ts';
import { identify, parseIdentifier } from '../identifier.ts';
import { parseMailboxName } from '../mailbox-name.ts';

interface SetAclArgs {
  readonly mailboxName: string;
  readonly identifier: string;
  readonly edit: RightsEdit;
}

/** What the virtual rights of RFC 4314 §2.1.1 stand for. */
const VIRTUAL: ReadonlyMap<string, readonly Right[]> = new Map([
  ['c', ['k', 'x']],
  ['d', ['t', 'e']],
]);

/** SETACL: RFC 4314 §3.1. Those who lose a right to a mailbox that they have selected lose the connection: see Session. */
export const setAcl: Command<SetAclArgs> = {
  name: 'SETACL',
  state: 'authenticated',
  parse(args) {
    const mailboxName = parseMailboxName(args.sp());
    const identifier = parseIdentifier(args.sp());
    return { mailboxName, identifier, edit: parseModification(args.sp()) };
  },
  async run(session, { mailboxName, identifier, edit }) {
    const mailbox = await requireMailbox(session, mailboxName, 'a');
    const grantee = await identify(session, mailbox, identifier);
    if (grantee !== 'owner') {
      await session.store.sharing.setRights(mailbox.account, mailbox.id, grantee, edit);
      void session.services.watchedSharers.look();
    } else if (!leavesAll(edit, identifier)) throw new No('The owner has all rights', 'CANNOT');
    return ok('Rights set');
  },
};

/** mod-rights: RFC 4314 §7. */
function parseModification(args: Arguments): RightsEdit {
  const text = args.astring();
  const mode = text.startsWith('+') ? 'add' : text.startsWith('-') ? 'remove' : 'replace';
  return { mode, rights: parseRights(mode === 'replace' ? text : text.slice(1)) };
}

function parseRights(letters: string): Rights {
  const rights = new Set<Right>();
  for (const letter of letters) {
    for (const right of VIRTUAL.get(letter) ?? [letter]) {
      if (!isRight(right)) throw new Bad('No such right');
      rights.add(right);
    }
  }
  return rights;
}

/** Whether the owner has the same rights as ever afterwards. */
function leavesAll({ mode, rights }: RightsEdit, identifier: string): boolean {
  const gives = !identifier.startsWith('-');
  if (mode === 'replace') return gives ? ALL_RIGHTS.isSubsetOf(rights) : rights.size === 0;
  return rights.size === 0 || gives === (mode === 'add');
}
