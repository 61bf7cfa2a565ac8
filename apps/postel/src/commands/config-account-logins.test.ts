import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { openDirectory } from '@postel/directory';
import { openDatabase } from '@postel/storage';
import { type OwnPostel, startPostel } from '@postel/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SERVE_DATABASE } from '../fixtures/scripts.ts';

const LAUNCHER = join(import.meta.dirname, '../../../../bin/postel.mjs');

let postel: OwnPostel;
beforeAll(async () => {
  postel = await startPostel({ script: SERVE_DATABASE });
  const database = openDatabase(postel.database, { applicationName: 'logins test', maxConnections: 1 });
  const directory = openDirectory(database).as({ type: 'server', task: 'test' });
  const context = { service: 'imap', clientAddress: '192.0.2.1', tlsVersion: 'TLSv1.3', clientKey: null } as const;
  const logIn = async (login: string, password: string, unknownKey: string | null) => {
    const attempt = directory.beginLogin({ ...context, unknownKey }, 'PLAIN');
    attempt.nameProgram('Post \u001b[2J 1.0');
    const account = await attempt.verifyPassword(login, password);
    attempt.settle(account === null ? 'credentials' : 'success', account);
  };
  await logIn('postel', 'postelpostel', 'AbCdEfGhIjKlMnOp');
  for (let i = 0; i < 3; i++) await logIn('postel@localhost', 'wrong', null);
  await logIn('nobody\u001b[31m\u202e', 'wrong', null);
  directory.recordUnknownKey({ ...context, service: 'smtp', unknownKey: 'AbCdEfGhIjKlMnOp' });
  await directory.close();
  await database.close();
});
afterAll(() => postel[Symbol.asyncDispose]());

function logins(line: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const args = [
    LAUNCHER,
    '--data',
    postel.dataDirectory,
    'config',
    'account',
    'logins',
    ...line.split(' ').filter(Boolean),
  ];
  return new Promise((resolve) => {
    execFile(process.execPath, args, (error, stdout, stderr) => {
      const code = error === null ? 0 : Number(error.code);
      resolve({ code, stdout, stderr });
    });
  });
}

const MOMENT = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d`;
const HOW = String.raw`192\.0\.2\.1 +imap PLAIN TLSv1\.3`;

test('an account has its own logins, and what was tried with its names', async () => {
  const { stdout, code } = await logins('postel');
  expect(code).toBe(0);
  const lines = stdout.trimEnd().split('\n');
  expect(lines).toHaveLength(3);
  expect(lines[0]).toMatch(/^LAST +COUNT +ACCOUNT +NAME GIVEN +FROM +HOW +WITH +PROGRAM +OUTCOME$/);
  const program = String.raw`Post \?\[2J 1\.0`;
  const failure = `^${MOMENT} +3 +postel +postel@localhost +${HOW} +- +${program} +wrong name or password$`;
  expect(stdout).toMatch(new RegExp(failure, 'm'));
  const success = `^${MOMENT} +1 +postel +postel +${HOW} +password, and key AbCdEfGhIjKl +${program} +logged in$`;
  expect(stdout).toMatch(new RegExp(success, 'm'));
});

test('--all shows what named nobody too, and nothing that a terminal would obey', async () => {
  const { stdout } = await logins('--all');
  expect(stdout.trimEnd().split('\n')).toHaveLength(5);
  expect(stdout).toMatch(/ 1 +- +nobody\?\[31m\? +192\.0\.2\.1 /);
  expect(stdout).toMatch(/ smtp TLSv1\.3 +key AbCdEfGhIjKl +- +showed a key that lets nobody in$/m);
  expect(stdout).toMatch(/^[\x20-\x7e\n]+$/);
});

test('only failed ones, only so many, only of late', async () => {
  expect((await logins('postel --failed')).stdout).not.toContain('logged in');
  const one = await logins('--all --limit 1');
  expect(one.stdout.trimEnd().split('\n')).toHaveLength(2);
  expect(one.stderr).toContain('--limit 2');
  expect((await logins('--all --since 2h')).stdout).toContain('nobody');
  expect((await logins('other')).stdout).toBe('None.\n');
});

test.for([
  ['nobody', 1],
  ['', 2],
  ['postel --all', 2],
  ['postel --limit 0', 2],
  ['postel --limit many', 2],
  ['postel --since yesterday', 2],
] as const)('"%s" ends with %d', async ([line, code]) => {
  expect(await logins(line)).toMatchObject({ code, stdout: '' });
});
