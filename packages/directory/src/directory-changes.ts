import type { Sql } from '@postel/storage';
import type { ActorRecord } from './actor.ts';
import type { State, SubjectKind } from './change-record.ts';
import { readDirectory } from './transaction.ts';

/** What one change did to one subject. */
export interface DirectoryChange extends ActorRecord {
  readonly at: Date;
  readonly kind: SubjectKind;
  readonly name: string;
  /** What it had and has otherwise now; null: it was added. */
  readonly before: State | null;
  /** Null: it was removed. */
  readonly after: State | null;
}

export interface ChangeFilter {
  /** Changes of this account, and those that it made; null: all. */
  readonly account: string | null;
  readonly since: Date;
  /** The newest so many. */
  readonly limit: number;
}

/** The newest first. */
export async function listChanges(
  sql: Sql,
  { account, since, limit }: ChangeFilter,
): Promise<readonly DirectoryChange[]> {
  const rows = await readDirectory(
    () => sql.read<(Omit<DirectoryChange, 'before' | 'after'> & { before: string | null; after: string | null })[]>`
      select changed_at as at, door, actor, token, origin, kind, name, before::text, after::text from directory_changes
       where changed_at >= ${since}
         and (${account}::text is null
              or (kind = 'account' and name = ${account}::text)
              or (door in ('imap', 'web', 'api') and actor = ${account}::text))
       order by change_id desc limit ${limit}`,
  );
  return rows.map(({ before, after, ...row }) => ({ ...row, before: parseState(before), after: parseState(after) }));
}

export const parseState = (text: string | null): State | null => (text === null ? null : JSON.parse(text));

/** How long it is kept who changed what. */
export const CHANGES_KEPT_DAYS = 400;

const SLICE = 10_000;

/** Forgets changes older than `CHANGES_KEPT_DAYS`, in slices. @returns how many */
export async function forgetOldChanges(sql: Sql, signal: AbortSignal): Promise<number> {
  let forgotten = 0;
  for (let removed = SLICE; removed === SLICE; forgotten += removed) {
    signal.throwIfAborted();
    const { count } = await sql`
      delete from directory_changes
       where change_id = any (array(select change_id from directory_changes
                                     where changed_at < now() - ${CHANGES_KEPT_DAYS}::integer * interval '1 day'
                                     order by changed_at limit ${SLICE}))`;
    removed = count;
  }
  return forgotten;
}
