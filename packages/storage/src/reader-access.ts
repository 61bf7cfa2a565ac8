import type { Sql } from './database.ts';

/** What a login can do with the views of schema `mail`. */
export interface ReaderAccess {
  readonly hasViews: boolean;
  /** Whether it may become `postel_reader`, who sees the views and nothing else. */
  readonly mayTakeRole: boolean;
}

/** @throws {StorageError} 'unavailable' */
export async function findReaderAccess(sql: Sql): Promise<ReaderAccess> {
  const [access] = await sql.read<ReaderAccess[]>`
    select to_regclass('mail.messages') is not null as "hasViews",
           exists (select from pg_roles where rolname = 'postel_reader' and pg_has_role(oid, 'SET')) as "mayTakeRole"`;
  return access ?? { hasViews: false, mayTakeRole: false };
}
