import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestDatabase, type TestDatabase } from '@postel/testkit';
import { createAccount } from './accounts.ts';
import type { Arrival, NewMessage } from './append.ts';
import { BlobDirectory } from './blob-directory.ts';
import type { BlobStore } from './blob-store.ts';
import type { Content } from './content-writer.ts';
import { type Database, type DatabaseTarget, openDatabase, type Transaction } from './database.ts';
import type { AccountId, MailboxId } from './ids.ts';
import { NO_DETAILS } from './received-envelope.ts';
import type { MailboxWatcher, SharedMailbox } from './shared-mailbox.ts';
import { Store } from './store.ts';

const LIMIT_OCTETS = 100 * 1024 * 1024;

/** What a test's storage is made of, if not of a database and a directory of its own. */
export interface StorageParts {
  readonly testDatabase?: TestDatabase;
  /** Another store of blobs, made anew for each process. */
  readonly blobsOf?: (directory: string) => BlobStore;
}

/** A database and a blob directory of its own, and a store on them. */
export async function startStorage({ testDatabase: given, blobsOf }: StorageParts = {}) {
  const testDatabase = given ?? (await createTestDatabase());
  const blobDirectory = await mkdtemp(join(tmpdir(), 'postel-blobs-'));
  const openBlobStore = () => blobsOf?.(blobDirectory) ?? new BlobDirectory(blobDirectory);
  const opened: { close(): Promise<void> }[] = [];
  const errors: unknown[] = [];

  /** Another process, as far as the database can tell. */
  async function openStore(options: { target?: DatabaseTarget; maxConnections?: number; isDeaf?: boolean } = {}) {
    const { target = testDatabase.target, maxConnections = 4, isDeaf = false } = options;
    const database = openDatabase(target, { applicationName: 'storage test', maxConnections });
    const blobs = openBlobStore();
    const store = new Store(database, { blobs, onError: (error) => errors.push(error) });
    opened.unshift(store, database);
    if (!isDeaf) await store.start();
    return { store, database };
  }

  const first = await openStore();
  return {
    target: testDatabase.target,
    blobDirectory,
    store: first.store,
    database: first.database,
    sql: first.database.sql,
    /** What the stores told nobody else. */
    errors,
    openStore,
    newAccount: () => newAccount(first.database),
    makeBareDatabase: (options?: string, user?: string) =>
      makeBareDatabase(testDatabase.target, first.database, options, user),
    async blobs(): Promise<readonly string[]> {
      const entries = await readdir(blobDirectory, { recursive: true, withFileTypes: true });
      return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
    },
    async [Symbol.asyncDispose]() {
      for (const each of opened) await each.close();
      await testDatabase[Symbol.asyncDispose]();
      await rm(blobDirectory, { recursive: true });
    },
  };
}

export type TestStorage = Awaited<ReturnType<typeof startStorage>>;

/** A database without tables on the same server, made with these options, and reached as that user. */
async function makeBareDatabase(near: DatabaseTarget, { sql }: Database, options = '', user = '') {
  const name = `bare_${randomBytes(6).toString('hex')}`;
  await sql.unsafe(`create database ${name} template template0 ${options}`);
  if ('url' in near) throw new Error('the tests run on the embedded Postgres');
  const target = { ...near, database: name, user: user === '' ? near.user : user };
  const database = openDatabase(target, { applicationName: 'storage test', maxConnections: 2 });
  return {
    ...database,
    target,
    async [Symbol.asyncDispose]() {
      await database.close();
      await sql.unsafe(`drop database ${name} with (force)`);
    },
  };
}

let accounts = 0;

/** A fresh account and its INBOX. */
async function newAccount({ sql }: Database): Promise<{ account: AccountId; inbox: MailboxId }> {
  const account = await sql.begin((tx) => createAccount(tx, `account-${++accounts}`));
  const [inbox] = await sql<{ id: MailboxId }[]>`
    select mailbox_id as id from mailboxes where account_id = ${account} and name = 'INBOX'`;
  if (inbox === undefined) throw new Error('the account has no INBOX');
  return { account, inbox: inbox.id };
}

export async function contentOf(store: Store, octets: string | Buffer): Promise<Content> {
  const writer = store.arrivals.receive(LIMIT_OCTETS);
  await writer.write(Buffer.from(octets));
  return writer.finish();
}

/** A message whose content is one line, given in `text`. */
export async function messageOf(
  store: Store,
  mailbox: MailboxId,
  text: string | Buffer,
  more: Partial<NewMessage> = {},
): Promise<NewMessage> {
  const content = await contentOf(store, typeof text === 'string' ? `Subject: ${text}\r\n\r\n` : text);
  return { mailbox, content, flags: { system: 0, keywords: [] }, internalDate: 0, arrival: null, ...more };
}

export async function append(
  store: Store,
  account: AccountId,
  mailbox: MailboxId,
  text: string | Buffer,
  more: Partial<NewMessage> = {},
) {
  return store.arrivals.append(account, await messageOf(store, mailbox, text, more));
}

export const arrivalOf = (forwardPath: string, prefix = ''): Arrival => ({
  prefix: Buffer.from(prefix),
  reversePath: 'sender@example.com',
  forwardPath,
  protocol: 'ESMTP',
  clientAddress: '192.0.2.1',
  clientName: 'client.example.com',
  details: NO_DETAILS,
});

/** What a watcher was told, and a way to wait for it. */
export class RecordingWatcher implements MailboxWatcher {
  readonly removals: number[] = [];
  /** What was told last of when these were still there. */
  presentAt = 0;
  changes = 0;
  reason: string | null = null;
  #wake: () => void = () => {};

  removed(uids: Uint32Array, presentAt: number): void {
    this.removals.push(...uids);
    this.presentAt = presentAt;
  }

  changed(): void {
    this.changes++;
    this.#wake();
  }

  lost(reason: 'deleted' | 'rewound'): void {
    this.reason = reason;
    this.#wake();
  }

  /** Waits until `condition` holds, which something told here must bring about. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
  }
}

/** The messages of a shared mailbox, with keywords by name. */
export function messagesIn(mailbox: SharedMailbox) {
  const { table } = mailbox;
  return Array.from({ length: table.length }, (_, at) => ({
    uid: table.uid(at),
    modSeq: table.modSeq(at),
    flags: table.flags(at),
    keywords: table.keywordsOf(table.keywordSet(at)).map((id) => mailbox.keyword(id)),
  }));
}

/** The same, as the database has them. */
export async function messagesInDatabase({ sql }: Database, account: AccountId, mailbox: MailboxId) {
  const rows = await sql<{ uid: number; modSeq: number; flags: number; keywords: string }[]>`
    select uid, mod_seq as "modSeq", flags,
           coalesce((select string_agg(k.name, ' ' order by k.keyword_id) from keywords as k
                      where k.account_id = m.account_id and k.mailbox_id = m.mailbox_id
                        and k.keyword_id = any (m.keywords)), '') as keywords
      from messages as m where account_id = ${account} and mailbox_id = ${mailbox} order by uid`;
  return rows.map((row) => ({ ...row, keywords: row.keywords.split(' ').filter((name) => name !== '') }));
}

/** Counters that differ from what counting anew gives, and whatever else does not fit together; empty if all is well. */
export async function recount({ sql }: Database, account: AccountId): Promise<readonly object[]> {
  const mailboxes = await sql<object[]>`
    with counted as (
      select b.mailbox_id, count(m.uid) as messages, count(*) filter (where m.flags & 1 = 0) as unseen,
             count(*) filter (where m.flags & 8 <> 0) as deleted, coalesce(sum(m.size_octets), 0)::bigint as octets,
             coalesce(sum(m.size_octets) filter (where m.flags & 8 <> 0), 0)::bigint as deleted_octets,
             coalesce(max(m.uid), 0) as last_uid,
             greatest(b.create_seq, b.pruned_seq, max(m.mod_seq), (select max(t.mod_seq) from tombstones as t
               where t.account_id = b.account_id and t.mailbox_id = b.mailbox_id), (select max(n.mod_seq) from annotations as n
               where n.account_id = b.account_id and n.owner_id = b.account_id and n.mailbox_id = b.mailbox_id)) as seq
        from mailboxes as b left join messages as m using (account_id, mailbox_id)
       where b.account_id = ${account} group by b.account_id, b.mailbox_id)
    select b.*, c.* from mailboxes as b join counted as c using (mailbox_id)
     where b.account_id = ${account}
       and ((b.messages, b.unseen, b.deleted, b.octets, b.deleted_octets, b.highest_mod_seq)
            <> (c.messages, c.unseen, c.deleted, c.octets, c.deleted_octets, c.seq)
         or c.last_uid >= b.uid_next)`;
  const use = await sql<object[]>`
    select * from accounts as a,
           (select count(*) as messages, coalesce(sum(m.size_octets), 0) as octets
              from messages as m join mailboxes as b using (account_id, mailbox_id)
             where m.account_id = ${account} and not b.is_rejects) as m,
           (select count(*) as mailboxes, max(greatest(mod_seq, highest_mod_seq, expunged_seq)) as seq
              from mailboxes where account_id = ${account} and expunged_seq is null) as b,
           (select coalesce(sum(size_octets), 0) as octets from tombstones
             where account_id = ${account} and content_id is not null and not was_moved) as t
     where account_id = ${account}
       and ((used_messages, used_octets, used_mailboxes, retained_octets) <> (m.messages, m.octets, b.mailboxes, t.octets)
         or b.seq > a.modseq)`;
  const contents = await sql<object[]>`
    select m.uid, m.size_octets, m.prefix_octets, c.size_octets as content_octets
      from messages as m left join contents as c using (account_id, content_id)
     where m.account_id = ${account} and m.size_octets is distinct from m.prefix_octets + c.size_octets`;
  const missing = await sql<object[]>`
    select t.mailbox_id, t.uid, t.content_id from tombstones as t left join contents as c using (account_id, content_id)
     where t.account_id = ${account} and t.content_id is not null and c.hash is null`;
  const strays = await sql<object[]>`
    select n.mailbox_id, n.entry from annotations as n
     where n.account_id = ${account} and n.owner_id = n.account_id and n.mailbox_id <> 0 and not exists (
       select from mailboxes as b
        where b.account_id = n.account_id and b.mailbox_id = n.mailbox_id and b.expunged_seq is null)`;
  return [...mailboxes, ...use, ...contents, ...missing, ...strays];
}

/** Waits until so many statements of the database wait for a lock. */
export async function untilWaiting({ sql }: Database, count = 1): Promise<void> {
  for (let waiting = 0; waiting < count; ) {
    const [row] = await sql<{ waiting: number }[]>`
      select count(*) as waiting from pg_stat_activity
       where datname = current_database() and wait_event_type = 'Lock'`;
    waiting = row?.waiting ?? 0;
  }
}

/** Holds an account's row, as a writer that is slow to commit does, until disposed of. */
export function holdAccount(database: Database, account: AccountId): Promise<AsyncDisposable> {
  return hold(database, (tx) => tx`select from accounts where account_id = ${account} for update`);
}

/** Runs a statement, and keeps the locks that it took until disposed of. */
export async function hold(
  database: Database,
  lock: (tx: Transaction) => PromiseLike<unknown>,
): Promise<AsyncDisposable> {
  const held = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const done = database.sql.begin(async (tx) => {
    await tx`set local idle_in_transaction_session_timeout = 0`; // or a slow machine lets go before the test does
    await lock(tx);
    held.resolve();
    await release.promise;
  });
  await Promise.race([held.promise, done]);
  return {
    async [Symbol.asyncDispose]() {
      release.resolve();
      await done;
    },
  };
}
