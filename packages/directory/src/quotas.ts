import type { Quota, QuotaLimits, QuotaUse } from '@postel/quota';
import type { Sql, Transaction } from '@postel/storage';
import { accountSubject } from './account-state.ts';
import type { Actor } from './actor.ts';
import { DEFAULTS } from './default-state.ts';
import { noSuchAccount } from './find-account.ts';
import { changeDirectory, changeMail, raiseVersion, readDirectory, revoke, untilKnown } from './transaction.ts';

/** Accounts that take over a new default in one transaction, so that their mail does not wait for the others. */
const ACCOUNTS_AT_ONCE = 500;

/** What an account holds and may hold. */
export interface AccountQuota extends Quota {
  /** Which of the limits are the account's own, and stay when the default changes. */
  readonly isOwn: { readonly [amount in keyof QuotaUse]: boolean };
}

/** What is left out stays as it is; null: no limit; `default`: what all have, also when that changes. */
export type QuotaChange = { readonly [amount in keyof QuotaUse]?: number | 'default' | null };

/** What is left out stays as it is; null: no limit. */
export type DefaultQuotaChange = Partial<QuotaLimits>;

/**
 * Limits of what accounts hold. The rows of the accounts have those in force, so that whoever writes mail finds them with the use, under
 * the lock; the installation has the default.
 */
export interface Quotas {
  /** @throws 'no-such-account' */
  read(accountName: string): Promise<AccountQuota>;

  /**
   * In force for whatever is written after it. A limit below what is there is no error: nothing goes, and nothing more comes in.
   *
   * @throws 'no-such-account'
   */
  change(accountName: string, change: QuotaChange): Promise<void>;

  readDefault(): Promise<QuotaLimits>;

  /**
   * New accounts have the new default at once; those that are there, and have no limit of their own, take it over one after the
   * other until the promise resolves. If it is cut short, the same change finishes the work.
   */
  changeDefault(change: DefaultQuotaChange): Promise<void>;
}

/** What needs no actor, because it changes nothing. */
export type ReadableQuotas = Pick<Quotas, 'read' | 'readDefault'>;

export function readableQuotas(sql: Sql): ReadableQuotas {
  return {
    read: (accountName) => readQuota(sql, accountName),
    readDefault: () => readDirectory(() => selectDefault(sql.read)),
  };
}

export function openQuotas(sql: Sql, actor: Actor): Quotas {
  return {
    ...readableQuotas(sql),
    change: (accountName, change) => changeQuota(sql, actor, accountName, change),
    changeDefault: (change) => changeDefault(sql, actor, change),
  };
}

interface QuotaRow {
  readonly octets: number | null;
  readonly messages: number | null;
  readonly mailboxes: number | null;
  readonly usedOctets: number;
  readonly usedMessages: number;
  readonly usedMailboxes: number;
  readonly hasOwnOctets: boolean;
  readonly hasOwnMessages: boolean;
  readonly hasOwnMailboxes: boolean;
}

async function readQuota(sql: Sql, accountName: string): Promise<AccountQuota> {
  return await readDirectory(() => selectQuota(sql.read, accountName));
}

/** @throws {DirectoryError} 'no-such-account' */
async function selectQuota(sql: Sql['read'] | Transaction, accountName: string): Promise<AccountQuota> {
  const [row] = await sql<QuotaRow[]>`
    select quota_octets as octets, quota_messages as messages, quota_mailboxes as mailboxes,
           used_octets as "usedOctets", used_messages as "usedMessages", used_mailboxes as "usedMailboxes",
           has_own_quota_octets as "hasOwnOctets", has_own_quota_messages as "hasOwnMessages",
           has_own_quota_mailboxes as "hasOwnMailboxes"
      from accounts where name = ${accountName}`;
  if (row === undefined) throw noSuchAccount(accountName);
  const { octets, messages, mailboxes } = row;
  return {
    use: { octets: row.usedOctets, messages: row.usedMessages, mailboxes: row.usedMailboxes },
    limits: { octets, messages, mailboxes },
    isOwn: { octets: row.hasOwnOctets, messages: row.hasOwnMessages, mailboxes: row.hasOwnMailboxes },
  };
}

async function selectDefault(sql: Sql['read'] | Transaction): Promise<QuotaLimits> {
  const [row] = await sql<QuotaLimits[]>`
    select default_quota_octets as octets, default_quota_messages as messages, default_quota_mailboxes as mailboxes
      from installation`;
  if (row === undefined) throw new Error('The installation row is missing: the database was not migrated');
  return row;
}

async function changeQuota(sql: Sql, actor: Actor, accountName: string, change: QuotaChange): Promise<void> {
  await revoke(sql, actor, async (tx, note) => {
    const byDefault = await selectDefault(tx);
    const { limits, isOwn } = await selectQuota(tx, accountName);
    await note(accountSubject(accountName));
    const limit = (amount: keyof QuotaUse) => {
      const changed = change[amount];
      if (changed === undefined) return limits[amount];
      return changed === 'default' ? byDefault[amount] : changed;
    };
    const owns = (amount: keyof QuotaUse) =>
      change[amount] === undefined ? isOwn[amount] : change[amount] !== 'default';
    await tx`
      update accounts
         set quota_octets = ${limit('octets')}, has_own_quota_octets = ${owns('octets')},
             quota_messages = ${limit('messages')}, has_own_quota_messages = ${owns('messages')},
             quota_mailboxes = ${limit('mailboxes')}, has_own_quota_mailboxes = ${owns('mailboxes')}
       where name = ${accountName}`;
  });
}

async function changeDefault(sql: Sql, actor: Actor, change: DefaultQuotaChange): Promise<void> {
  await changeDirectory(sql, actor, async (tx, note) => {
    await note(DEFAULTS);
    const { octets, messages, mailboxes } = { ...(await selectDefault(tx)), ...change };
    await tx`
      update installation set default_quota_octets = ${octets}, default_quota_messages = ${messages},
             default_quota_mailboxes = ${mailboxes}`;
  });
  await spreadDefaults(sql);
}

/** Gives the default to every account that has no limit of its own, and another one now. */
export async function spreadDefaults(sql: Sql): Promise<void> {
  for (let last: number | null = 0; last !== null; ) {
    const above: number = last;
    last = await changeMail(sql, (tx) => spreadDefault(tx, above));
  }
  await untilKnown();
}

/** Gives the default to some accounts above this one. @returns the last of them; null if there was none to give it to */
async function spreadDefault(tx: Transaction, above: number): Promise<number | null> {
  // As in `changeDirectory`, before any row of an account: the default stays as it is until the transaction ends.
  await raiseVersion(tx);
  const { octets, messages, mailboxes } = await selectDefault(tx);
  const accounts = await tx<{ accountId: number }[]>`
    select account_id as "accountId" from accounts
     where account_id > ${above}
       and ((not has_own_quota_octets and quota_octets is distinct from ${octets}::bigint)
            or (not has_own_quota_messages and quota_messages is distinct from ${messages}::bigint)
            or (not has_own_quota_mailboxes and quota_mailboxes is distinct from ${mailboxes}::bigint))
     order by account_id limit ${ACCOUNTS_AT_ONCE} for no key update`;
  const last = accounts.at(-1)?.accountId ?? null;
  if (last === null) return null;
  await tx`
    update accounts
       set quota_octets = case when has_own_quota_octets then quota_octets else ${octets}::bigint end,
           quota_messages = case when has_own_quota_messages then quota_messages else ${messages}::bigint end,
           quota_mailboxes = case when has_own_quota_mailboxes then quota_mailboxes else ${mailboxes}::bigint end
     where account_id = any(${`{${accounts.map(({ accountId }) => accountId).join(',')}}`}::bigint[])`;
  return last;
}
