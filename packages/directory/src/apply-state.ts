import { type AccountId, createAccount, removeAccountMail, type Sql, type Transaction } from '@postel/storage';
import { type AccountState, accountSubject, type LimitState } from './account-state.ts';
import { insertScramParameters, stripAccount } from './accounts.ts';
import type { Actor } from './actor.ts';
import { acceptAddress, ensureMailbox, insertAddress, localPartIn, requireFree } from './addresses.ts';
import { setAdministered } from './administered.ts';
import { type AliasState, aliasSubject } from './alias-state.ts';
import { insertEntries } from './aliases.ts';
import type { Subject } from './change-record.ts';
import { replaceSecrets, selectSaltKey } from './credentials-state.ts';
import { type DeclaredAccount, type DeclaredState, differencesFrom, type StateDifference } from './declared-state.ts';
import { DEFAULTS, type DefaultState } from './default-state.ts';
import {
  type DirectoryState,
  readDirectorySecrets,
  readDirectoryState,
  secretsIn,
  stateIn,
} from './directory-state.ts';
import { insertFirstKeys, makeKeyPairs, needsDkimKeys } from './dkim-keys.ts';
import { type DomainState, domainSubject } from './domain-state.ts';
import { foldLocalParts, requireUnused } from './domains.ts';
import { findAccount } from './find-account.ts';
import { findDomain } from './find-domain.ts';
import { normalizeDeclared } from './normalize-declared.ts';
import { scramParametersOf } from './passwords.ts';
import { spreadDefaults } from './quotas.ts';
import { ROUTE_RULES_SUBJECT, routeSubject } from './routes/route-state.ts';
import { putRoute, removeRoute, replaceRouteRules, setDefaultRoute } from './routes/routes.ts';
import { removeOtherKeys, replaceKeys } from './tls-public-keys.ts';
import { finishChange, revoke } from './transaction.ts';
import { applyWebhooks } from './webhooks.ts';

/**
 * Makes the directory as it is declared, in one transaction: all of it, or nothing. Only the mail of accounts that are to go is removed
 * after it, and the default quota given to accounts: what takes long.
 *
 * @param check is told what is about to be changed, and throws if that should not be
 * @returns what was changed
 * @throws {DirectoryError} of whatever cannot be as it is declared
 */
export async function applyState(
  sql: Sql,
  actor: Actor,
  given: DeclaredState,
  check: (differences: readonly StateDifference[]) => void = () => {},
): Promise<readonly StateDifference[]> {
  const made = await keysForNew(await compareState(sql, given));
  const differences = await revoke(sql, actor, async (tx, note) => {
    const current = await stateIn(tx);
    const declared = normalizeDeclared(given, current);
    const found = differencesFrom(current, await secretsIn(tx), declared);
    check(found);
    for (const difference of found) {
      const subject = subjectOf(difference);
      if (subject !== null) await note(subject);
    }
    if (found.length === 0) await note(DEFAULTS);
    await new StateChange(tx, current, declared, found).make(note);
    // With the domain itself: one that was left without keys would sign nothing, and nobody would see it.
    for (const [domain, pairs] of made) {
      if (!current.domains.has(domain)) {
        await insertFirstKeys(tx, { ...(await findDomain(tx, domain)), domain, made: pairs });
      }
    }
    return found;
  });
  for (const { kind, name, after } of differences) {
    if (kind !== 'account' || after !== null) continue;
    await finishChange(sql, actor, async (tx, note) => {
      await note(accountSubject(name));
      await removeAccountMail(tx, await findAccount(tx, name));
    });
  }
  if (given.defaults !== null) await spreadDefaults(sql);
  return differences;
}

/** By domain. They take long to make, and so are made before the transaction. */
async function keysForNew(differences: readonly StateDifference[]) {
  const domains = differences.flatMap(({ kind, name, before }) =>
    kind === 'domain' && before === null && needsDkimKeys(name) ? [name] : [],
  );
  const made = new Map<string, Awaited<ReturnType<typeof makeKeyPairs>>>();
  for (const domain of domains) made.set(domain, await makeKeyPairs());
  return made;
}

/** See Directory.compare. */
export async function compareState(sql: Sql, given: DeclaredState): Promise<readonly StateDifference[]> {
  const [current, secrets] = [await readDirectoryState(sql), await readDirectorySecrets(sql)];
  return differencesFrom(current, secrets, normalizeDeclared(given, current));
}

function subjectOf({ kind, name }: StateDifference) {
  if (kind === 'account') return accountSubject(name);
  if (kind === 'domain') return domainSubject(name);
  if (kind === 'alias') return aliasSubject(acceptAddress(name));
  if (kind === 'route') return routeSubject(name);
  if (kind === 'webhook') return null; // those that are told apart by their numbers say themselves what they change
  return kind === 'route-rules' ? ROUTE_RULES_SUBJECT : DEFAULTS;
}

/** The steps of one transaction, in an order in which each finds what it needs, and nothing stands in its way. */
class StateChange {
  readonly #tx: Transaction;
  readonly #current: DirectoryState;
  readonly #declared: DeclaredState;
  readonly #differences: readonly StateDifference[];

  constructor(
    tx: Transaction,
    current: DirectoryState,
    declared: DeclaredState,
    differences: readonly StateDifference[],
  ) {
    this.#tx = tx;
    this.#current = current;
    this.#declared = declared;
    this.#differences = differences;
  }

  async make(note: (subject: Subject) => Promise<void>): Promise<void> {
    const tx = this.#tx;
    const { defaults, saltKey } = this.#declared;
    // Whoever is here already has salts by the key that there is.
    if (saltKey !== null && this.#current.accounts.size === 0) {
      await tx`update installation set salt_key = decode(${saltKey}, 'base64')`;
    }
    if (defaults !== null) await setDefaults(tx, defaults);
    for (const [name, domain] of this.#changed('domain', this.#declared.domains)) await putDomain(tx, name, domain);
    for (const name of this.#gone('account')) await stripAccount(tx, await findAccount(tx, name));
    for (const name of this.#gone('alias')) await removeAlias(tx, name);

    const accounts = this.#changed('account', this.#declared.accounts);
    const known = accounts.filter(([name]) => this.#current.accounts.has(name));
    const ids = new Map<string, AccountId>();
    for (const [name] of known) ids.set(name, await findAccount(tx, name));
    for (const [name, { addresses, keys }] of known) await removeOthers(tx, ids.get(name), addresses, keys);
    for (const [name, { isCaseSensitive }] of this.#changed('domain', this.#declared.domains)) {
      if (!isCaseSensitive) await foldDomain(tx, name);
    }

    for (const [name] of accounts) if (!ids.has(name)) ids.set(name, await makeAccount(tx, name));
    // As whoever takes the rows of several accounts does.
    for (const [name, id] of [...ids].toSorted(([, a], [, b]) => a - b)) {
      const account = this.#declared.accounts?.get(name);
      if (account !== undefined) await putAccount(tx, id, name, account);
    }
    for (const [address, alias] of this.#changed('alias', this.#declared.aliases)) await putAlias(tx, address, alias);
    for (const [name, { catchall }] of this.#changed('domain', this.#declared.domains)) {
      const account = catchall === null ? null : await findAccount(tx, catchall);
      await tx`update domains set catchall_account_id = ${account} where name = ${name}`;
    }
    await this.#route();
    const webhooks = this.#changed('webhook', this.#declared.webhooks);
    await applyWebhooks(tx, note, { put: webhooks, gone: this.#gone('webhook') });
    for (const name of this.#gone('domain')) {
      await tx`update domains set catchall_account_id = null where name = ${name}`;
      await requireUnused(tx, await findDomain(tx, name), name);
      await tx`delete from domains where name = ${name}`;
    }
  }

  /** Rules between the routes that they name and those that none names any more. */
  async #route(): Promise<void> {
    const tx = this.#tx;
    const { routes, routing } = this.#declared;
    for (const [name, { settings, secrets }] of this.#changed('route', routes)) {
      await putRoute(tx, name, settings, secrets ?? undefined);
    }
    if (routing !== null && this.#differences.some(({ kind }) => kind === 'route-rules')) {
      await replaceRouteRules(tx, routing.rules);
      await setDefaultRoute(tx, routing.defaultRoute);
    }
    for (const name of this.#gone('route')) await removeRoute(tx, name);
  }

  #changed<Item>(kind: StateDifference['kind'], declared: ReadonlyMap<string, Item> | null): [string, Item][] {
    const names = new Set(this.#differences.filter((found) => found.kind === kind).map(({ name }) => name));
    return [...(declared ?? [])].filter(([name]) => names.has(name));
  }

  #gone(kind: StateDifference['kind']): readonly string[] {
    return this.#differences.filter((found) => found.kind === kind && found.after === null).map(({ name }) => name);
  }
}

async function setDefaults(tx: Transaction, { quota, sending }: DefaultState): Promise<void> {
  await tx`
    update installation
       set default_quota_octets = ${quota.octets}, default_quota_messages = ${quota.messages},
           default_quota_mailboxes = ${quota.mailboxes}, default_messages_a_day = ${sending.messagesADay},
           default_new_recipients_a_day = ${sending.newRecipientsADay}, default_message_octets = ${sending.messageOctets}`;
}

/** Its catchall comes last, its case only where it tells more apart than before. */
async function putDomain(tx: Transaction, name: string, domain: DomainState): Promise<void> {
  const { separators, isCaseSensitive, isDisabled, mtaSts } = domain;
  await tx`insert into domains (name) values (${name}) on conflict (name) do nothing`;
  await tx`
    update domains
       set detail_separators = ${separators}, mta_sts_mode = ${mtaSts}, is_case_sensitive = is_case_sensitive or ${isCaseSensitive},
           disabled_since = case when ${isDisabled} then coalesce(disabled_since, now()) end
     where name = ${name}`;
}

async function foldDomain(tx: Transaction, name: string): Promise<void> {
  const { domainId, isCaseSensitive } = await findDomain(tx, name);
  if (!isCaseSensitive) return;
  await tx`update domains set is_case_sensitive = false where domain_id = ${domainId}`;
  await foldLocalParts(tx, domainId, name);
}

async function removeAlias(tx: Transaction, text: string): Promise<void> {
  const address = acceptAddress(text);
  const domain = await findDomain(tx, address.domain);
  await tx`
    delete from aliases where domain_id = ${domain.domainId} and local_part = ${localPartIn(domain, address)}`;
}

/** Addresses and keys that are not declared, so that others may have them. */
async function removeOthers(
  tx: Transaction,
  account: AccountId | undefined,
  addresses: AccountState['addresses'] | null,
  keys: AccountState['keys'] | null,
): Promise<void> {
  if (account === undefined) return;
  if (keys !== null) await removeOtherKeys(tx, account, keys);
  if (addresses === null) return;
  const rows = await tx<{ domainId: number; domain: string; localPart: string; isCaseSensitive: boolean }[]>`
    select domain_id as "domainId", name as domain, local_part as "localPart" from addresses join domains using (domain_id)
     where account_id = ${account}`;
  for (const { domainId, domain, localPart } of rows) {
    if (Object.hasOwn(addresses, `${localPart}@${domain}`)) continue;
    await tx`delete from addresses where domain_id = ${domainId} and local_part = ${localPart}`;
  }
}

async function makeAccount(tx: Transaction, name: string): Promise<AccountId> {
  const account = await createAccount(tx, name);
  const saltKey = Buffer.from(await selectSaltKey(tx), 'base64');
  await insertScramParameters(tx, account, scramParametersOf(saltKey, name));
  return account;
}

async function putAccount(tx: Transaction, account: AccountId, name: string, declared: DeclaredAccount): Promise<void> {
  const { role, administers, disabled, quota, sending, keepsSent, retention, addresses, keys, secrets } = declared;
  await tx`
    update accounts
       set role = ${role}, is_disabled = ${disabled},
           quota_octets = ${ownOf(quota.octets)}, has_own_quota_octets = ${isOwn(quota.octets)},
           quota_messages = ${ownOf(quota.messages)}, has_own_quota_messages = ${isOwn(quota.messages)},
           quota_mailboxes = ${ownOf(quota.mailboxes)}, has_own_quota_mailboxes = ${isOwn(quota.mailboxes)},
           retention_days = ${ownOf(retention.days)}, retained_octets_limit = ${ownOf(retention.octets)}
     where account_id = ${account}`;
  await tx`
    update accounts
       set quota_octets = case when has_own_quota_octets then quota_octets else default_quota_octets end,
           quota_messages = case when has_own_quota_messages then quota_messages else default_quota_messages end,
           quota_mailboxes = case when has_own_quota_mailboxes then quota_mailboxes else default_quota_mailboxes end
      from installation where account_id = ${account}`;
  await setAdministered(tx, account, administers);
  await tx`
    insert into submission_settings (account_id) values (${account}) on conflict do nothing`;
  await tx`
    update submission_settings
       set messages_a_day = ${ownOf(sending.messagesADay)}, has_own_messages_a_day = ${isOwn(sending.messagesADay)},
           new_recipients_a_day = ${ownOf(sending.newRecipientsADay)},
           has_own_new_recipients_a_day = ${isOwn(sending.newRecipientsADay)},
           message_octets = ${ownOf(sending.messageOctets)}, has_own_message_octets = ${isOwn(sending.messageOctets)},
           keeps_sent = ${keepsSent}
     where account_id = ${account}`;
  if (addresses !== null) await putAddresses(tx, account, addresses);
  if (keys !== null) await replaceKeys(tx, account, keys);
  if (secrets !== null) await replaceSecrets(tx, account, name, secrets);
}

const isOwn = (limit: LimitState): boolean => limit !== 'default';
const ownOf = (limit: LimitState): number | null => (typeof limit === 'number' ? limit : null);

async function putAddresses(tx: Transaction, account: AccountId, addresses: AccountState['addresses']): Promise<void> {
  for (const [text, { mailbox: name }] of Object.entries(addresses)) {
    const address = acceptAddress(text);
    const domain = await findDomain(tx, address.domain);
    const localPart = localPartIn(domain, address);
    const [has] = await tx`
      select from addresses
       where domain_id = ${domain.domainId} and local_part = ${localPart} and account_id = ${account}`;
    if (has === undefined) await insertAddress(tx, account, domain, address);
    const mailbox = await ensureMailbox(tx, account, name);
    await tx`
      update addresses set mailbox_id = ${mailbox} where domain_id = ${domain.domainId} and local_part = ${localPart}`;
  }
}

/** Its entries are as they are declared, whether or not those of this server exist: so are those of an alias whose members went. */
async function putAlias(tx: Transaction, text: string, alias: AliasState): Promise<void> {
  const address = acceptAddress(text);
  const domain = await findDomain(tx, address.domain);
  const localPart = localPartIn(domain, address);
  const { posters, isList, showsMembers, maySendAs, entries } = alias;
  const find = () => tx<{ aliasId: number }[]>`
    select alias_id as "aliasId" from aliases where domain_id = ${domain.domainId} and local_part = ${localPart}`;
  if ((await find()).length === 0) {
    await requireFree(tx, domain, address);
    await tx`insert into aliases (domain_id, local_part) values (${domain.domainId}, ${localPart})`;
  }
  const [row] = await find();
  if (row === undefined) throw new Error('An alias that was made is not there');
  await tx`
    update aliases
       set posters = ${posters}, is_list = ${isList}, shows_members = ${showsMembers}, may_send_as = ${maySendAs}
     where alias_id = ${row.aliasId}`;
  await tx`delete from alias_entries where alias_id = ${row.aliasId}`;
  const named = Object.entries(entries);
  const having = (role: 'isMember' | 'mayPost') =>
    named.filter(([, entry]) => entry[role]).map(([entry]) => acceptAddress(entry));
  await insertEntries(tx, row.aliasId, having('isMember'), 'member');
  await insertEntries(tx, row.aliasId, having('mayPost'), 'poster');
}
