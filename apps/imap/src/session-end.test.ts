/** Sessions that lose what they logged in with, on whatever process they are. */
import { randomBytes } from 'node:crypto';
import type { ManagedDirectory } from '@postel/directory';
import type { TestAccount } from '@postel/testkit';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { ImapClient } from './testing/imap-client.ts';
import type { ImapProcess } from './testing/imap-process.ts';
import { MailServer } from './testing/mail-server.ts';

const server = new MailServer();
const { ca } = server.postel;
const END_MS = 5_000;

let second: ImapProcess;
beforeAll(async () => {
  second = await server.startProcess();
});
afterAll(() => second[Symbol.asyncDispose]());

const appPassword = { name: 'telephone', service: null, expiresAt: null, networks: null, isShared: false };

/** Ways to log in, and to lose that again. */
const CASES: readonly (readonly [
  what: string,
  begin: (mary: TestAccount) => Promise<{ password: string; end: (directory: ManagedDirectory) => Promise<unknown> }>,
  code: string,
])[] = [
  [
    'the password is changed',
    async ({ name, password }) => ({ password, end: (directory) => directory.setPassword(name, 'another-password') }),
    'EXPIRED',
  ],
  [
    'the account is disabled',
    async ({ name, password }) => ({ password, end: (directory) => directory.setDisabled(name, true) }),
    'CONTACTADMIN',
  ],
  [
    'the account is removed',
    async ({ name, password }) => ({ password, end: (directory) => directory.removeAccount(name) }),
    'CONTACTADMIN',
  ],
  [
    'the app password is removed',
    async ({ name }) => ({
      password: await server.postel.useDirectory((directory) => directory.appPasswords.add(name, appPassword)),
      end: (directory) => directory.appPasswords.remove(name, appPassword.name),
    }),
    'EXPIRED',
  ],
];

test.each(CASES)('hardening 26: when %s, sessions on two processes end, in IDLE too', async (_, begin, code) => {
  const mary = await server.addAccount();
  const { password, end } = await begin(mary);
  const loggedIn = { ...mary, password };
  await using idle = await server.logIn(loggedIn);
  await idle.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 IDLE
    S: + idling
  `;
  await using waiting = await server.logIn(loggedIn, second.port);
  await waiting.command('SELECT INBOX');

  const begunAt = performance.now();
  await server.postel.useDirectory(end);
  const last = await Promise.all([idle.closed(), waiting.closed()]);
  expect(performance.now() - begunAt).toBeLessThan(END_MS);
  // With the account its mailbox goes: who idles in it may hear of that first.
  const bye = new RegExp(`^\\* BYE (?:\\[${code}\\]|The mailbox was deleted).* \\(\\S+\\)$`);
  for (const lines of last) expect(lines.findLast((line) => line.startsWith('*'))).toMatch(bye);
});

test('hardening 26: who is disabled hears whom to ask', async () => {
  const mary = await server.addAccount();
  await using client = await server.logIn(mary);
  await server.postel.useDirectory((directory) => directory.setDisabled(mary.name, true));
  await client.dialogue`
    S: * BYE [CONTACTADMIN] ...
    S: (closed)
  `;
});

test('hardening 26: when a TLS key is removed, its sessions on two processes end, and those by password go on', async () => {
  const mary = await server.addAccount();
  const certificate = await server.postel.addKey(mary);
  const { key, cert } = certificate;
  const connections = [server.postel.ports.imaps, second.tlsPort].map((port) =>
    ImapClient.connectTls(port, { ca, key, cert }),
  );
  const [one, two] = await Promise.all(connections);
  if (one === undefined || two === undefined) throw new Error('two connections');
  await using _one = one;
  await using _two = two;
  await using byPassword = await server.logIn(mary);
  for (const client of [one, two]) expect(await client.line()).toMatch(/^\* PREAUTH /);

  const begunAt = performance.now();
  await server.postel.removeKey(certificate);
  const last = await Promise.all([one.closed(), two.closed()]);
  expect(performance.now() - begunAt).toBeLessThan(END_MS);
  for (const lines of last) expect(lines).toEqual([expect.stringMatching(/^\* BYE \[EXPIRED\] /)]);
  expect((await byPassword.command('NOOP')).tagged).toMatch(/^OK /);
});

test('hardening 26: a session ends in the middle of a message, which is not stored', async () => {
  const mary = await server.addAccount();
  await using client = await server.logIn(mary);
  await client.dialogue`
    C: a1 APPEND INBOX {1000}
    S: + ...
  `;
  client.send('Subject: half of\r\n');
  await server.postel.useDirectory((directory) => directory.setPassword(mary.name, 'another-password'));
  await client.dialogue`
    S: * BYE [EXPIRED] ...
    S: (closed)
  `;
  await using again = await server.logIn({ ...mary, password: 'another-password' });
  expect((await again.command('STATUS INBOX (MESSAGES)')).untagged).toEqual(['* STATUS INBOX (MESSAGES 0)']);
});

test('hardening 26: who takes no answers does not hold a session open', async () => {
  const mary = await server.addAccount();
  await using client = await server.logIn(mary, second.port);
  const line = `${randomBytes(30).toString('hex')}\r\n`;
  await client.append('INBOX', `Subject: large\r\n\r\n${line.repeat(200_000)}`);
  await client.command('SELECT INBOX');
  client.pause();
  client.send('a1 FETCH 1 BODY.PEEK[]\r\na2 FETCH 1 BODY.PEEK[]\r\na3 NOOP\r\n');
  await server.postel.useDirectory((directory) => directory.setDisabled(mary.name, true));
  await vi.waitFor(() => expect(second.log).toContain('the command in hand takes too long: closing'), END_MS);
  client.resume();
  expect((await client.closed()).filter((text) => text.startsWith('a3 '))).toEqual([]);
});

test('a session that has ended by itself is not watched any more', async () => {
  const mary = await server.addAccount();
  await using gone = await server.logIn(mary, second.port);
  await using witness = await server.logIn(mary, second.port);
  const ids = await Promise.all([gone, witness].map(async (client) => idOf((await client.command('NONSENSE')).tagged)));
  await gone.command('LOGOUT');
  await server.postel.useDirectory((directory) => directory.setDisabled(mary.name, true));
  await witness.closed();
  const ended = second.log.split('\n').filter((line) => line.includes('ending the session'));
  expect(ids.map((id) => ended.some((line) => line.includes(id)))).toEqual([false, true]);
});

/** Of a connection: errors end in it. */
function idOf(tagged: string): string {
  const [, id] = /\((\S+)\)$/.exec(tagged) ?? [];
  if (id === undefined) throw new Error(`no connection's id in ${tagged}`);
  return id;
}
