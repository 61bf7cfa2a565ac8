import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { openDatabase } from '@postel/storage';
import { type OwnPostel, startPostel } from '@postel/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readRunState } from '../data-directory/run-file.ts';
import { SERVE_DATABASE } from '../fixtures/scripts.ts';

const LAUNCHER = join(import.meta.dirname, '../../../../bin/postel.mjs');

let postel: OwnPostel;
beforeAll(async () => {
  postel = await startPostel({ script: SERVE_DATABASE });
});
afterAll(() => postel[Symbol.asyncDispose]());

describe('with a server that runs', () => {
  test('of a store without a fault, standard output stays empty', async () => {
    const outcome = await verify();
    expect(outcome).toMatchObject({ code: 0, stdout: '' });
    expect(outcome.stderr).toMatch(/^2 accounts, 0 messages in \d+ s: all is well$/m);
  });

  test('a fault is told and found again, until it is repaired', async () => {
    await inDatabase(`update accounts set used_messages = 7 where name = 'other'`);
    for (const line of ['', 'other', '--quick']) {
      expect(await verify(line)).toMatchObject({
        code: 1,
        stdout: 'other: its use is 7 messages, while its mailboxes have 0. With --fix: sum up anew. (use)\n',
      });
    }
    expect(await verify('postel')).toMatchObject({ code: 0, stdout: '' });
    const [told] = (await verify('other --json')).stdout.split('\n');
    expect(JSON.parse(told ?? '')).toMatchObject({ account: 'other', rule: 'use', mailbox: null, isRepaired: false });

    const fixed = await verify('--fix');
    expect(fixed.code).toBe(1);
    expect(fixed.stdout).toContain('Repaired: sum up anew.');
    expect(fixed.stderr).toContain('1 finding, 1 repaired');
    expect(await verify()).toMatchObject({ code: 0, stdout: '' });
  });

  test('what could not be done is another exit status', async () => {
    const unknown = await verify('nobody');
    expect(unknown).toMatchObject({ code: 2, stdout: '' });
    expect(unknown.stderr).toContain('There is no account "nobody".');
    expect(await verify('postel other')).toMatchObject({ code: 2 });
    expect(await verify('--quick --fix')).toMatchObject({ code: 2 });
  });
});

test('without a server, a database runs for as long as the command does', async () => {
  await using own = await startPostel({ script: SERVE_DATABASE });
  await own.stop();
  expect(await verify('', own.dataDirectory)).toMatchObject({ code: 0, stdout: '' });
});

async function inDatabase(statement: string): Promise<void> {
  const target = readRunState(join(postel.dataDirectory, 'run.json'))?.database;
  if (!target) throw new Error('the server has no database');
  const database = openDatabase(target, { applicationName: 'verify test', maxConnections: 1 });
  try {
    await database.sql.unsafe(statement);
  } finally {
    await database.close();
  }
}

function verify(line = '', dataDirectory = postel.dataDirectory) {
  const { promise, resolve } = Promise.withResolvers<{ code: number; stdout: string; stderr: string }>();
  const words = line.split(' ').filter((word) => word !== '');
  execFile(process.execPath, [LAUNCHER, '--data', dataDirectory, 'verify', ...words], (error, stdout, stderr) => {
    resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
  });
  return promise;
}
