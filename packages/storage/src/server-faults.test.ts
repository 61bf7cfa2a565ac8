/** Hardening 65 and 68: a Postgres of this file's own that is restarted, crashes, is stopped, read-only, crowded or full. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  hasSmallDisk,
  noSmallDiskNote,
  type OwnPostel,
  SmallDisk,
  startPostel,
  type TestDatabase,
} from '@postel/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DatabaseTarget, openDatabase } from './database.ts';
import { StorageError } from './errors.ts';
import type { AccountId, MailboxId } from './ids.ts';
import { migrate } from './migrate.ts';
import { append, hold, RecordingWatcher, recount, startStorage, type TestStorage } from './storage-for-tests.ts';
import type { Store } from './store.ts';

let postel: OwnPostel;
let storage: TestStorage;
beforeAll(async () => {
  postel = await startPostel();
  storage = await startStorage({ testDatabase: lent(postel.database) });
}, 60_000);
afterAll(async () => {
  await storage?.[Symbol.asyncDispose]();
  await postel?.[Symbol.asyncDispose]();
});

/** A database that stays when the test is over. */
const lent = (target: DatabaseTarget): TestDatabase => ({ target, [Symbol.asyncDispose]: () => Promise.resolve() });

interface Own {
  readonly account: AccountId;
  readonly inbox: MailboxId;
}

/** What was sent, and what was said of it: a UID, or the kind of the failure. */
type Ledger = Map<string, number | string>;

/** Appends one message after the other, whatever is said of each, until told to stop. */
class Writer {
  readonly ledger: Ledger = new Map();
  readonly own: Own;
  readonly #store: Store;
  #isStopped = false;
  readonly #done: Promise<void>;

  constructor(store: Store, own: Own, name: string) {
    this.#store = store;
    this.own = own;
    this.#done = this.#write(name);
  }

  count(isOne: (said: number | string) => boolean): number {
    return [...this.ledger.values()].filter(isOne).length;
  }

  get appended(): number {
    return this.count((said) => typeof said === 'number');
  }

  /** Until it has appended so many more. */
  async more(count: number): Promise<void> {
    for (const until = this.appended + count; this.appended < until; ) await nextTurn();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#done;
  }

  async #write(name: string): Promise<void> {
    for (let i = 0; !this.#isStopped; i++) {
      const subject = `${name}-${i}`;
      try {
        this.ledger.set(subject, (await append(this.#store, this.own.account, this.own.inbox, subject)).uid);
      } catch (error) {
        this.ledger.set(subject, error instanceof StorageError ? error.kind : String(error));
      }
    }
  }
}

/** Two to an account, so that appends share transactions. */
async function startWriters(store = storage.store, newAccount = storage.newAccount): Promise<readonly Writer[]> {
  const owns = await Promise.all([newAccount(), newAccount(), newAccount()]);
  return owns.flatMap((own) => ['a', 'b'].map((name) => new Writer(store, own, name)));
}

/** All that was acknowledged is there once, under its UID; what was refused is not there; the rest is there at most once. */
async function expectAsSaid(writers: readonly Writer[], { database, sql } = storage): Promise<void> {
  for (const { own, ledger } of writers) {
    const rows = await sql<{ uid: number; subject: string }[]>`
      select m.uid, regexp_substr(convert_from(c.octets, 'UTF8'), 'Subject: ([^\r]+)', 1, 1, '', 1) as subject
        from messages as m join contents as c using (account_id, content_id) where m.account_id = ${own.account}`;
    const stored = Map.groupBy(rows, ({ subject }) => subject);
    for (const [subject, said] of ledger) {
      const uids = (stored.get(subject) ?? []).map(({ uid }) => uid);
      if (typeof said === 'number') expect(uids, subject).toEqual([said]);
      else if (said === 'outcome-unknown') expect(uids.length, subject).toBeLessThanOrEqual(1);
      else
        expect({ said, uids }, subject).toEqual({ said: expect.stringMatching(/^(unavailable|disk-full)$/), uids: [] });
    }
    expect(await recount(database, own.account)).toEqual([]);
  }
}

test.each([
  ['is stopped and started again', () => process.kill(postel.pids.postgres, 'SIGINT')],
  ['is ended at once and started again', () => process.kill(postel.pids.postgres, 'SIGQUIT')],
  ['is killed and started again', () => process.kill(postel.pids.postgres, 'SIGKILL')],
  ['loses one of its processes and begins anew', killBackend],
])(
  'hardening 65: when Postgres %s under load, what was said is so, and all goes on',
  { timeout: 60_000 },
  async (_, end) => {
    const writers = await startWriters();
    await Promise.all(writers.map((writer) => writer.more(20)));
    await end();
    const isAway = () => writers.some((writer) => writer.count((said) => typeof said === 'string') > 0);
    while (!isAway() && storage.database.isUp()) await nextTurn();
    await Promise.all(writers.map((writer) => writer.more(20)));
    await Promise.all(writers.map((writer) => writer.stop()));
    await expectAsSaid(writers);
  },
);

/** Kills one that writes, as the kernel does when memory is short: Postgres then ends all others too. */
async function killBackend(): Promise<void> {
  for (;;) {
    const [row] = await storage.sql<{ pid: number }[]>`
      select pid from pg_stat_activity where state = 'active' and query like '%append_messages%' limit 1`;
    if (row === undefined) continue;
    process.kill(row.pid, 'SIGKILL');
    return;
  }
}

test('hardening 65: of a database that is read-only all can be read, and writes are unavailable until it is writable', async () => {
  const own = await storage.newAccount();
  await append(storage.store, own.account, own.inbox, 'one');
  const admin = openDatabase(postel.database, { applicationName: 'admin', maxConnections: 1 });
  await admin.sql`set session characteristics as transaction read write`;
  const setReadOnly = async (value: 'on' | 'off') => {
    await admin.sql.unsafe(`alter system set default_transaction_read_only = ${value}`);
    await admin.sql`select pg_reload_conf()`;
    const isSet = async () => {
      const [row] = await storage.sql<
        { value: string }[]
      >`select current_setting('default_transaction_read_only') as value`;
      return row?.value === value;
    };
    while (!(await isSet()));
  };
  await setReadOnly('on');
  const { store } = await storage.openStore(); // a process may start now
  const range = [{ first: 1, last: 1 }];
  const refused = { kind: 'unavailable' };
  await expect(append(store, own.account, own.inbox, 'two')).rejects.toMatchObject(refused);
  const edit = { mode: 'add', system: 8, keywords: [] } as const;
  await expect(store.changeFlags(own.account, own.inbox, range, edit, null)).rejects.toMatchObject(refused);
  await expect(store.copy(own.account, own.inbox, range, own.inbox, 'whole')).rejects.toMatchObject(refused);
  await expect(store.mailboxes.create(own.account, 'new', null)).rejects.toMatchObject(refused);
  expect(await store.fetchMessages(own.account, own.inbox, [1], { octets: true })).toHaveLength(1);
  expect((await store.mailboxes.find(own.account, 'INBOX'))?.messages).toBe(1);
  await setReadOnly('off');
  expect(await append(store, own.account, own.inbox, 'two')).toMatchObject({ uid: 2 });
  await admin.close();
});

test('hardening 65: when no more connections are to be had, who has one goes on, others hear that it is unavailable', {
  timeout: 30_000,
}, async () => {
  const own = await storage.newAccount();
  await append(storage.store, own.account, own.inbox, 'one');
  const late = await storage.openStore({ isDeaf: true });
  const crowd: ReturnType<typeof openDatabase>[] = [];
  for (let isRoom = true; isRoom; ) {
    const one = openDatabase(postel.database, { applicationName: 'crowd', maxConnections: 1 });
    crowd.push(one);
    isRoom = await one.sql`select 1`.then(
      () => true,
      (error) => {
        expect(error).toMatchObject({ kind: 'unavailable', cause: { code: '53300' } });
        return false;
      },
    );
  }
  await expect(append(late.store, own.account, own.inbox, 'refused')).rejects.toMatchObject({ kind: 'unavailable' });
  expect(await append(storage.store, own.account, own.inbox, 'two')).toMatchObject({ uid: 2 });
  for (const one of crowd) await one.close();
  const again = () => append(late.store, own.account, own.inbox, 'three').catch(() => null);
  let appended = await again();
  while (appended === null) appended = await again();
  expect(appended).toMatchObject({ uid: 3 });
});

test('hardening 65: a process that is stopped within a transaction holds up its account for 5 s, others not at all, and knows when it goes on', {
  timeout: 30_000,
}, async () => {
  const [held, other] = await Promise.all([storage.newAccount(), storage.newAccount()]);
  const child = startHolder(postel.database, held.account);
  const lines = createInterface({ input: child.stdout ?? process.stdin })[Symbol.asyncIterator]();
  expect((await lines.next()).value).toBe('held');
  child.kill('SIGSTOP');
  let isHeld = true;
  const waiting = append(storage.store, held.account, held.inbox, 'waits').finally(() => (isHeld = false));
  for (let i = 0; i < 20; i++) await append(storage.store, other.account, other.inbox, `goes on ${i}`);
  expect(isHeld).toBe(true);
  expect(await waiting).toMatchObject({ uid: 1 }); // idle_in_transaction_session_timeout has ended the transaction
  child.stdin?.write('go on\n');
  child.kill('SIGCONT');
  // What the server said last stands where the answer to the commit would; the store looks such a write up.
  expect((await lines.next()).value).toMatch(/^(unavailable|outcome-unknown)$/);
  expect((await lines.next()).value).toBe('committed');
  await once(child, 'exit');
  expect(await recount(storage.database, held.account)).toEqual([]);
});

function startHolder(target: DatabaseTarget, account: AccountId): ChildProcess {
  const script = fileURLToPath(new URL('fixtures/hold-account.ts', import.meta.url));
  return spawn(process.execPath, [script, JSON.stringify(target), String(account)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}

test('hardening 65: when the server process of a write is stopped, the account is unavailable, others are not, and no answer is made up', {
  timeout: 60_000,
}, async () => {
  const [held, other] = await Promise.all([storage.newAccount(), storage.newAccount()]);
  const stuck = openDatabase(postel.database, { applicationName: 'stuck', maxConnections: 1 });
  const [row] = await stuck.sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
  const pid = row?.pid ?? 0;
  const done = stuck.sql.begin(async (tx) => {
    await tx`select from accounts where account_id = ${held.account} for update`;
    process.kill(pid, 'SIGSTOP');
    const refused = expect(append(storage.store, held.account, held.inbox, 'waits')).rejects.toMatchObject({
      kind: 'unavailable', // lock_timeout
    });
    for (let i = 0; i < 20; i++) await append(storage.store, other.account, other.inbox, `goes on ${i}`);
    await refused;
    process.kill(pid, 'SIGCONT');
  });
  await done.catch(() => {}); // it may have been idle for too long
  expect(await append(storage.store, held.account, held.inbox, 'after it')).toMatchObject({ uid: 1 });
  await stuck.close();
});

test('hardening 67: when the queue of notifications is full writes go on, and others hear of them by asking', {
  timeout: 30_000,
}, async () => {
  await storage.sql`alter system set max_notify_queue_pages = 64`; // the least there can be; 8 GB is the default
  process.kill(postel.pids.postgres, 'SIGINT');
  const isSmall = async () => {
    const [row] = await storage.sql.read<
      { value: string }[]
    >`select current_setting('max_notify_queue_pages') as value`;
    return row?.value === '64';
  };
  while (!(await isSmall().catch(() => false)));

  const deaf = openDatabase(postel.database, { applicationName: 'deaf', maxConnections: 1 });
  await deaf.sql`listen filling`;
  const held = await hold(deaf, (tx) => tx`select 1`); // it takes nothing from the queue while its transaction lasts
  const payload = 'x'.repeat(7_900);
  const fill = async () => {
    for (;;) await storage.sql`select pg_notify('filling', ${payload})`;
  };
  await expect(fill()).rejects.toMatchObject({ code: '54000' });

  const own = await storage.newAccount();
  const { store } = await storage.openStore();
  const watcher = new RecordingWatcher();
  const mailbox = await store.openMailbox(own.account, own.inbox, watcher);
  expect(await append(storage.store, own.account, own.inbox, 'one')).toMatchObject({ uid: 1 });
  await watcher.until(() => mailbox.table.length === 1);
  await held[Symbol.asyncDispose]();
  await deaf.close();
  // Postgres forgets what nobody needs when somebody notifies, which nobody can while the queue is full: the feed sees to it.
  const isFull = () =>
    storage.sql`select pg_notify('filling', 'again')`.then(
      () => false,
      () => true,
    );
  while (await isFull()) await append(storage.store, own.account, own.inbox, 'again');
  store.closeMailbox(mailbox, watcher);
});

test.skipIf(!hasSmallDisk)(
  `hardening 68: when the disk of the tables is full, mail is refused, what is there can be read, and all goes on with room${noSmallDiskNote}`,
  { timeout: 60_000 },
  async () => {
    using disk = new SmallDisk(96 * 1024 * 1024);
    const location = join(disk.path, 'tables');
    mkdirSync(location);
    const { sql } = storage;
    await sql.unsafe(`create tablespace small location '${location}'`);
    await sql.unsafe('create database small template template0 tablespace small');
    const target: DatabaseTarget =
      'url' in postel.database ? postel.database : { ...postel.database, database: 'small' };
    await migrate(target);
    {
      await using small = await startStorage({ testDatabase: lent(target) });
      const writers = await startWriters(small.store, small.newAccount);
      await Promise.all(writers.map((writer) => writer.more(5)));
      disk.fillUp();
      const isFull = (writer: Writer) => writer.count((said) => said === 'disk-full') > 0;
      while (!writers.every(isFull)) await nextTurn();
      for (const { own } of writers) {
        const found = await small.store.mailboxes.find(own.account, 'INBOX');
        expect(await small.store.fetchMessages(own.account, own.inbox, [1], { octets: true })).toHaveLength(1);
        expect(found?.messages).toBeGreaterThanOrEqual(5);
      }
      const elsewhere = await storage.newAccount();
      expect(await append(storage.store, elsewhere.account, elsewhere.inbox, 'on the other disk')).toMatchObject({
        uid: 1,
      });
      disk.empty();
      await Promise.all(writers.map((writer) => writer.more(5)));
      await Promise.all(writers.map((writer) => writer.stop()));
      await expectAsSaid(writers, small);
    }
    await sql.unsafe('drop database small with (force)');
    await sql.unsafe('drop tablespace small');
  },
);
