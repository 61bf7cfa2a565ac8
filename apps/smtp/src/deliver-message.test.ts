import { StorageError } from '@postel/storage';
import { Registry } from '@postel/supervision';
import { expect, test } from 'vitest';
import { SmtpMetrics } from './smtp-metrics.ts';
import { type OwnServer, startOwnServer } from './testing/own-server.ts';
import type { SmtpClient } from './testing/smtp-client.ts';

async function addJohn({ directory }: OwnServer): Promise<void> {
  await directory.addAccount({ name: 'john', address: 'john@localhost', password: null });
  await directory.aliases.add('team@localhost', ['mary@localhost', 'john@localhost']);
}

/** Up to the message, which waits for its end. */
async function begin(client: SmtpClient, ...recipients: readonly string[]): Promise<void> {
  await client.command('MAIL FROM:<somebody@example.com>');
  for (const recipient of recipients) expect(await client.command(`RCPT TO:<${recipient}@localhost>`)).toMatch(/^250 /);
  expect(await client.command('DATA')).toMatch(/^354 /);
  client.send('Subject: to both\r\n\r\ntext\r\n');
}

const counts = async (server: OwnServer) =>
  (await Promise.all(['mary', 'john'].map((name) => server.messages(`${name}@localhost`)))).map(({ length }) => length);

const LATER = new Date(Date.now() + 3_600_000);

test('a mailbox that fills up meanwhile keeps the message from nobody else, and gets its copy later', async () => {
  await using server = await startOwnServer({}, { kind: 'mx' });
  await addJohn(server);
  await using client = await server.connect();
  await begin(client, 'mary', 'john');
  await server.sql`update accounts set quota_messages = 0 where name = 'john'`;
  expect(await client.command('.')).toMatch(/^250 /);
  expect(await counts(server)).toEqual([1, 0]);
  expect(await server.sql`select last_failure from waiting_deliveries`).toEqual([{ last_failure: 'over-quota' }]);
  await server.sql`update accounts set quota_messages = null where name = 'john'`;
  expect(await server.store.arrivals.deliverWaiting(LATER)).toEqual({ delivered: 1, failed: 0 });
  expect(await counts(server)).toEqual([1, 1]);
  const [copy] = await server.messages('john@localhost');
  expect(copy?.prefix).toMatch(
    /^Return-Path: <somebody@example\.com>\r\n(?:.|\s)+\r\nReceived: (?:.|\s)+for <john@localhost>;/,
  );
  expect(copy?.content.toString()).toBe('Subject: to both\r\n\r\ntext\r\n');
});

test('where nobody has the message it is refused, and nothing waits', async () => {
  await using server = await startOwnServer({}, { kind: 'mx' });
  await addJohn(server);
  await using client = await server.connect();
  await begin(client, 'mary', 'john');
  await server.sql`update accounts set quota_messages = 0`;
  expect(await client.command('.')).toMatch(/^452 4\.2\.2 /);
  expect(await counts(server)).toEqual([0, 0]);
  expect(await server.sql`select from waiting_deliveries`).toHaveLength(0);
});

test('members of an alias that are disabled or full get their copy later; only if all are, it waits with its sender', async () => {
  await using server = await startOwnServer({}, { kind: 'mx' });
  await addJohn(server);
  await server.sql`update accounts set is_disabled = true where name = 'john'`;
  await using client = await server.connect();
  await begin(client, 'team');
  expect(await client.command('.')).toMatch(/^250 /);
  expect(await counts(server)).toEqual([1, 0]);
  expect(await server.store.arrivals.deliverWaiting(LATER)).toEqual({ delivered: 0, failed: 0 });
  await server.sql`update accounts set is_disabled = false`;
  expect(await server.store.arrivals.deliverWaiting(LATER)).toEqual({ delivered: 1, failed: 0 });
  expect(await counts(server)).toEqual([1, 1]);

  await server.sql`update accounts set is_disabled = true`;
  await client.command('MAIL FROM:<somebody@example.com>');
  expect(await client.command('RCPT TO:<team@localhost>')).toMatch(/^450 4\.2\.1 /);
});

test('members for whom much waits already are left out while they take no mail, and their senders told', async () => {
  const metrics = new SmtpMetrics(new Registry());
  const left = async () => (await metrics.leftOutCopies.get()).values[0]?.value;
  await using own = await startOwnServer({ metrics });
  await addJohn(own);
  await own.sql`update accounts set quota_messages = 0 where name = 'john'`;
  await own.sql`
    insert into waiting_deliveries (account_id, system_flags, internal_date, prefix, reverse_path, forward_path, protocol,
                                    next_attempt_at, last_failure)
    select account_id, 0, now(), '', '', '', '', 'infinity', 'test' from accounts, generate_series(1, 999) where name = 'john'`;
  const send = async (client: SmtpClient) => {
    await client.command('MAIL FROM:<mary@localhost>');
    const reply = await client.command('RCPT TO:<team@localhost>');
    await client.command('DATA');
    expect(await client.command('Subject: to all\r\n\r\ntext\r\n.')).toMatch(/^250 /);
    return reply;
  };
  await using client = await own.logIn();
  expect(await send(client)).toMatch(/^250 2\.1\.5 OK, but copies .* will wait/);
  expect(await own.sql`select from waiting_deliveries`).toHaveLength(1_000);
  expect(await send(client)).toMatch(/^250 2\.1\.5 OK, but some of them have taken no mail for long/);
  expect(await own.sql`select from waiting_deliveries`).toHaveLength(1_000);
  expect(await left()).toBe(1);
  const [, second, notification, ...more] = await own.messages();
  expect(second?.content.toString()).toContain('Subject: to all');
  expect(more).toEqual([]);
  const text = notification?.content.toString() ?? '';
  expect(text).toContain('\r\nFinal-Recipient: rfc822; team@localhost\r\nAction: failed\r\nStatus: 5.2.2\r\n');
  expect(text).not.toContain('john');

  // Alone, or beside others, it hears 4xx; once it has room it gets mail as before.
  await client.command('MAIL FROM:<mary@localhost>');
  expect(await client.command('RCPT TO:<john@localhost>')).toMatch(/^452 4\.2\.2 /);
  await own.sql`update accounts set quota_messages = null, quota_octets = 1000 where name = 'john'`;
  expect(await client.command('RCPT TO:<john@localhost>')).toMatch(/^452 4\.2\.2 /); // it may be larger
  await client.command('RSET');
  await client.command('MAIL FROM:<mary@localhost> SIZE=100');
  await own.sql`update accounts set quota_octets = 100000 where name = 'john'`;
  expect(await client.command('RCPT TO:<john@localhost>')).toMatch(/^250 /);
  await client.command('RSET');
  expect(await send(client)).toBe('250 2.1.5 OK, but some of them have taken no mail for long and do not get it');
  await own.sql`update accounts set quota_octets = null where name = 'john'`;
  expect(await send(client)).toBe('250 2.1.5 OK');
  expect(await left()).toBe(2);
});

test('of several aliases that leave somebody out each is named, and none if one of them does not', async () => {
  const metrics = new SmtpMetrics(new Registry());
  await using own = await startOwnServer({ metrics });
  await addJohn(own);
  await own.directory.aliases.add('crew@localhost', ['mary@localhost', 'john@localhost']);
  await own.sql`update accounts set quota_messages = 0 where name = 'john'`;
  await own.sql`
    insert into waiting_deliveries (account_id, system_flags, internal_date, prefix, reverse_path, forward_path, protocol,
                                    next_attempt_at, last_failure)
    select account_id, 0, now(), '', '', '', '', 'infinity', 'test' from accounts, generate_series(1, 1000) where name = 'john'`;
  const hasRoom = () => own.sql`update accounts set quota_messages = null where name = 'john'`;
  const send = async (client: SmtpClient, between: () => Promise<unknown>) => {
    await client.command('MAIL FROM:<mary@localhost>');
    expect(await client.command('RCPT TO:<team@localhost>')).toMatch(/^250 2\.1\.5 OK, but some of them/);
    await between();
    expect(await client.command('RCPT TO:<crew@localhost>')).toMatch(/^250 2\.1\.5 OK/);
    await client.command('DATA');
    expect(await client.command('Subject: to all\r\n\r\ntext\r\n.')).toMatch(/^250 /);
  };
  await using client = await own.logIn();
  await send(client, () => Promise.resolve());
  const text = (await own.messages())[1]?.content.toString() ?? '';
  expect(text.match(/^Final-Recipient: .+$/gm)).toEqual([
    'Final-Recipient: rfc822; team@localhost',
    'Final-Recipient: rfc822; crew@localhost',
  ]);
  await send(client, hasRoom);
  expect(await counts(own)).toEqual([3, 1]);
  expect((await metrics.leftOutCopies.get()).values[0]?.value).toBe(1);
});

test('the sender of a message that is held is told at once which address leaves somebody out', async () => {
  const metrics = new SmtpMetrics(new Registry());
  await using own = await startOwnServer({ metrics });
  await addJohn(own);
  await own.sql`update accounts set quota_messages = 0 where name = 'john'`;
  await own.sql`
    insert into waiting_deliveries (account_id, system_flags, internal_date, prefix, reverse_path, forward_path, protocol,
                                    next_attempt_at, last_failure)
    select account_id, 0, now(), '', '', '', '', 'infinity', 'test' from accounts, generate_series(1, 1000) where name = 'john'`;
  await using client = await own.logIn();
  await client.command('MAIL FROM:<mary@localhost> HOLDFOR=86400');
  expect(await client.command('RCPT TO:<team@localhost>')).toMatch(/^250 2\.1\.5 OK, but some of them/);
  await client.command('DATA');
  expect(await client.command('Subject: later\r\n\r\ntext\r\n.')).toMatch(/^250 .* held until /);
  expect((await metrics.leftOutCopies.get()).values[0]?.value).toBe(1);
  const [notification, ...others] = await own.messages();
  expect(others).toEqual([]);
  const text = notification?.content.toString() ?? '';
  expect(text).toContain('\r\nFinal-Recipient: rfc822; team@localhost\r\nAction: failed\r\nStatus: 5.2.2\r\n');
  expect(text).toContain('\r\nFuture-Release-Request: for;86400\r\n');
  expect(text).toContain('The others get it.');
});

test('other servers are not told how the mailboxes of an alias are', async () => {
  await using server = await startOwnServer({}, { kind: 'mx' });
  await addJohn(server);
  await server.sql`update accounts set is_disabled = true where name = 'john'`;
  await using client = await server.connect();
  await client.command('MAIL FROM:<somebody@example.com>');
  expect(await client.command('RCPT TO:<team@localhost>')).toBe('250 2.1.5 OK');
});

test('an account that is removed meanwhile keeps the message from nobody', async () => {
  await using server = await startOwnServer({}, { kind: 'mx' });
  await addJohn(server);
  await using client = await server.connect();
  await begin(client, 'mary', 'john');
  await server.directory.removeAccount('john');
  expect(await client.command('.')).toMatch(/^250 /);
  expect(await server.messages()).toHaveLength(1);
  expect(await server.sql`select from waiting_deliveries`).toHaveLength(0);
});

test('LMTP: a reply for one account is its own, that for an alias is for all whom it stands for', async () => {
  await using server = await startOwnServer({}, { kind: 'lmtp' });
  await addJohn(server);
  await using client = await server.connect();
  await begin(client, 'mary', 'john');
  await server.sql`update accounts set quota_messages = 0 where name = 'john'`;
  expect(await client.command('.')).toMatch(/^250 /);
  expect(await client.reply()).toEqual([expect.stringMatching(/^452 4\.2\.2 /)]);
  expect(await server.sql`select from waiting_deliveries`).toHaveLength(0);
  await server.sql`update accounts set quota_messages = null`;
  await begin(client, 'team', 'john');
  await server.sql`update accounts set quota_messages = 0 where name = 'john'`;
  expect(await client.command('.')).toMatch(/^250 /);
  expect(await client.reply()).toEqual([expect.stringMatching(/^250 /)]); // it has its copy, by the alias
  expect(await server.sql`select from waiting_deliveries`).toHaveLength(1);
});

test('LMTP: an alias whose members all have no room is refused, also if one of them waits for another', async () => {
  await using server = await startOwnServer({}, { kind: 'lmtp' });
  await addJohn(server);
  await server.directory.addAccount({ name: 'ann', address: 'ann@localhost', password: null });
  await server.directory.aliases.add('others@localhost', ['john@localhost', 'ann@localhost']);
  await server.sql`update accounts set quota_messages = 0 where name <> 'mary'`;
  await using client = await server.connect();
  await client.command('MAIL FROM:<somebody@example.com>');
  expect(await client.command('RCPT TO:<team@localhost>')).toMatch(/^250 /);
  expect(await client.command('RCPT TO:<others@localhost>')).toMatch(/^452 4\.2\.2 /);
  expect(await client.command('RCPT TO:<john@localhost>')).toMatch(/^452 4\.2\.2 /);
  await client.command('DATA');
  expect(await client.command('text\r\n.')).toMatch(/^250 /);
  const waiting = await server.sql`select name from waiting_deliveries join accounts using (account_id)`;
  expect(waiting).toEqual([{ name: 'john' }]);
});

test('LMTP: no answer is yes for somebody who neither has the message nor will get it', async () => {
  await using server = await startOwnServer({}, { kind: 'lmtp' });
  await addJohn(server);
  await server.directory.addAccount({ name: 'ann', address: 'ann@localhost', password: null });
  await server.sql`update accounts set is_disabled = true where name = 'john'`;
  await using client = await server.connect();
  await begin(client, 'team', 'ann');
  await server.sql`update accounts set quota_messages = 0 where name = 'mary'`;
  expect(await client.command('.')).toMatch(/^452 4\.2\.2 /); // john's copy comes when it is tried again
  expect(await client.reply()).toEqual([expect.stringMatching(/^250 /)]);
  expect(await server.sql`select from waiting_deliveries`).toHaveLength(0);
});

test('a message that some have and that cannot be accepted is counted: it may come again', async () => {
  const registry = new Registry();
  const metrics = new SmtpMetrics(registry);
  await using own = await startOwnServer();
  await addJohn(own);
  const { store, directory } = own;
  await using server = await startOwnServer(
    {
      directory,
      metrics,
      store: {
        receive: (limit) => store.arrivals.receive(limit),
        requireDiskRoom: () => Promise.resolve(),
        waitingUse: () => Promise.resolve(new Map()),
        deliverToEach: (content, deliveries) => store.arrivals.deliverToEach(content, deliveries),
        keepWaiting: () => Promise.reject(new StorageError('unavailable', 'the database is away')),
      },
    },
    { kind: 'mx' },
  );
  await using client = await server.connect();
  await begin(client, 'mary', 'john');
  await own.sql`update accounts set quota_messages = 0 where name = 'john'`;
  expect(await client.command('.')).toMatch(/^451 4\.3\.0 /);
  expect(await counts(own)).toEqual([1, 0]);
  expect(await registry.metrics()).toMatch(/^postel_smtp_possible_duplicates_total 1$/m);
});
