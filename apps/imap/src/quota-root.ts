import type { IdentifiedAccount } from '@postel/directory';
import type { ResponseWriter } from '@postel/imap-wire';
import { limitedResources, type Quota } from '@postel/quota';
import { No } from './command.ts';
import type { Session } from './session.ts';

/** The quota root (RFC 9208 §3.2) of one's own account, which all its mailboxes share. Mail programs show the name to people. */
export const QUOTA_ROOT = 'User quota';

/** In front of the name of an account: its root, for those who administer the server. */
const ROOT_OF = 'user/';

/** Use is nobody's business but the owner's (RFC 9208 §8). */
export function seesQuota({ account }: Session): boolean {
  return account.credential.type !== 'anonymous';
}

/**
 * Whose root it is: one's own, or by `user/mary` that of any account, to those who administer the server, by its name or an address. To
 * everybody else there is no other, whoever is there.
 *
 * @throws {No} [NONEXISTENT]; [NOPERM] if nobody who logs in so sees a quota
 */
export async function findQuotaRoot(session: Session, root: string): Promise<IdentifiedAccount> {
  const { account } = session;
  const { directory } = session.services;
  if (!seesQuota(session)) throw new No('Not for everybody', 'NOPERM');
  if (root === QUOTA_ROOT) return account;
  const isNamed = root.startsWith(ROOT_OF) && (await directory.mayAdminister(account));
  const found = isNamed ? await directory.identify(root.slice(ROOT_OF.length)) : null;
  if (found === null) throw noSuchRoot();
  return found;
}

/** The root of mailboxes of somebody else; null for those who do not administer the server, and if there is no such account. */
export async function findRootOfOther(
  { account, services: { directory } }: Session,
  owner: string,
): Promise<(IdentifiedAccount & { readonly root: string }) | null> {
  const found = (await directory.mayAdminister(account)) ? await directory.identify(owner) : null;
  return found === null ? null : { ...found, root: `${ROOT_OF}${found.name}` };
}

export const noSuchRoot = () => new No('No such quota root', 'NONEXISTENT');

/** QUOTA: RFC 9208 §4.2.1. The list is empty where nothing is limited, though §7 has at least one resource in it. */
export function writeQuota(out: ResponseWriter, root: string, quota: Quota): void {
  out.text('* QUOTA ').string(root).text(' (');
  limitedResources(quota).forEach(({ name, usage, limit }, index) => {
    if (index > 0) out.sp();
    out.text(name).sp().number(usage).sp().number(limit);
  });
  out.text(')').crlf();
}
