import type { Sql } from './database.ts';
import { translateDatabaseError } from './errors.ts';
import type { WaitingSelection } from './waiting-list.ts';

/** A message that is held, as an operator sees it. */
export interface ListedHeld {
  readonly id: string;
  /** Whose it is. */
  readonly account: string;
  readonly heldAt: Date;
  readonly releaseAt: Date;
  /** '' for the null reverse-path. */
  readonly reversePath: string;
  /** One of those whom it is for, null if that is nobody any more. */
  readonly forwardPath: string | null;
  readonly copies: number;
  readonly sizeOctets: number;
}

/** Those that are to be released first come first. @throws {StorageError} 'unavailable' */
export async function listHeld(sql: Sql, { account, id, limit }: WaitingSelection): Promise<readonly ListedHeld[]> {
  try {
    return await sql.read<ListedHeld[]>`
      select h.message_id as id, a.name as account, h.held_at as "heldAt", h.release_at as "releaseAt",
             h.reverse_path as "reversePath", c.path as "forwardPath", c.copies::integer as copies, h.size_octets as "sizeOctets"
        from held_messages as h join accounts as a on a.account_id = h.account_id
       cross join lateral (
         select min(c.forward_path) as path, count(*) as copies from held_copies as c
          where c.account_id = h.account_id and c.message_id = h.message_id) as c
       where (${account}::text is null or a.name = ${account}::text)
         and (${id}::text is null or starts_with(h.message_id::text, ${id}::text))
       order by h.release_at, h.message_id limit ${limit ?? null}::bigint`;
  } catch (error) {
    throw translateDatabaseError(error);
  }
}

/**
 * Takes messages back: nobody gets them, and nobody is told. One whose release has begun stays.
 *
 * @returns how many
 * @throws {StorageError} 'unavailable'
 */
export async function cancelHeld(sql: Sql, messages: readonly ListedHeld[]): Promise<number> {
  const ids = `{${messages.map(({ id }) => id).join(',')}}`;
  try {
    return await sql.begin(async (tx) => {
      await tx`
        update mail_transactions as t set outcome = 'given-up', settled_at = now(), release_at = null
          from held_copies as c join held_messages as h on h.account_id = c.account_id and h.message_id = c.message_id
         where c.message_id = any(${ids}::uuid[]) and h.released_at is null and t.account_id = c.recipient_id and t.outcome = 'held'
           and t.connection_id = split_part(c.details ->> 'id', '-', 1) and t.message_no::text = split_part(c.details ->> 'id', '-', 2)`;
      const { count } = await tx`
        delete from held_messages where message_id = any(${ids}::uuid[]) and released_at is null`;
      for (const table of ['held_copies', 'held_contents']) {
        await tx`
          delete from ${tx(table)} as c
           where c.message_id = any(${ids}::uuid[])
             and not exists (select from held_messages as h
                              where h.account_id = c.account_id and h.message_id = c.message_id)`;
      }
      return count;
    });
  } catch (error) {
    throw translateDatabaseError(error, true);
  }
}
