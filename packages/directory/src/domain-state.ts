import type { Sql, Transaction } from '@postel/storage';
import type { Subject } from './change-record.ts';

/** All that the directory has of a domain, but for the private parts of its keys. */
export type DomainState = {
  /** An account; null: mail for addresses that do not exist is refused. */
  readonly catchall: string | null;
  readonly separators: string;
  readonly isCaseSensitive: boolean;
  readonly isDisabled: boolean;
  /** Selectors of those that sign its mail, or will or did, each with its state. */
  readonly dkimKeys: { readonly [selector: string]: string };
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
  const rows = await sql<(Omit<DomainState, 'dkimKeys'> & { name: string; dkimKeys: string })[]>`
    select d.name, a.name as catchall, detail_separators as separators, is_case_sensitive as "isCaseSensitive",
           disabled_since is not null as "isDisabled",
           coalesce((select jsonb_object_agg(selector, case when retired_at is not null then 'retired'
                                                            when active_since is not null then 'active' else 'made' end)
                       from dkim_keys as k where k.domain_id = d.domain_id), '{}')::text as "dkimKeys"
      from domains as d left join accounts as a on a.account_id = d.catchall_account_id
     where d.name = coalesce(${domain}::text, d.name)
     order by d.name collate "C"`;
  return rows.map(({ name, dkimKeys, ...state }) => ({ name, state: { ...state, dkimKeys: JSON.parse(dkimKeys) } }));
}
