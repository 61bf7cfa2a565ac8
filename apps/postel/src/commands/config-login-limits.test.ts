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
  const database = openDatabase(postel.database, { applicationName: 'login limits test', maxConnections: 1 });
  const directory = openDirectory(database).as({ type: 'server', task: 'test' });
  for (const clientAddress of ['192.0.2.1', '2001:db8::1']) {
    for (let i = 0; i < 10; i++) {
      const context = { service: 'imap', clientAddress, tlsVersion: null, clientKey: null, unknownKey: null } as const;
      const attempt = directory.beginLogin(context, 'PLAIN');
      await attempt.verifyPassword('nobody', `guess ${i}`);
      attempt.settle('credentials', null);
    }
  }
  await directory.close();
  await database.close();
});
afterAll(() => postel[Symbol.asyncDispose]());

function loginLimits(line: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const args = [LAUNCHER, '--data', postel.dataDirectory, 'config', 'login-limits', ...line.split(' ')];
  return new Promise((resolve) => {
    execFile(process.execPath, args, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

test('the networks that are refused are listed, and one after the other let in again', async () => {
  const { stdout, code } = await loginLimits('list');
  expect(code).toBe(0);
  const lines = stdout.trimEnd().split('\n');
  expect(lines).toHaveLength(3);
  expect(lines[0]).toMatch(/^NETWORK +FAILURES +REFUSED UNTIL$/);
  expect(stdout).toMatch(/^192\.0\.2\.1\/32 +10 +\d{4}-\d\d-\d\d \d\d:\d\d$/m);
  expect(stdout).toMatch(/^2001:db8::\/64 +10 +\d{4}-\d\d-\d\d \d\d:\d\d$/m);

  expect(await loginLimits('clear 192.0.2.1')).toMatchObject({
    code: 0,
    stdout: `Forgot the failed logins of 192.0.0.0/21.
Forgot the failed logins of 192.0.2.0/26.
Forgot the failed logins of 192.0.2.1/32.
`,
  });
  expect((await loginLimits('list')).stdout).not.toContain('192.0.2.1');
  expect((await loginLimits('clear 192.0.2.1')).stdout).toBe('No failed logins count there.\n');
  expect((await loginLimits('clear --all')).stdout).toContain('Forgot the failed logins of 2001:db8::/64.\n');
  expect((await loginLimits('list')).stdout).toBe('None.\n');
});

test.for([
  ['list mary', 2],
  ['clear', 2],
  ['clear 192.0.2.1 --all', 2],
  ['clear home', 1],
] as const)('"%s" ends with %d', async ([line, code]) => {
  expect(await loginLimits(line)).toMatchObject({ code, stdout: '' });
});
