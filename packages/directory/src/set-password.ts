import type { AccountId, Sql } from '@postel/storage';
import { noSuchAccount } from './find-account.ts';
import type { HashPool } from './hash-pool.ts';
import { type AccountScramParameters, acceptPassword, derivePasswordKeys, storePassword } from './passwords.ts';
import { changeDirectory, readDirectory } from './transaction.ts';

/** Salt and iteration count stay those of the account: other credentials of it are derived with them. */
export async function setPassword(sql: Sql, pool: HashPool, accountName: string, password: string): Promise<void> {
  const accepted = await acceptPassword(password);
  const [account] = await readDirectory(
    () => sql.read<(AccountScramParameters & { accountId: AccountId })[]>`
      select account_id as "accountId", sha256_salt as "sha256Salt", sha256_iterations as "sha256Iterations",
             sha1_salt as "sha1Salt", sha1_iterations as "sha1Iterations"
        from accounts join scram_parameters using (account_id) where name = ${accountName}`,
  );
  if (account === undefined) throw noSuchAccount(accountName);

  // No transaction is open while the keys are derived, so the account may be gone when they are ready.
  const keys = await derivePasswordKeys(pool, accepted, account);
  await changeDirectory(sql, async (tx) => {
    const [stillThere] = await tx`select from accounts where account_id = ${account.accountId}`;
    if (stillThere === undefined) throw noSuchAccount(accountName);
    await storePassword(tx, account.accountId, keys);
  });
}
