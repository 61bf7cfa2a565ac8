import { startBreakableServer } from '@postel/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ChangeFeed } from './change-feed.ts';
import type { Database } from './database.ts';
import type { AccountId } from './ids.ts';
import { recoverAccount } from './recover-account.ts';
import { append, startStorage, type TestStorage } from './storage-for-tests.ts';

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

/** What a feed tells, one after the other. */
class Ear {
  readonly #heard: (number | null)[] = [];
  #wake: () => void = () => {};

  readonly listener = (modseq: number | null): void => {
    this.#heard.push(modseq);
    this.#wake();
  };

  has(modseq: number): boolean {
    return this.#heard.includes(modseq);
  }

  /** Waits for it, passing over what was heard before. */
  async hears(modseq: number | null): Promise<void> {
    while (!this.#heard.includes(modseq)) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
    this.#heard.length = 0;
  }
}

async function startFeed(database: Database = storage.database): Promise<ChangeFeed & AsyncDisposable> {
  const feed = new ChangeFeed(database, { onError: (error) => storage.errors.push(error), pollMs: 20 });
  await feed.start();
  return Object.assign(feed, { [Symbol.asyncDispose]: () => feed.close() });
}

/** What only NOTIFY can have told; sent until it is heard, since nobody tells us when LISTEN is back. */
async function expectNotify(account: AccountId, ear: Ear): Promise<void> {
  while (!ear.has(1_000)) await storage.sql`select pg_notify('postel_mail', ${`${account}:1000`})`;
}

const raise = async (account: AccountId, by: number): Promise<number> => {
  const [row] = await storage.sql<{ modseq: number }[]>`
    update accounts set modseq = modseq + ${by}::integer where account_id = ${account} returning modseq`;
  return row?.modseq ?? 0;
};

test('rule 9: what another process commits is heard by NOTIFY', async () => {
  await using feed = await startFeed();
  const { account, inbox } = await storage.newAccount();
  const other = await storage.openStore();
  const ear = new Ear();
  feed.watch(account, ear.listener);
  const { modseq } = await append(other.store, account, inbox, 'x');
  await ear.hears(modseq);
  expect(feed.newest(account)).toBe(modseq);
  // Of this one only NOTIFY speaks, so it cannot have been the poll.
  await storage.sql`select pg_notify('postel_mail', ${`7:1 ${account}:${modseq + 100} 8:1`})`;
  await ear.hears(modseq + 100);
});

test('rule 9: what no NOTIFY told is heard by asking', async () => {
  await using feed = await startFeed();
  const { account } = await storage.newAccount();
  const ear = new Ear();
  feed.watch(account, ear.listener);
  await ear.hears(await raise(account, 1));
  await ear.hears(await raise(account, 1));
});

test('rule 9: what was told while LISTEN had no connection is heard once it has', async () => {
  await using feed = await startFeed();
  const { account } = await storage.newAccount();
  const ear = new Ear();
  feed.watch(account, ear.listener);
  await storage.sql`select pg_terminate_backend(pid) from pg_stat_activity
                     where datname = current_database() and query = 'listen postel_mail'`;
  await ear.hears(await raise(account, 1));
  await expectNotify(account, ear);
});

test('a listener is told again and again, so that one that failed catches up', async () => {
  await using feed = await startFeed();
  const { account } = await storage.newAccount();
  const modseq = await raise(account, 1);
  const ear = new Ear();
  feed.watch(account, ear.listener);
  for (let i = 0; i < 3; i++) await ear.hears(modseq);
});

test('rule 3: an account that is gone, or whose modseq fell, is told as such', async () => {
  await using feed = await startFeed();
  const { account } = await storage.newAccount();
  const ear = new Ear();
  feed.watch(account, ear.listener);
  await ear.hears(await raise(account, 10));
  await raise(account, -5);
  await ear.hears(null);
  const recovered = await recoverAccount(storage.sql, account);
  await ear.hears(recovered?.modseq ?? 0);
  await ear.hears(await raise(account, 1));
  await storage.sql`delete from accounts where account_id = ${account}`;
  await ear.hears(null);
});

test('rule 9: commits coalesce: one NOTIFY tells of many', async () => {
  await using feed = await startFeed();
  const payloads: string[] = [];
  const all = Promise.withResolvers<void>();
  const last = '9007199254740500:9007199254740991';
  const stop = await storage.database.listen('postel_mail', {
    heard: (payload) => {
      if (!payload.startsWith('9007199254740')) return;
      payloads.push(payload);
      if (payload.endsWith(last)) all.resolve();
    },
    listening: () => {},
  });
  for (let i = 0; i <= 500; i++) {
    feed.committed((9007199254740000 + i) as AccountId, 1);
    feed.committed((9007199254740000 + i) as AccountId, Number.MAX_SAFE_INTEGER);
  }
  await all.promise;
  await stop();
  expect(payloads.map((payload) => payload.split(' ').length)).toEqual([200, 200, 101]);
  expect(payloads.every((payload) => payload.length < 8_000)).toBe(true);
});

test.each(['', 'x', '1', ':', '1:x', '1:1:1', '1:1e400', 'a:1 2:b'])(
  'hardening 67: a payload of %j does no harm',
  async (payload) => {
    await using feed = await startFeed();
    const { account } = await storage.newAccount();
    const ear = new Ear();
    feed.watch(account, ear.listener);
    await storage.sql`select pg_notify('postel_mail', ${payload})`;
    await storage.sql`select pg_notify('postel_mail', ${`${account}:500`})`;
    await ear.hears(500);
  },
);

test('who stops to listen hears nothing, and stopping twice stops nobody else', async () => {
  await using feed = await startFeed();
  const { account } = await storage.newAccount();
  const [first, second] = [new Ear(), new Ear()];
  const stop = feed.watch(account, first.listener);
  stop();
  feed.watch(account, second.listener);
  stop();
  feed.committed(account, 50);
  expect(feed.newest(account)).toBe(50);
  await second.hears(50);
});

test('hardening 65: a feed whose database is away says so, and goes on when it is back', async () => {
  await using server = await startBreakableServer(storage.target);
  const { database } = await storage.openStore({ target: server.target, isDeaf: true });
  const failed = Promise.withResolvers<unknown>();
  const feed = new ChangeFeed(database, { onError: failed.resolve, pollMs: 20 });
  await feed.start();
  const { account } = await storage.newAccount();
  const ear = new Ear();
  feed.watch(account, ear.listener);
  server.refuse(true);
  expect(await failed.promise).toMatchObject({ kind: 'unavailable' });
  const modseq = await raise(account, 1);
  server.refuse(false);
  await ear.hears(modseq);
  await expectNotify(account, ear);
  await feed.close();
});
