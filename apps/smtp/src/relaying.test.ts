import { ScriptedResolver } from '@postel/dns';
import { Queue } from '@postel/queue';
import { type Database, openDatabase, StorageError } from '@postel/storage';
import { Registry } from '@postel/supervision';
import { createTestDatabase, type TestDatabase } from '@postel/testkit';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { IncomingMail } from './incoming-mail.ts';
import type { Services } from './services.ts';
import { SmtpMetrics } from './smtp-metrics.ts';
import { type OwnServer, startOwnServer } from './testing/own-server.ts';

let testDatabase: TestDatabase;
let database: Database;
let queue: Queue;
let submission: OwnServer;
let mx: OwnServer;
let lmtp: OwnServer;
beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = openDatabase(testDatabase.target, { applicationName: 'relaying test', maxConnections: 2 });
  queue = new Queue(database);
  [submission, mx, lmtp] = await Promise.all([
    startOwnServer({ queue }),
    startOwnServer({ queue }, { kind: 'mx' }),
    startOwnServer({ queue }, { kind: 'lmtp' }),
  ]);
  for (const { directory } of [submission, mx, lmtp]) {
    await directory.aliases.add('world@localhost', ['mary@localhost', 'guest@example.net', 'other@example.net']);
    await directory.aliases.add('away@localhost', ['mary@example.net']);
  }
});
beforeEach(async () => {
  await database.sql`delete from queue_messages`;
  await database.sql`delete from queue_contents`;
});
afterAll(async () => {
  for (const server of [submission, mx, lmtp]) await server[Symbol.asyncDispose]();
  await database.close();
  await testDatabase[Symbol.asyncDispose]();
});

/** What is in the queue, with what of it is due. */
function queued() {
  return database.sql`
    select forward_path as path, domain, alias, array_to_string(notify, ',') as notify, original_recipient as original,
           reverse_path as "from", next_attempt_at <= now() as "isDue"
      from queue_recipients join queue_messages using (message_id) order by recipient_id`;
}

async function text(): Promise<string> {
  const rows = await database.sql<{ octets: Buffer }[]>`select octets from queue_contents order by message_id, chunk`;
  return Buffer.concat(rows.map(({ octets }) => octets)).toString();
}

const MESSAGE = ['From: mary@localhost', 'Bcc: secret@example.org', 'Subject: out', '', 'text', '.'];

async function send(server: OwnServer, commands: readonly string[]): Promise<readonly string[]> {
  await using client = server === submission ? await server.logIn() : await server.connect();
  const replies: string[] = [];
  for (const line of [...commands, 'DATA']) replies.push(await client.command(line));
  if (!replies.at(-1)?.startsWith('354')) return replies;
  return [...replies, await client.command(MESSAGE.join('\r\n'))];
}

test('what is submitted for other servers is in the queue when 250 is said', async () => {
  const replies = await send(submission, [
    'MAIL FROM:<mary@localhost> RET=HDRS ENVID=x1',
    'RCPT TO:<Bob@Example.ORG> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;bob@example.org',
    'RCPT TO:<Bob@example.org>',
    'RCPT TO:<ann@example.net>',
  ]);
  expect(replies.at(-1)).toMatch(/^250 2\.0\.0 /);
  const common = { alias: null, from: 'mary@localhost', isDue: true };
  expect(await queued()).toEqual([
    {
      ...common,
      path: 'Bob@Example.ORG',
      domain: 'example.org',
      notify: 'SUCCESS,DELAY',
      original: 'rfc822;bob@example.org',
    },
    { ...common, path: 'ann@example.net', domain: 'example.net', notify: null, original: null },
  ]);
  const sent = await text();
  expect(sent).toMatch(/^Received: from localhost by localhost \(Postel\)\r\n\twith ESMTPA id [^ ]+;\r\n\t/);
  expect(sent).not.toMatch(/Return-Path|Bcc|secret|for </);
  const [row] = await database.sql`select envelope_id, return_content, size_octets, signers from queue_messages`;
  expect(row).toEqual({ envelope_id: 'x1', return_content: 'HDRS', size_octets: sent.length, signers: '{localhost}' });
});

test('a message for some here and some elsewhere is with all of them', async () => {
  await send(submission, ['MAIL FROM:<mary@localhost>', 'RCPT TO:<mary@localhost>', 'RCPT TO:<bob@example.org>']);
  expect(await queued()).toMatchObject([{ path: 'bob@example.org', isDue: true }]);
  expect(await submission.messages()).toHaveLength(1);
});

test('what is to be held waits in the queue for others, and for who is here where it always does: RFC 4865', async () => {
  const mail = 'MAIL FROM:<mary@localhost> HOLDFOR=3600';
  await send(submission, [mail, 'RCPT TO:<mary@localhost>', 'RCPT TO:<bob@example.org>']);
  await send(submission, [mail, 'RCPT TO:<ann@example.org>']);
  expect(await queued()).toMatchObject([
    { path: 'bob@example.org', isDue: false },
    { path: 'ann@example.org', isDue: false },
  ]);
  expect(
    await database.sql`
      select extract(epoch from next_attempt_at - now()) between 3500 and 3600 as "isLater", next_attempt_at = released_at as "isThen",
             release_request as request
        from queue_recipients join queue_messages using (message_id)`,
  ).toEqual(Array(2).fill({ isLater: true, isThen: true, request: 'for;3600' }));
  expect(await submission.sql`select forward_paths from mail.held`).toEqual([{ forward_paths: '{mary@localhost}' }]);
});

test('nothing goes to others when what is here is refused', async () => {
  const store: Services['store'] = {
    receive: (limit) => submission.store.arrivals.receive(limit),
    requireDiskRoom: async () => {},
    waitingUse: async () => new Map(),
    keepWaiting: () => Promise.reject(new Error('not now')),
    deliverToEach: async (_, deliveries) =>
      deliveries.map(() => ({ status: 'rejected', reason: new StorageError('over-quota', 'full') })),
  };
  await using full = await startOwnServer({ queue, store });
  await using client = await full.logIn();
  for (const line of ['MAIL FROM:<mary@localhost>', 'RCPT TO:<mary@localhost>', 'RCPT TO:<bob@example.org>', 'DATA']) {
    await client.command(line);
  }
  expect(await client.command(MESSAGE.join('\r\n'))).toMatch(/^452 4\.2\.2 /);
  expect(await queued()).toEqual([]);
  expect(await database.sql`select from queue_contents`).toHaveLength(0);
});

test('what was refused here after others could have it already is counted', async () => {
  const registry = new Registry();
  const store: Services['store'] = {
    receive: (limit) => submission.store.arrivals.receive(limit),
    requireDiskRoom: async () => {},
    waitingUse: async () => new Map(),
    keepWaiting: () => Promise.reject(new Error('not now')),
    async deliverToEach(_, deliveries) {
      // It takes so long that the time is over in which others wait for it.
      await database.sql`update queue_recipients set next_attempt_at = now() where forward_path = 'bob@example.org'`;
      expect(await queue.take(10, [])).toHaveLength(1);
      return deliveries.map(() => ({ status: 'rejected', reason: new StorageError('over-quota', 'full') }));
    },
  };
  await using full = await startOwnServer({ queue, store, metrics: new SmtpMetrics(registry) });
  await using client = await full.logIn();
  const paths = ['mary@localhost', 'bob@example.org', 'ann@example.org'].map((path) => `RCPT TO:<${path}>`);
  for (const line of ['MAIL FROM:<mary@localhost>', ...paths, 'DATA']) await client.command(line);
  expect(await client.command(MESSAGE.join('\r\n'))).toMatch(/^452 4\.2\.2 /);
  expect((await queued()).map(({ path }) => path)).toEqual(['bob@example.org']);
  expect(await registry.metrics()).toMatch(/^postel_smtp_possible_duplicates_total 1$/m);
});

test('MX and LMTP pass nothing on but to members of aliases', async () => {
  for (const server of [mx, lmtp]) {
    const replies = await send(server, ['MAIL FROM:<bob@example.com>', 'RCPT TO:<ann@example.org>']);
    expect(replies[1]).toMatch(/^550 5\.7\.1 /);
  }
  expect(await queued()).toEqual([]);
  const replies = await send(mx, [
    'MAIL FROM:<bob@example.com>',
    'RCPT TO:<world@localhost>',
    'RCPT TO:<away@localhost>',
  ]);
  expect(replies.at(-1)).toMatch(/^250 /);
  expect(await mx.messages()).toHaveLength(1);
  const common = { domain: 'example.net', notify: null, original: null, from: 'bob@example.com', isDue: true };
  expect(await queued()).toEqual([
    { ...common, path: 'guest@example.net', alias: 'world@localhost' },
    { ...common, path: 'other@example.net', alias: 'world@localhost' },
    { ...common, path: 'mary@example.net', alias: 'away@localhost' },
  ]);
});

test.each(['mx', 'lmtp'] as const)(
  '%s offers DSN, and what a sender asks for is asked of others: RFC 3461',
  async (kind) => {
    const server = kind === 'mx' ? mx : lmtp;
    await using client = await server.connect();
    client.send(`${kind === 'mx' ? 'EHLO' : 'LHLO'} mx.elsewhere.example\r\n`);
    expect(await client.reply()).toContain('250-DSN');
    const replies = await send(server, [
      'MAIL FROM:<bob@example.com> RET=FULL ENVID=x2',
      'RCPT TO:<away@localhost> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Away@localhost',
    ]);
    expect(replies.at(-1)).toMatch(/^250 /);
    expect(await queued()).toMatchObject([
      { path: 'mary@example.net', notify: 'SUCCESS,FAILURE', original: 'rfc822;Away@localhost' },
    ]);
    const [row] = await database.sql`select envelope_id, return_content, tells_sender from queue_messages`;
    expect(row).toEqual({ envelope_id: 'x2', return_content: 'FULL', tells_sender: true });
  },
);

test('who asked from elsewhere for a DSN of delivery gets it by the queue', async () => {
  const mail = 'MAIL FROM:<bob@example.com> ENVID=x3';
  await send(mx, [mail, 'RCPT TO:<mary@localhost> NOTIFY=SUCCESS']);
  expect(await queued()).toMatchObject([{ path: 'bob@example.com', from: '', notify: 'NEVER' }]);
  expect(await text()).toMatch(
    /\r\nOriginal-Envelope-Id: x3\r\n.*\r\nFinal-Recipient: rfc822; mary@localhost\r\nAction: delivered\r\n/s,
  );
});

test.each([
  ['v=spf1 ip4:127.0.0.1 -all', 1],
  ['v=spf1 ?all', 0],
])(
  'hardening 58: of strangers only a sender whose domain answers for the message is told of it: %s',
  async (spf, told) => {
    const incoming = new IncomingMail({
      resolver: new ScriptedResolver({ 'example.com': { A: ['127.0.0.1'], TXT: [spf] } }),
      hostname: 'localhost',
      blockLists: { find: async () => [] },
      isExempt: () => false,
      onError: (error) => console.error(error),
    });
    await using stranger = await startOwnServer({ queue, incoming }, { kind: 'mx' });
    await stranger.directory.aliases.add('all@localhost', ['mary@localhost', 'ann@example.net']);
    const mail = 'MAIL FROM:<bob@example.com>';
    const replies = await send(stranger, [mail, 'RCPT TO:<all@localhost> NOTIFY=SUCCESS']);
    expect(replies.at(-1)).toMatch(/^250 /);
    expect(await database.sql`select count(*)::int as told from queue_messages where reverse_path = ''`).toEqual([
      { told },
    ]);
    expect(await database.sql`select tells_sender from queue_messages where reverse_path <> ''`).toEqual([
      { tells_sender: told === 1 },
    ]);
    await incoming.close();
  },
);

test.each([
  ['v=spf1 ip4:127.0.0.1 -all', true],
  ['v=spf1 ?all', false],
])('hardening 58: nor is another told of members who do not get it: %s', async (spf, isTold) => {
  const incoming = new IncomingMail({
    resolver: new ScriptedResolver({ 'example.com': { A: ['127.0.0.1'], TXT: [spf] } }),
    hostname: 'localhost',
    blockLists: { find: async () => [] },
    isExempt: () => false,
    onError: (error) => console.error(error),
  });
  await using stranger = await startOwnServer({ queue, incoming }, { kind: 'mx' });
  await stranger.directory.addAccount({ name: 'john', address: 'john@localhost', password: null });
  await stranger.directory.aliases.add('team@localhost', ['mary@localhost', 'john@localhost']);
  await stranger.sql`update accounts set quota_messages = 0 where name = 'john'`;
  await stranger.sql`
    insert into waiting_deliveries (account_id, system_flags, internal_date, prefix, reverse_path, forward_path, protocol,
                                    next_attempt_at, last_failure)
    select account_id, 0, now(), '', '', '', '', 'infinity', 'test' from accounts, generate_series(1, 999) where name = 'john'`;
  const kept = () => stranger.sql`select tells_elsewhere from waiting_deliveries where last_failure <> 'test'`;
  const commands = ['MAIL FROM:<bob@example.com>', 'RCPT TO:<team@localhost>'];
  expect((await send(stranger, commands)).at(-1)).toMatch(/^250 /);
  expect(await kept()).toEqual([{ tells_elsewhere: isTold }]);
  expect(await queued()).toEqual([]);
  expect((await send(stranger, commands)).at(-1)).toMatch(/^250 /);
  expect(await kept()).toHaveLength(1);
  expect((await queued()).map(({ path, from }) => [path, from])).toEqual(isTold ? [['bob@example.com', '']] : []);
  if (isTold) expect(await text()).toMatch(/\r\nFinal-Recipient: rfc822; team@localhost\r\nAction: failed\r\n/);
  await incoming.close();
});

test('what looks bad is not passed on to a postmaster elsewhere', async () => {
  const opinion = {
    action: 'reject',
    advice: 'reject' as const,
    score: 20,
    requiredScore: 15,
    symbols: [],
    fields: '',
    text: null,
  };
  const incoming = new IncomingMail({
    resolver: new ScriptedResolver({ 'example.com': { A: ['127.0.0.1'] } }),
    hostname: 'localhost',
    blockLists: { find: async () => [] },
    isExempt: () => false,
    onError: (error) => console.error(error),
  });
  const contentFilter = { check: async () => opinion } as const;
  await using stranger = await startOwnServer({ queue, incoming, contentFilter }, { kind: 'mx' });
  const mail = ['MAIL FROM:<bob@example.com>', 'RCPT TO:<postmaster@localhost>'];
  expect((await send(stranger, mail)).at(-1)).toMatch(/^250 /);
  await stranger.directory.aliases.add('postmaster@localhost', ['mary@localhost', 'ann@example.net']);
  expect((await send(stranger, mail)).at(-1)).toMatch(/^451[ -]4\.7\.1 /);
  expect(await queued()).toEqual([]);
  await incoming.close();
});

test('members of a list have its fields, wherever they are, and none of another list', async () => {
  await mx.directory.aliases.add('club@localhost', ['mary@example.net']);
  await mx.directory.aliases.change('club@localhost', { isList: true });
  await using client = await mx.connect();
  for (const line of ['MAIL FROM:<bob@example.com>', 'RCPT TO:<club@localhost>', 'DATA']) await client.command(line);
  await client.command(['From: bob@example.com', 'List-Id: <other.example.com>', '', 'text', '.'].join('\r\n'));
  const [row] = await database.sql`select list_fields from queue_recipients`;
  expect(row).toEqual({ list_fields: 'List-Id: <club.localhost>\r\nList-Post: <mailto:club@localhost>\r\n' });
  expect(await text()).not.toContain('List-Id');
});

test('LMTP answers for an alias whose members are all elsewhere', async () => {
  const replies = await send(lmtp, ['MAIL FROM:<bob@example.com>', 'RCPT TO:<away@localhost>']);
  expect(replies.at(-1)).toMatch(/^250 /);
  expect(await queued()).toMatchObject([{ path: 'mary@example.net', isDue: true }]);
});

test('of an alias with several members the sender hears that it was expanded', async () => {
  await send(submission, ['MAIL FROM:<mary@localhost>', 'RCPT TO:<world@localhost> NOTIFY=SUCCESS,FAILURE']);
  expect(await queued()).toMatchObject([
    { path: 'guest@example.net', notify: 'FAILURE' },
    { path: 'other@example.net', notify: 'FAILURE' },
    { path: 'mary@localhost', from: '', notify: 'NEVER' },
  ]);
  expect(await text()).toContain('\r\nFinal-Recipient: rfc822; world@localhost\r\nAction: expanded\r\n');
});

test('an alias that a stranger names again gets nobody a second copy, nor its sender a second word', async () => {
  const rcpt = 'RCPT TO:<world@localhost> NOTIFY=SUCCESS';
  const before = (await mx.messages()).length;
  expect((await send(mx, ['MAIL FROM:<x@elsewhere.example>', rcpt, rcpt])).at(-1)).toMatch(/^250 /);
  expect(await mx.messages()).toHaveLength(before + 1);
  expect(await queued()).toMatchObject([
    { path: 'guest@example.net', from: 'x@elsewhere.example' },
    { path: 'other@example.net', from: 'x@elsewhere.example' },
    { path: 'x@elsewhere.example', from: '' },
  ]);
  expect((await text()).match(/^Action: .+$/gm)).toEqual(['Action: expanded']);
});

test('numbers of hosts are nobody to send to', async () => {
  const replies = await send(submission, ['MAIL FROM:<mary@localhost>', 'RCPT TO:<bob@[127.0.0.1]>']);
  expect(replies[1]).toMatch(/^550 5\.1\.2 /);
});
