import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from './database.ts';
import { JobTurns } from './job-turns.ts';
import { startStorage, type TestStorage, untilWaiting } from './storage-for-tests.ts';

const HOUR_MS = 3_600_000;

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

function openTurns(keepMs?: number) {
  const database = openDatabase(storage.target, { applicationName: 'turns test', maxConnections: 1 });
  const turns = new JobTurns(database, keepMs);
  return {
    turns,
    async pid() {
      const [row] = await database.sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
      return row?.pid ?? 0;
    },
    [Symbol.asyncDispose]: () => database.close(),
  };
}

test('a job is done when it is due, by whichever host, and not before', async () => {
  await using here = openTurns();
  await using there = openTurns();
  const done: string[] = [];
  const run = ({ turns }: typeof here, name: string) => turns.run('due', HOUR_MS, async () => void done.push(name));
  expect(await run(here, 'here')).toBe(HOUR_MS);
  const dueMs = await run(there, 'there');
  expect(dueMs).toBeGreaterThan(0);
  expect(dueMs).toBeLessThanOrEqual(HOUR_MS);
  await storage.sql`update housekeeping_jobs set done_at = now() - interval '61 minutes' where job = 'due'`;
  expect(await run(there, 'there')).toBe(HOUR_MS);
  expect(done).toEqual(['here', 'there']);
});

test('one at a time does a job, and different jobs go on beside each other', async () => {
  await using here = openTurns();
  await using there = openTurns();
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const first = here.turns.run('one', 1, async () => {
    begin();
    await held;
  });
  await begun;
  expect(await there.turns.run('one', 1, async () => expect.unreachable())).toBeNull();
  expect(await here.turns.run('another', 1, async () => {})).toBe(1);
  release();
  expect(await first).toBe(1);
  expect(await there.turns.run('one', 0, async () => {})).toBe(0);
});

test('a job that fails is due as before, and its lock is free', async () => {
  await using here = openTurns();
  await using there = openTurns();
  const failing = here.turns.run('failing', HOUR_MS, () => Promise.reject(new Error('no luck')));
  await expect(failing).rejects.toThrow('no luck');
  let isDone = false;
  await there.turns.run('failing', HOUR_MS, async () => {
    isDone = true;
  });
  expect(isDone).toBe(true);
});

test('a lock whose connection broke is taken anew, and the job goes on', async () => {
  await using here = openTurns(20);
  await using there = openTurns();
  const { promise: begun, resolve: begin } = Promise.withResolvers<AbortSignal>();
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  const first = here.turns.run('broken', 1, async (signal) => {
    begin(signal);
    await held;
  });
  const signal = await begun;
  const before = await here.pid();
  await storage.sql`select pg_terminate_backend(${before}, 5000)`;
  for (let holder = before; holder === before || holder === 0; ) {
    const [row] = await storage.sql<{ pid: number }[]>`
      select pid from pg_locks where locktype = 'advisory' and objid = hashtext('broken')::oid and granted`;
    holder = row?.pid ?? 0;
  }
  expect(await there.turns.run('broken', 0, async () => expect.unreachable())).toBeNull();
  expect(signal.aborted).toBe(false);
  release();
  await first;
});

test('a job whose lock another process took is told to stop', async () => {
  await using here = openTurns(20);
  const { promise: begun, resolve: begin } = Promise.withResolvers<AbortSignal>();
  const job = here.turns.run('taken', 1, async (signal) => {
    begin(signal);
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    signal.throwIfAborted();
  });
  await begun;
  const other = openDatabase(storage.target, { applicationName: 'taker', maxConnections: 1 });
  const pid = await here.pid();
  const told = expect(job).rejects.toThrow('another process does the job');
  // It waits for the lock, so it has it before the session that is ended can ask for it again.
  const taken = other.sql`select pg_advisory_lock(80_69_83, hashtext('taken'))`.catch(() => {});
  await untilWaiting(storage.database);
  await storage.sql`select pg_terminate_backend(${pid}, 5000)`;
  await taken;
  await told;
  await other.close();
});
