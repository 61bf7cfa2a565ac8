import { startBreakableServer } from '@postel/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, openDatabase } from './database.ts';
import { ConnectionLost } from './errors.ts';
import { hold, startStorage, type TestStorage, untilWaiting } from './storage-for-tests.ts';

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
  await storage.sql`create table notes (note text)`;
});
afterAll(() => storage[Symbol.asyncDispose]());

function open(maxConnections: number, target = storage.target): Database & AsyncDisposable {
  const database = openDatabase(target, { applicationName: 'database test', maxConnections });
  return { ...database, [Symbol.asyncDispose]: () => database.close() };
}

const notes = async () => (await storage.sql<{ note: string }[]>`select note from notes`).map(({ note }) => note);

/** Ends the connection that runs a statement, as a server that goes down does. */
async function endConnectionRunning(statement: string): Promise<void> {
  for (let ended = 0; ended === 0; ) {
    const rows = await storage.sql`
      select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and state <> 'idle' and pid <> pg_backend_pid()
         and query like ${`%${statement}%`}`;
    ended = rows.count;
  }
}

test('a statement takes values, names and parts', async () => {
  const { sql } = storage;
  const part = sql`where note = ${'parts'}`;
  await sql`insert into ${sql('notes')} (note) values (${'parts'})`;
  expect(await sql`select note from notes ${part}`).toEqual([{ note: 'parts' }]);
  expect((await sql`delete from notes ${part}`).count).toBe(1);
});

test('hardening 65: a statement whose connection breaks is lost, and the next one has another connection', async () => {
  await using database = open(1);
  const lost = database.sql`select 'lost', pg_sleep(60)`.catch((error: unknown) => error);
  await endConnectionRunning("select 'lost'");
  expect(await lost).toBeInstanceOf(ConnectionLost);
  expect(await database.sql`select 1 as one`).toEqual([{ one: 1 }]);
});

test('hardening 65: a transaction whose connection breaks has done nothing, and none of it runs elsewhere', async () => {
  await using database = open(2);
  const lost = database.sql.begin(async (tx) => {
    await tx`insert into notes values ('broken before')`;
    await Promise.all([
      tx`select 'in transaction', pg_sleep(60)`,
      tx`insert into notes values ('broken behind')`,
    ]).catch(() => {});
    await tx`insert into notes values ('broken after')`;
  });
  await Promise.all([
    expect(lost).rejects.toMatchObject({ kind: 'unavailable' }),
    endConnectionRunning("select 'in transaction'"),
  ]);
  expect(await database.sql`select note from notes where note like 'broken%'`).toEqual([]);
});

test('a transaction whose connection breaks between two statements has done nothing', async () => {
  await using database = open(1);
  const lost = database.sql.begin(async (tx) => {
    await tx`insert into notes values ('between')`;
    await endConnectionRunning("values ('between')");
    await tx`select 1`;
  });
  await expect(lost).rejects.toMatchObject({ kind: 'unavailable' });
  expect(await notes()).not.toContain('between');
});

test('only a lost answer to the commit leaves doubt', async () => {
  await using server = await startBreakableServer(storage.target);
  await using database = open(1, server.target);
  const lost = database.sql.begin(async (tx) => {
    await tx`insert into notes values ('in doubt')`;
    void server.loseAnswerTo('commit').then(() => server.cut());
  });
  await expect(lost).rejects.toBeInstanceOf(ConnectionLost);
  expect(await notes()).toContain('in doubt');
});

test('rules 5 and 8: every connection sets its limits, and what its plans and commits shall be like', async () => {
  const names = [
    'synchronous_commit',
    'lock_timeout',
    'statement_timeout',
    'idle_in_transaction_session_timeout',
    'jit',
    'enable_seqscan',
    'plan_cache_mode',
    'search_path',
  ];
  const settings = await Promise.all(
    names.map((name) => storage.sql<{ value: string }[]>`select current_setting(${name}) as value`),
  );
  expect(settings.map(([row]) => row?.value)).toEqual([
    'on',
    '10s',
    '20s',
    '5s',
    'off',
    'off',
    'force_generic_plan',
    'public',
  ]);
});

test('a transaction is rolled back if its work throws', async () => {
  const failure = new Error('no');
  const work = storage.sql.begin(async (tx) => {
    await tx`insert into notes values ('thrown')`;
    throw failure;
  });
  await expect(work).rejects.toBe(failure);
  expect(await notes()).not.toContain('thrown');
});

test('a transaction fails if one of its statements failed, whatever its work made of that', async () => {
  const work = storage.sql.begin(async (tx) => {
    await tx`insert into notes values ('swallowed')`;
    await tx`select 1 / 0`.catch(() => {});
  });
  await expect(work).rejects.toMatchObject({ code: '22012' });
  expect(await notes()).not.toContain('swallowed');
});

test('a statement that waits for a lock holds up no other one while a connection is left', async () => {
  await using database = open(2);
  const held = await hold(storage.database, (tx) => tx`lock table notes`);
  const waits = database.sql`insert into notes values ('waited')`;
  const done = waits.then(() => 'waited');
  await untilWaiting(storage.database);
  for (let i = 0; i < 5; i++) expect(await Promise.race([done, database.sql`select 1 as one`])).toEqual([{ one: 1 }]);
  await held[Symbol.asyncDispose]();
  await done;
});

test('connections are no more than allowed, and all who want one get one', async () => {
  await using database = open(3);
  const pids = await Promise.all(
    Array.from({ length: 50 }, () => database.sql<{ pid: number }[]>`select pg_backend_pid() as pid`),
  );
  expect(new Set(pids.map(([row]) => row?.pid)).size).toBeLessThanOrEqual(3);
});

test.each([
  ['a socket that is not there', { socketDirectory: '/nonexistent', database: 'postel', user: 'postel' }],
  ['a port where nobody listens', { url: 'postgres://postel@127.0.0.1:1/postel' }],
  ['a host that is none', { url: 'postgres://postel@host.invalid/postel' }],
])('hardening 65: at %s all who wait hear that the database is unavailable, each time anew', async (_, target) => {
  await using database = open(2, target);
  for (let round = 0; round < 3; round++) {
    const asked = await Promise.allSettled(Array.from({ length: 5 }, () => database.sql`select 1`));
    expect(asked).toMatchObject(Array(5).fill({ status: 'rejected', reason: { kind: 'unavailable' } }));
  }
  await expect(database.sql.begin(async (tx) => tx`select 1`)).rejects.toMatchObject({ kind: 'unavailable' });
});

test('a database that does not exist is unavailable', async () => {
  const target = 'url' in storage.target ? storage.target : { ...storage.target, database: 'nonexistent' };
  await using database = open(1, target);
  await expect(database.sql`select 1`).rejects.toMatchObject({ kind: 'unavailable', cause: { code: '3D000' } });
});

test('hardening 65: after the network failed under load, all connections work', async () => {
  await using server = await startBreakableServer(storage.target);
  await using database = open(4, server.target);
  for (let round = 0; round < 5; round++) {
    const work = Array.from({ length: 40 }, (_, i) => database.sql`select ${i}::int as i`.catch(() => null));
    await work[3 * round];
    server.cut();
    await Promise.all(work);
    // A connection that was made at the cut may be lent before its end is seen; who reads does not notice.
    const after = await Promise.all(Array.from({ length: 8 }, (_, i) => database.sql.read`select ${i}::int as i`));
    expect(after).toEqual(Array.from({ length: 8 }, (_, i) => [{ i }]));
  }
});

test('closing waits for what runs, and refuses what waits and what comes', async () => {
  const database = open(1);
  const held = await hold(storage.database, (tx) => tx`lock table notes`);
  const running = database.sql`insert into notes values ('running')`.then(() => 'done');
  await untilWaiting(storage.database);
  const waiting = expect(database.sql`select 1`).rejects.toMatchObject({ kind: 'unavailable' });
  const closed = database.close();
  await waiting;
  await expect(database.sql`select 1`).rejects.toMatchObject({ kind: 'unavailable' });
  await held[Symbol.asyncDispose]();
  expect(await running).toBe('done');
  await closed;
});

test('a listener listens anew when its connection breaks, and is told so', async () => {
  const heard: string[] = [];
  let wake = () => {};
  const next = () => new Promise<void>((resolve) => (wake = resolve));
  let begun = 0;
  const first = next();
  const stop = await storage.database.listen('postel_test', {
    heard: (payload) => {
      heard.push(payload);
      wake();
    },
    listening: () => {
      begun++;
      wake();
    },
  });
  await first;
  let told = next();
  await storage.sql`select pg_notify('postel_test', 'one')`;
  await told;

  const again = next();
  await storage.sql`select pg_terminate_backend(pid) from pg_stat_activity where query = 'listen postel_test'
                                                                            and datname = current_database()`;
  await again;
  told = next();
  await storage.sql`select pg_notify('postel_test', 'two')`;
  await told;
  expect({ heard, begun }).toEqual({ heard: ['one', 'two'], begun: 2 });
  await stop();
});
