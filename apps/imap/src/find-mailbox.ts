import type { IdentifiedAccount } from '@postel/directory';
import { ALL_RIGHTS, type FoundMailbox, HIERARCHY_DELIMITER, type Rights, type Store } from '@postel/storage';
import { No } from './command.ts';
import { isOfOtherUsers, parseOwnedName } from './other-users.ts';
import { isGranted, type Need } from './rights.ts';
import type { Session } from './session.ts';

/** What a session knows of a mailbox beside the mailbox. */
export interface Access {
  /** The name of the account whose it is. */
  readonly owner: string;
  /** What the owner calls it; `name` is what the session does. */
  readonly ownName: string;
  /** What the session may do with it. */
  readonly rights: Rights;
}

export type KnownMailbox = FoundMailbox & Access;

/**
 * The mailbox of that name, if whoever is logged in may do with it what is needed. Every command that takes a name comes by
 * here or by `list-mailboxes.ts`, so that no other knows of rights (RFC 4314 §4).
 *
 * @returns null if there is none; and also if there is one, but nobody is to know (RFC 4314 §6)
 * @throws {No} [NOPERM] if it may be known of, and no more than that
 */
export async function findMailbox({ store, account }: Session, name: string, need: Need): Promise<KnownMailbox | null> {
  const mailbox = await findMailboxOf(store, account, name);
  if (mailbox === null || isGranted(mailbox.rights, need)) return mailbox;
  if (mailbox.rights.has('l')) throw notPermitted();
  return null;
}

/** @throws {No} [NONEXISTENT]; [NOPERM] as findMailbox */
export async function requireMailbox(session: Session, name: string, need: Need): Promise<KnownMailbox> {
  const mailbox = await findMailbox(session, name, need);
  if (mailbox === null) throw new No('No such mailbox', 'NONEXISTENT');
  return mailbox;
}

/** As whoever is logged in, or somebody else, finds it, with all that may be done with it; null if that is nothing. */
export async function findMailboxOf(
  store: Store,
  { accountId, name: reader }: IdentifiedAccount,
  name: string,
): Promise<KnownMailbox | null> {
  const owned = parseOwnedName(name);
  if (owned === null) {
    const own = isOfOtherUsers(name) ? null : await store.mailboxes.find(accountId, name);
    return own === null ? null : { ...own, owner: reader, ownName: own.name, rights: ALL_RIGHTS };
  }
  const shared = await store.sharing.findMailbox(accountId, owned.owner, owned.name);
  if (shared === null) return null;
  return { ...shared, name, ownName: shared.name, specialUse: null }; // whose use it is: RFC 6154 §2
}

/** Where a mailbox of that name would be made: in whose account, and under what name there. */
export interface Place {
  readonly account: FoundMailbox['account'];
  readonly ownName: string;
}

/**
 * Where whoever is logged in may make a mailbox of that name: in another account below one where `k` was given, the nearest there is
 * (RFC 4314 §4).
 *
 * @throws {No} [NOPERM], whatever is there and whoever
 */
export async function requirePlace({ store, account }: Session, name: string): Promise<Place> {
  const { accountId } = account;
  if (!isOfOtherUsers(name)) return { account: accountId, ownName: name };
  const owned = parseOwnedName(name);
  const above = owned === null ? null : await store.sharing.findSuperior(accountId, owned.owner, superiors(owned.name));
  if (owned === null || !above?.rights.has('k')) throw notPermitted();
  return { account: above.account, ownName: owned.name };
}

function superiors(name: string): readonly string[] {
  const levels = name.split(HIERARCHY_DELIMITER);
  return levels.slice(1).map((_, above) => levels.slice(0, above + 1).join(HIERARCHY_DELIMITER));
}

export const notPermitted = () => new No('You may not do that with this mailbox', 'NOPERM');
