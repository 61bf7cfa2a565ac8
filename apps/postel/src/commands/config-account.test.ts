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
    expect(await config('rm mary')).toMatchObject({ code: 1, stderr: expect.stringContaining('--yes') });
    expect(await config('rm mary --yes')).toMatchObject({ code: 0, stdout: 'Removed account mary and its mail.\n' });
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

  test('an account may be without a password, and one that has it can lose it', async () => {
    const added = await config('add keyless keyless@localhost --no-password');
    expect(added).toMatchObject({ code: 0, stdout: 'Added account keyless with address keyless@localhost.\n' });
    expect(await config('setpassword keyless', 'correct horse\n')).toMatchObject({ code: 0 });
    const removed = await config('setpassword keyless --none');
    expect(removed).toMatchObject({ code: 0, stdout: 'Account keyless has no password any more.\n' });
  });

  test('an account is disabled, listed as such, and enabled', async () => {
    await config('add suspect suspect@localhost', 'correct horse\n');
    expect(await config('disable suspect')).toMatchObject({ code: 0, stdout: 'Disabled account suspect.\n' });
    expect((await config('list')).stdout).toMatch(/^suspect .* disabled$/m);
    expect(await config('enable suspect')).toMatchObject({ code: 0, stdout: 'Enabled account suspect.\n' });
    expect((await config('list')).stdout).not.toContain('disabled');
  });

  test('an account is made an owner of the server, listed as such, and an ordinary one again', async () => {
    await config('add boss boss@localhost', 'correct horse\n');
    expect(await config('role boss owner')).toMatchObject({
      code: 0,
      stdout: 'Account boss administers the server now.\n',
    });
    await config('disable boss');
    expect((await config('list')).stdout).toMatch(/^boss .* owner, disabled$/m);
    expect(await config('role boss account')).toMatchObject({
      code: 0,
      stdout: 'Account boss is an ordinary account now.\n',
    });
    expect((await config('list')).stdout).toMatch(/^boss .* disabled$/m);
    expect((await config('list')).stdout).not.toContain('owner');
    expect((await config('role boss king')).stderr).toContain('say account or domain-admin or owner');
    expect((await config('role nobody owner')).stderr).toContain('There is no account "nobody"');
  });

  test('app passwords are made, shown once, listed and removed', async () => {
    await config('add ada ada@localhost --no-password');
    expect((await config('apppassword list ada')).stdout).toBe('None.\n');
    const added = await config('apppassword add ada phone');
    expect(added).toMatchObject({ code: 0 });
    const [, secret = ''] =
      /^Added an app password to account ada\. It is, shown this once: ([-a-z2-9]{29})\n$/.exec(added.stdout) ?? [];
    expect(secret).not.toBe('');
    const restricted = '--for smtp --expires 2099-12-31 --from 192.0.2.7 --from 2001:db8::1/48 --legacy-mechanisms';
    expect(await config(`apppassword add ada scanner ${restricted}`)).toMatchObject({ code: 0 });
    const { stdout } = await config('apppassword list ada');
    expect(stdout).toMatch(/^phone +imap, smtp +anywhere +\d{4}-\d\d-\d\d \d\d:\d\d +never +never$/m);
    expect(stdout).toMatch(
      /^scanner +smtp +192\.0\.2\.7\/32, 2001:db8::\/48 +\S+ \S+ +2099-12-31 00:00 +never +legacy mechanisms$/m,
    );
    expect(stdout).not.toContain(secret);
    expect(await config('apppassword rm ada phone')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('say --yes. Nothing was changed.'),
    });
    expect((await config('apppassword list ada')).stdout).toContain('phone');
    expect(await config('apppassword rm ada phone --yes')).toMatchObject({
      code: 0,
      stdout: 'Removed an app password of account ada.\n',
    });
    expect((await config('apppassword list ada')).stdout).not.toContain('phone');
  });

  test.for([
    ['add postel new@localhost', 'secret password', /postel/],
    ['add new postel@localhost', 'secret password', /postel@localhost/],
    ['add New-Name new@localhost', 'secret password', /name/i],
    ['add new new', 'secret password', /address/i],
    ['add new new@localhost', 'short', /8 characters/],
    ['rm nobody', '', /nobody/],
    ['setpassword nobody', 'secret password', /nobody/],
    ['setpassword nobody --none', '', /nobody/],
    ['disable nobody', '', /nobody/],
    ['apppassword add nobody phone', '', /nobody/],
    ['apppassword add postel phone --from example.com', '', /"example.com" is neither a network/],
    ['apppassword rm postel phone', '', /no app password "phone"/],
    ['apppassword list nobody', '', /nobody/],
  ] as const)('"%s" is refused, and says why', async ([line, input, message]) => {
    const refused = await config(line, input);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toMatch(message);
    expect(refused.stderr).not.toContain('this should not happen');
  });

  test.for([
    'add mary',
    'add mary m@localhost extra',
    'add mary m@localhost --no-password --generate-password',
    'setpassword mary --none --generate-password',
    'list extra',
    'rm',
    'apppassword add mary',
    'apppassword add mary phone --for pop3',
    'apppassword add mary phone --expires 2020-01-01',
    'apppassword add mary phone --expires never',
    'apppassword rm mary',
  ])('"%s" is no command line', async (line) => {
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
