import type { Sql } from '../database.ts';
import type { AccountId, MailboxId } from '../ids.ts';
import { numberArray } from '../sql-arrays.ts';
import { IdSet } from './id-set.ts';
import { repairAccount } from './repair.ts';

const SLICE_ROWS = 10_000;
/** As many as are found at once, so that memory is bounded; the next time finds others. */
const MOST_STRAYS = 100_000;

interface Place {
  readonly mailbox: MailboxId | 0;
  readonly uid: number;
}

/**
 * Email ids of deliveries that no message needs, and no tombstone which can be brought back. No index leads from a delivery to
 * its messages: so all messages are read once, in slices, and what seems to be left over is looked up once more, because
 * messages may have moved meanwhile.
 *
 * @throws the signal's reason, if it was aborted
 */
export async function findStrayDeliveries(
  sql: Sql,
  account: AccountId,
  signal: AbortSignal | undefined,
): Promise<readonly number[]> {
  const [row] = await sql.read<{ nextId: number }[]>`
    select next_object_id as "nextId" from accounts where account_id = ${account}::bigint`;
  if (row === undefined) return [];
  const needed = new IdSet();
  for (const table of ['messages', 'tombstones'] as const) {
    for await (const id of emailIds(sql, account, table, signal)) needed.add(id);
  }
  const strays: number[] = [];
  for (let above = 0; strays.length < MOST_STRAYS; ) {
    signal?.throwIfAborted();
    const slice = await sql.read<{ id: number }[]>`
      select email_id as id from deliveries
       where account_id = ${account}::bigint and email_id > ${above}::bigint and email_id < ${row.nextId}::bigint
       order by email_id limit ${SLICE_ROWS}::integer`;
    for (const { id } of slice) if (!needed.has(id)) strays.push(id);
    const last = slice.at(-1);
    if (last === undefined) break;
    above = last.id;
  }
  if (strays.length === 0) return [];
  const left = await sql.read.unsafe<{ id: number }[]>(STILL_STRAY, [account, numberArray(strays)]);
  return left.map(({ id }) => id);
}

/** @returns how many were removed: those that still nothing needs */
export async function removeStrayDeliveries(sql: Sql, account: AccountId, strays: readonly number[]): Promise<number> {
  let removed = 0;
  await repairAccount(sql, account, async (tx) => {
    const { count } = await tx.unsafe(
      `delete from deliveries where account_id = $1::bigint and email_id in (${STILL_STRAY})`,
      [account, numberArray(strays)],
    );
    removed = count;
  });
  return removed;
}

async function* emailIds(
  sql: Sql,
  account: AccountId,
  table: 'messages' | 'tombstones',
  signal: AbortSignal | undefined,
): AsyncGenerator<number, void> {
  for (let after: Place = { mailbox: 0, uid: 0 }; ; ) {
    signal?.throwIfAborted();
    const slice: readonly (Place & { readonly id: number })[] = await sql.read<(Place & { id: number })[]>`
      select mailbox_id as mailbox, uid, email_id as id from ${sql(table)}
       where account_id = ${account}::bigint and content_id is not null
         and (mailbox_id, uid) > (${after.mailbox}::bigint, ${after.uid}::bigint)
       order by mailbox_id, uid limit ${SLICE_ROWS}::integer`;
    for (const { id } of slice) yield id;
    const last = slice.at(-1);
    if (last === undefined) return;
    after = last;
  }
}

/** $1 account, $2 email ids. With EXCEPT each table is read once, whatever the planner thinks of them. */
const STILL_STRAY = `
  select id from unnest($2::bigint[]) as id
  except select email_id from messages where account_id = $1::bigint
  except select email_id from tombstones where account_id = $1::bigint and content_id is not null`;
