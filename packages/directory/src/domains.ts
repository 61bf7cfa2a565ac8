import type { Sql, Transaction } from '@postel/storage';
import { accountSubject } from './account-state.ts';
import type { Actor } from './actor.ts';
import { canonicalAddress, DETAIL_SEPARATORS } from './address.ts';
import { type Administrator, administratorsOf, domainsOf } from './administered.ts';
import { insertFirstKeys, makeKeyPairs, needsDkimKeys } from './dkim-keys.ts';
import { domainSubject, type MtaStsMode } from './domain-state.ts';
import { DirectoryError } from './errors.ts';
import { findAccount } from './find-account.ts';
import { acceptDomain, findDomain, type LocalDomain } from './find-domain.ts';
import { changeDirectory, readDirectory, revoke } from './transaction.ts';

export interface DomainSummary {
  /** In A-labels. */
  readonly name: string;
  /** Gets mail for addresses that do not exist; null: it is refused. */
  readonly catchall: string | null;
  /** Characters of which each parts a detail from a local part. */
  readonly separators: string;
  readonly isCaseSensitive: boolean;
  /** Mail for it waits with its senders, and nobody sends from it. */
  readonly isDisabled: boolean;
  readonly mtaSts: MtaStsMode;
  readonly addresses: number;
  readonly aliases: number;
}

/** What is left out stays as it is. */
export interface DomainChange {
  readonly separators?: string;
  readonly isCaseSensitive?: boolean;
  readonly isDisabled?: boolean;
  readonly mtaSts?: MtaStsMode;
}

export async function addDomain(sql: Sql, actor: Actor, name: string): Promise<void> {
  const domain = acceptDomain(name);
  const made = needsDkimKeys(domain) ? await makeKeyPairs() : new Map();
  await changeDirectory(sql, actor, async (tx, note) => {
    await note(domainSubject(domain));
    const { domainId } = await ensureDomain(tx, domain);
    await insertFirstKeys(tx, { domainId, domain, made });
  });
}

export async function setCatchall(sql: Sql, actor: Actor, name: string, accountName: string | null): Promise<void> {
  const domain = acceptDomain(name);
  await revoke(sql, actor, async (tx, note) => {
    await note(domainSubject(domain));
    const { domainId } = await findDomain(tx, domain);
    const accountId = accountName === null ? null : await findAccount(tx, accountName);
    await tx`update domains set catchall_account_id = ${accountId} where domain_id = ${domainId}`;
  });
}

export async function findDomainName(sql: Sql, name: string): Promise<string> {
  const domain = acceptDomain(name);
  await readDirectory(() => findDomain(sql.read, domain));
  return domain;
}

/** @throws {DirectoryError} 'no-such-domain' */
export async function findMtaStsMode(sql: Sql, name: string): Promise<MtaStsMode> {
  const domain = acceptDomain(name);
  const [row] = await readDirectory(
    () => sql.read<{ mode: MtaStsMode }[]>`select mta_sts_mode as mode from domains where name = ${domain}`,
  );
  if (row === undefined) throw new DirectoryError('no-such-domain', `${domain} is no local domain`);
  return row.mode;
}

export async function listDomains(sql: Sql): Promise<readonly DomainSummary[]> {
  return await readDirectory(() => selectDomains(sql.read, null));
}

export async function selectDomains(
  read: Sql['read'] | Transaction,
  administrator: Administrator,
): Promise<readonly DomainSummary[]> {
  const isTheirs = administrator === null ? read`true` : read`d.domain_id in ${domainsOf(read, administrator)}`;
  return await read<DomainSummary[]>`
      select d.name, account.name as catchall, detail_separators as separators, is_case_sensitive as "isCaseSensitive",
             disabled_since is not null as "isDisabled", mta_sts_mode as "mtaSts",
             (select count(*)::integer from addresses as a where a.domain_id = d.domain_id) as addresses,
             (select count(*)::integer from aliases as b where b.domain_id = d.domain_id) as aliases
        from domains as d left join accounts as account on account.account_id = d.catchall_account_id
       where ${isTheirs}
       order by d.name`;
}

export async function changeDomain(sql: Sql, actor: Actor, name: string, change: DomainChange): Promise<void> {
  const domain = acceptDomain(name);
  const { separators, isCaseSensitive, isDisabled, mtaSts } = change;
  if (separators !== undefined) acceptSeparators(separators);
  await revoke(sql, actor, async (tx, note) => {
    await note(domainSubject(domain));
    const { domainId } = await findDomain(tx, domain);
    if (separators !== undefined) {
      await tx`update domains set detail_separators = ${separators} where domain_id = ${domainId}`;
    }
    if (isDisabled !== undefined) {
      await tx`
        update domains set disabled_since = case when ${isDisabled} then coalesce(disabled_since, now()) end
         where domain_id = ${domainId}`;
    }
    if (mtaSts !== undefined) await tx`update domains set mta_sts_mode = ${mtaSts} where domain_id = ${domainId}`;
    if (isCaseSensitive === undefined) return;
    await tx`update domains set is_case_sensitive = ${isCaseSensitive} where domain_id = ${domainId}`;
    if (!isCaseSensitive) await foldLocalParts(tx, domainId, domain);
  });
}

/** @throws {DirectoryError} 'invalid-name' */
export function acceptSeparators(separators: string): void {
  if ([...separators].every((character) => DETAIL_SEPARATORS.includes(character))) return;
  throw new DirectoryError('invalid-name', `Separators are some of ${DETAIL_SEPARATORS}`);
}

/** @throws {DirectoryError} 'address-exists' if two become the same */
export async function foldLocalParts(tx: Transaction, domainId: number, domain: string): Promise<void> {
  const named = await tx<{ localPart: string }[]>`
    select local_part as "localPart" from addresses where domain_id = ${domainId}
    union all select local_part from aliases where domain_id = ${domainId}`;
  const taken = new Set<string>();
  for (const { localPart } of named) {
    const folded = canonicalAddress({ localPart, domain })?.localPart ?? localPart;
    if (taken.has(folded)) {
      throw new DirectoryError('address-exists', `Two addresses would become ${folded}@${domain}: remove one first`);
    }
    taken.add(folded);
    if (folded === localPart) continue;
    await tx`update addresses set local_part = ${folded} where domain_id = ${domainId} and local_part = ${localPart}`;
    await tx`update aliases set local_part = ${folded} where domain_id = ${domainId} and local_part = ${localPart}`;
  }
}

export async function removeDomain(sql: Sql, actor: Actor, name: string): Promise<void> {
  const domain = acceptDomain(name);
  await revoke(sql, actor, async (tx, note) => {
    await note(domainSubject(domain));
    const found = await findDomain(tx, domain);
    await requireUnused(tx, found, domain);
    for (const name of await administratorsOf(tx, found.domainId)) await note(accountSubject(name));
    await tx`delete from domains where domain_id = ${found.domainId}`;
  });
}

/** @throws {DirectoryError} 'domain-in-use' */
export async function requireUnused(tx: Transaction, { domainId }: LocalDomain, domain: string): Promise<void> {
  const [used] = await tx`
    select from addresses where domain_id = ${domainId}
    union all select from aliases where domain_id = ${domainId}
    union all select from domains where domain_id = ${domainId} and catchall_account_id is not null limit 1`;
  if (used !== undefined) {
    throw new DirectoryError('domain-in-use', `${domain} has addresses, aliases or a catchall: remove them first`);
  }
}

export async function ensureDomain(tx: Transaction, domain: string): Promise<LocalDomain> {
  await tx`insert into domains (name) values (${domain}) on conflict (name) do nothing`;
  return await findDomain(tx, domain);
}
