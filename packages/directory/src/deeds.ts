import type { Sql } from '@postel/storage';
import { type Actor, recordOf } from './actor.ts';
import { boundSql } from './bound-sql.ts';
import type { State, SubjectKind } from './change-record.ts';
import { changeMail } from './transaction.ts';

/** What somebody did to something that is not the directory's. */
export interface Deed<Result> {
  readonly result: Result;
  /** As people know what it was done to. */
  readonly name: string;
  /** What was done; null: nothing, and nothing is written down. */
  readonly done: State | null;
}

/** See ManagedDirectory.note. */
export async function noteDeed<Result>(
  sql: Sql,
  actor: Actor,
  kind: SubjectKind,
  work: (sql: Sql) => Promise<Deed<Result>>,
): Promise<Result> {
  return await changeMail(sql, async (tx) => {
    const { result, name, done } = await work(boundSql(tx));
    if (done === null) return result;
    const { door, actor: who, token, origin } = recordOf(actor);
    await tx`
      insert into directory_changes (door, actor, token, origin, kind, name, before, after)
      values (${door}, ${who}, ${token}, ${origin}, ${kind}, ${name}, '{}'::jsonb, ${JSON.stringify(done)}::text::jsonb)`;
    return result;
  });
}
