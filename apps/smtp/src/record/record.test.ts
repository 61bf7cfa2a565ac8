/** What is written down of what becomes of mail. */
import { ScriptedResolver } from '@postel/dns';
import { Queue } from '@postel/queue';
import { type NewTransaction, openDatabase, writeTransactions } from '@postel/storage';
import { Registry } from '@postel/supervision';
import { createTestDatabase } from '@postel/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { IncomingMail } from '../incoming-mail.ts';
import { HOURLY_RECORDS, RECORDS_WAITING, UNKNOWN_RECIPIENTS } from '../limits.ts';
import { SmtpMetrics } from '../smtp-metrics.ts';
import { type OwnServer, startOwnServer } from '../testing/own-server.ts';
import { TransactionRecorder } from './transaction-recorder.ts';

const ZONE = {
  'elsewhere.example': { A: ['192.0.2.7'], TXT: ['v=spf1 ip4:127.0.0.1 -all'] },
  'unsure.example': { A: ['192.0.2.8'], TXT: ['v=spf1 -all'] },
  '_dmarc.unsure.example': { TXT: ['v=DMARC1; p=quarantine'] },
  'certain.example': { A: ['192.0.2.9'], TXT: ['v=spf1 -all'] },
  '_dmarc.certain.example': { TXT: ['v=DMARC1; p=reject'] },
};
const PETER = { name: 'peter', address: 'peter@localhost', password: 'peters password' };
const FROM = 'x@elsewhere.example';
const HELLO = 'From: x@elsewhere.example\r\nMessage-ID: <Hello-1@elsewhere.example>\r\nSubject: secret\r\n\r\nhello';

const DELIVERED: NewTransaction = {
  transactionId: '01a20000-0000-7000-8000-000000000001',
  recipientNo: 1,
  settledAt: 0,
  folded: null,
  listener: 'mx',
  protocol: 'ESMTP',
  connectionId: '0123456789',
  messageNo: 1,
  clientAddress: '192.0.2.1',
  clientName: 'mx',
  tlsVersion: null,
  senderAccountId: null,
  reversePath: FROM,
  recipient: 'mary@localhost',
  destination: null,
  accountId: null,
  messageId: null,
  sizeOctets: 1,
  checks: null,
  stage: 'message',
  outcome: 'delivered',
  replyCode: 250,
  replyStatus: '2.0.0',
  replyText: null,
  uidvalidity: null,
  uid: null,
  releaseAt: null,
};

type Kind = 'mx' | 'lmtp' | 'submission';

async function start(kind: Kind, services: Parameters<typeof startOwnServer>[0] = {}): Promise<OwnServer> {
  const incoming = new IncomingMail({
    resolver: new ScriptedResolver(ZONE),
    hostname: 'localhost',
    blockLists: { find: async () => [] },
    isExempt: () => false,
    onError: (error) => console.error(error),
  });
  const server = await startOwnServer({ incoming, ...services }, { kind });
  await server.directory.addAccount(PETER);
  await server.directory.aliases.add('team@localhost', [server.account.address, PETER.address]);
  onTestFinished(async () => {
    await server[Symbol.asyncDispose]();
    await incoming.close();
  });
  return server;
}

/** Says these, one after the other; ends. @returns the replies */
async function say(server: OwnServer, lines: readonly string[], client = server.connect()): Promise<readonly string[]> {
  await using connected = await client;
  const replies: string[] = [];
  for (const line of lines) replies.push(await connected.command(line));
  return replies;
}

const message = (text: string) => ['DATA', `${text}\r\n.`];

interface Row {
  readonly outcome: string;
  readonly count: number;
  readonly transaction_id: string;
  readonly connection_id: string;
  readonly message_id: string;
  readonly message_no: number;
  readonly uidvalidity: number;
  readonly reverse_path: string;
  readonly recipient: string;
  readonly account: string;
  readonly stage: string;
  readonly protocol: string;
  readonly reply_code: number;
}

async function rows({ sql, flushRecords }: OwnServer): Promise<readonly Row[]> {
  await flushRecords();
  const found = await sql<Row[]>`
    select t.*, a.name as account, s.name as sender, host(client_address) as client
      from mail_transactions as t left join accounts as a using (account_id)
      left join accounts as s on s.account_id = t.sender_account_id order by transaction_id, recipient_no`;
  return found.map((row) => ({ ...row }));
}

test('a message that is delivered: who brought it, what was found out, and where it is', async () => {
  const server = await start('mx');
  const [, , , reply = ''] = await say(server, [`MAIL FROM:<${FROM}>`, 'RCPT TO:<Mary@localhost>', ...message(HELLO)]);
  const [, id] = /Accepted as ([0-9a-f]+-1)$/.exec(reply) ?? [];
  const found = await rows(server);
  expect(found).toEqual([
    expect.objectContaining({
      outcome: 'delivered',
      stage: 'message',
      listener: 'mx',
      protocol: 'ESMTP',
      client: '127.0.0.1',
      client_name: 'mx.elsewhere.example',
      tls_version: null,
      reverse_path: FROM,
      recipient: 'Mary@localhost',
      destination: null,
      account: 'mary',
      sender: null,
      message_id: 'Hello-1@elsewhere.example',
      size_octets: HELLO.length + 2,
      checks: expect.stringMatching(/^iprev=\w+ spf=pass dkim=none dmarc=/),
      reply_code: 250,
      reply_text: null,
      uid: 1,
    }),
  ]);
  expect(`${found[0]?.connection_id}-${found[0]?.message_no}`).toBe(id);
  expect(JSON.stringify(found)).not.toContain('secret'); // content stays out
  const [box] = await server.sql<{ uidvalidity: number }[]>`
    select uidvalidity from mailboxes as b join accounts as a using (account_id) where a.name = 'mary' and b.name = 'INBOX'`;
  expect(found[0]?.uidvalidity).toBe(box?.uidvalidity);
  const [hour] = await server.sql`select kind, messages::integer from mail_hours`;
  expect(hour).toEqual({ kind: 'received', messages: 1 });
  const [delivery] = await server.sql`select details ->> 'id' as id from deliveries`;
  expect(delivery).toEqual({ id });
});

test('an alias: a row for each account; an address named twice: one for each path', async () => {
  const server = await start('mx');
  await server.directory.addAddress('mary', 'mary2@localhost');
  const paths = ['team@localhost', 'mary2@localhost'].map((path) => `RCPT TO:<${path}>`);
  await say(server, [`MAIL FROM:<${FROM}>`, ...paths, ...message(HELLO)]);
  const found = await rows(server);
  expect(found.map(({ recipient, account, outcome }) => ({ recipient, account, outcome }))).toEqual([
    { recipient: 'team@localhost', account: 'mary', outcome: 'delivered' },
    { recipient: 'team@localhost', account: 'peter', outcome: 'delivered' },
    { recipient: 'mary2@localhost', account: 'mary', outcome: 'delivered' },
  ]);
  expect(new Set(found.map((row) => row.transaction_id)).size).toBe(1);
});

test('recipients that are refused: one who does not exist, and one whose mailbox is full, who sees it', async () => {
  const server = await start('mx');
  await server.sql`update accounts set quota_messages = 0 where name = 'peter'`;
  await say(server, [`MAIL FROM:<${FROM}>`, 'RCPT TO:<nobody@localhost>', 'RCPT TO:<peter@localhost>', 'RCPT TO:bad']);
  expect(await rows(server)).toEqual([
    expect.objectContaining({
      outcome: 'refused',
      stage: 'RCPT',
      recipient: 'nobody@localhost',
      account: null,
      reply_code: 550,
      reply_status: '5.1.1',
      reply_text: expect.stringContaining('address'),
    }),
    expect.objectContaining({
      outcome: 'deferred',
      recipient: 'peter@localhost',
      account: 'peter',
      reply_status: '4.2.2',
    }),
    expect.objectContaining({ outcome: 'refused', recipient: null, reply_code: 501 }),
  ]);
});

test('MAIL that is refused names those whom it was for, if they were sent along', async () => {
  const server = await start('mx');
  await using client = await server.connect();
  client.send(`MAIL FROM:<${FROM}> SIZE=99999999999\r\nRCPT TO:<mary@localhost>\r\nDATA\r\n`);
  for (const code of ['552', '503', '503']) expect(await client.reply()).toEqual([expect.stringMatching(`^${code} `)]);
  await client.command('RSET');
  await client.command('RCPT TO:<mary@localhost>'); // of nothing
  const found = await rows(server);
  expect(found.map(({ stage, recipient, reply_code }) => ({ stage, recipient, reply_code }))).toEqual([
    { stage: 'MAIL', recipient: null, reply_code: 552 },
    { stage: 'MAIL', recipient: 'mary@localhost', reply_code: 552 },
  ]);
  expect(found.every((row) => row.reverse_path === FROM)).toBe(true);
});

test('a message that is refused for DMARC, and one that is suspect', async () => {
  const server = await start('mx');
  const start1 = [`MAIL FROM:<x@elsewhere.example>`, 'RCPT TO:<mary@localhost>'];
  await say(server, [
    ...start1,
    ...message('From: a@certain.example\r\nMessage-Id:\r\n\t<forged@certain.example>\r\n\r\nx'),
    ...start1,
    ...message('From: a@unsure.example\r\nSubject: x\r\n\r\nx'),
  ]);
  expect(await rows(server)).toEqual([
    expect.objectContaining({
      outcome: 'refused',
      stage: 'message',
      account: 'mary',
      reply_code: 550,
      reply_status: '5.7.26',
      message_id: 'forged@certain.example',
      message_no: null,
      checks: expect.stringContaining('dmarc=fail'),
    }),
    expect.objectContaining({
      outcome: 'suspect',
      account: 'mary',
      reply_code: 451,
      reply_text: expect.stringContaining('DMARC of unsure.example asks for quarantine'),
      message_id: null,
      message_no: 1,
    }),
  ]);
  const [hours] = await server.sql`select kind, messages::integer from mail_hours`;
  expect(hours).toEqual({ kind: 'refused', messages: 2 });
});

test('a client that goes before the end of the message, and one that only asks for an address', async () => {
  const server = await start('mx');
  const client = await server.connect();
  for (const line of [`MAIL FROM:<${FROM}>`, 'RCPT TO:<mary@localhost>', 'DATA']) await client.command(line);
  client.send('Subject: x\r\n');
  await client[Symbol.asyncDispose]();
  await expect.poll(async () => (await rows(server)).map(({ outcome }) => outcome)).toEqual(['broken-off']);
  await say(server, [`MAIL FROM:<${FROM}>`, 'RCPT TO:<mary@localhost>', 'RSET']);
  expect(await rows(server)).toEqual([
    expect.objectContaining({ reply_code: null, reply_text: 'the client closed' }),
    expect.objectContaining({ outcome: 'broken-off', recipient: 'mary@localhost', stage: 'message' }),
  ]);
});

test('LMTP: each recipient has what its own reply says', async () => {
  const server = await start('lmtp');
  await using client = await server.connect();
  for (const line of [`MAIL FROM:<${FROM}>`, 'RCPT TO:<mary@localhost>', 'RCPT TO:<peter@localhost>', 'DATA']) {
    await client.command(line);
  }
  await server.sql`update accounts set quota_octets = 10 where name = 'peter'`;
  client.send(`${HELLO}\r\n.\r\n`);
  expect(await client.reply()).toEqual([expect.stringMatching(/^250 /)]);
  expect(await client.reply()).toEqual([expect.stringMatching(/^[45]52 /)]);
  const found = await rows(server);
  expect(found.map(({ account, outcome, protocol }) => ({ account, outcome, protocol }))).toEqual([
    { account: 'mary', outcome: 'delivered', protocol: 'LMTP' },
    { account: 'peter', outcome: expect.stringMatching(/^(refused|deferred)$/), protocol: 'LMTP' },
  ]);
});

test('submission: who sent it, here and elsewhere; BDAT; the Message-ID that it was given', async () => {
  await using testDatabase = await createTestDatabase();
  const database = openDatabase(testDatabase.target, { applicationName: 'record test', maxConnections: 2 });
  onTestFinished(() => database.close());
  const server = await start('submission', { queue: new Queue(database) });
  const text = 'From: mary@localhost\r\n\r\nhello\r\n';
  await say(
    server,
    [
      'MAIL FROM:<mary@localhost>',
      'RCPT TO:<peter@localhost>',
      'RCPT TO:<bob@example.net>',
      `BDAT ${text.length} LAST\r\n${text.slice(0, -2)}`,
    ],
    server.logIn(),
  );
  const found = await rows(server);
  expect(found).toEqual([
    expect.objectContaining({ sender: 'mary', account: 'peter', outcome: 'delivered', protocol: 'ESMTPA' }),
    expect.objectContaining({ sender: 'mary', account: null, outcome: 'queued', recipient: 'bob@example.net' }),
  ]);
  expect(found[0]?.message_id).toMatch(/^[0-9a-f-]{36}@localhost$/);
  expect(found[1]?.message_id).toBe(found[0]?.message_id);
  const [queued] = await database.sql`select name from queue_messages`;
  expect(queued).toEqual({ name: `${found[0]?.connection_id}-1` });
});

test('a copy that waits for room: its row says so, and that it was delivered once it is', async () => {
  const server = await start('submission');
  await server.sql`update accounts set quota_octets = 100 where name = 'peter'`;
  const lines = ['MAIL FROM:<mary@localhost>', 'RCPT TO:<team@localhost>'];
  await say(server, [...lines, ...message('From: mary@localhost\r\n\r\nhello')], server.logIn());
  const outcomes = async () =>
    Object.fromEntries((await rows(server)).map(({ account, outcome }) => [account, outcome]));
  expect(await outcomes()).toEqual({ mary: 'delivered', peter: 'waiting' });
  await server.sql`update accounts set quota_octets = null where name = 'peter'`;
  await server.store.arrivals.deliverWaiting(new Date(Date.now() + 7_200_000));
  expect(await outcomes()).toEqual({ mary: 'delivered', peter: 'delivered' });
});

test('a message that is held: its row says until when, and that it was delivered then', async () => {
  const server = await start('submission');
  const lines = ['MAIL FROM:<mary@localhost> HOLDFOR=3600', 'RCPT TO:<peter@localhost>'];
  await say(server, [...lines, ...message('From: mary@localhost\r\n\r\nhello')], server.logIn());
  expect(await rows(server)).toEqual([expect.objectContaining({ outcome: 'held', release_at: expect.any(Date) })]);
  await server.store.arrivals.releaseHeld(new Date(Date.now() + 7_200_000));
  expect(await rows(server)).toEqual([expect.objectContaining({ outcome: 'delivered', release_at: null })]);
});

test('a flood of recipients who do not exist: so many rows of its network, and a count', async () => {
  const server = await start('mx');
  const most = HOURLY_RECORDS.idle.ofRegion;
  const some = Array.from({ length: UNKNOWN_RECIPIENTS - 1 }, (_, i) => `RCPT TO:<nobody${i}@localhost>`);
  const connections = Math.ceil(most / some.length) + 1;
  for (let i = 0; i < connections; i++) await say(server, [`MAIL FROM:<${FROM}>`, ...some]);
  const asked = connections * some.length;
  const found = await rows(server);
  const counts = found.map(({ count }) => count);
  expect(counts.filter((count) => count === 1)).toHaveLength(most);
  expect(found.filter(({ count }) => count > 1)).toEqual([
    expect.objectContaining({
      count: asked - most,
      recipient: null,
      connection_id: null,
      outcome: 'refused',
      stage: 'RCPT',
    }),
  ]);
  const [folded] = await server.sql`select client_address::text as network from mail_transactions where count > 1`;
  expect(folded).toEqual({ network: '127.0.0.0/21' });
  // What concerns an account is still told.
  await server.sql`update accounts set quota_messages = 0 where name = 'peter'`;
  await say(server, [`MAIL FROM:<${FROM}>`, 'RCPT TO:<peter@localhost>', 'RCPT TO:<nobody@localhost>']);
  const after = await rows(server);
  expect(after.filter(({ account }) => account === 'peter')).toHaveLength(1);
  expect(after.find(({ count }) => count > 1)?.count).toBe(asked - most + 1);
  const [hour] = await server.sql`select messages::integer from mail_hours where kind = 'refused'`;
  expect(hour).toEqual({ messages: asked + 2 });
});

test('while the database is away for the record, mail comes as always; what is more than waits is lost, and counted', async () => {
  const away = openDatabase(
    { url: 'postgres://postel@127.0.0.1:1/postel' },
    { applicationName: 'away', maxConnections: 1 },
  );
  onTestFinished(() => away.close());
  const metrics = new SmtpMetrics(new Registry());
  const errors: unknown[] = [];
  const onError = (error: unknown) => errors.push(error);
  const options = { metrics, onError, onRefused: () => {}, now: () => Date.now(), isOn: true };
  const recorder = new TransactionRecorder({ ...options, sql: away.sql, write: writeTransactions });
  const server = await start('mx', { recorder });
  const replies = await say(server, [`MAIL FROM:<${FROM}>`, 'RCPT TO:<mary@localhost>', ...message(HELLO)]);
  expect(replies.at(-1)).toMatch(/^250 /);
  await recorder.flush();
  expect(errors).toEqual([expect.objectContaining({ kind: 'unavailable' })]);
  await recorder.flush();
  expect(errors).toHaveLength(2); // it was kept, and tried again
  const many = Array.from({ length: RECORDS_WAITING }, (_, i) => ({ ...DELIVERED, recipientNo: i + 1 }));
  recorder.add(many, null);
  const { values } = await metrics.records.get();
  expect(values.find(({ labels }) => labels['outcome'] === 'dropped')?.value).toBe(1);
});

test('of many rows that are written together only one is lost that the database refuses, and what is counted is not', async () => {
  const server = await start('mx');
  const metrics = new SmtpMetrics(new Registry());
  const refused: unknown[] = [];
  const errors: unknown[] = [];
  let calls = 0;
  const recorder = new TransactionRecorder({
    sql: server.sql,
    write(...all) {
      calls++;
      return writeTransactions(...all);
    },
    isOn: true,
    metrics,
    onError: (error) => errors.push(error),
    onRefused: ({ recipientNo }) => refused.push(recipientNo),
    now: () => Date.now(),
    limits: { ...HOURLY_RECORDS, concerning: { ofRegion: 1_000, ofAll: 1_000 } },
  });
  const rows = Array.from({ length: 200 }, (_, i) => ({
    ...DELIVERED,
    recipientNo: i + 1,
    ...(i === 76 && { messageId: 'no text has \0' }),
  }));
  recorder.add(rows, 'received');
  await recorder.flush();
  expect(refused).toEqual([77]);
  expect(errors).toEqual([]);
  expect(await server.sql`select from mail_transactions`).toHaveLength(199);
  expect(await server.sql`select messages::integer as messages from mail_hours`).toEqual([{ messages: 1 }]);
  expect(calls).toBeLessThanOrEqual(1 + 2 * Math.ceil(Math.log2(200)));
  const { values } = await metrics.records.get();
  expect(values.find(({ labels }) => labels['outcome'] === 'dropped')?.value).toBe(1);
});
