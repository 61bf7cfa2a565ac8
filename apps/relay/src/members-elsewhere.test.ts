import { expect, test } from 'vitest';
import { RemoteServer } from './testing/remote-server.ts';
import { startQueue, type TestQueue } from './testing/start-relay.ts';

const REPORT = 'Subject: report\r\n\r\ntext\r\n';
const ZONE = {
  'example.org': { MX: [{ preference: 10, exchange: 'mx.example.org' }] },
  'mx.example.org': { A: ['127.0.0.1'] },
};

/** An alias of this server that a report is for. */
async function queueWith(members: readonly string[]): Promise<TestQueue> {
  const queue = await startQueue();
  await queue.directory.addAccount({ name: 'mary', address: 'mary@example.com', password: null });
  await queue.directory.addAccount({ name: 'john', address: 'john@example.com', password: null });
  await queue.directory.aliases.add('team@example.com', members);
  return queue;
}

const toTeam = (queue: TestQueue, text: string, more: object = {}, notify: readonly string[] | null = ['NEVER']) =>
  queue.put(text, { envelope: { reversePath: '' } as never, ...more }, [{ forwardPath: 'team@example.com', notify }]);

const messages = async ({ sql }: TestQueue) =>
  (
    await sql<{ name: string }[]>`select a.name from messages as m join accounts as a using (account_id) order by 1`
  ).map(({ name }) => name);

test('a report for an alias reaches members here and elsewhere, each once', async () => {
  await using remote = await RemoteServer.start();
  await using queue = await queueWith(['mary@example.com', 'john@example.com', 'bob@example.org', 'ann@example.org']);
  await toTeam(queue, REPORT);
  await using _ = await queue.startRelay({ zone: ZONE, port: remote.port });
  const [received] = await remote.messages(1);
  expect(received?.mail).toMatch(/^MAIL FROM:<> /);
  expect(received?.rcpts.toSorted()).toEqual([
    'RCPT TO:<ann@example.org> NOTIFY=NEVER',
    'RCPT TO:<bob@example.org> NOTIFY=NEVER',
  ]);
  expect(received?.message).toContain('Delivered-To: team@example.com\n');
  const rows = await queue.settled();
  expect(rows.map(({ state, status }) => [state, status])).toEqual([
    ['delivered', '2.1.5'],
    ['delivered', '2.0.0'],
    ['delivered', '2.0.0'],
  ]);
  expect(await messages(queue)).toEqual(['john', 'mary']);
  const prefixes = await queue.sql<{ prefix: string }[]>`select convert_from(prefix, 'UTF8') as prefix from deliveries`;
  const prefix = 'Return-Path: <>\r\nDelivered-To: team@example.com\r\n';
  expect(prefixes).toEqual([{ prefix }, { prefix }]);
  expect(await queue.sql`select from queue_contents`).toHaveLength(0);
});

test('an alias of members elsewhere alone passes on what its sender wants to hear of', async () => {
  await using remote = await RemoteServer.start();
  await using queue = await queueWith(['bob@example.org', 'ann@example.org']);
  await toTeam(queue, REPORT, { envelope: { reversePath: 'mary@example.com' } }, ['SUCCESS', 'FAILURE']);
  await using _ = await queue.startRelay({ zone: ZONE, port: remote.port });
  const [received] = await remote.messages(1);
  expect(received?.rcpts.toSorted()).toEqual([
    'RCPT TO:<ann@example.org> NOTIFY=FAILURE',
    'RCPT TO:<bob@example.org> NOTIFY=FAILURE',
  ]);
  await queue.recipients((rows) => rows.length === 4 && rows.every(({ state }) => state === 'delivered'));
  const [report] = await queue.sql<{ text: string }[]>`
    select convert_from(octets, 'UTF8') as text from contents where octets is not null`;
  expect(report?.text).toContain('\r\nAction: expanded\r\n');
});

test('who is disabled gets a copy when they are no more, and nothing is tried where all are', async () => {
  await using remote = await RemoteServer.start();
  await using queue = await queueWith(['mary@example.com', 'bob@example.org']);
  await queue.directory.setDisabled('mary', true);
  await toTeam(queue, REPORT);
  await queue.put(REPORT, {}, [{ forwardPath: 'mary@example.com', notify: ['NEVER'] }]);
  await using _ = await queue.startRelay({ zone: ZONE, port: remote.port });
  await remote.messages(1);
  const rows = await queue.settled();
  expect(rows.map(({ forwardPath, state, status }) => [forwardPath, state, status])).toEqual([
    ['team@example.com', 'delivered', '2.1.5'],
    ['mary@example.com', 'waiting', '4.2.1'],
    ['bob@example.org', 'delivered', '2.0.0'],
  ]);
  expect(await queue.sql`select from waiting_deliveries`).toHaveLength(1);
});

test('nothing is passed on of an alias whose domain takes no mail', async () => {
  await using queue = await queueWith(['bob@example.org']);
  await queue.directory.changeDomain('example.com', { isDisabled: true });
  await toTeam(queue, REPORT);
  await using _ = await queue.startRelay({ zone: ZONE });
  const rows = await queue.settled();
  expect(rows.map(({ state, status }) => [state, status])).toEqual([['waiting', '4.2.1']]);
});

test('hardening 57: what has come by the alias before is not passed on by it', async () => {
  await using queue = await queueWith(['mary@example.com', 'bob@example.org']);
  await toTeam(
    queue,
    `Received: from x by y;\r\n\tTue, 24 Nov 2026 10:00:00 +0000\r\nDelivered-To: Team@example.com\r\n${REPORT}`,
  );
  await using _ = await queue.startRelay({ zone: ZONE });
  const rows = await queue.settled();
  expect(rows.map(({ state, status }) => [state, status])).toEqual([['failed', '5.4.6']]);
  expect(await messages(queue)).toEqual([]);
});

test('who gets it already does not get it again, and a rule holds members as it holds others', async () => {
  await using remote = await RemoteServer.start();
  await using queue = await queueWith(['bob@example.org', 'ann@example.org', 'cid@example.net']);
  await queue.sql`insert into queue_hold_rules (kind, value, reason) values ('domain', 'example.net', 'not now')`;
  await queue.put(REPORT, {}, [
    { forwardPath: 'team@example.com', notify: ['NEVER'] },
    { forwardPath: 'bob@example.org', notify: ['NEVER'] },
  ]);
  await using _ = await queue.startRelay({ zone: ZONE, port: remote.port });
  const received = await remote.messages(2);
  expect(received.flatMap(({ rcpts }) => rcpts).toSorted()).toEqual([
    'RCPT TO:<ann@example.org> NOTIFY=NEVER',
    'RCPT TO:<bob@example.org> NOTIFY=NEVER',
  ]);
  const rows = await queue.recipients((all) => all.filter(({ state }) => state === 'delivered').length === 3);
  expect(rows.filter(({ state }) => state === 'held').map(({ forwardPath }) => forwardPath)).toEqual([
    'cid@example.net',
  ]);
  const [event] = await queue.sql`select type, reply from queue_events where type = 'held'`;
  expect(event).toEqual({ type: 'held', reply: 'not now' });
});

test('a relay that has lost its row delivers nothing here, however late it wakes', async () => {
  await using queue = await queueWith(['mary@example.com', 'john@example.com']);
  await toTeam(queue, `${REPORT}${`${'x'.repeat(70)}\r\n`.repeat(300)}`); // too large to come with its row
  // It reads the message, and somebody else has the row by the time it may.
  const locked = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const holding = queue.sql.begin(async (tx) => {
    await tx`lock table queue_contents in access exclusive mode`;
    locked.resolve();
    await release.promise;
  });
  await locked.promise;
  await using _ = await queue.startRelay({ zone: ZONE });
  await queue.recipients((rows) => rows.some(({ isLeased }) => isLeased));
  await queue.sql`update queue_recipients set lease = gen_random_uuid(), next_attempt_at = now() + interval '1 hour'`;
  release.resolve();
  await holding;
  await _[Symbol.asyncDispose]();
  expect(await messages(queue)).toEqual([]);
  const [row] = await queue.recipients(() => true);
  expect([row?.state, row?.isLeased, row?.attempts]).toEqual(['waiting', true, 0]);
});
