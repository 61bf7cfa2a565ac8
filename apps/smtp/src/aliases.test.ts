import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
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

test('a stranger who names an alias many times has its members looked for once', async () => {
  const expand = vi.spyOn(mx.directory, 'expandAlias');
  onTestFinished(() => expand.mockRestore());
  await using client = await mx.connect();
  await client.command('MAIL FROM:<somebody@example.com>');
  for (let i = 0; i < 20; i++) expect(await client.command(`RCPT TO:<team+${i}@localhost>`)).toMatch(/^250 2\.1\.5 /);
  await client.command('DATA');
  expect(await client.command('Subject: again\r\n\r\ntext\r\n.')).toMatch(/^250 /);
  expect(expand).toHaveBeenCalledTimes(1);
  const rows = await mx.sql<{ paths: string }[]>`
    select details -> 'recipients' ->> 9 as paths from deliveries where forward_path = 'team+0@localhost'`;
  expect(rows.map(({ paths }) => JSON.parse(paths))).toMatchObject([
    { forwardPath: 'team+9@localhost' },
    { forwardPath: 'team+9@localhost' },
  ]);
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

test('what comes by a list says so, once, and the innermost list counts', async () => {
  const { directory } = mx;
  await directory.addAccount({ name: 'eve', address: 'eve@localhost', password: null });
  await directory.addAccount({ name: 'bob', address: 'bob@localhost', password: null });
  await directory.aliases.add('devs@localhost', ['eve@localhost']);
  await directory.aliases.add('all@localhost', ['bob@localhost', 'devs@localhost']);
  const send = async () => {
    await using client = await mx.connect();
    await client.dialogue`
      C: MAIL FROM:<somebody@example.com>
      C: RCPT TO:<all@localhost>
      C: DATA
      S: 250 ...
      S: 250 ...
      S: 354 ...
      C: List-Id: Another list <one.example.com>
      C: Subject: to all
      C: LIST-POST: <mailto:one@example.com>,
      C:  <mailto:two@example.com>
      C: List-Unsubscribe: <mailto:leave@example.com>
      C:
      C: List-Id: of the body
      C: .
      S: 250 ...
    `;
    const sent = await Promise.all(['bob', 'eve'].map((name) => mx.messages(`${name}@localhost`)));
    return sent.map((messages) => messages.at(-1));
  };
  for (const each of await send()) {
    expect(each?.prefix).not.toContain('List-');
    expect(each?.content.toString()).toMatch(/^List-Id: Another list /);
  }
  await directory.aliases.change('all@localhost', { isList: true });
  const content = 'Subject: to all\r\nList-Unsubscribe: <mailto:leave@example.com>\r\n\r\nList-Id: of the body\r\n';
  for (const each of await send()) {
    expect(each?.prefix).toMatch(
      /\r\n\tfor <all@localhost>; .+\r\nList-Id: <all\.localhost>\r\nList-Post: <mailto:all@localhost>\r\n$/,
    );
    expect(each?.content.toString()).toBe(content);
  }
  await directory.aliases.change('devs@localhost', { isList: true, posters: 'named' });
  await directory.aliases.addEntries('devs@localhost', ['all@localhost'], 'poster');
  const [bobs, eves] = await send();
  expect(bobs?.prefix).toMatch(/List-Id: <all\.localhost>\r\nList-Post: <mailto:all@localhost>\r\n$/);
  expect(eves?.prefix).toMatch(/List-Id: <devs\.localhost>\r\nList-Post: NO \(only some may post\)\r\n$/);
});

test('a list on submission: each account gets the message once, and who is named beside it the plain one', async () => {
  const { directory } = submission;
  await directory.aliases.add('club@localhost', ['mary@localhost', 'john@localhost']);
  await directory.aliases.change('club@localhost', { isList: true });
  await using client = await submission.logIn();
  await client.dialogue`
    C: MAIL FROM:<mary@localhost>
    S: 250 ...
    C: RCPT TO:<mary@localhost>
    S: 250 ...
    C: RCPT TO:<club@localhost>
    S: 250 ...
    C: DATA
    S: 354 ...
    C: From: mary@localhost
    C: List-Id: <mine.example>
    C: Subject: to the club
    C:
    C: .
    S: 250 ...
  `;
  const [marys, johns] = await Promise.all(['mary', 'john'].map((name) => submission.messages(`${name}@localhost`)));
  expect(marys?.at(-1)?.prefix).not.toContain('List-');
  expect(johns?.at(-1)?.prefix).toMatch(/\r\nList-Id: <club\.localhost>\r\nList-Post: .+\r\nMessage-ID: /);
  expect(johns?.at(-1)?.content.toString()).toBe('From: mary@localhost\r\nSubject: to the club\r\n\r\n');
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
  const count = async (name: string) => (await store.mailboxes.find(account, name))?.messages ?? null;
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
  const mailbox = await store.mailboxes.find(account, 'Lists/news');
  if (mailbox === null) throw new Error('no mailbox');
  await store.mailboxes.delete(account, mailbox.id, null);
  await send();
  expect([await count('Lists/news'), await count('INBOX')]).toEqual([null, before + 1]);
});
