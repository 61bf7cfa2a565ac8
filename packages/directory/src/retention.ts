import type { Sql } from '@postel/storage';
import { accountSubject } from './account-state.ts';
import type { Actor } from './actor.ts';
import type { Retention, RetentionChange } from './directory.ts';
import { findAccount, noSuchAccount } from './find-account.ts';
import { changeLimits, readDirectory } from './transaction.ts';

interface RetentionRow {
  readonly days: number | null;
  readonly effectiveDays: number;
  readonly limitOctets: number | null;
  readonly effectiveLimitOctets: number | null;
  readonly retainedOctets: number;
}

export async function readRetention(sql: Sql, accountName: string): Promise<Retention> {
  const [row] = await readDirectory(
    () => sql.read<RetentionRow[]>`
      select retention_days as days, coalesce(retention_days, extract(day from retention_time(a))::integer) as "effectiveDays",
             retained_octets_limit as "limitOctets", retained_octets_cap(a) as "effectiveLimitOctets",
             retained_octets as "retainedOctets"
        from accounts as a where name = ${accountName}`,
  );
  if (row === undefined) throw noSuchAccount(accountName);
  return {
    days: row.effectiveDays,
    isDefaultDays: row.days === null,
    limitOctets: row.effectiveLimitOctets,
    isDefaultLimit: row.limitOctets === null,
    retainedOctets: row.retainedOctets,
  };
}

export async function changeRetention(
  sql: Sql,
  actor: Actor,
  accountName: string,
  change: RetentionChange,
): Promise<void> {
  await changeLimits(sql, actor, async (tx, note) => {
    const account = await findAccount(tx, accountName);
    await note(accountSubject(accountName));
    const { days, limitOctets } = change;
    if (days !== undefined) await tx`update accounts set retention_days = ${days} where account_id = ${account}`;
    if (limitOctets !== undefined) {
      await tx`update accounts set retained_octets_limit = ${limitOctets} where account_id = ${account}`;
    }
  });
}
