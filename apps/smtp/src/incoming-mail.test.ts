/** What is found out about mail from other servers, and what is done with it. */
import { generateKeyPairSync } from 'node:crypto';
import { type ScriptedName, ScriptedResolver } from '@postel/dns';
import { DkimSigning } from '@postel/message-auth';
import { Registry } from '@postel/supervision';
import { describe, expect, onTestFinished, test } from 'vitest';
import { IncomingMail } from './incoming-mail.ts';
import { SmtpMetrics } from './smtp-metrics.ts';
import { startOwnServer } from './testing/own-server.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const key = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('base64');

const ZONE: Readonly<Record<string, ScriptedName>> = {
  'example.com': { MX: [{ preference: 10, exchange: 'mx.example.com' }], TXT: ['v=spf1 ip4:127.0.0.1 -all'] },
  '_dmarc.example.com': { TXT: ['v=DMARC1; p=reject'] },
  'unsure.example': { A: ['192.0.2.8'], TXT: ['v=spf1 -all'] },
  '_dmarc.unsure.example': { TXT: ['v=DMARC1; p=quarantine'] },
  's._domainkey.example.com': { TXT: [`v=DKIM1; k=ed25519; p=${key}`] },
  'elsewhere.example': { A: ['192.0.2.7'], TXT: ['v=spf1 -all'] },
  'null.example': { MX: [{ preference: 0, exchange: '' }] },
  'web.example': { TXT: ['no mail here'] },
  'slow.example': 'temporary',
  'bogus.example': 'bogus',
  'silent.example': 'silent',
  '_dmarc.silent.example': 'silent',
};

/** An MX whose clients are strangers, though they come from this machine. */
async function start({
  isExempt = false,
  ...services
}: {
  readonly isExempt?: boolean;
  readonly metrics?: SmtpMetrics;
} = {}) {
  const errors: unknown[] = [];
  const incoming = new IncomingMail({
    resolver: new ScriptedResolver(ZONE),
    hostname: 'localhost',
    blockLists: { find: async () => [] },
    isExempt: () => isExempt,
    onError: (error) => errors.push(error),
  });
  const server = await startOwnServer({ incoming, ...services }, { kind: 'mx' });
  onTestFinished(async () => {
    await server[Symbol.asyncDispose]();
    await incoming.close();
    expect(errors).toEqual([]);
  });
  const send = async (reversePath: string, message: string) => {
    await using client = await server.connect();
    client.send(`MAIL FROM:<${reversePath}>\r\nRCPT TO:<${server.account.address}>\r\nDATA\r\n`);
    for (const code of ['250', '250', '354']) {
      expect(await client.reply()).toEqual([expect.stringMatching(`^${code} `)]);
    }
    client.send(`${message}\r\n.\r\n`);
    return (await client.reply()).at(-1) ?? '';
  };
  return { server, send, incoming };
}

const message = (from: string) => `From: ${from}\r\nSubject: x\r\n\r\nhello`;

test('a resolver that fails costs a message that is finished its answer, and one that breaks off nothing', async () => {
  const fault = new Error('no more files can be opened');
  const incoming = new IncomingMail({
    resolver: { lookUp: () => Promise.reject(fault) },
    hostname: 'localhost',
    blockLists: { find: async () => [] },
    isExempt: () => false,
    onError: () => {},
  });
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => void unhandled.push(reason);
  process.on('unhandledRejection', note);
  const envelope = { clientAddress: '192.0.2.1', clientName: 'mx.example.com', reversePath: 'mary@example.com' };
  incoming.expect(envelope).begin().abort();
  await expect(incoming.expect(envelope).begin().finish()).rejects.toThrow(fault);
  process.off('unhandledRejection', note);
  expect(unhandled).toEqual([]);
  await incoming.close();
});

test('what was found out stands before a message, above Received', async () => {
  const { server, send } = await start();
  const text = `${message('mary@example.com')}\r\n`;
  const signing = new DkimSigning();
  signing.push(Buffer.from(text));
  const signature = signing.finish([{ domain: 'example.com', selector: 's', privateKey }], new Date());
  expect(await send('mary@example.com', signature + message('mary@example.com'))).toMatch(/^250 2\.0\.0 /);
  const [stored] = await server.messages();
  expect(stored?.content.toString()).toBe(signature + text);
  expect(stored?.prefix.split('\r\n').slice(0, 14)).toEqual([
    'Return-Path: <mary@example.com>',
    'Authentication-Results: localhost;',
    '\tiprev=pass policy.iprev=127.0.0.1 (localhost);',
    '\tspf=pass smtp.mailfrom=example.com;',
    '\tdkim=pass header.d=example.com header.s=s header.a=ed25519-sha256',
    expect.stringMatching(/^\t\theader\.b="?[\w+/]{8}"?;$/),
    '\tdmarc=pass header.from=example.com;',
    '\tarc=none',
    'Received-SPF: pass (localhost: example.com designates 127.0.0.1 as permitted sender)',
    '\tclient-ip=127.0.0.1;',
    '\tenvelope-from="mary@example.com";',
    '\thelo=mx.elsewhere.example;',
    '\treceiver=localhost;',
    '\tidentity=mailfrom',
  ]);
  expect(stored?.prefix).toContain('\tidentity=mailfrom\r\nReceived: from mx.elsewhere.example ([127.0.0.1])\r\n');
  expect(stored?.arrival?.details.results).toMatch(
    /^localhost; iprev=pass policy\.iprev=127\.0\.0\.1 \(localhost\); spf=pass smtp\.mailfrom=example\.com; dkim=pass .*; arc=none$/,
  );
});

test('what was found out is counted', async () => {
  const registry = new Registry();
  const { send } = await start({ metrics: new SmtpMetrics(registry) });
  await send('x@elsewhere.example', message('mary@example.com'));
  const text = await registry.metrics();
  for (const [method, result] of [
    ['iprev', 'pass'],
    ['spf', 'fail'],
    ['dkim', 'none'],
    ['dmarc', 'fail'],
    ['arc', 'none'],
    ['senderDomain', 'takes-mail'],
  ]) {
    expect(text).toContain(`postel_smtp_authentication_results_total{method="${method}",result="${result}"} 1`);
  }
});

describe('is refused, and nothing stored', () => {
  test.each([
    ['what DMARC says to reject', 'x@elsewhere.example', 'mary@example.com', '550 5.7.26 '],
    ['hardening 63: with two authors', 'mary@example.com', 'mary@example.com, x@elsewhere.example', '550 5.7.26 '],
    ['hardening 61: a sender with a null MX', 'x@null.example', 'x@null.example', '550 5.7.27 '],
    ['hardening 61: a sender of no domain', 'x@gone.example', 'x@gone.example', '550 5.1.8 '],
    ['a sender of a domain without MX and address', 'x@web.example', 'x@web.example', '550 5.1.8 '],
  ])('%s', async (_, reversePath, from, reply) => {
    const { server, send } = await start();
    expect(await send(reversePath, message(from))).toContain(reply);
    expect(await server.messages()).toEqual([]);
  });
});

test('what DMARC asks to quarantine is refused for now, with the reason', async () => {
  const { server } = await start();
  await using client = await server.connect();
  await client.dialogue`
    C: MAIL FROM:<x@elsewhere.example>
    S: 250 ...
    C: RCPT TO:<${server.account.address}>
    S: 250 ...
    C: DATA
    S: 354 ...
    C: From: mary@unsure.example
    C:
    C: .
    S: 451-4.7.1 This message is not taken, for it looks like unwanted mail:
    S: 451-4.7.1 DMARC of unsure.example asks for quarantine
    S: 451 4.7.1 Set right what is named here, or reach the recipients another way ({id})
  `;
  expect(await server.messages()).toEqual([]);
});

test.each([
  ['octets', `X: ${`${'x'.repeat(900)}\r\n `.repeat(150)}`],
  ['lines', 'To: x@example.com\r\n'.repeat(4_001)],
])('hardening 28: a header section of too many %s hides nothing: it is refused', async (_, fields) => {
  const { server, send } = await start();
  expect(await send('x@elsewhere.example', `${fields}\r\n${message('mary@example.com')}`)).toMatch(/^552 5\.3\.4 /);
  expect(await send('x@elsewhere.example', message('mary@example.com'))).toMatch(/^550 5\.7\.26 /);
  expect(await server.messages()).toEqual([]);
  const trusted = await start({ isExempt: true });
  expect(await trusted.send('x@elsewhere.example', `${fields}\r\n${message('mary@example.com')}`)).toMatch(/^250 /);
});

test('hardening 63: whoever keeps the checks busy with other messages gets nothing past them', async () => {
  const { send, incoming } = await start();
  const forged = () => send('x@elsewhere.example', message('mary@example.com'));
  const others = [];
  const fields = Buffer.from(`X: ${`${'x'.repeat(900)}\r\n `.repeat(133)}`);
  for (let free = 64 * 1024 * 1024; free > 0; free -= fields.length) {
    const envelope = { clientAddress: '192.0.2.1', clientName: 'x.example', reversePath: 'x@example.org' };
    const other = incoming.expect(envelope).begin();
    await other.push(fields.subarray(0, free));
    others.push(other);
  }
  expect(await forged()).toMatch(/^451 4\.7\.0 /);
  for (const other of others) other.abort();
  expect(await forged()).toMatch(/^550 5\.7\.26 /);
});

describe('is taken', () => {
  test.each([
    ['SPF that fails, without DMARC', 'x@elsewhere.example', 'x@elsewhere.example', 'spf=fail'],
    ['hardening 61: a domain whose servers are silent', 'x@slow.example', 'x@slow.example', 'spf=temperror'],
    ['hardening 61: a domain whose DNSSEC is wrong', 'x@bogus.example', 'x@bogus.example', 'spf=temperror'],
    ['the null reverse-path', '', 'postmaster@elsewhere.example', 'spf=none smtp.helo=mx.elsewhere.example'],
    ['a sender by an address literal', 'x@[127.0.0.1]', 'x@elsewhere.example', 'spf=none'],
    ['a message without From', 'x@elsewhere.example', '', 'dmarc=permerror'],
  ])('%s', async (_, reversePath, from, result) => {
    const { server, send } = await start();
    expect(await send(reversePath, message(from))).toMatch(/^250 /);
    expect((await server.messages())[0]?.prefix).toContain(result);
  });

  test('what would be refused, from this machine and trusted networks', async () => {
    const { server, send } = await start({ isExempt: true });
    expect(await send('x@null.example', message('mary@example.com'))).toMatch(/^250 /);
    expect((await server.messages())[0]?.prefix).toContain('dmarc=fail');
  });
});

test('on a machine whose DNS says nothing, its own mail does not wait long', async () => {
  const { server, send } = await start({ isExempt: true });
  expect(await send('x@silent.example', message('x@silent.example'))).toMatch(/^250 /);
  expect((await server.messages())[0]?.prefix).toMatch(/\tspf=temperror .*\r\n\tdkim=none;\r\n\tdmarc=temperror /);
});

test('results by our name that a message brings along are removed, and those of others are not', async () => {
  const { server, send } = await start();
  const others = 'Authentication-Results: mx.other.example; spf=pass\r\n';
  const forged = 'Authentication-Results: LOCALHOST;\r\n dmarc=pass header.from=bank.example\r\n';
  expect(await send('x@elsewhere.example', forged + others + message('x@elsewhere.example'))).toMatch(/^250 /);
  expect((await server.messages())[0]?.content.toString()).toBe(`${others}${message('x@elsewhere.example')}\r\n`);
});

test('what is too large, or has bare line feeds, is refused for that, and the next message is checked', async () => {
  const { server, send } = await start();
  expect(await send('x@elsewhere.example', `${message('x@elsewhere.example')}\n`)).toMatch(/^550 5\.6\.11 /);
  expect(await send('x@elsewhere.example', message('x@elsewhere.example'))).toMatch(/^250 /);
  expect((await server.messages())[0]?.prefix).toContain('spf=fail');
});
