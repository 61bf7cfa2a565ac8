import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { type OwnPostel, startPostel } from '@postel/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SERVE_DATABASE } from '../fixtures/scripts.ts';

const LAUNCHER = join(import.meta.dirname, '../../../../bin/postel.mjs');

let postel: OwnPostel;
beforeAll(async () => {
  postel = await startPostel({ script: SERVE_DATABASE });
});
afterAll(() => postel[Symbol.asyncDispose]());

function config(line: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const args = [LAUNCHER, '--data', postel.dataDirectory, 'config', ...line.split(' ')];
  return new Promise((resolve) => {
    execFile(process.execPath, args, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

async function said(line: string): Promise<string> {
  const { stdout, stderr, code } = await config(line);
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

test('domains, addresses and aliases from the first to the last', async () => {
  expect(await said('domain add bücher.example')).toMatch(/^Added domain/);
  expect(await said('domain update bücher.example --separators +- --case keep --catchall other')).toMatch(/^Changed/);
  expect(await said('domain list')).toContain(
    'xn--bcher-kva.example  0          0        other     +-          keep\n',
  );
  await said('domain update bücher.example --catchall none');

  expect(await said('address add Info@bücher.example other --mailbox Lists/info')).toMatch(/^Added address/);
  expect(await said('address list other')).toBe(
    'ADDRESS                     ACCOUNT  MAILBOX\n' +
      'other@localhost             other    INBOX\n' +
      'Info@xn--bcher-kva.example  other    Lists/info\n',
  );
  expect(await said('address account Info-x@bücher.example')).toMatch(/goes to account other, into Lists\/info\.\n$/);
  expect(await said('address account info@bücher.example')).toMatch(/is refused: there is no such address/);
  expect(await said('address account a@elsewhere.example')).toMatch(/at another server/);
  expect(await said('address account Info@bücher.example postel')).toMatch(/goes to account postel, into INBOX\.\n$/);

  expect(await said('alias add team@localhost postel@localhost other@localhost')).toBe('Added alias team@localhost.\n');
  expect(await said('alias update team@localhost --post named --list yes --show-members yes --send-as yes')).toMatch(
    /^Changed/,
  );
  await said('alias addaddr team@localhost postel@localhost --may-post');
  const added = await config('alias addaddr team@localhost Guest@elsewhere.example');
  expect(added.stdout).toBe('Added to alias team@localhost, which has 3 members now.\n');
  expect(added.stderr).toMatch(/at other servers: where mail to those is off/);
  expect(await said('alias print team@localhost')).toBe(
    'team@localhost: those named as posters alone may post; its members see one another\n' +
      'and may send from its address.\n' +
      'It is a list: what its members get has its List-Id.\n' +
      'ADDRESS                  IS              \n'.replace(/ +\n/, '\n') +
      'Guest@elsewhere.example  member          at another server\n' +
      'other@localhost          member\n' +
      'postel@localhost         member, poster\n',
  );
  expect(JSON.parse(await said('alias print team@localhost --json'))).toMatchObject({ members: 3, elsewhere: 1 });
  expect(await said('alias rmaddr team@localhost guest@elsewhere.example')).toMatch(/2 members now/);
  expect(JSON.parse(await said('alias list --json'))).toEqual({
    address: 'team@localhost',
    posters: 'named',
    isList: true,
    showsMembers: true,
    maySendAs: true,
    members: 2,
    elsewhere: 0,
  });
  expect(await said('address account team@localhost')).toMatch(/goes to those of the alias team@localhost/);

  for (const line of ['alias rm team@localhost', 'address rm Info@bücher.example']) {
    expect(await config(line)).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('say --yes') });
  }
  await said('alias rm team@localhost --yes');
  expect(await said('alias list')).toBe('None.\n');
  await said('address rm Info@bücher.example --yes');
  expect(await said('domain rm bücher.example --yes')).toMatch(/^Removed domain/);
}, 120_000);

test('a domain whose keys go with it is asked for', async () => {
  await said('domain add keys.example');
  const asked = await config('domain rm keys.example');
  expect(asked).toMatchObject({ code: 1, stdout: '' });
  expect(asked.stderr).toMatch(/^With keys\.example go its 2 keys that mail is signed by/m);
  expect(asked.stderr).toContain('say --yes. Nothing was changed.');
  expect(await said('domain rm keys.example --yes')).toBe('Removed domain keys.example.\n');
});

test('what an account may send, and has sent', async () => {
  expect(await said('account limits other')).toBe(
    '                      SENT  LIMIT\n' +
      'messages a day        0     none   default\n' +
      'new recipients a day  0     none   default\n' +
      'size of a message           none   default\n',
  );
  const changed = await said('account limits other --messages-a-day 1000 --new-recipients-a-day 50 --message-mb 5');
  expect(changed).toMatch(/^messages a day +0 +1,000$/m);
  expect(changed).toMatch(/^new recipients a day +0 +50$/m);
  expect(changed).toMatch(/^size of a message +5\.0 MB$/m);
  expect(await said('account sent other on')).toBe('Copies of what account other sends are kept from now on.\n');
  expect(await said('account limits other --messages-a-day none')).toMatch(/^messages a day +0 +none$/m);

  const defaults = await said('limits --messages-a-day 700 --message-mb 7');
  expect(defaults).toMatch(/^messages a day +700\nnew recipients a day +none\nsize of a message +7\.0 MB$/m);
  expect(await said('account limits postel')).toMatch(
    /^messages a day +0 +700 +default\n(?:.|\n)+7\.0 MB +default\n$/m,
  );
  expect(await said('account limits other')).toMatch(/^messages a day +0 +none$/m);
  expect(await said('account limits other --messages-a-day default')).toMatch(/^messages a day +0 +700 +default$/m);
  await said('limits --messages-a-day none --message-mb none');
  expect(await said('limits')).toMatch(/^messages a day +none\nnew recipients a day +none\nsize of a message +none$/m);
});

test.each([
  ['account limits other --message-mb many', 2, '--message-mb takes a number, default, or none'],
  ['limits --message-mb default', 2, '--message-mb takes a number, or none'],
  ['account sent other maybe', 2, 'say on or off'],
  ['account limits nobody', 1, 'There is no account "nobody"'],
  ['domain add no_domain', 1, '"no_domain" is not a domain name'],
  ['domain add xn--MNCHEN-psa.example', 1, 'is not a domain name'],
  ['domain update localhost', 2, 'what is to change?'],
  ['domain update localhost --case maybe', 2, '--case is ignore or keep'],
  ['domain update localhost --separators +a', 1, 'Separators are some of'],
  ['domain rm localhost', 1, 'has addresses, aliases or a catchall'],
  ['address add x@localhost', 2, 'account missing'],
  ['address add x@localhost nobody', 1, 'There is no account "nobody"'],
  ['address add x@elsewhere.example other', 1, 'is not a domain of this server'],
  ['address add postel@localhost other', 1, 'is taken, by an account'],
  ['address add y@localhost other --mailbox a//b', 1, 'is not the name of a mailbox'],
  ['address rm y@localhost', 1, 'No account has the address y@localhost'],
  ['alias add team@localhost', 2, 'alias and addresses missing'],
  ['alias add x@localhost nobody@strict.localhost', 1, 'would be an address of this server, and is none'],
  ['alias update x@localhost --post everybody', 2, '--post is anyone, members or named'],
  ['alias update x@localhost --send-as maybe', 2, '--send-as is yes or no'],
  ['alias print x@localhost', 1, 'There is no alias x@localhost'],
])('config %s is refused', async (line, code, message) => {
  const answer = await config(line);
  expect(answer.stderr).toContain(message);
  expect(answer.code).toBe(code);
});

test('a domain that takes no mail for now', async () => {
  await said('domain add later.example');
  expect(await said('domain disable later.example')).toMatch(/^Disabled domain later.example: mail for it waits/);
  expect(await said('domain list')).toMatch(/^later\.example .* ignore +disabled$/m);
  expect(await said('domain enable later.example')).toBe('Enabled domain later.example.\n');
  expect(await said('domain list')).toMatch(/^later\.example .* ignore$/m);
  const { code, stderr } = await config('domain disable elsewhere.example');
  expect([code, stderr]).toEqual([1, expect.stringContaining('add it first')]);
});

test('a command by its other name, and lists for programs', async () => {
  expect(await said('account addresses postel')).toBe(await said('address list postel'));
  expect(JSON.parse((await said('account list --json')).split('\n')[0] ?? '')).toMatchObject({ name: 'other' });
  expect(JSON.parse(await said('quota default --json'))).toEqual({ octets: null, messages: null, mailboxes: null });
  expect(JSON.parse(await said('account limits postel --json'))).toMatchObject({ messagesADay: null, messages: 0 });
});
