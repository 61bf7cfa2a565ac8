import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type OwnPostel, startPostel } from '@postel/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SERVE_DATABASE } from '../fixtures/scripts.ts';
import { runPostel, urlOf } from '../testing/configured-server.ts';

const hasPsql = spawnSync('psql', ['--version'], { stdio: 'ignore' }).status === 0;
if (!hasPsql) console.warn('SKIP postel psql: there is no psql; it comes with the package postgresql-client');

let postel: OwnPostel;
beforeAll(async () => {
  postel = await startPostel({ script: SERVE_DATABASE });
});
afterAll(() => postel[Symbol.asyncDispose]());

const psql = (...args: string[]) => runPostel(['psql', '--data', postel.dataDirectory, ...args], tmpdir());

describe.skipIf(!hasPsql)('with psql', () => {
  test('the views are read, by their names alone', async () => {
    expect(await psql('-tAc', 'select account from accounts order by account')).toEqual({
      code: 0,
      stdout: 'other\npostel\n',
      stderr: '',
    });
  });

  test('so they are by URL', async () => {
    const url = urlOf(postel.database);
    const read = await runPostel(['psql', '--database-url', url, '-tAc', 'select count(*) from mailboxes'], tmpdir());
    expect(read).toEqual({ code: 0, stdout: '12\n', stderr: '' });
  });

  test.for([
    ['select * from public.credentials', 'permission denied'],
    ['update public.accounts set is_disabled = true', 'permission denied|read-only'],
    ['create table more ()', 'read-only'],
  ])('%s is refused', async ([statement = '', why = '']) => {
    const refused = await psql('-c', statement);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(new RegExp(why));
  });

  test('--write is the owner, with a warning', async () => {
    const written = await psql('--write', '-tAc', 'select count(*) from credentials');
    expect(written).toMatchObject({ code: 0, stdout: '2\n' });
    expect(written.stderr).toContain('Postel does not know of');
  });

  test('the exit status is psql’s', async () => {
    const ended = await runPostel(
      ['psql', '--data', postel.dataDirectory, '-v', 'ON_ERROR_STOP=1'],
      tmpdir(),
      'select 1/0;\n',
    );
    expect(ended).toMatchObject({ code: 3, stderr: expect.stringContaining('division by zero') });
  });

  test('without a server its database runs for as long as psql does', async () => {
    await using own = await startPostel({ script: SERVE_DATABASE });
    await own.stop();
    const read = await runPostel(
      ['psql', '--data', own.dataDirectory, '-tAc', 'select count(*) from accounts'],
      tmpdir(),
    );
    expect(read).toMatchObject({ code: 0, stdout: '2\n' });
    expect(read.stderr).toContain('starting its database for this command');
  });
});

test('without psql it is said how another program connects', async () => {
  const empty = mkdtempSync(join(tmpdir(), 'postel-path-'));
  const { PATH } = process.env;
  Object.assign(process.env, { PATH: empty });
  try {
    const refused = await psql();
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain('postgresql-client');
    expect(refused.stderr).toContain(
      `PGHOST='${'socketDirectory' in postel.database && postel.database.socketDirectory}'`,
    );
  } finally {
    Object.assign(process.env, { PATH });
    rmSync(empty, { recursive: true });
  }
});

test('a password does not show where psql is missing either', async () => {
  const refused = await runPostel(['psql', '--database-url', 'postgres://mary:secret@127.0.0.1:1/postel'], tmpdir());
  expect(refused.code).toBe(1);
  expect(refused.stdout + refused.stderr).not.toContain('secret');
});
