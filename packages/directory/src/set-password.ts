import type { Sql } from '@postel/storage';
import { findAccount, requireSameAccount } from './find-account.ts';
import type { HashPool } from './hash-pool.ts';
import { acceptPassword, derivePasswordKeys, findScramParameters, storePassword } from './passwords.ts';
import { revoke } from './transaction.ts';

/** Salt and iteration count stay those of the account: other credentials of it are derived with them. */
export async function setPassword(
  sql: Sql,
  pool: HashPool,
  accountName: string,
  password: string | null,
): Promise<void> {
  if (password === null) {
    await revoke(sql, async (tx) => storePassword(tx, await findAccount(tx, accountName), null));
    return;
  }
  const accepted = await acceptPassword(password);
  const parameters = await findScramParameters(sql, accountName);

  // No transaction is open while the keys are derived, so the account may be another one of that name when they are ready.
  const keys = await derivePasswordKeys(pool, accepted, parameters);
  await revoke(sql, async (tx) => {
    await requireSameAccount(tx, accountName, parameters.accountId);
    await storePassword(tx, parameters.accountId, keys);
  });
}
