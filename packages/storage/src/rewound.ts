import postgres from 'postgres';
import type { Connection } from './connection.ts';
import { DEADLINE_MS } from './connection.ts';
import type { Sql } from './database.ts';
import { translateDatabaseError } from './errors.ts';
import type { AccountId } from './ids.ts';
import type { SeenModSeqs } from './seen-modseqs.ts';
import { numberArray } from './sql-arrays.ts';

/** What somebody has seen of an account. */
export interface SeenAccount {
  readonly id: AccountId;
  readonly modseq: number;
  /** The next UIDVALIDITY; 0 if it is not known. */
  readonly uidvalidity: number;
}

/** What every account is like now. @throws {StorageError} 'unavailable' */
export async function readSeenAccounts(sql: Sql): Promise<readonly SeenAccount[]> {
  try {
    return await sql.read<SeenAccount[]>`
      select account_id as id, modseq, next_uidvalidity as uidvalidity from accounts order by account_id`;
  } catch (error) {
    throw translateDatabaseError(error);
  }
}

/**
 * Marks those of the accounts that have gone back in time since: they take no change until `recoverAccount`.
 *
 * @returns the names of those marked now
 * @throws {StorageError} 'unavailable'
 */
export async function markRewound(sql: Sql, seen: readonly SeenAccount[]): Promise<readonly string[]> {
  try {
    const rows = await sql<{ name: string }[]>`
      select name from mark_rewound(
        ${numberArray(seen.map(({ id }) => id))}::bigint[], ${numberArray(seen.map(({ modseq }) => modseq))}::bigint[],
        ${numberArray(seen.map(({ uidvalidity }) => uidvalidity))}::bigint[])`;
    return rows.map(({ name }) => name);
  } catch (error) {
    throw translateDatabaseError(error);
  }
}

/**
 * Before a connection is lent for the first time: the database may have been replaced since we lost the one before, and a
 * write to an account that went back would give UIDs anew that clients have seen.
 */
export async function vetConnection(connection: Connection, seen: SeenModSeqs): Promise<void> {
  const accounts = [...seen];
  const text = 'select name from mark_rewound($1::bigint[], $2::bigint[], $3::bigint[])';
  const values = [
    numberArray(accounts.map(([id]) => id)),
    numberArray(accounts.map(([, modseq]) => modseq)),
    numberArray(accounts.map(() => 0)),
  ];
  try {
    await connection.run((client) => client.unsafe(text, values), DEADLINE_MS.write);
  } catch (error) {
    // Tables that are not there yet, or of an earlier version, hold nothing that we have seen.
    if (!(error instanceof postgres.PostgresError && error.code === UNDEFINED_FUNCTION)) throw error;
  }
}

const UNDEFINED_FUNCTION = '42883';
