import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { type OwnPostel, startPostel } from '@postel/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { processesIn } from '../data-directory/process-identity.ts';
import { SERVE_DATABASE } from '../fixtures/scripts.ts';

const LAUNCHER = join(import.meta.dirname, '../../../../bin/postel.mjs');

let postel: OwnPostel;
beforeAll(async () => {
  postel = await startPostel({ script: SERVE_DATABASE });
});
afterAll(() => postel[Symbol.asyncDispose]());

describe('with a server that runs', () => {
  test('an account is added with the password from standard input, listed, and removed', async () => {
    expect(await config('add mary mary@localhost', 'correct horse\n')).toMatchObject({
      code: 0,
      stdout: 'Added account mary with address mary@localhost.\n',
    });
    expect((await config('list')).stdout).toMatch(/^mary +mary@localhost +0 +0 +\d{4}-\d\d-\d\d$/m);
    expect(await config('rm mary')).toMatchObject({ code: 0, stdout: 'Removed account mary and its mail.\n' });
    expect((await config('list')).stdout).not.toContain('mary');
  });

  test('the accounts that localserve comes with are there', async () => {
    const { stdout } = await config('list');
    expect(stdout).toMatch(/^ACCOUNT +ADDRESSES/);
    expect(stdout).toMatch(/^postel +postel@localhost, postel@strict\.localhost/m);
    expect(stdout).toMatch(/^other +other@localhost/m);
  });

  test('without a password one is made up and shown once', async () => {
    const added = await config('add ann ann@new.example');
    expect(added).toMatchObject({ code: 0 });
    expect(added.stdout).toMatch(/^Its password, shown this once: [a-z2-9]{5}(-[a-z2-9]{5}){4}$/m);
    const changed = await config('setpassword ann --generate-password');
    expect(changed.stdout).toMatch(/^It is, shown this once: [a-z2-9]{5}/m);
  });

  test('a password is changed, but not to none', async () => {
    expect(await config('setpassword other', 'correct horse\n')).toMatchObject({ code: 0 });
    const refused = await config('setpassword other');
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain('--generate-password');
  });

  test.for([
    ['add postel new@localhost', 'secret password', /postel/],
    ['add new postel@localhost', 'secret password', /postel@localhost/],
    ['add New-Name new@localhost', 'secret password', /name/i],
    ['add new new', 'secret password', /address/i],
    ['add new new@localhost', 'short', /8 characters/],
    ['rm nobody', '', /nobody/],
    ['setpassword nobody', 'secret password', /nobody/],
  ] as const)('"%s" is refused, and says why', async ([line, input, message]) => {
    const refused = await config(line, input);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toMatch(message);
    expect(refused.stderr).not.toContain('this should not happen');
  });

  test.for(['add mary', 'add mary m@localhost extra', 'list extra', 'rm'])('"%s" is no command line', async (line) => {
    expect(await config(line)).toMatchObject({ code: 2 });
  });
});

test('without a server, a database runs for as long as the command does', async () => {
  await using own = await startPostel({ script: SERVE_DATABASE });
  await own.stop();
  const { dataDirectory } = own;
  const outcomes = await Promise.all([
    config('add mary mary@localhost', 'correct horse\n', dataDirectory),
    config('add ann ann@localhost', 'correct horse\n', dataDirectory),
  ]);
  expect(outcomes.map(({ code }) => code)).toEqual([0, 0]);
  const listed = await config('list', '', dataDirectory);
  expect(listed.stdout).toMatch(/^mary /m);
  expect(listed.stdout).toMatch(/^ann /m);
  expect(listed.stderr).toContain('starting its database for this command');
  expect(processesIn(join(dataDirectory, 'postgres'), 'postgres')).toEqual([]);
});

function config(line: string, input = '', dataDirectory = postel.dataDirectory) {
  const { promise, resolve } = Promise.withResolvers<{ code: number; stdout: string; stderr: string }>();
  const args = [LAUNCHER, '--data', dataDirectory, 'config', 'account', ...line.split(' ')];
  const child = execFile(process.execPath, args, (error, stdout, stderr) => {
    resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
  });
  child.stdin?.end(input);
  return promise;
}
