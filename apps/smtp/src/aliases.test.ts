import { afterAll, beforeAll, expect, test } from 'vitest';
import { type OwnServer, startOwnServer } from './testing/own-server.ts';

let mx: OwnServer;
let submission: OwnServer;
beforeAll(async () => {
  [mx, submission] = await Promise.all([startOwnServer({}, { kind: 'mx' }), startOwnServer()]);
  for (const { directory } of [mx, submission]) {
    for (const name of ['john', 'ann']) {
      await directory.addAccount({ name, address: `${name}@localhost`, password: null });
    }
    const { aliases } = directory;
    await aliases.add('team@localhost', ['mary@localhost', 'john@localhost']);
    await aliases.add('inner@localhost', ['mary@localhost']);
    await aliases.change('inner@localhost', { posters: 'members', maySendAs: true });
    await aliases.add('world@localhost', ['mary@localhost', 'guest@example.net']);
    await aliases.add('empty@localhost', []);
  }
});
afterAll(async () => {
  await mx[Symbol.asyncDispose]();
  await submission[Symbol.asyncDispose]();
});

const prefixes = async (server: OwnServer, name: string) =>
  (await server.messages(`${name}@localhost`)).map(({ prefix }) => prefix);

test('mail for an alias goes to each whom it stands for, once, also if they are named beside it', async () => {
  await using client = await mx.connect();
  await client.dialogue`
    C: MAIL FROM:<somebody@example.com>
    C: RCPT TO:<Team+now@Localhost>
    C: RCPT TO:<john@localhost>
    C: RCPT TO:<ann@localhost>
    C: DATA
    S: 250 2.1.0 ...
    S: 250 2.1.5 ...
    S: 250 2.1.5 ...
    S: 250 2.1.5 ...
    S: 354 ...
    C: Subject: to the team
    C:
    C: text
    C: .
    S: 250 2.0.0 ...
  `;
  for (const name of ['mary', 'john']) {
    const [prefix, ...others] = await prefixes(mx, name);
    expect(others).toEqual([]);
    expect(prefix).toMatch(
      /^Return-Path: <somebody@example\.com>\r\n(?:.|\s)+\r\nDelivered-To: team@localhost\r\nReceived: /,
    );
    expect(prefix).toContain('for <Team+now@Localhost>;');
  }
  const [anns] = await prefixes(mx, 'ann');
  expect(anns).not.toMatch(/Delivered-To|team/i); // which is nobody else's business
});

test('what an alias does not take', async () => {
  await using client = await mx.connect();
  await client.command('MAIL FROM:<mary@localhost>');
  expect(await client.command('RCPT TO:<inner@localhost>')).toMatch(/^550 5\.7\.2 You may not post/);
  expect(await client.command('RCPT TO:<world@localhost>')).toMatch(/^550 5\.7\.1 .*other servers/);
  expect(await client.command('RCPT TO:<empty@localhost>')).toMatch(/^550 5\.1\.1 .*nobody/);
  expect(await client.command('RCPT TO:<teams@localhost>')).toMatch(/^550 5\.1\.1 No such address/);
});

test('a closed list inside an open one stays closed', async () => {
  await mx.directory.aliases.add('open@localhost', ['inner@localhost', 'john@localhost']);
  await submission.directory.aliases.add('open@localhost', ['inner@localhost', 'john@localhost']);
  await using stranger = await mx.connect();
  await stranger.command('MAIL FROM:<somebody@example.com>');
  expect(await stranger.command('RCPT TO:<open@localhost>')).toMatch(/^550 5\.7\.2 You may not post/);
  await using member = await submission.logIn();
  await member.command('MAIL FROM:<mary@localhost>');
  expect(await member.command('RCPT TO:<open@localhost>')).toMatch(/^250 /);
});

test('hardening 57: a message that has come by an alias before is in a loop', async () => {
  await using client = await mx.connect();
  await client.dialogue`
    C: MAIL FROM:<somebody@example.com>
    C: RCPT TO:<team@localhost>
    C: DATA
    S: 250 ...
    S: 250 ...
    S: 354 ...
    C: Delivered-To: other@localhost
    C: DELIVERED-TO:  Team@LOCALHOST
    C: Subject: again
    C:
    C: text
    C: .
    S: 554 5.4.6 ...
    C: MAIL FROM:<somebody@example.com>
    C: RCPT TO:<team@localhost>
    C: DATA
    S: 250 ...
    S: 250 ...
    S: 354 ...
    C: Delivered-To: other@localhost
    C: Subject: no loop
    C:
    C: Delivered-To: team@localhost
    C: .
    S: 250 ...
    C: MAIL FROM:<somebody@example.com>
    C: RCPT TO:<john@localhost>
    C: DATA
    S: 250 ...
    S: 250 ...
    S: 354 ...
    C: Delivered-To: team@localhost
    C: Subject: passed on by hand
    C:
    C: text
    C: .
    S: 250 ...
  `;
});

test('members post to their list, and send from its address if it lets them', async () => {
  await using client = await submission.logIn();
  expect(await client.command('MAIL FROM:<mary@localhost>')).toMatch(/^250 /);
  expect(await client.command('RCPT TO:<inner@localhost>')).toMatch(/^250 /);
  expect(await client.command('RCPT TO:<world@localhost>')).toMatch(/^550 5\.7\.1 .*other servers/);
  await client.command('RSET');
  expect(await client.command('MAIL FROM:<inner@localhost>')).toMatch(/^250 /);
  await client.command('RSET');
  expect(await client.command('MAIL FROM:<team@localhost>')).toMatch(/^550 5\.7\.1 /);
});

test('EXPN tells members of an alias who the others are, if it shows them, and nobody else', async () => {
  const { aliases } = submission.directory;
  await aliases.add('board@localhost', ['john@localhost', 'mary@localhost', 'Guest@example.net']);
  await aliases.add('others@localhost', ['john@localhost']);
  await aliases.change('others@localhost', { showsMembers: true });
  await using client = await submission.logIn();
  const cannot = '252 2.5.0 Send to it, and see';
  for (const address of ['board@localhost', 'others@localhost', 'mary@localhost', 'nobody@localhost', 'x']) {
    expect(await client.command(`EXPN ${address}`), address).toBe(cannot);
  }
  await aliases.change('board@localhost', { showsMembers: true });
  await client.dialogue`
    C: EXPN <Board@localhost>
    S: 250-2.1.5 <Guest@example.net>
    S: 250-2.1.5 <john@localhost>
    S: 250 2.1.5 <mary@localhost>
  `;
  await using stranger = await mx.connect();
  expect(await stranger.command('EXPN team@localhost')).toBe(cannot);
});

test('LMTP: one reply for an alias, whoever it stands for', async () => {
  await using server = await startOwnServer({}, { kind: 'lmtp' });
  const { directory } = server;
  await directory.addAccount({ name: 'john', address: 'john@localhost', password: null });
  await directory.aliases.add('team@localhost', ['mary@localhost', 'john@localhost']);
  await using client = await server.connect();
  await client.dialogue`
    C: MAIL FROM:<somebody@example.com>
    C: RCPT TO:<team@localhost>
    C: RCPT TO:<john@localhost>
    C: DATA
    S: 250 ...
    S: 250 ...
    S: 250 ...
    S: 354 ...
    C: Subject: to the team
    C:
    C: text
    C: .
    S: 250 2.0.0 ...
    S: 250 2.0.0 ...
    C: NOOP
    S: 250 ...
  `;
  expect(await prefixes(server, 'john')).toHaveLength(1);
});

test('mail for an address with a mailbox of its own goes there, and to INBOX once that is deleted', async () => {
  const { directory, store } = mx;
  await directory.addAddress('ann', 'news@localhost');
  await directory.addresses.change('news@localhost', { mailbox: 'Lists/news' });
  const account = (await directory.identify('ann'))?.accountId;
  if (account === undefined) throw new Error('no account');
  const count = async (name: string) => (await store.findMailbox(account, name))?.messages ?? null;
  const before = (await count('INBOX')) ?? 0;
  const send = async () => {
    await using client = await mx.connect();
    await client.dialogue`
      C: MAIL FROM:<somebody@example.com>
      C: RCPT TO:<news+1@localhost>
      C: DATA
      S: 250 ...
      S: 250 ...
      S: 354 ...
      C: Subject: news
      C:
      C: text
      C: .
      S: 250 ...
    `;
  };
  await send();
  expect([await count('Lists/news'), await count('INBOX')]).toEqual([1, before]);
  const mailbox = await store.findMailbox(account, 'Lists/news');
  if (mailbox === null) throw new Error('no mailbox');
  await store.deleteMailbox(account, mailbox.id, null);
  await send();
  expect([await count('Lists/news'), await count('INBOX')]).toEqual([null, before + 1]);
});
