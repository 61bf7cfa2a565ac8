import { type AccountId, removeAccountMail, type Sql, type Transaction } from '@postel/storage';
import { type AccountState, accountSubject } from './account-state.ts';
import { stripAccount } from './accounts.ts';
import type { Actor } from './actor.ts';
import { acceptAddress, localPartIn, requireFree } from './addresses.ts';
import { type AliasState, aliasSubject } from './alias-state.ts';
import { insertEntries } from './aliases.ts';
import { findAccountIds, makeAccounts, type PutAccount, putAccounts, requireOwnLogins } from './apply-accounts.ts';
import type { State, Subject } from './change-record.ts';
import { type DeclaredState, differencesFrom, type StateDifference } from './declared-state.ts';
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
import { spreadDefaults } from './quotas.ts';
import { ROUTE_RULES_SUBJECT, routeSubject } from './routes/route-state.ts';
import { putRoute, removeRoute, replaceRouteRules, setDefaultRoute } from './routes/routes.ts';
import { removeOtherKeys } from './tls-public-keys.ts';
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
      if (subject === null) continue;
      const { kind, name } = difference;
      // Of accounts there may be thousands, and how they were has just been read.
      if (kind === 'account') await note(subject, stateOf(current, name));
      else await note(subject);
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

const stateOf = ({ accounts }: DirectoryState, name: string): State | null => {
  const account = accounts.get(name);
  return account === undefined ? null : { ...account };
};

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
    const ids = new Map(
      await findAccountIds(
        tx,
        known.map(([name]) => name),
      ),
    );
    for (const [name, { addresses, keys }] of known) await removeOthers(tx, ids.get(name), addresses, keys);
    for (const [name, { isCaseSensitive }] of this.#changed('domain', this.#declared.domains)) {
      if (!isCaseSensitive) await foldDomain(tx, name);
    }

    const missing = accounts.flatMap(([name]) => (ids.has(name) ? [] : [name]));
    for (const [name, id] of await makeAccounts(tx, missing)) ids.set(name, id);
    const put = accounts.flatMap(([name, account]): PutAccount[] => {
      const id = ids.get(name);
      return id === undefined ? [] : [{ id, name, account }];
    });
    // As whoever takes the rows of several accounts does.
    await putAccounts(
      tx,
      put.toSorted((a, b) => a.id - b.id),
    );
    for (const [address, alias] of this.#changed('alias', this.#declared.aliases)) await putAlias(tx, address, alias);
    for (const [name, { catchall }] of this.#changed('domain', this.#declared.domains)) {
      const account = catchall === null ? null : await findAccount(tx, catchall);
      await tx`update domains set catchall_account_id = ${account} where name = ${name}`;
    }
    await requireOwnLogins(tx, put);
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
