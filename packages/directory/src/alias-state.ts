import type { Sql, Transaction } from '@postel/storage';
import { type CanonicalAddress, formatAddress } from './address.ts';
import type { Posters } from './aliases.ts';
import type { Subject } from './change-record.ts';

/** All that the directory has of an alias. */
export type AliasState = {
  readonly posters: Posters;
  readonly isList: boolean;
  readonly showsMembers: boolean;
  readonly maySendAs: boolean;
  /** By address. */
  readonly entries: Readonly<Record<string, { readonly isMember: boolean; readonly mayPost: boolean }>>;
};

/** An alias as a subject of changes. */
export function aliasSubject(address: CanonicalAddress): Subject {
  return {
    kind: 'alias',
    name: formatAddress(address),
    read: async (tx) => (await selectAliasStates(tx, address))[0]?.state ?? null,
  };
}

interface AliasRow {
  readonly localPart: string;
  readonly domain: string;
  readonly state: string;
}

interface EntryRow {
  readonly localPart: string;
  readonly domain: string;
  readonly isMember: boolean;
  readonly mayPost: boolean;
}

/** By domain and local part. @param address null: all */
export async function selectAliasStates(
  sql: Sql['read'] | Transaction,
  address: CanonicalAddress | null,
): Promise<readonly { readonly address: string; readonly state: AliasState }[]> {
  const { localPart, writtenPart, domain } = address ?? { localPart: null, writtenPart: null, domain: null };
  const rows = await sql<AliasRow[]>`
    select a.local_part as "localPart", d.name as domain,
           json_build_object(
             'posters', posters, 'isList', is_list, 'showsMembers', shows_members, 'maySendAs', may_send_as,
             'entries', (select json_agg(json_build_object('localPart', e.local_part, 'domain', e.domain,
                                                           'isMember', is_member, 'mayPost', may_post)
                                         order by e.domain, e.folded_part)
                           from alias_entries as e where e.alias_id = a.alias_id))::text as state
      from aliases as a join domains as d using (domain_id)
     where ${domain}::text is null
        or (d.name = ${domain}::text
            and a.local_part = case when d.is_case_sensitive then ${writtenPart}::text else ${localPart}::text end)
     order by d.name collate "C", a.local_part collate "C"`;
  return rows.map((row) => {
    const { entries, ...state }: Omit<AliasState, 'entries'> & { readonly entries: readonly EntryRow[] | null } =
      JSON.parse(row.state);
    const named = (entries ?? []).map(({ isMember, mayPost, ...entry }) => [
      formatAddress(entry),
      { isMember, mayPost },
    ]);
    return { address: formatAddress(row), state: { ...state, entries: Object.fromEntries(named) } };
  });
}
