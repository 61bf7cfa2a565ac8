import { ALL_RIGHTS, type Mailbox, type MailboxName } from '@postel/storage';
import type { Access } from './find-mailbox.ts';
import { formatOwnedName, isOfOtherUsers, OTHER_USERS } from './other-users.ts';
import type { Session } from './session.ts';

/** A mailbox that may be listed. */
export type ListedMailbox = Mailbox & Access;

/**
 * The names that a session may know: of its own mailboxes, and of those of others in which it has the right `l`, each in order.
 *
 * @param under only this name and what is below it; null for all
 */
export async function listNames(session: Session, under: string | null): Promise<readonly MailboxName[]> {
  const { store, account } = session;
  const [own, shared] = await Promise.all([
    under !== null && isOfOtherUsers(under) ? [] : store.mailboxes.listNames(account.accountId, under),
    listShared(session, under),
  ]);
  return shared.length === 0 ? own : [...own, ...shared];
}

/** As `listNames`, the mailboxes themselves. */
export async function listMailboxes(session: Session, under: string | null): Promise<readonly ListedMailbox[]> {
  const { store, account } = session;
  const [own, shared] = await Promise.all([
    under !== null && isOfOtherUsers(under) ? [] : store.mailboxes.list(account.accountId, under),
    listShared(session, under),
  ]);
  return [
    ...own.map((mailbox) => ({ ...mailbox, owner: account.name, ownName: mailbox.name, rights: ALL_RIGHTS })),
    ...shared,
  ];
}

/** As each is called here. Whether it is subscribed to says its owner's row; those who ask look among their own subscriptions. */
async function listShared({ store, account }: Session, under: string | null): Promise<readonly ListedMailbox[]> {
  if (under !== null && under !== OTHER_USERS && !isOfOtherUsers(under)) return [];
  const shared = await store.sharing.listMailboxes(account.accountId);
  return shared
    .filter(({ rights }) => rights.has('l'))
    .map((mailbox) => ({ ...mailbox, name: formatOwnedName(mailbox), ownName: mailbox.name, specialUse: null }))
    .filter(({ name }) => under === null || name === under || name.startsWith(`${under}/`));
}
