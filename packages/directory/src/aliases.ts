import type { Sql, Transaction } from '@postel/storage';
import type { Actor } from './actor.ts';
import { type CanonicalAddress, formatAddress } from './address.ts';
import { acceptAddress, localPartIn, requireFree } from './addresses.ts';
import { aliasSubject } from './alias-state.ts';
import { DirectoryError } from './errors.ts';
import { findDomain } from './find-domain.ts';
import { changeDirectory, readDirectory, revoke } from './transaction.ts';

/** Who may post to an alias: whoever knows its address; its members; or those who are named, and nobody else. */
export type Posters = 'anyone' | 'members' | 'named';

export interface AliasSettings {
  readonly posters: Posters;
  /** A mailing list: what its members get says that it came by it (RFC 2369, RFC 2919). */
  readonly isList: boolean;
  /** Members may see who the others are. */
  readonly showsMembers: boolean;
  /** Members may send from its address. */
  readonly maySendAs: boolean;
}

export interface AliasSummary extends AliasSettings {
  readonly address: string;
  readonly members: number;
  /** Members at other servers. */
  readonly elsewhere: number;
}

/** Somebody whom an alias names. */
interface AliasEntry {
  readonly address: string;
  readonly isMember: boolean;
  /** Where those who may post are named. */
  readonly mayPost: boolean;
  /** Of a local domain; the others are at other servers. */
  readonly isLocal: boolean;
}

export interface AliasDetails extends AliasSummary {
  readonly entries: readonly AliasEntry[];
}

/** What an entry is for. */
export type EntryRole = 'member' | 'poster';

/** Entries of one alias; one that needs more is a mailing list program's. */
export const ALIAS_ENTRIES = 1_000;

/** Addresses that stand for others, of accounts, of other aliases, or elsewhere: aliases (RFC 5321 §3.9.1) and small lists. */
export interface Aliases {
  /** By domain and local part. @param domain null: of all */
  list(domain: string | null): Promise<readonly AliasSummary[]>;
  /** With its entries, by address. @throws 'no-such-alias' */
  read(address: string): Promise<AliasDetails>;
  /**
   * Adds an alias that anyone may post to, in a local domain.
   *
   * @throws 'no-such-domain', 'address-exists', 'invalid-address', 'too-many-members'; 'no-such-address' for a local member that
   *   does not exist
   */
  add(address: string, members: readonly string[]): Promise<void>;
  /** What is left out stays as it is. @throws 'no-such-alias' */
  change(address: string, change: Partial<AliasSettings>): Promise<void>;
  /** @throws 'no-such-alias' */
  remove(address: string): Promise<void>;
  /** Those who are entered already stay. @throws as `add`; 'no-such-alias' */
  addEntries(address: string, entries: readonly string[], role: EntryRole): Promise<void>;
  /** @throws 'no-such-alias'; 'no-such-address' for one that is not entered */
  removeEntries(address: string, entries: readonly string[], role: EntryRole): Promise<void>;
}

/** What needs no actor, because it changes nothing. */
export type ReadableAliases = Pick<Aliases, 'list' | 'read'>;

export function readableAliases(sql: Sql): ReadableAliases {
  return {
    async list(domain) {
      const aliases = await readDirectory(() => selectAliases(sql.read, { domain }));
      return aliases.map(({ aliasId: _, ...summary }) => summary);
    },
    read: (text) => readDirectory(() => readAlias(sql, acceptAddress(text))),
  };
}

/** @param isAddress whether mail for a local address goes somewhere */
export function openAliases(
  sql: Sql,
  actor: Actor,
  isAddress: (address: CanonicalAddress) => Promise<boolean>,
): Aliases {
  const acceptEntries = async (texts: readonly string[]) => {
    const entries = texts.map(acceptAddress);
    for (const entry of entries) {
      if (await isAddress(entry)) continue;
      throw new DirectoryError(
        'no-such-address',
        `${formatAddress(entry)} would be an address of this server, and is none`,
      );
    }
    return entries;
  };
  return {
    ...readableAliases(sql),
    async add(text, members) {
      const address = acceptAddress(text);
      const accepted = await acceptEntries(members);
      await revoke(sql, actor, async (tx, note) => {
        await note(aliasSubject(address));
        const domain = await findDomain(tx, address.domain);
        await requireFree(tx, domain, address);
        const [row] = await tx<{ aliasId: number }[]>`
          insert into aliases (domain_id, local_part) values (${domain.domainId}, ${localPartIn(domain, address)})
          returning alias_id as "aliasId"`;
        if (row !== undefined) await insertEntries(tx, row.aliasId, accepted, 'member');
      });
    },
    change: (text, change) =>
      changeAlias(sql, actor, text, async (tx, alias) => {
        const { posters, isList, showsMembers, maySendAs } = change;
        if (posters !== undefined) await tx`update aliases set posters = ${posters} where alias_id = ${alias}`;
        if (isList !== undefined) await tx`update aliases set is_list = ${isList} where alias_id = ${alias}`;
        if (showsMembers !== undefined) {
          await tx`update aliases set shows_members = ${showsMembers} where alias_id = ${alias}`;
        }
        if (maySendAs !== undefined) await tx`update aliases set may_send_as = ${maySendAs} where alias_id = ${alias}`;
      }),
    remove: (text) =>
      changeAlias(sql, actor, text, async (tx, alias) => {
        await tx`delete from aliases where alias_id = ${alias}`;
      }),
    async addEntries(text, entries, role) {
      const accepted = await acceptEntries(entries);
      await changeAlias(sql, actor, text, (tx, alias) => insertEntries(tx, alias, accepted, role));
    },
    removeEntries: (text, entries, role) =>
      changeAlias(sql, actor, text, async (tx, alias) => {
        for (const entry of entries.map(acceptAddress)) await removeEntry(tx, alias, entry, role);
      }),
  };
}

interface AliasFilter {
  readonly domain?: string | null;
  readonly address?: CanonicalAddress;
}

async function selectAliases(
  sql: Sql['read'],
  { domain = null, address }: AliasFilter,
): Promise<readonly (AliasSummary & { readonly aliasId: number })[]> {
  return await sql<(AliasSummary & { aliasId: number })[]>`
    select alias_id as "aliasId", a.local_part || '@' || d.name as address, posters, is_list as "isList", shows_members as "showsMembers",
           may_send_as as "maySendAs",
           (select count(*)::integer from alias_entries as e where e.alias_id = a.alias_id and is_member) as members,
           (select count(*)::integer from alias_entries as e
             where e.alias_id = a.alias_id and is_member and not exists (select from domains where name = e.domain)) as elsewhere
      from aliases as a join domains as d using (domain_id)
     where d.name = coalesce(${address?.domain ?? domain}::text, d.name)
       and (${address?.localPart ?? null}::text is null
            or a.local_part = case when d.is_case_sensitive then ${address?.writtenPart ?? null}::text
                                   else ${address?.localPart ?? null}::text end)
     order by d.name, a.local_part`;
}

/** @throws {DirectoryError} 'no-such-alias' */
async function readAlias(sql: Sql, address: CanonicalAddress): Promise<AliasDetails> {
  const [alias] = await selectAliases(sql.read, { address });
  if (alias === undefined) throw noSuchAlias(address);
  const { aliasId, ...summary } = alias;
  const entries = await sql.read<AliasEntry[]>`
    select e.local_part || '@' || e.domain as address, is_member as "isMember", may_post as "mayPost",
           exists (select from domains where name = e.domain) as "isLocal"
      from alias_entries as e where e.alias_id = ${aliasId} order by e.domain, e.folded_part`;
  return { ...summary, entries };
}

/** @throws {DirectoryError} 'no-such-alias' */
async function changeAlias(
  sql: Sql,
  actor: Actor,
  text: string,
  change: (tx: Transaction, alias: number) => Promise<void>,
): Promise<void> {
  const address = acceptAddress(text);
  await changeDirectory(sql, actor, async (tx, note) => {
    const [row] = await tx<{ aliasId: number }[]>`
      select alias_id as "aliasId" from aliases as a join domains as d using (domain_id)
       where d.name = ${address.domain}
         and a.local_part = case when is_case_sensitive then ${address.writtenPart} else ${address.localPart} end`;
    if (row === undefined) throw noSuchAlias(address);
    await note(aliasSubject(address));
    await change(tx, row.aliasId);
  });
}

/** @throws {DirectoryError} 'too-many-members' */
export async function insertEntries(
  tx: Transaction,
  alias: number,
  entries: readonly CanonicalAddress[],
  role: EntryRole,
): Promise<void> {
  const [isMember, mayPost] = [role === 'member', role === 'poster'];
  for (const { domain, localPart, writtenPart } of entries) {
    await tx`
      insert into alias_entries (alias_id, domain, folded_part, local_part, is_member, may_post)
      values (${alias}, ${domain}, ${localPart}, ${writtenPart}, ${isMember}, ${mayPost})
      on conflict (alias_id, domain, folded_part)
      do update set is_member = alias_entries.is_member or excluded.is_member,
                    may_post = alias_entries.may_post or excluded.may_post`;
  }
  const [row] = await tx<{ count: number }[]>`
    select count(*)::integer as count from alias_entries where alias_id = ${alias}`;
  if ((row?.count ?? 0) > ALIAS_ENTRIES) {
    throw new DirectoryError('too-many-members', `An alias has at most ${ALIAS_ENTRIES} entries`);
  }
}

/** @throws {DirectoryError} 'no-such-address' */
async function removeEntry(tx: Transaction, alias: number, entry: CanonicalAddress, role: EntryRole): Promise<void> {
  const { domain, localPart } = entry;
  const isMember = role === 'member';
  const changed = await tx`
    update alias_entries set is_member = is_member and not ${isMember}, may_post = may_post and ${isMember}
     where alias_id = ${alias} and domain = ${domain} and folded_part = ${localPart}
       and case when ${isMember} then is_member else may_post end`;
  if (changed.count === 0) throw new DirectoryError('no-such-address', `${formatAddress(entry)} is no ${role} of it`);
  await tx`delete from alias_entries where alias_id = ${alias} and not is_member and not may_post`;
}

export function noSuchAlias(address: CanonicalAddress): DirectoryError {
  return new DirectoryError('no-such-alias', `There is no alias ${formatAddress(address)}`);
}
