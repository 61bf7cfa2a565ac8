import type { Sql } from '../database.ts';
import type { AccountId } from '../ids.ts';
import { type Finding, finding } from './finding.ts';

/** As many as are told of at once: nobody reads more. */
const MOST_ROWS = 1_000;

/** Something is wrong with what one account sees of the mailboxes of another. */
export interface ShareBreach {
  readonly found: Finding;
  readonly owner: AccountId;
  /** 0: everybody. */
  readonly reader: number;
}

/**
 * Whether `shares` says of the lists of rights what is in them: of those that the account has given, and of those in which it
 * is itself. And whether all whom its lists name are there.
 */
export async function verifyShares(sql: Sql, account: AccountId): Promise<readonly ShareBreach[]> {
  const rows = await sql.read<{ owner: AccountId; reader: number; problem: keyof typeof PROBLEMS }[]>`
    select l.account_id as owner, l.reader_id as reader, 'unlisted' as problem
      from (select distinct account_id, reader_id from acls where account_id = ${account}::bigint) as l
     where not exists (select from shares as s where s.account_id = l.reader_id and s.owner_id = l.account_id)
     union all
    select s.owner_id, s.account_id, 'unfounded' from shares as s
     where (s.account_id = ${account}::bigint or (s.account_id = 0 and s.owner_id = ${account}::bigint))
       and not exists (select from acls as l where l.account_id = s.owner_id and l.reader_id = s.account_id)
     union all
    select l.account_id, l.reader_id, 'nobody'
      from (select distinct account_id, reader_id from acls where account_id = ${account}::bigint and reader_id <> 0) as l
     where not exists (select from accounts as a where a.account_id = l.reader_id)
     order by 1, 2, 3 limit ${MOST_ROWS}::integer`;
  return rows.map(({ owner, reader, problem }) => {
    const { repair, tell } = PROBLEMS[problem];
    const whom = reader === 0 ? 'everybody' : `account ${reader}`;
    return { found: finding('rights', account, tell(whom, owner), { repair }), owner, reader };
  });
}

const PROBLEMS = {
  unlisted: {
    repair: 'list it',
    tell: (whom: string) => `its mailboxes give rights to ${whom}, which table shares does not say`,
  },
  unfounded: {
    repair: 'take the row away',
    tell: (whom: string, owner: AccountId) =>
      `table shares says that account ${owner} gives rights to ${whom}, which none of its mailboxes does`,
  },
  nobody: {
    repair: 'take the entries away',
    tell: (whom: string) => `its mailboxes give rights to ${whom}, which does not exist`,
  },
} as const;

/** Under the row of the owner, who alone writes both. Nobody sees an entry for an account that has gone, so no modseq is taken. */
export async function repairShare(sql: Sql, { owner, reader }: ShareBreach): Promise<void> {
  await sql.begin(async (tx) => {
    await tx`select from accounts where account_id = ${owner}::bigint for no key update`;
    await tx`
      delete from acls where account_id = ${owner}::bigint and reader_id = ${reader}::bigint and reader_id <> 0
         and not exists (select from accounts as a where a.account_id = ${reader}::bigint)`;
    await tx`select keep_share(${owner}::bigint, ${reader}::bigint)`;
  });
}
