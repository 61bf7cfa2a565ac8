import type { Sql } from '@postel/storage';
import { accountSubject } from './account-state.ts';
import type { Actor } from './actor.ts';
import { requireDomains, setAdministered } from './administered.ts';
import type { Role } from './directory.ts';
import { findAccount } from './find-account.ts';
import type { AuthenticatedAccount, LoginCredential } from './login.ts';
import { changeDirectory, readDirectory } from './transaction.ts';

/** Whether a login by it has all that the account may; app passwords are for one program or device, and ANONYMOUS is for everybody. */
const ADMINISTERS = {
  password: true,
  'tls-public-key': true,
  token: true,
  'app-password': false,
  anonymous: false,
} as const satisfies Record<LoginCredential['type'], boolean>;

export async function setRole(
  sql: Sql,
  actor: Actor,
  accountName: string,
  role: Role,
  domains: readonly string[],
): Promise<void> {
  requireDomains(role, domains);
  await changeDirectory(sql, actor, async (tx, note) => {
    const account = await findAccount(tx, accountName);
    await note(accountSubject(accountName));
    await tx`update accounts set role = ${role} where account_id = ${account}`;
    await setAdministered(tx, account, domains);
  });
}

/** The database is asked each time, so that a role that is taken away is gone with the next command. */
export async function mayAdminister(sql: Sql, { accountId, credential }: AuthenticatedAccount): Promise<boolean> {
  if (!ADMINISTERS[credential.type]) return false;
  const [owner] = await readDirectory(
    () => sql.read`select from accounts where account_id = ${accountId} and role = 'owner' and not is_disabled`,
  );
  return owner !== undefined;
}
