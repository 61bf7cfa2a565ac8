/** DNSBLs: when they are believed, and what becomes of mail from a listed server. */
import { type ScriptedName, ScriptedResolver } from '@postel/dns';
import { createLog, Registry } from '@postel/supervision';
import { expect, onTestFinished, test } from 'vitest';
import { BlockLists } from './block-lists.ts';
import { IncomingMail } from './incoming-mail.ts';
import { DNSBL_CHECK_MS, DNSBL_RECHECK_MS, REASON_CHARACTERS } from './limits.ts';
import { SmtpMetrics } from './smtp-metrics.ts';
import { startOwnServer } from './testing/own-server.ts';
import { SmtpClient } from './testing/smtp-client.ts';

const KEY = 'abcdefghij0123456789abcdef';
const LISTED = { A: ['127.0.0.2'] };

function open(zone: Record<string, ScriptedName>, zones: readonly string[] = ['bl.example']) {
  const registry = new Registry();
  const script = new Map(Object.entries(zone));
  let now = 0;
  const asked: string[] = [];
  const resolver = {
    lookUp: (...question: Parameters<ScriptedResolver['lookUp']>) => {
      asked.push(question[0]);
      return new ScriptedResolver(Object.fromEntries(script)).lookUp(...question);
    },
  } as ScriptedResolver;
  const lists = new BlockLists({
    resolver,
    zones,
    metrics: new SmtpMetrics(registry),
    log: createLog({ name: 'test', file: '/dev/null' }),
    now: () => now,
  });
  return {
    lists,
    script,
    /** The names that were asked for since the last time. */
    asked: () => asked.splice(0),
    pass: (ms: number) => {
      now += ms;
    },
    metrics: () => registry.metrics(),
  };
}

test('a list that has its test entries is believed', async () => {
  const { lists, metrics } = open({
    '2.0.0.127.bl.example': LISTED,
    '9.113.0.203.bl.example': { ...LISTED, TXT: ['see https://bl.example/203.0.113.9'] },
  });
  expect(await lists.find('203.0.113.9')).toEqual([]); // not known yet
  await lists.check();
  expect(await lists.find('203.0.113.9')).toEqual([
    { address: '203.0.113.9', list: 'bl.example', text: 'see https://bl.example/203.0.113.9' },
  ]);
  expect(await lists.find('203.0.113.10')).toEqual([]);
  const told = await metrics();
  expect(told).toContain('postel_smtp_dnsbl_believed{list="bl.example",family="ipv4"} 1');
  expect(told).toContain('postel_smtp_dnsbl_believed{list="bl.example",family="ipv6"} 0');
  expect(told).toContain('postel_smtp_dnsbl_answers_total{list="bl.example",answer="listed"} 1');
  expect(told).toContain('postel_smtp_dnsbl_answers_total{list="bl.example",answer="not-listed"} 1');
});

test.each<[string, Record<string, ScriptedName>]>([
  ['that lists everybody', { '1.0.0.127.bl.example': LISTED, '2.0.0.127.bl.example': LISTED }],
  ['that lists nobody else', {}],
  ['that is dead', { '2.0.0.127.bl.example': 'temporary' }],
  ['that refuses to answer', { '2.0.0.127.bl.example': { A: ['127.255.255.254'] } }],
])('a list %s is not asked', async (_, zone) => {
  const { lists, asked } = open({ ...zone, '9.113.0.203.bl.example': LISTED });
  await lists.check();
  asked();
  expect(await lists.find('203.0.113.9')).toEqual([]);
  expect(asked()).toEqual([]);
});

test('a list that comes to list everybody is believed no more, and again when it is right', async () => {
  const { lists, script, pass } = open({ '2.0.0.127.bl.example': LISTED, '9.113.0.203.bl.example': LISTED });
  await lists.check();
  script.set('1.0.0.127.bl.example', LISTED);
  await lists.check();
  expect(await lists.find('203.0.113.9')).toHaveLength(1); // it was looked at a moment ago
  pass(DNSBL_CHECK_MS);
  await lists.check();
  expect(await lists.find('203.0.113.9')).toEqual([]);
  script.delete('1.0.0.127.bl.example');
  pass(DNSBL_RECHECK_MS);
  await lists.check();
  expect(await lists.find('203.0.113.9')).toHaveLength(1);
});

test('a list that does not answer about a client is looked at again', async () => {
  const { lists, script, asked, pass } = open({ '2.0.0.127.bl.example': LISTED });
  await lists.check();
  script.set('2.0.0.127.bl.example', 'temporary');
  script.set('9.113.0.203.bl.example', 'temporary');
  pass(DNSBL_RECHECK_MS);
  expect(await lists.find('203.0.113.9')).toEqual([]);
  expect(asked()).toContain('2.0.0.127.bl.example');
  await expect.poll(() => lists.find('203.0.113.9').then(asked)).toEqual([]);
});

test('an IPv6 address is looked for where there are some', async () => {
  const listed = `9.${'0.'.repeat(23)}8.b.d.0.1.0.0.2.six.example`;
  const { lists, asked } = open(
    {
      '2.0.0.127.four.example': LISTED,
      [`2.0.0.0.0.0.f.7.f.f.f.f.${'0.'.repeat(20)}six.example`]: LISTED,
      [listed]: LISTED,
    },
    ['four.example', 'six.example'],
  );
  await lists.check();
  asked();
  expect(await lists.find('2001:db8::9')).toEqual([{ address: '2001:db8::9', list: 'six.example', text: null }]);
  expect(asked()).toEqual([listed, listed]);
});

test('a key before the zone is asked with, and told to nobody', async () => {
  const { lists, metrics } = open(
    { [`2.0.0.127.${KEY}.zen.bl.example`]: LISTED, [`9.113.0.203.${KEY}.zen.bl.example`]: LISTED },
    [`${KEY}.zen.bl.example`],
  );
  await lists.check();
  expect(await lists.find('203.0.113.9')).toEqual([{ address: '203.0.113.9', list: 'zen.bl.example', text: null }]);
  expect(await metrics()).not.toContain(KEY);
});

/** An MX that clients of all 127.0.0.0/8 come to as strangers, but for 127.0.0.77. */
async function start(zone: Readonly<Record<string, ScriptedName>>) {
  const resolver = new ScriptedResolver({
    '2.0.0.127.bl.example': LISTED,
    '2.0.0.127.more.example': LISTED,
    'elsewhere.example': { A: ['192.0.2.7'] },
    'null.example': { MX: [{ preference: 0, exchange: '' }] },
    ...zone,
  });
  const lists = new BlockLists({
    resolver,
    zones: ['bl.example', 'more.example'],
    metrics: new SmtpMetrics(new Registry()),
    log: createLog({ name: 'test', file: '/dev/null' }),
    now: () => 0,
  });
  await lists.check();
  const incoming = new IncomingMail({
    resolver,
    hostname: 'localhost',
    blockLists: lists,
    isExempt: (address) => address === '127.0.0.77',
    onError: (error) => console.error(error),
  });
  const server = await startOwnServer({ incoming }, { kind: 'mx' });
  onTestFinished(async () => {
    await server[Symbol.asyncDispose]();
    await incoming.close();
  });
  const connect = async (from: string) => {
    const client = await SmtpClient.connect(server.port, from);
    await client.reply();
    await client.command('EHLO mx.elsewhere.example');
    return client;
  };
  return { server, resolver, connect };
}

test('mail of a listed server is refused for now, with all that lists say of it', async () => {
  const { server, connect } = await start({
    '9.0.0.127.bl.example': { ...LISTED, TXT: [`open relay\r\n250 ${'x'.repeat(500)}`] },
    '9.0.0.127.more.example': LISTED,
  });
  await using client = await connect('127.0.0.9');
  await client.dialogue`
    C: MAIL FROM:<x@elsewhere.example>
    S: 250 ...
    C: RCPT TO:<${server.account.address}>
    S: 250 ...
    C: DATA
    S: 354 ...
    C: From: x@elsewhere.example
    C:
    C: .
    S: 451-4.7.1 ...
    S: 451-4.7.1 ${`127.0.0.9 is listed in bl.example: open relay??250 ${'x'.repeat(500)}`.slice(0, REASON_CHARACTERS)}
    S: 451-4.7.1 127.0.0.9 is listed in more.example
    S: 451 4.7.1 ...
  `;
  expect(await server.messages()).toEqual([]);
});

async function send(client: SmtpClient, reversePath: string, forwardPath: string): Promise<string> {
  await client.command(`MAIL FROM:<${reversePath}>`);
  await client.command(`RCPT TO:<${forwardPath}>`);
  await client.command('DATA');
  return await client.command('From: x@elsewhere.example\r\n\r\n.');
}

test('what is certain comes before what lists say', async () => {
  const { server, connect } = await start({ '9.0.0.127.bl.example': LISTED });
  await using client = await connect('127.0.0.9');
  expect(await send(client, 'x@null.example', server.account.address)).toMatch(/^550 5\.7\.27 /);
});

test('lists are asked when a recipient is accepted, and not about trusted servers', async () => {
  const { server, resolver, connect } = await start({ '77.0.0.127.bl.example': LISTED });
  const asked = () => resolver.questions.splice(0).filter((question) => question.endsWith('.bl.example'));
  asked();
  await using trusted = await connect('127.0.0.77');
  expect(await send(trusted, 'x@elsewhere.example', server.account.address)).toMatch(/^250 /);
  expect(asked()).toEqual([]);
  await using client = await connect('127.0.0.8');
  expect(asked()).toEqual([]);
  await client.command('MAIL FROM:<x@elsewhere.example>');
  await client.command('RCPT TO:<gone@localhost>');
  expect(asked()).toEqual([]);
  await client.command(`RCPT TO:<${server.account.address}>`);
  expect(asked()).toEqual(['A 8.0.0.127.bl.example']);
});

test('hardening 61: a list that does not answer costs nobody anything', async () => {
  const { server, connect } = await start({
    '9.0.0.127.bl.example': 'temporary',
    '9.0.0.127.more.example': { A: ['127.255.255.254'] },
  });
  await using client = await connect('127.0.0.9');
  expect(await send(client, 'x@elsewhere.example', server.account.address)).toMatch(/^250 /);
});
