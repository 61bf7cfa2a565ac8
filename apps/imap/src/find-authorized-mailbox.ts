import { randomBytes } from 'node:crypto';
import { type AuthorizedUrl, isAuthorized, type UrlAccess } from './authorized-url.ts';
import { findMailboxOf, type KnownMailbox } from './find-mailbox.ts';
import { parseOwnedName } from './other-users.ts';
import type { Session } from './session.ts';

/** For URLs that nobody has authorized, so that they take as long. */
const NO_KEY = randomBytes(32);

/**
 * The mailbox that a URL is about, if the URL is good now, and for whoever is logged in: RFC 4467 §6. It gives what the user in it may
 * read at this moment, and no more. Before the token is found to be good, nothing is looked at whose time would tell what there is.
 */
export async function findAuthorizedMailbox(session: Session, url: AuthorizedUrl): Promise<KnownMailbox | null> {
  const { store, services } = session;
  const { message, access, expiresAt, user: userName } = url.rump;
  const user = await services.directory.identify(userName);
  const owned = parseOwnedName(message.mailboxName);
  const owner = owned?.owner ?? user?.name ?? '';
  const key = await store.urlKeys.find(user?.accountId ?? null, owner, owned?.name ?? message.mailboxName);
  const isGood = isAuthorized(url, key ?? NO_KEY);
  if (!isGood || key === null || user === null || user.isDisabled) return null;
  if (expiresAt !== null && expiresAt.getTime() <= Date.now()) return null;
  if (!(await mayUse(session, access))) return null;
  const mailbox = await findMailboxOf(store, user, message.mailboxName);
  return mailbox?.rights.has('r') ? mailbox : null;
}

async function mayUse({ account, services }: Session, access: UrlAccess): Promise<boolean> {
  switch (access.type) {
    case 'anonymous':
      return true;
    case 'authuser':
      return account.credential.type !== 'anonymous';
    case 'user': {
      const user = await services.directory.identify(access.user);
      return user?.accountId === account.accountId && account.credential.type !== 'anonymous';
    }
    case 'submit':
      return false; // nobody who logs in here submits messages for others
    default:
      return access satisfies never;
  }
}
