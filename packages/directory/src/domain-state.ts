import type { Sql, Transaction } from '@postel/storage';
import type { Subject } from './change-record.ts';

/** What the directory has of a domain, but for its keys. */
export type DomainState = {
  /** An account; null: mail for addresses that do not exist is refused. */
  readonly catchall: string | null;
  readonly separators: string;
  readonly isCaseSensitive: boolean;
  readonly isDisabled: boolean;
  readonly mtaSts: MtaStsMode;
};

/** Of the policy that a domain publishes for those who send to it: RFC 8461 §5. */
export const MTA_STS_MODES = ['testing', 'enforce', 'none'] as const;
export type MtaStsMode = (typeof MTA_STS_MODES)[number];

/** A domain, in its canonical form, as a subject of changes: with the selectors of its keys, each with its state. */
export function domainSubject(domain: string): Subject {
  return {
    kind: 'domain',
    name: domain,
    async read(tx) {
      const [row] = await selectDomainStates(tx, domain);
      return row === undefined ? null : { ...row.state, dkimKeys: await selectKeyStates(tx, domain) };
    },
  };
}

/** By name. @param domain null: all */
export async function selectDomainStates(
  sql: Sql['read'] | Transaction,
  domain: string | null,
): Promise<readonly { readonly name: string; readonly state: DomainState }[]> {
  const rows = await sql<(DomainState & { name: string })[]>`
    select d.name, a.name as catchall, detail_separators as separators, is_case_sensitive as "isCaseSensitive",
           disabled_since is not null as "isDisabled", mta_sts_mode as "mtaSts"
      from domains as d left join accounts as a on a.account_id = d.catchall_account_id
     where d.name = coalesce(${domain}::text, d.name)
     order by d.name collate "C"`;
  return rows.map(({ name, ...state }) => ({ name, state }));
}

async function selectKeyStates(tx: Transaction, domain: string): Promise<Readonly<Record<string, string>>> {
  const keys = await tx<{ selector: string; state: string }[]>`
    select selector,
           case when retired_at is not null then 'retired' when active_since is not null then 'active' else 'made' end as state
      from dkim_keys join domains using (domain_id)
     where name = ${domain} order by selector collate "C"`;
  return Object.fromEntries(keys.map(({ selector, state }) => [selector, state]));
}
