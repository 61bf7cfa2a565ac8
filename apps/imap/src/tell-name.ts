import { HIERARCHY_DELIMITER } from '@postel/storage';
import { Abandoned } from './command.ts';
import { KnownNames } from './known-names.ts';
import { listNames } from './list-mailboxes.ts';
import type { GivenName } from './mailbox-name.ts';
import type { Session } from './session.ts';

/**
 * LIST of one mailbox, which in IMAP4rev2 belongs to SELECT (RFC 9051 §6.3.2), with the name that the client gave if that is
 * not how it is stored (§6.3.9.7).
 */
export async function tellName(session: Session, { name, given }: GivenName): Promise<void> {
  const stored = await listNames(session, name);
  const names = await KnownNames.of(stored, [], () => session.transport.flushMuch());
  const { exists, specialUse } = names.get(name);
  const attributes = [names.hasChildren(name) ? '\\HasChildren' : '\\HasNoChildren'];
  if (!exists) attributes.unshift('\\NonExistent');
  if (specialUse !== null) attributes.push(specialUse);
  session.out.text('* LIST ').flagList(attributes).text(` "${HIERARCHY_DELIMITER}" `);
  session.writeMailboxName(name);
  if (given !== name) {
    session.out.text(' ("OLDNAME" (');
    session.writeMailboxName(given).text('))');
  }
  session.out.crlf();
}

/**
 * As `tellName`, behind a command of IMAP4rev2 that took a name which is stored in another form, and only then. What the
 * command did is done, so that no failure of this is one of the command.
 */
export async function tellChangedName(session: Session, { name, given }: GivenName): Promise<void> {
  if (given === name || !session.hasEnabled('IMAP4rev2')) return;
  try {
    await tellName(session, { name, given });
  } catch (error) {
    if (error instanceof Abandoned) throw error;
    session.log.warn({ err: error }, 'the form of a name could not be told');
  }
}
