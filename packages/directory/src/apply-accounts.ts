import { type AccountId, createAccounts, numberArray, type Transaction, textArray } from '@postel/storage';
import type { LimitState } from './account-state.ts';
import type { CanonicalAddress } from './address.ts';
import { acceptAddress, ensureMailbox, localPartIn } from './addresses.ts';
import { setAdministered } from './administered.ts';
import { replaceSecrets, selectSaltKey } from './credentials-state.ts';
import type { DeclaredAccount } from './declared-state.ts';
import { DirectoryError } from './errors.ts';
import { noSuchAccount } from './find-account.ts';
import { type LocalDomain, noSuchDomain } from './find-domain.ts';
import { scramParametersOf } from './passwords.ts';
import { replaceKeys } from './tls-public-keys.ts';

/** What one statement is given: beyond that it is no cheaper, and takes memory. */
const ACCOUNTS_AT_ONCE = 1_000;

/** An account as it is to be, and which it is. */
export interface PutAccount {
  readonly id: AccountId;
  readonly name: string;
  readonly account: DeclaredAccount;
}

/** @throws {DirectoryError} 'no-such-account' */
export async function findAccountIds(
  tx: Transaction,
  names: readonly string[],
): Promise<ReadonlyMap<string, AccountId>> {
  const rows = await tx<{ id: AccountId; name: string }[]>`
    select account_id as id, name from accounts where name = any(${textArray(names)}::text[])`;
  const found = new Map(rows.map(({ id, name }) => [name, id]));
  const missing = names.find((name) => !found.has(name));
  if (missing !== undefined) throw noSuchAccount(missing);
  return found;
}

/** @returns by name */
export async function makeAccounts(tx: Transaction, names: readonly string[]): Promise<ReadonlyMap<string, AccountId>> {
  const made = new Map<string, AccountId>();
  if (names.length === 0) return made;
  const saltKey = Buffer.from(await selectSaltKey(tx), 'base64');
  for (const some of slices(names)) {
    const ids = await createAccounts(tx, some);
    const rows = [...ids].map(([name, id]) => {
      const { sha256Salt, sha256Iterations, sha1Salt, sha1Iterations } = scramParametersOf(saltKey, name);
      const [sha256, sha1] = [sha256Salt.toString('base64'), sha1Salt.toString('base64')];
      return { id, sha256, sha256_iterations: sha256Iterations, sha1, sha1_iterations: sha1Iterations };
    });
    await tx`
      insert into scram_parameters (account_id, sha256_salt, sha256_iterations, sha1_salt, sha1_iterations)
      select id, decode(sha256, 'base64'), sha256_iterations, decode(sha1, 'base64'), sha1_iterations
        from json_to_recordset(${JSON.stringify(rows)}::text::json)
             as g (id bigint, sha256 text, sha256_iterations integer, sha1 text, sha1_iterations integer)`;
    for (const [name, id] of ids) made.set(name, id);
  }
  return made;
}

/** A few statements for a thousand accounts, but for what few have. @param accounts ascending by id */
export async function putAccounts(tx: Transaction, accounts: readonly PutAccount[]): Promise<void> {
  for (const some of slices(accounts)) {
    await putSettings(tx, some);
    for (const { id, account } of some)
      if (account.administers.length > 0) await setAdministered(tx, id, account.administers);
    await putAddresses(tx, some);
    for (const { id, account } of some) if (hasKeys(account)) await replaceKeys(tx, id, account.keys ?? {});
    for (const { id, name, account } of some)
      if (account.secrets !== null) await replaceSecrets(tx, id, name, account.secrets);
  }
}

/** Those that are gone are gone already: removeOthers. */
const hasKeys = ({ keys }: DeclaredAccount): boolean => keys !== null && Object.keys(keys).length > 0;

async function putSettings(tx: Transaction, accounts: readonly PutAccount[]): Promise<void> {
  const ids = numberArray(accounts.map(({ id }) => id));
  await tx`select from accounts where account_id = any(${ids}::bigint[]) order by account_id for no key update`;
  const rows = JSON.stringify(accounts.map(settingsRow));
  await tx`
    update accounts as a
       set role = g.role, is_disabled = g.disabled,
           has_own_quota_octets = g.own_octets, has_own_quota_messages = g.own_messages, has_own_quota_mailboxes = g.own_mailboxes,
           quota_octets = case when g.own_octets then g.octets else default_quota_octets end,
           quota_messages = case when g.own_messages then g.messages else default_quota_messages end,
           quota_mailboxes = case when g.own_mailboxes then g.mailboxes else default_quota_mailboxes end,
           retention_days = g.days, retained_octets_limit = g.retained
      from installation,
           json_to_recordset(${rows}::text::json) as g (
             id bigint, role text, disabled boolean, own_octets boolean, octets bigint, own_messages boolean, messages bigint,
             own_mailboxes boolean, mailboxes bigint, days integer, retained bigint)
     where a.account_id = g.id`;
  await tx`
    delete from administered_domains where account_id = any(${ids}::bigint[])`;
  await tx`
    insert into submission_settings (account_id) select unnest(${ids}::bigint[]) on conflict do nothing`;
  await tx`
    update submission_settings as s
       set messages_a_day = g.messages, has_own_messages_a_day = g.own_messages, new_recipients_a_day = g.recipients,
           has_own_new_recipients_a_day = g.own_recipients, message_octets = g.octets, has_own_message_octets = g.own_octets,
           keeps_sent = g.keeps
      from json_to_recordset(${JSON.stringify(accounts.map(sendingRow))}::text::json) as g (
             id bigint, messages bigint, own_messages boolean, recipients bigint, own_recipients boolean, octets bigint,
             own_octets boolean, keeps boolean)
     where s.account_id = g.id`;
}

function settingsRow({ id, account: { role, disabled, quota, retention } }: PutAccount) {
  return {
    id,
    role,
    disabled,
    own_octets: isOwn(quota.octets),
    octets: ownOf(quota.octets),
    own_messages: isOwn(quota.messages),
    messages: ownOf(quota.messages),
    own_mailboxes: isOwn(quota.mailboxes),
    mailboxes: ownOf(quota.mailboxes),
    days: ownOf(retention.days),
    retained: ownOf(retention.octets),
  };
}

function sendingRow({ id, account: { sending, keepsSent } }: PutAccount) {
  return {
    id,
    messages: ownOf(sending.messagesADay),
    own_messages: isOwn(sending.messagesADay),
    recipients: ownOf(sending.newRecipientsADay),
    own_recipients: isOwn(sending.newRecipientsADay),
    octets: ownOf(sending.messageOctets),
    own_octets: isOwn(sending.messageOctets),
    keeps: keepsSent,
  };
}

const isOwn = (limit: LimitState): boolean => limit !== 'default';
const ownOf = (limit: LimitState): number | null => (typeof limit === 'number' ? limit : null);

/** @throws {DirectoryError} 'no-such-domain', 'address-exists', 'invalid-name', 'too-many-mailboxes' */
async function putAddresses(tx: Transaction, accounts: readonly PutAccount[]): Promise<void> {
  const domains = await readDomains(tx);
  const addresses = accounts.flatMap(({ id, account }) =>
    Object.entries(account.addresses ?? {}).map(([text, { mailbox }]) => {
      const { domainId, localPart } = placeOf(domains, acceptAddress(text));
      return { account: id, domain: domainId, part: localPart, text, mailbox };
    }),
  );
  if (addresses.length === 0) return;
  const rows = JSON.stringify(addresses);
  const given = tx`json_to_recordset(${rows}::text::json) as g (account bigint, domain bigint, part text, text text, mailbox text)`;
  const [taken] = await tx<{ text: string; by: string }[]>`
    select g.text, case when b.alias_id is null then 'an account' else 'an alias' end as by
      from ${given}
      left join addresses as a on a.domain_id = g.domain and a.local_part = g.part
      left join aliases as b on b.domain_id = g.domain and b.local_part = g.part
     where a.account_id <> g.account or b.alias_id is not null limit 1`;
  if (taken !== undefined) {
    throw new DirectoryError('address-exists', `The address ${taken.text} is taken, by ${taken.by}`);
  }
  await tx`
    insert into addresses (domain_id, local_part, account_id)
    select g.domain, g.part, g.account from ${given}
     where not exists (select from addresses as a where a.domain_id = g.domain and a.local_part = g.part)`;
  await tx`
    update addresses as a set mailbox_id = null from ${given}
     where a.domain_id = g.domain and a.local_part = g.part and g.mailbox is null and a.mailbox_id is not null`;
  for (const { account, domain, part, mailbox } of addresses) {
    if (mailbox === null) continue;
    const id = await ensureMailbox(tx, account, mailbox);
    await tx`update addresses set mailbox_id = ${id} where domain_id = ${domain} and local_part = ${part}`;
  }
}

async function readDomains(tx: Transaction): Promise<ReadonlyMap<string, LocalDomain>> {
  const rows = await tx<(LocalDomain & { name: string })[]>`
    select name, domain_id as "domainId", is_case_sensitive as "isCaseSensitive" from domains`;
  return new Map(rows.map(({ name, ...domain }) => [name, domain]));
}

/** @throws {DirectoryError} 'no-such-domain' */
function placeOf(domains: ReadonlyMap<string, LocalDomain>, address: CanonicalAddress) {
  const domain = domains.get(address.domain);
  if (domain === undefined) throw noSuchDomain(address.domain);
  return { domainId: domain.domainId, localPart: localPartIn(domain, address) };
}

/** That no key of these accounts logs in by the name of somebody else. @throws {DirectoryError} 'invalid-address' */
export async function requireOwnLogins(tx: Transaction, accounts: readonly PutAccount[]): Promise<void> {
  const ids = numberArray(accounts.filter(({ account }) => hasKeys(account)).map(({ id }) => id));
  const [strange] = await tx<{ account: string; key: string; address: string; owner: string }[]>`
    select a.name as account, k.name as key, k.login_address as address, owner.name as owner
      from tls_public_keys as k join accounts as a using (account_id)
      join domains as d on d.name = split_part(k.login_address, '@', -1)
      join addresses as o on o.domain_id = d.domain_id and o.account_id <> k.account_id
                         and o.local_part = regexp_replace(k.login_address, '@[^@]*$', '')
      join accounts as owner on owner.account_id = o.account_id
     where k.account_id = any(${ids}::bigint[]) order by a.name, k.name limit 1`;
  if (strange === undefined) return;
  const { account, key, address, owner } = strange;
  throw new DirectoryError(
    'invalid-address',
    `The key ${JSON.stringify(key)} of ${account} has the loginAddress ${address}, which is an address of ${owner}: name one of ${account}, or none`,
  );
}

function* slices<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  for (let at = 0; at < items.length; at += ACCOUNTS_AT_ONCE) yield items.slice(at, at + ACCOUNTS_AT_ONCE);
}
