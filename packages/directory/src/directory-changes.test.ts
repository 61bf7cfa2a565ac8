import { describe, expect, test } from 'vitest';
import { difference } from './change-record.ts';
import { forgetOldChanges } from './directory-changes.ts';
import { startDirectory, TESTER } from './directory-for-tests.ts';
import { changeDirectory } from './transaction.ts';

const ROOT = { type: 'operator', user: 'root', host: 'mail1' } as const;
const ALL = { account: null, since: new Date(0), limit: 1_000 };

test('who added an account, and what it has', async () => {
  await using server = await startDirectory();
  const directory = server.directory.as(ROOT);
  await directory.addAccount({ name: 'mary', address: 'Mary@Example.COM', password: 'tanstaaftanstaaf' });
  const [domain, account, ...rest] = await directory.listChanges(ALL);
  expect(rest).toEqual([]);
  expect(domain).toMatchObject({ kind: 'domain', name: 'example.com', before: null, after: { separators: '+' } });
  expect(account).toMatchObject({
    door: 'command',
    actor: 'root',
    token: null,
    origin: 'mail1',
    kind: 'account',
    name: 'mary',
    before: null,
    after: {
      role: 'account',
      disabled: false,
      passwordSince: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      addresses: { 'mary@example.com': { mailbox: null } },
      appPasswords: {},
      keys: {},
      quota: { octets: 'default', messages: 'default', mailboxes: 'default' },
      sending: { messagesADay: 'default', newRecipientsADay: 'default', messageOctets: 'default' },
      keepsSent: false,
      retention: { days: 'default', octets: 'default' },
    },
  });
});

test('a change tells only what is otherwise, before and after; one that changes nothing is none', async () => {
  await using server = await startDirectory();
  const { directory } = server;
  await directory.addAccount({ name: 'mary', address: 'mary@example.com', password: null });
  await directory.addAccount({ name: 'john', address: 'john@example.com', password: null });
  await directory.aliases.add('team@example.com', ['mary@example.com']);
  const count = (await directory.listChanges(ALL)).length;

  const changes: [() => Promise<unknown>, unknown[]][] = [
    [() => directory.setDisabled('mary', true), [{ before: { disabled: false }, after: { disabled: true } }]],
    [() => directory.setDisabled('mary', true), []],
    [() => directory.addDomain('example.com'), [{ kind: 'domain', before: { dkimKeys: {} } }]],
    [() => directory.addDomain('example.com'), []],
    [() => directory.setRole('mary', 'owner'), [{ before: { role: 'account' }, after: { role: 'owner' } }]],
    [
      () => directory.addAddress('mary', 'info@example.com', 'Lists/info'),
      [{ before: { addresses: {} }, after: { addresses: { 'info@example.com': { mailbox: 'Lists/info' } } } }],
    ],
    [
      () => directory.addresses.change('info@example.com', { account: 'john' }),
      [
        { name: 'john', before: { addresses: {} }, after: { addresses: { 'info@example.com': { mailbox: null } } } },
        {
          name: 'mary',
          before: { addresses: { 'info@example.com': { mailbox: 'Lists/info' } } },
          after: { addresses: {} },
        },
      ],
    ],
    [
      () => directory.quotas.change('mary', { octets: 4_096, messages: null }),
      [
        {
          before: { quota: { octets: 'default', messages: 'default' } },
          after: { quota: { octets: 4_096, messages: 'none' } },
        },
      ],
    ],
    [
      () => directory.quotas.changeDefault({ mailboxes: 50 }),
      [{ kind: 'defaults', before: { quota: { mailboxes: null } }, after: { quota: { mailboxes: 50 } } }],
    ],
    [
      () => directory.submission.change('mary', { messagesADay: 7, keepsSent: true }),
      [
        {
          before: { sending: { messagesADay: 'default' }, keepsSent: false },
          after: { sending: { messagesADay: 7 }, keepsSent: true },
        },
      ],
    ],
    [
      () => directory.submission.changeDefault({ messageOctets: 1_000 }),
      [
        {
          kind: 'defaults',
          before: { sending: { messageOctets: null } },
          after: { sending: { messageOctets: 1_000 } },
        },
      ],
    ],
    [
      () => directory.changeRetention('mary', { days: 0 }),
      [{ before: { retention: { days: 'default' } }, after: { retention: { days: 0 } } }],
    ],
    [
      () => directory.setCatchall('example.com', 'mary'),
      [{ kind: 'domain', before: { catchall: null }, after: { catchall: 'mary' } }],
    ],
    [
      () => directory.changeDomain('example.com', { separators: '+-', isCaseSensitive: true }),
      [
        {
          before: { separators: '+', isCaseSensitive: false },
          after: { separators: '+-', isCaseSensitive: true },
        },
      ],
    ],
    [
      () => directory.aliases.change('team@example.com', { posters: 'named' }),
      [{ kind: 'alias', before: { posters: 'anyone' }, after: { posters: 'named' } }],
    ],
    [
      () => directory.aliases.addEntries('team@example.com', ['Guest@Example.net'], 'poster'),
      [
        {
          before: { entries: {} },
          after: { entries: { 'Guest@example.net': { isMember: false, mayPost: true } } },
        },
      ],
    ],
    [
      () => directory.shares.set({ account: 'mary', mailbox: 'Sent' }, 'john', new Set(['l', 'r'])),
      [{ kind: 'mailbox', name: 'mary/Sent', before: { shares: {} }, after: { shares: { john: 'lr' } } }],
    ],
    [
      () => directory.aliases.remove('team@example.com'),
      [{ kind: 'alias', before: { posters: 'named' }, after: null }],
    ],
    [() => directory.addresses.remove('info@example.com'), [{ name: 'john', after: { addresses: {} } }]],
  ];
  let seen = count;
  for (const [change, expected] of changes) {
    await change();
    const all = await directory.listChanges(ALL);
    const made = all.slice(0, all.length - seen).toSorted((a, b) => a.name.localeCompare(b.name));
    expect(made).toMatchObject(expected);
    expect(made.length).toBe(expected.length);
    seen = all.length;
  }
});

test('a removed account leaves what was changed of it, and of domains whose catchall it was', async () => {
  await using server = await startDirectory();
  const { directory } = server;
  await directory.addAccount({ name: 'mary', address: 'mary@example.com', password: null });
  await directory.setCatchall('example.com', 'mary');
  await directory.removeAccount('mary');
  const [removed, domain, emptied] = await directory.listChanges(ALL);
  expect(removed).toMatchObject({ kind: 'account', name: 'mary', before: { disabled: true }, after: null });
  expect(domain).toMatchObject({ kind: 'domain', before: { catchall: 'mary' }, after: { catchall: null } });
  expect(emptied).toMatchObject({
    before: { addresses: { 'mary@example.com': {} }, disabled: false },
    after: { addresses: {}, disabled: true },
  });
});

test('no password, and nothing to make one of, is written down', async () => {
  await using server = await startDirectory();
  const { directory, sql } = server;
  await directory.addAccount({ name: 'mary', address: 'mary@example.com', password: 'tanstaaftanstaaf' });
  await directory.setPassword('mary', 'another password');
  const settings = { name: 'phone', service: null, expiresAt: null, networks: null, isShared: true };
  const password = await directory.appPasswords.add('mary', settings);
  const stored = await sql.read<{ keys: string }[]>`
    select encode(unnest(array[sha256_stored_key, sha256_server_key, sha1_stored_key, sha1_server_key]), 'base64') as keys
      from credentials`;
  const text = JSON.stringify(await directory.listChanges(ALL));
  expect(stored.length).toBe(8);
  for (const secret of ['tanstaaftanstaaf', 'another password', password, ...stored.map(({ keys }) => keys)]) {
    expect(text).not.toContain(secret);
  }
  const [app, own] = await directory.listChanges(ALL);
  expect(app).toMatchObject({ before: { appPasswords: {} }, after: { appPasswords: { phone: { isShared: true } } } });
  const since = { passwordSince: expect.any(String) };
  expect(own).toMatchObject({ before: since, after: since });
});

test('of an account: what was changed of it, and what it changed', async () => {
  await using server = await startDirectory();
  const { directory } = server;
  await directory.addAccount({ name: 'mary', address: 'mary@example.com', password: null });
  await directory.addAccount({ name: 'john', address: 'john@example.com', password: null });
  const mary = directory.as({ type: 'account', account: 'mary', service: 'web', clientAddress: '192.0.2.1' });
  await mary.setDisabled('john', true);
  const robot = directory.as({ type: 'token', account: 'mary', token: 'robot', clientAddress: '2001:db8::1' });
  await robot.setDisabled('john', false);
  const of = async (account: string) =>
    (await directory.listChanges({ ...ALL, account })).map(({ door, actor, token, origin, name }) =>
      [door, actor, token, origin, name].join(' '),
    );
  expect(await of('mary')).toEqual([
    'api mary robot 2001:db8::1 john',
    'web mary  192.0.2.1 john',
    'server test   mary',
  ]);
  expect(await of('john')).toHaveLength(3);
  expect(await directory.listChanges({ ...ALL, account: 'mary', limit: 1 })).toHaveLength(1);
  expect(await directory.listChanges({ ...ALL, since: new Date(Date.now() + 60_000) })).toEqual([]);
});

test('a change that fails is not written down, and one that does not say what it is about fails', async () => {
  await using server = await startDirectory();
  const { directory, sql } = server;
  await directory.addAccount({ name: 'mary', address: 'mary@example.com', password: null });
  const before = await directory.listChanges(ALL);
  await expect(directory.addAddress('mary', 'mary@example.com')).rejects.toMatchObject({ kind: 'address-exists' });
  const silent = changeDirectory(sql, TESTER, async (tx) => {
    await tx`update accounts set is_disabled = true`;
  });
  await expect(silent).rejects.toThrow('does not say what it is about');
  expect(await directory.listChanges(ALL)).toEqual(before);
  expect(await directory.identify('mary')).toMatchObject({ isDisabled: false });
});

test('changes are forgotten after 400 days', async () => {
  await using server = await startDirectory();
  const { directory, sql } = server;
  await directory.addDomain('old.example');
  await directory.addDomain('new.example');
  await sql`update directory_changes set changed_at = now() - interval '401 days' where name = 'old.example'`;
  await sql`update directory_changes set changed_at = now() - interval '399 days' where name = 'new.example'`;
  const { signal } = new AbortController();
  expect(await forgetOldChanges(sql, signal)).toBe(1);
  expect(await directory.listChanges(ALL)).toMatchObject([{ name: 'new.example' }]);
  expect(await forgetOldChanges(sql, signal)).toBe(0);
});

describe('the difference of two states', () => {
  test.each([
    [{ a: 1 }, { a: 1 }, null, null],
    [{ a: 1, b: 2 }, { a: 1, b: 3 }, { b: 2 }, { b: 3 }],
    [null, { a: 1 }, null, { a: 1 }],
    [{ a: 1 }, null, { a: 1 }, null],
    [{ a: { b: { c: 1, d: 2 } } }, { a: { b: { c: 1 } } }, { a: { b: { d: 2 } } }, { a: { b: {} } }],
    [{ a: ['x'] }, { a: ['x', 'y'] }, { a: ['x'] }, { a: ['x', 'y'] }],
    [{ a: null }, { a: {} }, { a: null }, { a: {} }],
  ])('%j and %j', (left, right, before, after) => {
    expect(difference(left, right)).toEqual({ before, after });
  });

  test('names from outside are only names', () => {
    const state = (text: string) => JSON.parse(`{ "keys": ${text} }`);
    const { before, after } = difference(state('{}'), state('{ "__proto__": { "name": "x" }, "toString": null }'));
    expect(JSON.stringify({ before, after })).toBe(
      '{"before":{"keys":{}},"after":{"keys":{"__proto__":{"name":"x"},"toString":null}}}',
    );
  });
});
