import type { Sql } from '../database.ts';
import type { AccountId } from '../ids.ts';
import { type Finding, finding } from './finding.ts';

interface Mark {
  readonly rewoundAt: Date;
  readonly modseq: number;
  readonly seenModseq: number | null;
}

/** Whether the account is marked as one that went back in time. It takes no change then, and so no repair. */
export async function verifyRewound(sql: Sql, account: AccountId): Promise<Finding | null> {
  const [mark] = await sql.read<Mark[]>`
    select rewound_at as "rewoundAt", modseq, seen_modseq as "seenModseq" from accounts
     where account_id = ${account}::bigint and rewound_at is not null`;
  if (mark === undefined) return null;
  const { rewoundAt, modseq, seenModseq } = mark;
  const seen = seenModseq === null ? '' : `: its modseq is ${modseq}, while ${seenModseq} had been seen`;
  const problem = `it was found on ${rewoundAt.toISOString()} to have gone back in time, and takes no change${seen}`;
  return finding('account', account, problem, { advice: 'run `postel recover`, and then this again' });
}
