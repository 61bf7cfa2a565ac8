/** What the next start finds after every kind of bad end. */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDatabase } from '@postel/storage';
import { type OwnPostel, startPostel } from '@postel/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { processesIn } from '../data-directory/process-identity.ts';
import { ask } from '../fixtures/ask.ts';
import { SERVE_LINE_APP } from '../fixtures/scripts.ts';

const script = SERVE_LINE_APP;

/** Stopped; what the tests start from. */
let made: OwnPostel;
beforeAll(async () => {
  made = await startPostel({ script });
  await made.stop();
});
afterAll(() => made[Symbol.asyncDispose]());

test('of several that start at the same time one wins, and the others name it', async () => {
  await using first = await startCopy();
  const { dataDirectory } = first;
  await first.kill9();
  const outcomes = await Promise.allSettled(Array.from({ length: 4 }, () => startPostel({ dataDirectory, script })));
  const winners = outcomes.filter((outcome) => outcome.status === 'fulfilled').map(({ value }) => value);
  try {
    expect(winners).toHaveLength(1);
    const pid = winners[0]?.pids.supervisor;
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected')
        expect(String(outcome.reason)).toContain(`already runs on ${dataDirectory} (PID ${pid})`);
    }
  } finally {
    for (const winner of winners) await winner.stop();
  }
});

test('after kill -9 of everything it starts as if nothing had been', async () => {
  await using postel = await startCopy();
  await write(postel, 'before');
  await postel.kill9();
  await using again = await restart(postel);
  expect(await read(again)).toEqual(['before']);
  expect(await ask(again.ports.imap, 'hello')).toContain('hello');
});

test('files that a reboot leaves behind do not matter, though their PIDs belong to others now', async () => {
  await using postel = await startCopy();
  const { dataDirectory } = postel;
  await write(postel, 'before');
  await postel.kill9();
  while (processesIn(join(dataDirectory, 'postgres'), 'postgres').length > 0) await new Promise(setImmediate);
  const innocent = spawn('sleep', ['60']);
  const { pid = 0 } = innocent;
  const lines = [pid, join(dataDirectory, 'postgres'), 1, 5432, join(dataDirectory, 'socket'), '', '', 'ready'];
  writeFileSync(join(dataDirectory, 'postgres/postmaster.pid'), `${lines.join('\n')}\n`);
  writeFileSync(
    join(dataDirectory, 'run.json'),
    JSON.stringify({
      kind: 'server',
      pid,
      startedAt: 'another boot',
      isReady: true,
      database: null,
      socketDirectory: null,
      postgres: { pid, startedAt: 'another boot' },
      apps: [{ name: 'line-app', pid, startedAt: 'another boot' }],
      ports: {},
    }),
  );
  await using again = await restart(postel);
  expect(await read(again)).toEqual(['before']);
  expect(innocent.exitCode ?? innocent.signalCode).toBeNull();
  innocent.kill();
});

test('a data directory that was only half made is made anew', async () => {
  const dataDirectory = join(made.dataDirectory, 'half-made');
  mkdirSync(join(dataDirectory, 'postgres.new-1-1/base'), { recursive: true });
  writeFileSync(join(dataDirectory, 'postgres.new-1-1/PG_VERSION'), '18\n');
  const again = await startPostel({ dataDirectory, script });
  await again.stop();
  expect(readdirSync(dataDirectory).filter((name) => name.startsWith('postgres'))).toEqual(['postgres']);
});

test('a start that is killed while it makes the data directory leaves nothing in the way of the next', async () => {
  const dataDirectory = join(made.dataDirectory, 'cut-short');
  const failed = startPostel({
    dataDirectory,
    script,
    signalAt: { pattern: /making the database/, signal: 'SIGKILL' },
  });
  await expect(failed).rejects.toThrow('SIGKILL');
  const again = await startPostel({ dataDirectory, script });
  await write(again, 'works');
  await again.stop();
});

test('a data directory of another Postgres is refused and left alone', async () => {
  await using postel = await startCopy();
  await postel.stop();
  writeFileSync(join(postel.dataDirectory, 'postgres/PG_VERSION'), '17\n');
  await expect(restart(postel)).rejects.toThrow(/is of Postgres 17, and this is Postgres 18/);
});

test('a copy of a data directory in use is one of its own, and the original goes on', async () => {
  await using original = await startCopy();
  const dataDirectory = join(made.dataDirectory, 'copy');
  spawnSync('cp', ['-a', original.dataDirectory, dataDirectory]);
  const copy = await startPostel({ dataDirectory, script });
  expect(copy.process.output).not.toContain('of an earlier start');
  expect(copy.process.output).not.toContain('left running');
  await copy.stop();
  const { pids } = original;
  expect(await ask(original.ports.imap, 'hello')).toBe(`${pids.apps['line-app']} hello`);
  expect(original.process.output).not.toContain('died');
});

test("a postmaster.pid that a power cut emptied is in nobody's way", async () => {
  await using postel = await startCopy();
  await write(postel, 'before');
  await postel.kill9();
  writeFileSync(join(postel.dataDirectory, 'postgres/postmaster.pid'), '');
  await using again = await restart(postel);
  expect(await read(again)).toEqual(['before']);
});

test('a directory of somebody else is refused and left alone', async () => {
  const dataDirectory = join(made.dataDirectory, 'foreign');
  mkdirSync(dataDirectory);
  chmodSync(dataDirectory, 0o755);
  writeFileSync(join(dataDirectory, 'diary.txt'), '');
  await expect(startPostel({ dataDirectory, script })).rejects.toThrow(/not empty and not Postel's.*--data DIR/);
  expect(statSync(dataDirectory).mode & 0o777).toBe(0o755);
  expect(readdirSync(dataDirectory)).toEqual(['diary.txt']);
});

function startCopy(): Promise<OwnPostel> {
  return startPostel({ copyOf: made.dataDirectory, script });
}

function restart({ dataDirectory, portOffset }: OwnPostel): Promise<OwnPostel> {
  return startPostel({ dataDirectory, portOffset, script });
}

async function write(postel: OwnPostel, name: string): Promise<void> {
  const database = openDatabase(postel.database, { applicationName: 'test', maxConnections: 1 });
  await database.sql`create table kept (name text)`;
  await database.sql`insert into kept values (${name})`;
  await database.close();
}

async function read(postel: OwnPostel): Promise<readonly string[]> {
  const database = openDatabase(postel.database, { applicationName: 'test', maxConnections: 1 });
  const rows = await database.sql<{ name: string }[]>`select name from kept`;
  await database.close();
  return rows.map(({ name }) => name);
}
