import type { Sql } from './database.ts';
import { translateDatabaseError } from './errors.ts';
import { sizeColumn, type WaitingUse } from './waiting-deliveries.ts';

/** What waits for one account. */
export interface WaitingSummary extends WaitingUse {
  readonly account: string;
  readonly isDisabled: boolean;
  readonly oldest: Date;
}

/** A copy that waits, as an operator sees it. */
export interface WaitingCopy {
  readonly id: string;
  readonly account: string;
  readonly queuedAt: Date;
  /** '' for the null reverse-path. */
  readonly reversePath: string;
  readonly forwardPath: string;
  /** The account that sent it; null: it came from another server. */
  readonly sender: string | null;
  readonly sizeOctets: number;
  readonly attempts: number;
  readonly nextAttemptAt: Date;
  readonly failure: string;
}

/** Which of them: of an account, or one by its id or how that begins; null: whichever. */
export interface WaitingSelection {
  readonly account: string | null;
  readonly id: string | null;
  /** No more than so many, left out: all. */
  readonly limit?: number;
}

/** By account. @param limit no more than so many, left out: all. @throws {StorageError} 'unavailable' */
export async function summarizeWaiting(sql: Sql, limit: number | null = null): Promise<readonly WaitingSummary[]> {
  return await translated(
    () => sql.read<WaitingSummary[]>`
      select a.name as account, a.is_disabled as "isDisabled", count(*) as copies, sum(${sizeColumn(sql)})::bigint as octets,
             min(w.queued_at) as oldest
        from waiting_deliveries as w join accounts as a on a.account_id = w.account_id
       group by a.account_id, a.name, a.is_disabled order by a.name limit ${limit}::bigint`,
  );
}

/** The oldest first. @throws {StorageError} 'unavailable' */
export async function listWaiting(sql: Sql, selection: WaitingSelection): Promise<readonly WaitingCopy[]> {
  return await translated(
    () => sql.read<WaitingCopy[]>`
      select w.delivery_id as id, a.name as account, w.queued_at as "queuedAt", w.reverse_path as "reversePath",
             w.forward_path as "forwardPath", w.details ->> 'sender' as sender, ${sizeColumn(sql)}::bigint as "sizeOctets",
             w.attempts, w.next_attempt_at as "nextAttemptAt", w.last_failure as failure
        from waiting_deliveries as w join accounts as a on a.account_id = w.account_id
       where ${chosen(sql, selection)} order by w.queued_at, w.delivery_id limit ${selection.limit ?? null}::bigint`,
  );
}

/** Makes them due at once. @returns how many. @throws {StorageError} 'unavailable' */
export async function retryWaiting(sql: Sql, selection: WaitingSelection): Promise<number> {
  const { count } = await translated(
    () => sql`
      update waiting_deliveries as w set next_attempt_at = now() from accounts as a
       where a.account_id = w.account_id and ${chosen(sql, selection)}`,
  );
  return count;
}

/** Removes them: nobody gets them, and nobody is told. @returns how many. @throws {StorageError} 'unavailable' */
export async function dropWaiting(sql: Sql, copies: readonly WaitingCopy[]): Promise<number> {
  const ids = `{${copies.map(({ id }) => id).join(',')}}`;
  return await translated(() =>
    sql.begin(async (tx) => {
      await tx`
        update mail_transactions as t set outcome = 'given-up', settled_at = now()
          from waiting_deliveries as w
         where w.delivery_id = any(${ids}::uuid[]) and t.account_id = w.account_id and t.outcome = 'waiting'
           and t.connection_id = split_part(w.details ->> 'id', '-', 1) and t.message_no::text = split_part(w.details ->> 'id', '-', 2)`;
      const { count } = await tx`delete from waiting_deliveries where delivery_id = any(${ids}::uuid[])`;
      await tx`
        delete from waiting_contents as c
         where delivery_id = any(${ids}::uuid[])
           and not exists (select from waiting_deliveries as w
                            where w.account_id = c.account_id and w.delivery_id = c.delivery_id)`;
      return count;
    }),
  );
}

const chosen = (sql: Sql, { account, id }: WaitingSelection) => sql`
  (${account}::text is null or a.name = ${account}::text)
  and (${id}::text is null or starts_with(w.delivery_id::text, ${id}::text))`;

async function translated<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw translateDatabaseError(error);
  }
}

/** Copies that wait for their accounts, and messages that wait for their time. */
export async function countWaiting(sql: Sql): Promise<{ readonly waiting: number; readonly held: number }> {
  const [row] = await sql.read<{ waiting: number; held: number }[]>`
    select (select count(*)::integer from waiting_deliveries) as waiting,
           (select count(*)::integer from held_messages) as held`;
  return row ?? { waiting: 0, held: 0 };
}
