import { hostname, userInfo } from 'node:os';
import { type OwnPostel, startPostel } from '@postel/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeActor, describeDifference } from '../change-texts.ts';
import { SERVE_DATABASE } from '../fixtures/scripts.ts';
import { CommandRunner } from '../testing/command-runner.ts';

let postel: OwnPostel;
let commands: CommandRunner;
beforeAll(async () => {
  postel = await startPostel({ script: SERVE_DATABASE });
  commands = new CommandRunner(postel);
});
afterAll(() => postel[Symbol.asyncDispose]());

test('what was changed, and by whom', async () => {
  await commands.said('config account disable other');
  await commands.said('config address add info@localhost other');
  const [head, address, disabled, ...first] = (await commands.said('config audit')).trim().split('\n');
  expect(head).toMatch(/^WHEN +WHO +WHAT +CHANGE$/);
  const { SUDO_USER: behind } = process.env;
  const me = `${behind === undefined ? '' : `${behind} as `}${userInfo().username}`;
  expect(address).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d /);
  expect(address).toContain(` ${me} at ${hostname()} `);
  expect(address).toMatch(/ account other +addresses info@localhost: added$/);
  expect(disabled).toMatch(/ account other +disabled: false -> true$/);
  expect(first.join('\n')).toMatch(/ the server \(localserve\) +domain localhost +added$/m);

  const [newest, ...older] = await commands.json('config audit --account other --since 1h --limit 2');
  expect(newest).toMatchObject({
    door: 'command',
    actor: me,
    token: null,
    origin: hostname(),
    kind: 'account',
    name: 'other',
    before: { addresses: {} },
    after: { addresses: { 'info@localhost': { mailbox: null } } },
  });
  expect(older).toMatchObject([{ after: { disabled: true } }]);
  expect(await commands.said('config audit --since 2999-01-01')).toBe('None.\n');
});

test('a moment or a number that is none is told', async () => {
  const { code, stderr } = await commands.run('config audit --since never');
  expect([code, stderr]).toEqual([
    2,
    expect.stringMatching(/--since takes a moment.*\nTry: postel help config audit/s),
  ]);
  expect((await commands.run('config audit --limit 0')).code).toBe(2);
});

test('names from outside cannot speak to the terminal', () => {
  const state = { appPasswords: { '\u001b[2J\u202e phone': { isShared: false } } };
  expect(describeDifference({ before: { appPasswords: {} }, after: state })).toBe('appPasswords  [2J  phone: added');
  const change = { at: new Date(), kind: 'account', name: 'mary', before: null, after: null } as const;
  const by = { door: 'api', actor: 'mary', token: '\u001b[31mrobot', origin: '192.0.2.1' } as const;
  expect(describeActor({ ...change, ...by })).toBe('mary by token "[31mrobot" from 192.0.2.1');
});
