import type { Sql } from '@postel/storage';
import { accountSubject } from './account-state.ts';
import type { Actor } from './actor.ts';
import { findAccount, requireSameAccount } from './find-account.ts';
import type { HashPool } from './hash-pool.ts';
import { acceptPassword, derivePasswordKeys, findScramParameters, storePassword } from './passwords.ts';
import { revoke } from './transaction.ts';

/** Salt and iteration count stay those of the account: other credentials of it are derived with them. */
export async function setPassword(
  sql: Sql,
  actor: Actor,
  pool: HashPool,
  accountName: string,
  password: string | null,
): Promise<void> {
  if (password === null) {
    await revoke(sql, actor, async (tx, note) => {
      const account = await findAccount(tx, accountName);
      await note(accountSubject(accountName));
      await storePassword(tx, account, null);
    });
    return;
  }
  const accepted = await acceptPassword(password);
  const parameters = await findScramParameters(sql, accountName);

  // No transaction is open while the keys are derived, so the account may be another one of that name when they are ready.
  const keys = await derivePasswordKeys(pool, accepted, parameters);
  await revoke(sql, actor, async (tx, note) => {
    await requireSameAccount(tx, accountName, parameters.accountId);
    await note(accountSubject(accountName));
    await storePassword(tx, parameters.accountId, keys);
  });
}
