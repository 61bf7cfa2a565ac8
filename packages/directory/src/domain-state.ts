import type { Sql, Transaction } from '@postel/storage';
import type { Subject } from './change-record.ts';

/** All that the directory has of a domain. Keys that sign its mail will stand here too. */
export type DomainState = {
  /** An account; null: mail for addresses that do not exist is refused. */
  readonly catchall: string | null;
  readonly separators: string;
  readonly isCaseSensitive: boolean;
  readonly isDisabled: boolean;
};

/** A domain, in its canonical form, as a subject of changes. */
export function domainSubject(domain: string): Subject {
  return {
    kind: 'domain',
    name: domain,
    read: async (tx) => (await selectDomainStates(tx, domain))[0]?.state ?? null,
  };
}

/** By name. @param domain null: all */
export async function selectDomainStates(
  sql: Sql['read'] | Transaction,
  domain: string | null,
): Promise<readonly { readonly name: string; readonly state: DomainState }[]> {
  const rows = await sql<(DomainState & { name: string })[]>`
    select d.name, a.name as catchall, detail_separators as separators, is_case_sensitive as "isCaseSensitive",
           disabled_since is not null as "isDisabled"
      from domains as d left join accounts as a on a.account_id = d.catchall_account_id
     where d.name = coalesce(${domain}::text, d.name)
     order by d.name collate "C"`;
  return rows.map(({ name, ...state }) => ({ name, state }));
}
