/** Messages that are judged bad without proof: 451 to who sends them, and a copy in Rejects. */
import type { IdentifiedAccount } from '@postel/directory';
import { ScriptedResolver } from '@postel/dns';
import type { MailboxId } from '@postel/storage';
import { Registry } from '@postel/supervision';
import { describe, expect, onTestFinished, test } from 'vitest';
import { IncomingMail } from './incoming-mail.ts';
import { REASON_CHARACTERS } from './limits.ts';
import { judge } from './policy.ts';
import { SmtpMetrics } from './smtp-metrics.ts';
import { type OwnServer, startOwnServer } from './testing/own-server.ts';
import type { SmtpClient } from './testing/smtp-client.ts';

const ZONE = {
  'elsewhere.example': { A: ['192.0.2.7'], TXT: ['v=spf1 -all'] },
  'unsure.example': { A: ['192.0.2.8'], TXT: ['v=spf1 -all'] },
  '_dmarc.unsure.example': { TXT: ['v=DMARC1; p=quarantine'] },
  'certain.example': { A: ['192.0.2.9'], TXT: ['v=spf1 -all'] },
  '_dmarc.certain.example': { TXT: ['v=DMARC1; p=reject'] },
};
const SUSPECT = 'From: mary@unsure.example\r\nSubject: x\r\n\r\nhello';
const REASON = 'DMARC of unsure.example asks for quarantine';
const PETER = { name: 'peter', address: 'peter@localhost', password: 'peters password' };

/** An MX whose clients are strangers, though they come from this machine; for mary, peter, and a team of both. */
async function start({
  isExempt = false,
  hasNetwork = false,
  ...services
}: Parameters<typeof startOwnServer>[0] & { isExempt?: boolean; hasNetwork?: boolean } = {}) {
  const incoming = new IncomingMail({
    resolver: new ScriptedResolver(ZONE),
    hostname: 'localhost',
    blockLists: { find: async () => [] },
    isExempt: () => isExempt,
    onError: (error) => console.error(error),
  });
  const server = await startOwnServer({ incoming, ...services }, { kind: 'mx' }, { hasNetwork });
  await server.directory.addAccount(PETER);
  await server.directory.aliases.add('team@localhost', [server.account.address, PETER.address]);
  onTestFinished(async () => {
    await server[Symbol.asyncDispose]();
    await incoming.close();
  });
  return server;
}

/** @returns the reply to the message */
async function send(client: SmtpClient, recipients: readonly string[], message = SUSPECT): Promise<readonly string[]> {
  const paths = recipients.map((address) => `RCPT TO:<${address}>\r\n`).join('');
  client.send(`MAIL FROM:<x@elsewhere.example>\r\n${paths}DATA\r\n`);
  for (const code of ['250', ...recipients.map(() => '250'), '354']) {
    expect(await client.reply()).toEqual([expect.stringMatching(`^${code} `)]);
  }
  client.send(`${message}\r\n.\r\n`);
  return await client.reply();
}

const suspected = [
  expect.stringMatching(/^451-4\.7\.1 /),
  `451-4.7.1 ${REASON}`,
  expect.stringMatching(/^451 4\.7\.1 .* \([0-9a-f]{10}\)$/),
];

async function accountOf({ sql }: OwnServer, { name }: { readonly name: string }) {
  const [row] = await sql<
    { id: IdentifiedAccount['accountId'] }[]
  >`select account_id as id from accounts where name = ${name}`;
  if (row === undefined) throw new Error(`no account ${name}`);
  return row.id;
}

/** The messages in somebody's Rejects, as IMAP shows them; null if there is no such mailbox. */
async function rejectsOf(server: OwnServer, whose: { readonly name: string } = server.account) {
  const account = await accountOf(server, whose);
  const rejects = (await server.store.mailboxes.list(account)).find(({ isRejects }) => isRejects);
  if (rejects === undefined) return null;
  const uids = Array.from({ length: rejects.uidNext - 1 }, (_, i) => i + 1);
  const messages = await server.store.fetchPresentMessages(account, rejects.id as MailboxId, uids, { octets: true });
  return messages.map(({ prefix, octets }) => ({ prefix: prefix?.toString() ?? '', text: octets?.toString() ?? '' }));
}

test('hardening 58: a suspect message is refused in the dialogue, whoever its sender is said to be, and its recipients find a copy', async () => {
  const server = await start();
  await using client = await server.connect();
  await client.dialogue`
    C: MAIL FROM:<forged@elsewhere.example>
    S: 250 ...
    C: RCPT TO:<${server.account.address}>
    S: 250 ...
    C: RCPT TO:<${PETER.address}>
    S: 250 ...
    C: DATA
    S: 354 ...
    C: From: mary@unsure.example
    C: Subject: x
    C:
    C: hello
    C: .
    S: 451-4.7.1 This message is not taken, for it looks like unwanted mail:
    S: 451-4.7.1 DMARC of unsure.example asks for quarantine
    S: 451 4.7.1 Set right what is named here, or reach the recipients another way ({id})
    C: NOOP
    S: 250 ...
  `;
  for (const whose of [server.account, PETER]) {
    const [copy, ...more] = (await rejectsOf(server, whose)) ?? [];
    expect(more).toEqual([]);
    expect(copy?.text).toBe(`${SUSPECT}\r\n`);
    expect(copy?.prefix).toMatch(/^Return-Path: <forged@elsewhere\.example>\r\nAuthentication-Results: localhost;\r\n/);
    expect(copy?.prefix).toContain(`\r\nX-Postel-Rejected: ${REASON}\r\nReceived: from mx.elsewhere.example `);
    expect(copy?.prefix).toContain(`\tfor <${whose.address}>; `);
    expect(await server.messages(whose.address)).toEqual([]);
  }
  // Nothing is on its way to the sender, or to anybody.
  expect(await server.sql`select from waiting_deliveries`).toHaveLength(0);
  expect(await server.sql`select from messages`).toHaveLength(2);
});

test('retries add no copy: not on another connection, in chunks, by an alias, nor after the person deleted it', async () => {
  const registry = new Registry();
  const server = await start({ metrics: new SmtpMetrics(registry) });
  await using client = await server.connect();
  expect(await send(client, ['team@localhost', server.account.address])).toEqual(suspected);
  expect((await rejectsOf(server))?.map(({ prefix }) => prefix)).toEqual([
    expect.stringContaining('\r\nDelivered-To: team@localhost\r\n'),
  ]);
  expect(await rejectsOf(server, PETER)).toHaveLength(1);

  expect(await send(client, [server.account.address])).toEqual(suspected);
  await using again = await server.connect();
  for (const command of ['MAIL FROM:<x@elsewhere.example>', 'RCPT TO:<team@localhost>']) await again.command(command);
  const octets = `${SUSPECT}\r\n`;
  again.send(`BDAT ${octets.length} LAST\r\n${octets}`);
  expect(await again.reply()).toEqual(suspected);
  expect(await rejectsOf(server)).toHaveLength(1);

  const account = await accountOf(server, server.account);
  const [rejects] = (await server.store.mailboxes.list(account)).filter(({ isRejects }) => isRejects);
  if (rejects === undefined) throw new Error('no Rejects');
  const all = [{ first: 1, last: 1 }];
  await server.store.changeFlags(account, rejects.id, all, { mode: 'add', system: 8, keywords: [] }, null);
  await server.store.expunge(account, rejects.id, all);
  expect(await send(client, [server.account.address])).toEqual(suspected);
  expect(await rejectsOf(server)).toEqual([]);
  expect(await rejectsOf(server, PETER)).toHaveLength(1);

  expect(await send(client, [server.account.address], `${SUSPECT}, again`)).toEqual(suspected);
  expect(await rejectsOf(server)).toHaveLength(1);
  const text = await registry.metrics();
  for (const [outcome, copies] of [
    ['kept', 3],
    ['known', 4],
    ['failed', 0],
  ]) {
    expect(text).toContain(`postel_smtp_reject_copies_total{outcome="${outcome}"} ${copies}`);
  }
});

test('the same message on many connections at once is one copy', async () => {
  const server = await start();
  const clients = await Promise.all(Array.from({ length: 6 }, () => server.connect()));
  for (const reply of await Promise.all(clients.map((client) => send(client, [server.account.address])))) {
    expect(reply).toEqual(suspected);
  }
  for (const client of clients) await client[Symbol.asyncDispose]();
  expect(await rejectsOf(server)).toHaveLength(1);
});

test('once what was wrong is set right, the message is delivered, though it was kept before', async () => {
  const zone: Record<string, object> = { ...ZONE };
  const incoming = new IncomingMail({
    resolver: { lookUp: (name, type) => new ScriptedResolver(zone).lookUp(name, type) },
    hostname: 'localhost',
    blockLists: { find: async () => [] },
    isExempt: () => false,
    onError: (error) => console.error(error),
  });
  const server = await start({ incoming });
  await using client = await server.connect();
  expect(await send(client, [server.account.address])).toEqual(suspected);
  zone['_dmarc.unsure.example'] = { TXT: ['v=DMARC1; p=none'] };
  expect(await send(client, [server.account.address])).toEqual([expect.stringMatching(/^250 /)]);
  expect(await server.messages()).toHaveLength(1);
  expect(await rejectsOf(server)).toHaveLength(1);
  await incoming.close();
});

test('the quota has no part in it: a member of an alias who is full gets a copy like others, and nothing waits', async () => {
  const server = await start();
  const { sql } = server;
  const account = await accountOf(server, PETER);
  await sql`update accounts set quota_octets = 0, quota_messages = 0 where account_id = ${account}`;
  const before = await server.store.readQuota(account);
  await using client = await server.connect();
  expect(await send(client, ['team@localhost'])).toEqual(suspected);
  expect(await rejectsOf(server, PETER)).toHaveLength(1);
  const { use, limits } = await server.store.readQuota(account);
  expect({ use: { ...use, mailboxes: use.mailboxes - 1 }, limits }).toEqual(before);
  expect(await sql`select from waiting_deliveries`).toHaveLength(0);
});

describe('the reply is the same', () => {
  test.each(['before', 'while'])(
    'if the database goes away %s the copy is written',
    async (when) => {
      const registry = new Registry();
      const server = await start({ hasNetwork: true, metrics: new SmtpMetrics(registry) });
      await using client = await server.connect();
      if (when === 'before') server.network?.refuse(true);
      else void server.network?.loseAnswerTo('open_rejects').then(() => server.network?.refuse(true));
      expect(await send(client, [server.account.address])).toEqual(suspected);
      expect(await client.command('NOOP')).toMatch(/^250 /);
      expect(await registry.metrics()).toContain('postel_smtp_reject_copies_total{outcome="failed"} 1');
      server.network?.refuse(false);
    },
    60_000,
  );

  test('if one of the accounts was removed meanwhile, whose copy fails alone', async () => {
    const server = await start();
    await using client = await server.connect();
    client.send(
      `MAIL FROM:<x@elsewhere.example>\r\nRCPT TO:<${PETER.address}>\r\nRCPT TO:<${server.account.address}>\r\nDATA\r\n`,
    );
    for (const code of ['250', '250', '250', '354']) {
      expect(await client.reply()).toEqual([expect.stringMatching(`^${code} `)]);
    }
    await server.directory.removeAccount(PETER.name);
    client.send(`${SUSPECT}\r\n.\r\n`);
    expect(await client.reply()).toEqual(suspected);
    expect(await rejectsOf(server)).toHaveLength(1);
  });
});

describe('RFC 5321 §4.5.1: the postmaster hears of a suspect message', () => {
  const forwardPaths = ['Postmaster', 'POSTMASTER@localhost', 'abuse@localhost'];

  test.each(forwardPaths)('for %s, who finds it with the junk', async (forwardPath) => {
    const server = await start();
    await using client = await server.connect();
    expect(await send(client, [forwardPath])).toEqual([expect.stringMatching(/^250 /)]);
    expect(await server.messages()).toEqual([]);
    const [stored] = await server.messages(server.account.address, 'Junk');
    expect(stored?.prefix).toContain(`\r\nX-Postel-Suspected: ${REASON}\r\nReceived: `);
    expect(await rejectsOf(server)).toBeNull();
  });

  test('but not beside others, who have the same reply', async () => {
    const server = await start();
    await using client = await server.connect();
    expect(await send(client, [PETER.address, ...forwardPaths])).toEqual(suspected);
    expect(await send(client, [...forwardPaths, PETER.address])).toEqual(suspected);
    expect(await server.messages()).toEqual([]);
  });

  test('and not of one that is certainly bad', async () => {
    const server = await start();
    await using client = await server.connect();
    const forged = SUSPECT.replace('unsure.example', 'certain.example');
    expect(await send(client, ['postmaster@localhost'], forged)).toEqual([expect.stringMatching(/^550 5\.7\.26 /)]);
  });
});

test('nobody is suspect who is exempt', async () => {
  const server = await start({ isExempt: true });
  await using client = await server.connect();
  expect(await send(client, [server.account.address])).toEqual([expect.stringMatching(/^250 /)]);
  expect(await rejectsOf(server)).toBeNull();
});

test('a reason says no more than it says, whatever the name in it is', () => {
  const dmarc = { result: 'fail', reason: null, policy: 'quarantine', evaluated: null } as const;
  const domain = `a\r\nBcc: b; c\u{e4}${'x'.repeat(1_000)}`;
  const judgement = judge({
    senderDomain: 'takes-mail',
    dmarc: { ...dmarc, domain },
    isUnchecked: false,
    listings: [],
  });
  if (judgement.type !== 'suspect') throw new Error('not suspect');
  expect(judgement.reasons).toEqual([expect.stringMatching(/^DMARC of a\?\?Bcc: b\? c\?x+$/)]);
  expect(judgement.reasons[0]).toHaveLength(REASON_CHARACTERS);
});
