import { randomBytes } from 'node:crypto';
import type { Sql } from './database.ts';
import type { AccountId, MailboxId } from './ids.ts';

const KEY_OCTETS = 32;

/** A mailbox, whosever it is. */
interface KeyedMailbox {
  readonly account: AccountId;
  readonly id: MailboxId;
}

/**
 * The key by which an account authorizes URLs of messages in a mailbox (RFC 4467 §2.2), by the names of the mailbox's owner and its
 * own. The same one query whatever there is, so that its time tells nobody what.
 *
 * @param keeper null: an account that there is not
 * @returns null if it has authorized none since the key was reset, or there is no such mailbox
 */
export async function findUrlKey(
  sql: Sql,
  keeper: AccountId | null,
  owner: string,
  name: string,
): Promise<Buffer | null> {
  const [row] = await sql.read<{ key: Buffer }[]>`
    select k.key
      from accounts as a
      join mailboxes as b using (account_id)
      join url_keys as k on k.account_id = ${keeper}::bigint and k.owner_id = b.account_id and k.mailbox_id = b.mailbox_id
     where a.name = ${owner}::text and b.name = ${name}::text and b.expunged_seq is null`;
  return row?.key ?? null;
}

/** As `findUrlKey`; if there is none yet, it is made. Those of mailboxes that are gone go with it. */
export async function ensureUrlKey(sql: Sql, keeper: AccountId, { account, id }: KeyedMailbox): Promise<Buffer> {
  return await sql.begin(async (tx) => {
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

/** Revokes what the account has authorized of a mailbox. */
export async function resetUrlKey(sql: Sql, keeper: AccountId, { account, id }: KeyedMailbox): Promise<void> {
  await sql.begin(
    (tx) => tx`
      insert into url_keys (account_id, owner_id, mailbox_id, key)
      values (${keeper}::bigint, ${account}::bigint, ${id}::bigint, ${randomBytes(KEY_OCTETS)})
          on conflict (account_id, owner_id, mailbox_id) do update set key = excluded.key`,
  );
}

/** Revokes all that the account has authorized. */
export async function removeUrlKeys(sql: Sql, keeper: AccountId): Promise<void> {
  await sql.begin((tx) => tx`delete from url_keys where account_id = ${keeper}::bigint`);
}
