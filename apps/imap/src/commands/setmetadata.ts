import type { Arguments } from '@postel/imap-wire';
import { ANNOTATION_OCTETS, type AnnotationEdit, type ModSeq } from '@postel/storage';
import { Bad, type Command, No, ok } from '../command.ts';
import { notPermitted, requireMailbox } from '../find-mailbox.ts';
import { parseMailboxName } from '../mailbox-name.ts';
import { parseEntryToSet, SPECIAL_USE_ENTRY } from '../metadata-entry.ts';
import { mayAnnotate } from '../rights.ts';
import { checkFilter } from '../search-filters.ts';
import type { Session } from '../session.ts';
import { chosenUse, notYourUse } from '../special-uses.ts';

interface SetMetadataArgs {
  /** Empty: the server. */
  readonly mailboxName: string;
  /** By name as it is stored; null removes. */
  readonly entries: ReadonlyMap<string, Buffer | null>;
}

/**
 * SETMETADATA: RFC 5464 §4.3. All entries are set, or none.
 *
 * What the server says to all, its entries under /shared, is the administrator's to set (§3.3).
 */
export const setMetadata: Command<SetMetadataArgs> = {
  name: 'SETMETADATA',
  state: 'authenticated',
  takesMessage: (args) => (args.announcedLiteral?.size ?? 0) > ANNOTATION_OCTETS, // none is read: `parse` refuses it
  parse(args) {
    const mailboxName = parseMailboxName(args.sp());
    const entries = new Map(
      args.sp().list((item): [string, Buffer | null] => [parseEntryToSet(item), parseValue(item.sp())]),
    );
    if (entries.size === 0) throw new Bad('The name of an entry is missing');
    return { mailboxName, entries };
  },

  async run(session, { mailboxName, entries }) {
    const own = await (mailboxName === ''
      ? setOfServer(session, entries)
      : setOfMailbox(session, mailboxName, entries));
    if (own !== null) session.notifications?.made({ account: session.account.accountId, modSeq: own });
    await session.metadataNews?.tellAfterChange(own);
    return ok('Metadata set');
  },
};

/** nstring or literal8, as octets. */
function parseValue(args: Arguments): Buffer | null {
  if (args.peekMessageLiteral()) throw tooLong();
  const value = args.peekLiteral8() ? args.literal().octets : args.nstringOctets();
  if (value !== null && value.length > ANNOTATION_OCTETS) throw tooLong();
  return value;
}

const tooLong = () => new No('The value is too long', `METADATA MAXSIZE ${ANNOTATION_OCTETS}`);

async function setOfServer(session: Session, entries: SetMetadataArgs['entries']): Promise<ModSeq | null> {
  const { accountId } = session.account;
  if (session.account.credential.type === 'anonymous') throw new No('Not for guests', 'NOPERM'); // RFC 5466 §5
  const edit = editOf(entries, null);
  if (edit.shared.size > 0) throw new No('What the server tells all its users is set by its administrator', 'NOPERM');
  for (const [entry, value] of edit.private) checkFilter(entry, value);
  return await session.store.annotations.set(accountId, { owner: accountId, mailbox: null }, edit);
}

async function setOfMailbox(
  session: Session,
  name: string,
  entries: SetMetadataArgs['entries'],
): Promise<ModSeq | null> {
  const { accountId } = session.account;
  const use = entries.get(SPECIAL_USE_ENTRY);
  const specialUse = use === undefined ? null : (chosenUse(wordsOf(use)) ?? '');
  const mailbox = await requireMailbox(session, name, mayAnnotate);
  const edit = editOf(entries, specialUse);
  // They take of the owner's room: who may only read has none of it to give away.
  if (edit.shared.size > 0 && !mailbox.rights.has('w')) throw notPermitted();
  if (specialUse !== null && mailbox.account !== accountId) {
    throw notYourUse();
  }
  if (specialUse !== null && specialUse !== '' && mailbox.isRejects) {
    throw new No('This mailbox takes only mail that was not delivered', 'USEATTR');
  }
  const about = { owner: mailbox.account, mailbox: mailbox.id };
  return await session.store.annotations.set(accountId, about, edit);
}

/** "A space-separated list of special-use attributes": RFC 6154 §4. */
function wordsOf(value: Buffer | null): readonly string[] {
  return (value?.toString('latin1') ?? '').split(' ').filter((word) => word !== '');
}

function editOf(entries: SetMetadataArgs['entries'], specialUse: string | null): AnnotationEdit {
  const edit = { private: new Map<string, Buffer | null>(), shared: new Map<string, Buffer | null>(), specialUse };
  for (const [entry, value] of entries) {
    if (entry === SPECIAL_USE_ENTRY && specialUse !== null) continue;
    (entry.startsWith('/private/') ? edit.private : edit.shared).set(entry, value);
  }
  return edit;
}
