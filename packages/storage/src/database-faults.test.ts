/** Hardening 65, of the connections: what becomes of statements when the database goes, hangs and comes back. */
import { once } from 'node:events';
import { startBreakableServer } from '@postel/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Connection } from './connection.ts';
import { type DatabaseOptions, type DatabaseTarget, openDatabase } from './database.ts';
import { DatabaseServers } from './database-servers.ts';
import { ConnectionLost, translateDatabaseError } from './errors.ts';
import type { AccountId } from './ids.ts';
import { append, hold, messageOf, recount, startStorage, type TestStorage } from './storage-for-tests.ts';
import { startTlsServer } from './tls-server-for-tests.ts';

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

function open(target: DatabaseTarget, options: Partial<DatabaseOptions> = {}) {
  const database = openDatabase(target, { applicationName: 'faults test', maxConnections: 4, ...options });
  return { ...database, [Symbol.asyncDispose]: () => database.close() };
}

test('hardening 65: a read whose connection the server has closed is asked again, a write is not', async () => {
  await using server = await startBreakableServer(storage.target);
  await using database = open(server.target, { maxConnections: 1 });
  const { sql } = database;
  for (let round = 0; round < 5; round++) {
    await sql.read`select 1`;
    server.cut();
    expect(await sql.read`select 1 as one`).toEqual([{ one: 1 }]);
    server.cut();
    await expect(sql`select 1`).rejects.toBeInstanceOf(ConnectionLost);
  }
});

test('hardening 65: a connection that was closed while it lay idle is not lent, not even to a write', async () => {
  await using database = open(storage.target);
  for (let round = 0; round < 5; round++) {
    const pids = await Promise.all(
      Array.from({ length: 4 }, () => database.sql<{ pid: number }[]>`select pg_backend_pid() as pid, pg_sleep(0.02)`),
    );
    // Ended, and not only told to: the last of it is that the server is rid of it.
    for (const [row] of pids) {
      await storage.sql`select pg_terminate_backend(${row?.pid ?? 0}::integer, 5000)`;
    }
    expect(await Promise.all(Array.from({ length: 4 }, () => database.sql`select 1 as one`))).toHaveLength(4);
  }
});

test('hardening 65: a server that hangs is given up at the deadline', async () => {
  await using server = await startBreakableServer(storage.target);
  const connection = await Connection.open(new DatabaseServers(server.target), { applicationName: 'faults test' });
  let why = '';
  connection.onClose = (how) => (why = how);
  server.hang();
  const late = connection.run((client) => client.unsafe('select 1'), 100);
  await expect(late).rejects.toMatchObject({ name: 'ConnectionLost', isLate: true, isUnsent: false });
  expect({ why, isUsable: connection.isUsable }).toEqual({ why: 'lost', isUsable: false });
});

test('hardening 65: while the database is away one connection at a time is tried, however many ask', async () => {
  await using server = await startBreakableServer(storage.target);
  const told: string[] = [];
  const up = Promise.withResolvers<void>();
  const onUp = () => {
    told.push('up');
    up.resolve();
  };
  await using database = open(server.target, { onDown: () => told.push('down'), onUp });
  await database.sql`select 1`;
  server.refuse(true);
  const before = server.connections;
  for (let round = 0; round < 5; round++) {
    const asked = await Promise.allSettled(Array.from({ length: 500 }, () => database.sql.read`select 1`));
    for (const each of asked) expect(each).toMatchObject({ reason: { kind: 'unavailable' } });
  }
  // As many as the pool may have, at first; then one after the other, for 2,500 who ask.
  expect(server.connections - before).toBeLessThanOrEqual(4 + 1 + 5);
  expect(database.isUp()).toBe(false);
  server.refuse(false);
  await up.promise; // nobody asks
  expect({ told, isUp: database.isUp() }).toEqual({ told: ['down', 'up'], isUp: true });
  expect(await database.sql`select 1 as one`).toEqual([{ one: 1 }]);
});

test('a write that did not reach the server whole is known not to have been done', () => {
  const unsent = new ConnectionLost({ isUnsent: true });
  expect(translateDatabaseError(unsent, true)).toMatchObject({ kind: 'unavailable', cause: unsent });
});

test('hardening 65: what TLS says of a connection that breaks is of the connection', async () => {
  await using proxy = await startTlsServer(storage.target);
  await using database = open(proxy.target);
  expect(await database.sql`select 1 as one`).toEqual([{ one: 1 }]);
  const lost = database.sql`select pg_sleep(60)`.catch((error: unknown) => error);
  await once(proxy.events, 'data');
  proxy.garble();
  const error = await lost;
  expect(error).toMatchObject({ name: 'ConnectionLost', cause: { code: expect.stringMatching(/^ERR_SSL_/) } });
  expect(translateDatabaseError(error)).toMatchObject({ kind: 'unavailable' });
  expect(await database.sql`select 1 as one`).toEqual([{ one: 1 }]);
});

test('hardening 65: over a network that is slow by 5 s all is done, late, and appends do not pile up', {
  timeout: 60_000,
}, async () => {
  await using server = await startBreakableServer(storage.target);
  const { store, database } = await storage.openStore({ target: server.target, isDeaf: true, maxConnections: 2 });
  for (const held of await Promise.all([1, 2].map(() => hold(database, (tx) => tx`select 1`)))) {
    await held[Symbol.asyncDispose](); // both are open now
  }
  const [{ account, inbox }, other] = await Promise.all([storage.newAccount(), storage.newAccount()]);
  const messages = await Promise.all(Array.from({ length: 100 }, (_, i) => messageOf(store, inbox, `slow ${i}`)));
  // Both connections know the statements: one that is new to a connection takes two round trips, which is too long for a read.
  for (let i = 0; i < 10; i++) {
    await Promise.all([append(store, account, inbox, `${i}`), append(store, other.account, other.inbox, `${i}`)]);
    await Promise.all([store.mailboxes.find(account, 'INBOX'), store.mailboxes.find(account, 'INBOX')]);
  }
  server.slow(5_000);
  const appended = Promise.all(messages.map((message) => store.arrivals.append(account, message)));
  expect((await store.mailboxes.find(account, 'INBOX'))?.name).toBe('INBOX');
  const modseqs = (await appended).map(({ modseq }) => modseq);
  expect(new Set(modseqs).size).toBeLessThanOrEqual(3); // the first, and 64 and 35 that waited for it
  server.slow(0);
  expect((await storage.store.mailboxes.find(account, 'INBOX'))?.messages).toBe(110);
  expect(await recount(storage.database, account)).toEqual([]);
});

test('hardening 65: when all connections are busy who waits is told so within 8 s, and others are served after', {
  timeout: 30_000,
}, async () => {
  const { store, database } = await storage.openStore({ maxConnections: 2, isDeaf: true });
  const { account, inbox } = await storage.newAccount();
  const busy = await Promise.all([1, 2].map(() => hold(database, (tx) => tx`select 1`)));
  const asked = await Promise.allSettled([
    store.mailboxes.find(account, 'INBOX'),
    append(store, account, inbox, 'refused'),
    store.mailboxes.create(account, 'refused', null),
  ]);
  for (const each of asked) expect(each).toMatchObject({ reason: { kind: 'unavailable' } });
  for (const one of busy) await one[Symbol.asyncDispose]();
  expect(await append(store, account, inbox, 'served')).toMatchObject({ uid: 1 });
});

test('hardening 65: of two transactions that wait for each other one is unavailable, the other is done', async () => {
  const [mary, peter] = await Promise.all([storage.newAccount(), storage.newAccount()]);
  const both = Promise.withResolvers<void>();
  let arrived = 0;
  const take = (first: AccountId, second: AccountId) =>
    storage.sql
      .begin(async (tx) => {
        await tx`update accounts set modseq = modseq + 1 where account_id = ${first}`;
        if (++arrived === 2) both.resolve();
        await both.promise;
        await tx`update accounts set modseq = modseq + 1 where account_id = ${second}`;
      })
      .catch((error: unknown) => {
        throw translateDatabaseError(error, true);
      });
  const outcomes = await Promise.allSettled([take(mary.account, peter.account), take(peter.account, mary.account)]);
  const failures = outcomes.filter((outcome) => outcome.status === 'rejected');
  expect(failures).toMatchObject([{ reason: { kind: 'unavailable', cause: { code: '40P01' } } }]);
  for (const { account, inbox } of [mary, peter])
    expect(await append(storage.store, account, inbox, 'one')).toMatchObject({ uid: 1 });
});
