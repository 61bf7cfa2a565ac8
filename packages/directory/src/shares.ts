import {
  type AccountId,
  formatRights,
  type Grantee,
  type MailboxId,
  type Rights,
  type RightsEntry,
  readRights,
  type Sql,
  StorageError,
  setRights,
} from '@postel/storage';
import type { Actor } from './actor.ts';
import type { Subject } from './change-record.ts';
import { DirectoryError } from './errors.ts';
import { findAccount, identifyAccount } from './find-account.ts';
import { changeLimits, readDirectory } from './transaction.ts';

/** Stands for everybody (RFC 4314 §2). */
export const ANYONE = 'anyone';

/** A mailbox, by the names of its account and its own, as the store spells it. */
export interface NamedMailbox {
  readonly account: string;
  readonly mailbox: string;
}

/** Who beside its owner may do what with a mailbox: RFC 4314. Every method throws 'no-such-account' and 'no-such-mailbox'. */
export interface Shares {
  read(mailbox: NamedMailbox): Promise<readonly RightsEntry[]>;

  /**
   * Gives somebody these rights and no others; none: takes the entry away. Those who lose a right are disconnected from it.
   *
   * @param who an account by its name or an address, or `anyone`; with `-` in front: what they shall not have, whoever gives it
   */
  set(mailbox: NamedMailbox, who: string, rights: Rights): Promise<void>;
}

/** What needs no actor, because it changes nothing. */
export type ReadableShares = Pick<Shares, 'read'>;

export function readableShares(sql: Sql): ReadableShares {
  return {
    async read(mailbox) {
      const { account, id } = await findMailbox(sql, mailbox);
      return await readDirectory(() => readRights(sql, account, id));
    },
  };
}

export function openShares(sql: Sql, actor: Actor): Shares {
  return {
    ...readableShares(sql),
    async set(mailbox, who, rights) {
      const { account, id } = await findMailbox(sql, mailbox);
      const grantee = await granteeOf(sql, who);
      if (grantee.account === account) {
        throw new DirectoryError('invalid-name', 'The owner of a mailbox has all rights, always');
      }
      try {
        await changeLimits(sql, actor, async (tx, note) => {
          await note(sharesOf(mailbox, account, id));
          await setRights(tx, account, id, grantee, { mode: 'replace', rights });
        });
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
        throw new DirectoryError('no-such-mailbox', error.message, { cause: error });
      }
    },
  };
}

/** A mailbox, and who else may use it, as a subject of changes. */
function sharesOf({ account, mailbox }: NamedMailbox, owner: AccountId, id: MailboxId): Subject {
  return {
    kind: 'mailbox',
    name: `${account}/${mailbox}`,
    async read(tx) {
      const entries = await readRights(tx, owner, id);
      return {
        shares: Object.fromEntries(
          entries.map(({ name, isNegative, rights }) => [
            `${isNegative ? '-' : ''}${name ?? ANYONE}`,
            formatRights(rights),
          ]),
        ),
      };
    },
  };
}

async function findMailbox(sql: Sql, { account, mailbox }: NamedMailbox) {
  return await readDirectory(async () => {
    const accountId = await findAccount(sql.read, account);
    const [row] = await sql.read<{ id: Parameters<typeof setRights>[2] }[]>`
      select mailbox_id as id from mailboxes
       where account_id = ${accountId} and name = ${mailbox}::text and expunged_seq is null`;
    if (row === undefined) {
      throw new DirectoryError('no-such-mailbox', `${account} has no mailbox ${JSON.stringify(mailbox)}`);
    }
    return { account: accountId, id: row.id };
  });
}

async function granteeOf(sql: Sql, who: string): Promise<Grantee> {
  const isNegative = who.startsWith('-');
  const name = isNegative ? who.slice(1) : who;
  if (name === ANYONE) return { account: null, isNegative };
  const found = await identifyAccount(sql, name);
  if (found === null) throw new DirectoryError('no-such-account', `There is no account ${JSON.stringify(name)}`);
  return { account: found.accountId, isNegative };
}
