import { randomBytes } from 'node:crypto';
import type { Sql, Transaction } from './database.ts';
import { asStorageErrors } from './errors.ts';
import type { AccountId, MailboxId } from './ids.ts';

const KEY_OCTETS = 32;

/** A mailbox, whosever it is. */
interface KeyedMailbox {
  readonly account: AccountId;
  readonly id: MailboxId;
}

/** By which accounts authorize URLs of messages in mailboxes (RFC 4467 §2.2), each with keys of its own. */
export class UrlKeys {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /**
   * The key of an account for a mailbox, by the names of the mailbox's owner and its own. The same one query whatever there is, so
   * that its time tells nobody what.
   *
   * @param keeper null: an account that there is not
   * @returns null if it has authorized none since the key was reset, or there is no such mailbox
   * @throws {StorageError} 'unavailable'
   */
  async find(keeper: AccountId | null, owner: string, name: string): Promise<Buffer | null> {
    const [row] = await asStorageErrors(
      () => this.#sql.read<{ key: Buffer }[]>`
        select k.key
          from accounts as a
          join mailboxes as b using (account_id)
          join url_keys as k on k.account_id = ${keeper}::bigint and k.owner_id = b.account_id and k.mailbox_id = b.mailbox_id
         where a.name = ${owner}::text and b.name = ${name}::text and b.expunged_seq is null`,
    );
    return row?.key ?? null;
  }

  /** As `find`; if there is none yet, it is made. Those of mailboxes that are gone go with it. @throws {StorageError} 'unavailable' */
  async ensure(keeper: AccountId, { account, id }: KeyedMailbox): Promise<Buffer> {
    return await this.#write(async (tx) => {
      const made = await tx`
        insert into url_keys (account_id, owner_id, mailbox_id, key)
        values (${keeper}::bigint, ${account}::bigint, ${id}::bigint, ${randomBytes(KEY_OCTETS)}) on conflict do nothing
        returning mailbox_id`;
      if (made.length > 0) {
        await tx`
          delete from url_keys as k
           where k.account_id = ${keeper}::bigint and not exists (
             select from mailboxes as b
              where b.account_id = k.owner_id and b.mailbox_id = k.mailbox_id and b.expunged_seq is null)`;
      }
      const [row] = await tx<{ key: Buffer }[]>`
        select key from url_keys
         where account_id = ${keeper}::bigint and owner_id = ${account}::bigint and mailbox_id = ${id}::bigint`;
      return row?.key ?? randomBytes(KEY_OCTETS); // the mailbox has gone meanwhile: what this signs is good for nothing
    });
  }

  /** Revokes what the account has authorized of a mailbox. @throws {StorageError} 'unavailable' */
  async reset(keeper: AccountId, { account, id }: KeyedMailbox): Promise<void> {
    await this.#write(
      (tx) => tx`
        insert into url_keys (account_id, owner_id, mailbox_id, key)
        values (${keeper}::bigint, ${account}::bigint, ${id}::bigint, ${randomBytes(KEY_OCTETS)})
            on conflict (account_id, owner_id, mailbox_id) do update set key = excluded.key`,
    );
  }

  /** Revokes all that the account has authorized. @throws {StorageError} 'unavailable' */
  async removeAll(keeper: AccountId): Promise<void> {
    await this.#write((tx) => tx`delete from url_keys where account_id = ${keeper}::bigint`);
  }

  #write<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    return asStorageErrors(async () => await this.#sql.begin(work));
  }
}
