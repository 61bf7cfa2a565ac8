/** What is done with what an Rspamd says, and when it says nothing. */
import type { ServerResponse } from 'node:http';
import { ScriptedResolver } from '@postel/dns';
import { createLog, Registry } from '@postel/supervision';
import { freePort } from '@postel/testkit';
import { describe, expect, onTestFinished, test } from 'vitest';
import { IncomingMail } from './incoming-mail.ts';
import { RSPAMD_ANSWER_OCTETS, RSPAMD_FAILURES, RSPAMD_OCTETS, RSPAMD_PAUSE_MS } from './limits.ts';
import { Rspamd } from './rspamd.ts';
import { SmtpMetrics } from './smtp-metrics.ts';
import { startOwnServer } from './testing/own-server.ts';
import { ScriptedRspamd, says } from './testing/scripted-rspamd.ts';
import type { SmtpClient } from './testing/smtp-client.ts';

const TAKE = { action: 'no action', score: 1.5, required_score: 15, symbols: {} };

const message = {
  content: contentOf('Subject: x\r\n\r\nhello'),
  id: 'abc-1',
  clientAddress: '192.0.2.7',
  clientName: 'mx.elsewhere.example',
  clientHost: 'host.elsewhere.example',
  reversePath: 'x@elsewhere.example',
  forwardPaths: ['mary@localhost', 'grüße@localhost'],
  tls: { protocol: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' },
};

function contentOf(text: string, times = 1) {
  async function* read() {
    for (let i = 0; i < times; i++) yield Buffer.from(text);
  }
  return { sizeOctets: text.length * times, read };
}

function open(url: string, { password = null, timeoutMs }: { password?: string | null; timeoutMs?: number } = {}) {
  const registry = new Registry();
  let now = 0;
  const rspamd = new Rspamd({
    target: { url, password },
    hostname: 'localhost',
    metrics: new SmtpMetrics(registry),
    log: createLog({ name: 'test', file: '/dev/null' }),
    now: () => now,
    ...(timeoutMs !== undefined && { timeoutMs }),
  });
  return {
    rspamd,
    pass: (ms: number) => {
      now += ms;
    },
    async outcomes() {
      const found = (await registry.metrics()).matchAll(/rspamd_checks_total\{outcome="([^"]+)"\} (\d+)/g);
      return Object.fromEntries([...found].map(([, outcome, count]) => [outcome, Number(count)]));
    },
  };
}

test('it is told all that is known of a message', async () => {
  await using server = await ScriptedRspamd.start(TAKE);
  const { rspamd, outcomes } = open(server.url, { password: 'planted-canary' });
  expect(await rspamd.check(message)).toMatchObject({ advice: 'take', score: 1.5 });
  const [asked] = server.asked;
  expect(asked?.path).toBe('POST /checkv2');
  expect(asked?.body.toString()).toBe('Subject: x\r\n\r\nhello');
  expect(asked?.headers).toMatchObject({
    'content-length': '19',
    'queue-id': 'abc-1',
    ip: '192.0.2.7',
    helo: 'mx.elsewhere.example',
    hostname: 'host.elsewhere.example',
    from: '<x@elsewhere.example>',
    'mta-name': 'localhost',
    'tls-version': 'TLSv1.3',
    'tls-cipher': 'TLS_AES_256_GCM_SHA384',
    password: 'planted-canary',
  });
  const recipients = asked?.recipients.map((each) => Buffer.from(each, 'latin1').toString());
  expect(recipients).toEqual(['<mary@localhost>', '<grüße@localhost>']);
  expect(await outcomes()).toEqual({ take: 1 });
});

test('what is not known is not told', async () => {
  await using server = await ScriptedRspamd.start(TAKE);
  await open(server.url).rspamd.check({ ...message, reversePath: '', clientHost: null, tls: null });
  const names = Object.keys(server.asked[0]?.headers ?? {});
  expect(names).not.toEqual(expect.arrayContaining([expect.stringMatching(/^(password|hostname|tls-.*)$/)]));
  expect(server.asked[0]?.headers.from).toBe('<>');
});

test('of 1,000 recipients it is told 100', async () => {
  await using server = await ScriptedRspamd.start(TAKE);
  const forwardPaths = Array.from({ length: 1_000 }, (_, i) => `${i}@localhost`);
  await open(server.url).rspamd.check({ ...message, forwardPaths });
  expect(server.asked[0]?.recipients).toHaveLength(100);
});

test('a message of 40 MB goes over as it is read', async () => {
  await using server = await ScriptedRspamd.start(TAKE);
  const content = contentOf('x'.repeat(64 * 1024), 640);
  expect(await open(server.url).rspamd.check({ ...message, content })).toMatchObject({ advice: 'take' });
  expect(server.asked[0]?.body.length).toBe(40 * 1024 * 1024);
});

test('a larger message than it takes is not shown to it', async () => {
  await using server = await ScriptedRspamd.start(TAKE);
  const { rspamd, outcomes } = open(server.url);
  expect(await rspamd.check({ ...message, content: { ...message.content, sizeOctets: RSPAMD_OCTETS + 1 } })).toBeNull();
  expect(server.asked).toEqual([]);
  expect(await outcomes()).toEqual({ 'too-large': 1 });
});

test.each<[string, (response: ServerResponse) => void]>([
  ['says nothing', () => undefined],
  ['begins to answer', (response) => response.write('{"action":')],
  ['hangs up', (response) => response.destroy()],
  ['hangs up in the middle', (response) => response.write('{', () => response.destroy())],
  ['fails', (response) => response.writeHead(500).end(JSON.stringify(TAKE))],
  ['wants a password', (response) => response.writeHead(403).end('{"error":"Unauthorized"}')],
  ['leads elsewhere', (response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()],
  ['wants another protocol', (response) => response.writeHead(101, { connection: 'upgrade', upgrade: 'x' }).end()],
  ['says what is no JSON', (response) => response.end('<html>')],
  ['names no action', (response) => response.end('{"score":7}')],
  ['never ends', (response) => response.end(`{"action":"reject","x":"${'x'.repeat(RSPAMD_ANSWER_OCTETS)}"}`)],
])('an Rspamd that %s is done without', async (_, script) => {
  await using server = await ScriptedRspamd.start(script);
  const { rspamd, outcomes } = open(server.url, { timeoutMs: 500 });
  expect(await rspamd.check(message)).toBeNull();
  expect(await outcomes()).toEqual({ failed: 1 });
});

test('an Rspamd that does not take a message is done without', async () => {
  await using server = await ScriptedRspamd.start(TAKE);
  const { rspamd } = open(server.url);
  const content = {
    sizeOctets: 10,
    async *read() {
      yield Buffer.from('half');
      throw new Error('the blob is gone');
    },
  };
  expect(await rspamd.check({ ...message, content })).toBeNull();
});

test('a dead Rspamd is left alone for a while, then tried with one message, and asked again when it answers', async () => {
  const { rspamd, pass, outcomes } = open(`http://127.0.0.1:${await freePort()}`);
  for (let i = 0; i < RSPAMD_FAILURES + 2; i++) expect(await rspamd.check(message)).toBeNull();
  expect(await outcomes()).toEqual({ failed: RSPAMD_FAILURES, paused: 2 });
  pass(RSPAMD_PAUSE_MS);
  expect(await Promise.all([rspamd.check(message), rspamd.check(message)])).toEqual([null, null]);
  expect(await outcomes()).toEqual({ failed: RSPAMD_FAILURES + 1, paused: 3 });
});

test('it answers again', async () => {
  await using server = await ScriptedRspamd.start((response: ServerResponse) => response.destroy());
  const { rspamd, pass, outcomes } = open(server.url);
  for (let i = 0; i < RSPAMD_FAILURES; i++) await rspamd.check(message);
  server.script = says(TAKE);
  expect(await rspamd.check(message)).toBeNull();
  pass(RSPAMD_PAUSE_MS);
  expect(await rspamd.check(message)).not.toBeNull();
  expect(await rspamd.check(message)).not.toBeNull();
  expect(await outcomes()).toEqual({ failed: RSPAMD_FAILURES, paused: 1, take: 2 });
});

/** An MX with such an Rspamd behind it, and a client as a stranger. */
async function start(answer: object, { isExempt = false }: { readonly isExempt?: boolean } = {}) {
  const rspamd = await ScriptedRspamd.start(answer);
  const incoming = new IncomingMail({
    resolver: new ScriptedResolver({
      'elsewhere.example': { A: ['192.0.2.7'] },
      'null.example': { MX: [{ preference: 0, exchange: '' }] },
    }),
    hostname: 'localhost',
    blockLists: { find: async () => [] },
    isExempt: () => isExempt,
    onError: (error) => console.error(error),
  });
  const contentFilter = open(rspamd.url).rspamd;
  const server = await startOwnServer({ incoming, contentFilter }, { kind: 'mx' });
  const client = await server.connect();
  onTestFinished(async () => {
    await client[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    await incoming.close();
    await rspamd[Symbol.asyncDispose]();
  });
  return { rspamd, server, client };
}

const SENT = 'From: x@elsewhere.example\r\nSubject: x\r\n\r\nhello';

async function send(
  client: SmtpClient,
  reversePath = 'x@elsewhere.example',
  forwardPath = 'mary@localhost',
): Promise<readonly string[]> {
  await client.command(`MAIL FROM:<${reversePath}>`);
  await client.command(`RCPT TO:<${forwardPath}>`);
  await client.command('DATA');
  client.send(`${SENT}\r\n.\r\n`);
  return await client.reply();
}

describe('a message of another server', () => {
  test('that is taken bears what was said of it', async () => {
    const answer = { ...TAKE, milter: { add_headers: { 'X-Spamd-Bar': { value: '+' } } } };
    const { rspamd, server, client } = await start(answer);
    expect(await send(client)).toEqual([expect.stringMatching(/^250 /)]);
    expect(rspamd.asked[0]?.body.toString()).toBe(`${SENT}\r\n`);
    expect(rspamd.asked[0]?.headers['queue-id']).toMatch(/^[0-9a-f]{10}-1$/);
    expect(rspamd.asked[0]?.headers).toMatchObject({ hostname: 'localhost' });
    const [stored] = await server.messages();
    expect(stored?.prefix).toContain(
      '\r\nX-Spam-Status: No, score=1.50 required=15.00\r\n\ttests=none\r\nX-Spamd-Bar: +\r\nReceived: ',
    );
  });

  test.each(['add header', 'rewrite subject'])('for which it says %s stands among the junk', async (action) => {
    const { server, client } = await start({ ...TAKE, action, score: 7 });
    expect(await send(client)).toEqual([expect.stringMatching(/^250 /)]);
    expect(await server.messages()).toEqual([]);
    const [stored] = await server.messages(server.account.address, 'Junk');
    expect(stored?.prefix).toContain('X-Spam-Status: Yes, score=7.00 required=15.00\r\n');
    expect(stored?.content.toString()).toBe(`${SENT}\r\n`);
  });

  test('that is junk stands in INBOX where there is no mailbox for it', async () => {
    const { server, client } = await start({ ...TAKE, action: 'add header' });
    await server.sql`update mailboxes set special_use = null`;
    expect(await send(client)).toEqual([expect.stringMatching(/^250 /)]);
    expect(await server.messages()).toHaveLength(1);
  });

  test('that it rejects is refused for now, with the score', async () => {
    const { server, client } = await start({ ...TAKE, action: 'reject', score: 16.25 });
    expect(await send(client)).toEqual([
      expect.stringMatching(/^451-4\.7\.1 /),
      '451-4.7.1 The content filter takes it for spam: 16.3 points, and 15.0 are too many',
      expect.stringMatching(/^451 4\.7\.1 /),
    ]);
    expect(await server.messages()).toEqual([]);
    const [kept] = await server.messages(server.account.address, 'Rejects');
    expect(kept?.prefix).toContain('X-Spam-Status: Yes, score=16.25 required=15.00\r\n');
    expect(kept?.prefix).toContain('X-Postel-Rejected: The content filter takes it for spam: 16.3 points');
  });

  test('that it rejects stands among the junk if it is for the postmaster, or for whom complaints go to', async () => {
    const { server, client } = await start({ ...TAKE, action: 'reject', score: 16.25 });
    expect(await send(client, 'x@elsewhere.example', 'abuse@localhost')).toEqual([expect.stringMatching(/^250 /)]);
    const [stored] = await server.messages(server.account.address, 'Junk');
    expect(stored?.prefix).toContain('\r\nX-Spam-Status: Yes, score=16.25 required=15.00\r\n');
    expect(stored?.prefix).toContain('\r\nX-Postel-Suspected: The content filter takes it for spam: 16.3 points');
  });

  test('that it puts off hears so in its words, and is taken when it comes again', async () => {
    const later = { ...TAKE, action: 'soft reject', messages: { smtp_message: 'Greylisted, try again' } };
    const { rspamd, server, client } = await start(later);
    expect(await send(client)).toEqual([expect.stringMatching(/^451 4\.7\.1 Greylisted, try again \([0-9a-f]+\)$/)]);
    rspamd.script = says({ ...TAKE, action: 'soft reject' });
    expect(await send(client)).toEqual([expect.stringMatching(/^451 4\.7\.1 The content filter asks/)]);
    expect(await server.messages()).toEqual([]);
    rspamd.script = says(TAKE);
    expect(await send(client)).toEqual([expect.stringMatching(/^250 /)]);
    expect(await server.messages()).toHaveLength(1);
  });

  test('that is refused anyway is not shown to it', async () => {
    const { rspamd, client } = await start(TAKE);
    expect(await send(client, 'x@null.example')).toEqual([expect.stringMatching(/^550 5\.7\.27 /)]);
    expect(rspamd.asked).toEqual([]);
  });

  test('about which it says nothing is taken', async () => {
    const { server, client } = await start((response: ServerResponse) => response.destroy());
    expect(await send(client)).toEqual([expect.stringMatching(/^250 /)]);
    expect((await server.messages())[0]?.prefix).not.toContain('X-Spam');
  });

  test('of a trusted network is not shown to it', async () => {
    const { rspamd, server, client } = await start({ ...TAKE, action: 'reject' }, { isExempt: true });
    expect(await send(client)).toEqual([expect.stringMatching(/^250 /)]);
    expect(rspamd.asked).toEqual([]);
    expect(await server.messages()).toHaveLength(1);
  });
});
