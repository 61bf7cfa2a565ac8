import { once } from 'node:events';
import { addSuppression, changeQueue, failQueue } from '@postel/queue';
import { makeClientCertificate, type SmtpSession } from '@postel/testkit';
import { expect, test } from 'vitest';
import { TRANSACTIONS, TRANSACTIONS_A_DOMAIN, TRANSACTIONS_A_HOST } from './limits.ts';
import { RemoteServer, type Script } from './testing/remote-server.ts';
import { startQueue } from './testing/start-relay.ts';

const TEXT = 'From: mary@example.com\r\nSubject: hello\r\n\r\nfirst\r\n.dot\r\n';
/** A domain whose mail goes to this machine. */
const TO_HERE = { MX: [{ preference: 10, exchange: 'mx.example.org' }] };
const HERE = { A: ['127.0.0.1'] };
const ZONE = { 'example.org': TO_HERE, 'mx.example.org': HERE };

test('a message goes to its server, once for all of a domain', async () => {
  await using remote = await RemoteServer.start();
  await using queue = await startQueue();
  await queue.put(TEXT, {}, [{ forwardPath: 'bob@example.org' }, { forwardPath: 'ann@example.org' }]);
  await using _ = await queue.startRelay({ zone: ZONE, port: remote.port });
  const [received] = await remote.messages(1);
  expect(received).toEqual({
    mail: `MAIL FROM:<mary@example.com> SIZE=${TEXT.length}`,
    rcpts: ['RCPT TO:<bob@example.org>', 'RCPT TO:<ann@example.org>'],
    message: 'From: mary@example.com\nSubject: hello\n\nfirst\n..dot',
  });
  const rows = await queue.settled();
  expect(rows.map(({ state, status, mta }) => [state, status, mta])).toEqual([
    ['delivered', '2.0.0', 'mx.example.org'],
    ['delivered', '2.0.0', 'mx.example.org'],
  ]);
  expect(await queue.sql`select from queue_contents`).toHaveLength(0);
});

test('what is queued while a relay waits goes at once', async () => {
  await using remote = await RemoteServer.start();
  await using queue = await startQueue();
  await using _ = await queue.startRelay({ zone: ZONE, port: remote.port });
  await queue.put(TEXT, {}, [{ forwardPath: 'bob@example.org' }]);
  await remote.messages(1);
});

test('each recipient has an outcome of its own, and only the sender of what failed is told', async () => {
  await using remote = await RemoteServer.start((line) => {
    if (line.includes('nobody@')) return '550 5.1.1 No such person';
    return line.includes('later@') ? '450 4.2.1 Not now' : null;
  });
  await using queue = await startQueue();
  await queue.directory.addAccount({ name: 'mary', address: 'mary@example.com', password: null });
  await queue.put(TEXT, {}, [
    { forwardPath: 'bob@example.org' },
    { forwardPath: 'nobody@example.org', notify: null, originalRecipient: 'rfc822;Nobody@example.org' },
    { forwardPath: 'later@example.org' },
  ]);
  await using _ = await queue.startRelay({ zone: ZONE, port: remote.port });
  const rows = await queue.recipients((all) => all.length === 4 && all.every(({ attempts }) => attempts === 1));
  expect(rows.map(({ forwardPath, state, status }) => [forwardPath, state, status])).toEqual([
    ['bob@example.org', 'delivered', '2.0.0'],
    ['nobody@example.org', 'failed', '5.1.1'],
    ['later@example.org', 'waiting', '4.2.1'],
    ['mary@example.com', 'delivered', '2.1.5'],
  ]);
  expect(rows[2]?.pauseSeconds).toBeGreaterThan(4 * 60 - 30);
  expect(rows[2]?.pauseSeconds).toBeLessThan(6 * 60);
  const [report] = await queue.sql<{ text: string }[]>`
    select convert_from(octets, 'UTF8') as text from contents where octets is not null`;
  expect(report?.text).toContain(
    '\r\nOriginal-Recipient: rfc822; Nobody@example.org\r\nFinal-Recipient: rfc822; nobody@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\nRemote-MTA: dns; mx.example.org\r\nDiagnostic-Code: smtp; 550 5.1.1 No such person\r\n',
  );
  expect(report?.text).toContain('Subject: hello');
  expect(report?.text).not.toMatch(/bob@|later@|first/);
});

test('nothing is ever told to the null reverse-path, and nothing to who asked for nothing', async () => {
  await using remote = await RemoteServer.start((line) => (line.startsWith('RCPT') ? '550 5.1.1 No' : null));
  await using queue = await startQueue();
  await queue.put(TEXT, { envelope: { reversePath: '' } as never }, [{ forwardPath: 'a@example.org' }]);
  await queue.put(TEXT, {}, [{ forwardPath: 'b@example.org', notify: ['NEVER'] }]);
  await queue.put(TEXT, {}, [{ forwardPath: 'c@example.org', notify: ['SUCCESS'] }]);
  await using _ = await queue.startRelay({ zone: ZONE, port: remote.port });
  const rows = await queue.settled();
  expect(rows.map(({ state }) => state)).toEqual(['failed', 'failed', 'failed']);
});

test('DSN goes on where it is known; where not, the sender hears that the message was passed on', async () => {
  const more = { notify: ['SUCCESS'], originalRecipient: 'rfc822;b+2Bc@example.org' };
  const envelope = { envelopeId: 'QQ314', returnContent: 'HDRS', reversePath: 'mary@example.com' } as never;
  await using knowing = await RemoteServer.start();
  {
    await using queue = await startQueue();
    await queue.put(TEXT, { envelope }, [{ forwardPath: 'bob@example.org', ...more }]);
    await using _ = await queue.startRelay({ zone: ZONE, port: knowing.port });
    const [received] = await knowing.messages(1);
    expect(received?.mail).toContain(' RET=HDRS ENVID=QQ314');
    expect(received?.rcpts).toEqual(['RCPT TO:<bob@example.org> NOTIFY=SUCCESS ORCPT=rfc822;b+2Bc@example.org']);
    expect(await queue.settled()).toHaveLength(1);
  }
  await using other = await RemoteServer.start(undefined, ['SIZE']);
  await using queue = await startQueue();
  await queue.put(TEXT, { envelope }, [{ forwardPath: 'bob@example.org', ...more }]);
  await using _ = await queue.startRelay({ zone: { ...ZONE, 'example.com': TO_HERE }, port: other.port });
  const [received, report] = await other.messages(2);
  expect(received?.rcpts).toEqual(['RCPT TO:<bob@example.org>']);
  expect(report?.mail).toMatch(/^MAIL FROM:<> SIZE=/);
  expect(report?.message).toContain('\nOriginal-Envelope-Id: QQ314\n');
  expect(report?.message).toContain('\nAction: relayed\n');
});

test.for<[string, string, string]>([
  ['null.example', 'failed', '5.1.10'],
  ['gone.example', 'failed', '5.1.2'],
  ['slow.example', 'waiting', '4.4.3'],
  ['bogus.example', 'waiting', '4.4.3'],
  ['inside.example', 'failed', '5.4.4'],
  ['ours.example', 'failed', '5.4.6'],
  ['self.example', 'failed', '5.4.6'],
  ['[127.0.0.2]', 'failed', '5.4.4'],
])('hardening 60, 61: mail to %s is %s with %s', async ([domain, state, status]) => {
  await using queue = await startQueue();
  await queue.put(TEXT, {}, [{ forwardPath: `bob@${domain}`, notify: ['NEVER'] }]);
  const zone = {
    'null.example': { MX: [{ preference: 0, exchange: '' }] },
    'slow.example': 'temporary',
    'bogus.example': 'bogus',
    'inside.example': { MX: [{ preference: 1, exchange: 'mx.inside.example' }] },
    'mx.inside.example': { A: ['127.0.0.1', '10.1.2.3'], AAAA: ['::1', 'fd00::1', '::ffff:127.0.0.1'] },
    'ours.example': { MX: [{ preference: 1, exchange: 'mail.example.com' }] },
    'self.example': { A: ['192.0.2.25'] },
  } as const;
  await using _ = await queue.startRelay({ zone, privateNetworks: [] });
  const [row] = await queue.settled();
  expect([row?.state, row?.status]).toEqual([state, status]);
});

test('hosts are tried in their order, and the next address of a host where one does not answer', async () => {
  await using refusing = await RemoteServer.start(
    (line) => (line === 'connect' ? '554 5.3.2 Go away' : null),
    undefined,
    {
      address: '127.0.0.2',
    },
  );
  await using remote = await RemoteServer.start(undefined, undefined, { address: '127.0.0.4', port: refusing.port });
  await using queue = await startQueue();
  await queue.put(TEXT, {}, [{ forwardPath: 'bob@example.org' }]);
  const zone = {
    'example.org': {
      MX: [
        { preference: 20, exchange: 'b.example.org' },
        { preference: 10, exchange: 'a.example.org' },
      ],
    },
    'a.example.org': { A: ['127.0.0.2'] },
    'b.example.org': { A: ['127.0.0.3', '127.0.0.4'] },
  };
  await using _ = await queue.startRelay({ zone, port: remote.port });
  await remote.messages(1);
  expect(refusing.connections).toBe(1);
});

test.for<[string, (line: string) => string | null, string]>([
  ['defers at MAIL', (line) => (line.startsWith('MAIL') ? '451 4.7.1 Greylisted' : null), '4.7.1'],
  ['has no room for recipients', (line) => (line.startsWith('RCPT') ? '452 4.5.3 Too many' : null), '4.5.3'],
  ['says 421 in a group', (line) => (line.startsWith('RCPT') ? '421 4.3.2 Closing' : null), '4.3.2'],
  ['defers the message', (line) => (line === '.' ? '451 4.3.0 Disk full' : null), '4.3.0'],
  ['speaks another protocol', (line) => (line === 'connect' ? 'HTTP/1.1 400 Bad Request' : null), '4.5.0'],
  [
    'says endless lines',
    (line) => (line === 'connect' ? Array.from({ length: 300 }, () => '220-hello').join('\n') : null),
    '4.5.0',
  ],
  ['says a line of 10 MB', (line) => (line === 'connect' ? '2'.repeat(10_000_000) : null), '4.5.0'],
])('hardening 60: a server that %s gets the message later', async ([, script, status]) => {
  await using remote = await RemoteServer.start(script);
  await using queue = await startQueue();
  await queue.put(TEXT, {}, [{ forwardPath: 'bob@example.org' }]);
  await using _ = await queue.startRelay({ zone: ZONE, port: remote.port });
  const [row] = await queue.settled();
  expect([row?.state, row?.status]).toEqual(['waiting', status]);
});

test('hardening 60: one that closes after the data and before its reply gets it again, but not at once', async () => {
  await using remote = await RemoteServer.start((line, { socket }) => {
    if (line === '.') socket.destroy();
    return line === '.' ? '' : null;
  });
  await using queue = await startQueue();
  await queue.put(TEXT, {}, [{ forwardPath: 'bob@example.org' }]);
  const zone = { ...ZONE, 'mx.example.org': { A: ['127.0.0.1', '127.0.0.1'] } };
  await using _ = await queue.startRelay({ zone, port: remote.port });
  const [row] = await queue.settled();
  expect([row?.state, row?.status, remote.connections]).toEqual(['waiting', '4.4.2', 1]);
});

test('hardening 7: what comes behind the 220 of STARTTLS is believed by nobody, and the message waits', async () => {
  await using remote = await RemoteServer.start(
    (line) => (line === 'STARTTLS' ? '220 2.0.0 Ready\n250 2.0.0 Ok' : null),
    ['STARTTLS'],
  );
  await using queue = await startQueue();
  await queue.put(TEXT, {}, [{ forwardPath: 'bob@example.org' }]);
  await using _ = await queue.startRelay({ zone: ZONE, port: remote.port });
  const [row] = await queue.settled();
  expect([row?.state, remote.connections, remote.received.length]).toEqual(['waiting', 1, 0]);
});

const CERTIFICATE = await makeClientCertificate();

/** Under TLS once it is asked for, with a certificate that nobody vouches for. */
async function withTls(line: string, session: SmtpSession): Promise<string | null> {
  if (line !== 'STARTTLS') return null;
  session.send('220 2.0.0 Ready');
  await session.startTls();
  return '';
}

test('TLS is used where it is offered, whoever it is, and EHLO is said anew', async () => {
  await using remote = await RemoteServer.start(withTls, ['STARTTLS'], { tls: CERTIFICATE });
  await using queue = await startQueue();
  await queue.put(TEXT, {}, [{ forwardPath: 'bob@example.org' }]);
  await using _ = await queue.startRelay({ zone: ZONE, port: remote.port });
  await remote.messages(1);
  expect(remote.connections).toBe(1);
  expect(remote.heard.slice(0, 3)).toEqual(['EHLO mail.example.com', 'STARTTLS', 'EHLO mail.example.com']);
});

test('a message that requires TLS goes to nobody for whom nothing vouches: RFC 8689', async () => {
  await using remote = await RemoteServer.start(withTls, ['STARTTLS', 'REQUIRETLS'], { tls: CERTIFICATE });
  const more = { envelope: { requiresTls: true } as never };
  for (const isSigned of [false, true]) {
    await using queue = await startQueue();
    await queue.put(TEXT, more, [{ forwardPath: 'bob@example.org', notify: ['NEVER'] }]);
    await using _ = await queue.startRelay({ zone: ZONE, port: remote.port, isSigned });
    const [row] = await queue.settled();
    expect([row?.state, row?.status]).toEqual(['failed', '5.7.10']);
  }
  // DNSSEC alone is not enough: the certificate was looked at, and nothing was said to it.
  await remote.hears('QUIT');
  expect(remote.heard).toEqual(['EHLO mail.example.com', 'STARTTLS', 'QUIT']);
});

test('where TLS does not come about, mail goes in the clear, but none that needs it', async () => {
  await using remote = await RemoteServer.start(
    (line) => (line === 'STARTTLS' ? '454 4.7.0 Not now' : null),
    ['STARTTLS'],
  );
  await using queue = await startQueue();
  await queue.put(TEXT, {}, [{ forwardPath: 'bob@example.org', notify: ['NEVER'] }]);
  await queue.put(TEXT, { envelope: { requiresTls: true } as never }, [
    { forwardPath: 'ann@example.org', notify: ['NEVER'] },
  ]);
  await using _ = await queue.startRelay({ zone: ZONE, port: remote.port });
  const rows = await queue.settled();
  expect(rows.map(({ state, status }) => [state, status])).toEqual([
    ['delivered', '2.0.0'],
    ['failed', '5.7.10'],
  ]);
});

test('the next message for a host goes by the same connection, and TLS is not begun anew', async () => {
  await using remote = await RemoteServer.start(
    async (line, session) => (line.includes('nobody@') ? '550 5.1.1 No' : await withTls(line, session)),
    ['STARTTLS', 'PIPELINING'],
    { tls: CERTIFICATE },
  );
  await using queue = await startQueue();
  await using _ = await queue.startRelay({ zone: ZONE, port: remote.port });
  for (const name of ['bob', 'nobody', 'ann']) {
    await queue.put(TEXT, { envelope: { reversePath: '' } as never }, [{ forwardPath: `${name}@example.org` }]);
    await queue.settled();
  }
  expect(remote.connections).toBe(1);
  const [, , , ...heard] = remote.heard;
  expect(heard).toEqual([
    ...['MAIL FROM:<>', 'RCPT TO:<bob@example.org>', 'DATA'],
    ...['MAIL FROM:<>', 'RCPT TO:<nobody@example.org>', 'DATA'],
    ...['RSET', 'MAIL FROM:<>', 'RCPT TO:<ann@example.org>', 'DATA'],
  ]);
});

test.for<[string, Script, readonly string[]]>([
  ['says 421 to it', (line, _, connection) => (line === 'MAIL' && connection === 1 ? '421 4.4.2 Bye' : null), []],
  ['has hung up', () => null, []],
  ['takes one message by a connection (RFC 9422)', () => null, ['LIMITS MAILMAX=1']],
])('where a host %s, the next message goes by another connection at once', async ([how, script, limits]) => {
  let mails = 0;
  let first: SmtpSession['socket'] | null = null;
  await using remote = await RemoteServer.start(
    (line, session, connection) => {
      first ??= session.socket;
      if (!line.startsWith('MAIL')) return null;
      return script(++mails === 2 ? 'MAIL' : '', session, connection);
    },
    ['PIPELINING', ...limits],
  );
  await using queue = await startQueue();
  await using _ = await queue.startRelay({ zone: ZONE, port: remote.port });
  await queue.put(TEXT, {}, [{ forwardPath: 'bob@example.org' }]);
  await queue.settled();
  if (how === 'has hung up') (first as SmtpSession['socket'] | null)?.end();
  await queue.put(TEXT, {}, [{ forwardPath: 'ann@example.org' }]);
  const rows = await queue.settled();
  expect(rows.map(({ state, attempts }) => [state, attempts])).toEqual(Array(2).fill(['delivered', 1]));
  expect(remote.connections).toBe(2);
});

test('a host has so many transactions at a time, for however many domains it is, and each message arrives once', async () => {
  let running = 0;
  let most = 0;
  await using remote = await RemoteServer.start((line) => {
    if (line.startsWith('MAIL')) most = Math.max(most, ++running);
    if (line === '.') running--;
    return null;
  });
  await using queue = await startQueue();
  const domains = Array.from({ length: 40 }, (_, i) => `d${i}.example`);
  for (const domain of domains) await queue.put(TEXT, {}, [{ forwardPath: `bob@${domain}` }]);
  const zone = { ...ZONE, ...Object.fromEntries(domains.map((domain) => [domain, TO_HERE])) };
  await using _ = await queue.startRelay({ zone, port: remote.port });
  const received = await remote.messages(40);
  const rows = await queue.settled();
  expect(rows.map(({ state, attempts }) => [state, attempts])).toEqual(Array(40).fill(['delivered', 1]));
  expect(new Set(received.map(({ rcpts }) => rcpts.join())).size).toBe(40);
  expect(most).toBeLessThanOrEqual(TRANSACTIONS_A_HOST);
  expect(remote.connections).toBeLessThan(40);
});

test('domains that are slow, and always have more, keep no other one waiting', async () => {
  const over = Promise.withResolvers<null>();
  await using remote = await RemoteServer.start((line) => (line === '.' ? over.promise : null));
  await using queue = await startQueue();
  const slow = Array.from({ length: TRANSACTIONS / TRANSACTIONS_A_DOMAIN }, (_, i) => `slow${i}.example`);
  for (const domain of slow) {
    for (let i = 0; i < 2 * TRANSACTIONS_A_DOMAIN; i++) await queue.put(TEXT, {}, [{ forwardPath: `bob@${domain}` }]);
  }
  await queue.put(TEXT, {}, [{ forwardPath: 'bob@other.example' }]);
  const names = [...slow, 'other.example'];
  const servers = names.map((name) => [name, { MX: [{ preference: 10, exchange: `mx.${name}` }] }] as const);
  const zone = { ...Object.fromEntries(servers), ...Object.fromEntries(names.map((name) => [`mx.${name}`, HERE])) };
  await using _ = await queue.startRelay({ zone, port: remote.port });
  await remote.hears('RCPT', TRANSACTIONS);
  expect(remote.heard).toContain('RCPT TO:<bob@other.example>');
  over.resolve(null);
  await queue.settled();
});

test('what somebody has given up, and what is for who wants nothing, goes nowhere, and its sender hears why', async () => {
  await using remote = await RemoteServer.start();
  await using queue = await startQueue();
  await queue.put(TEXT, {}, [{ forwardPath: 'bob@example.org' }, { forwardPath: 'ann@example.org' }]);
  await failQueue(queue.sql, [1], 'it has to do with nobody');
  await addSuppression(queue.sql, 'ann@example.org', 'wants none');
  await using _ = await queue.startRelay({ zone: { ...ZONE, 'example.com': TO_HERE }, port: remote.port });
  const [report] = await remote.messages(1);
  expect(report?.rcpts).toEqual(['RCPT TO:<mary@example.com> NOTIFY=NEVER']);
  expect(report?.message).toMatch(/\n {2}bob@example\.org\n {4}It was ended here: it has to do with nobody\n/);
  expect(report?.message).toMatch(/\n {2}ann@example\.org\n {4}It was ended here: wants none\n/);
  const rows = await queue.settled();
  expect(rows.map(({ state, status }) => [state, status])).toEqual([
    ['failed', '5.7.1'],
    ['failed', '5.7.1'],
    ['delivered', '2.0.0'],
  ]);
});

test('what goes to many comes after the rest, and some of it always', async () => {
  await using queue = await startQueue();
  const bulk = 'Precedence: bulk\r\n\r\n';
  for (let i = 0; i < 8; i++) await queue.put(bulk, {}, [{ forwardPath: `b${i}@example.org` }]);
  for (let i = 0; i < 10; i++) await queue.put(TEXT, {}, [{ forwardPath: `a${i}@example.org` }]);
  await queue.put(TEXT, {}, [{ forwardPath: 'c@example.org', listFields: 'List-Id: <x.example.com>\r\n' }]);
  const names = async (limit: number, bulkLimit?: number) =>
    (await queue.queue.take(limit, [], bulkLimit)).map(({ forwardPath }) => forwardPath.split('@')[0]);
  expect(await names(4)).toEqual(['a0', 'a1', 'a2', 'a3', 'b0']);
  expect(await names(4, 0)).toEqual(['a4', 'a5', 'a6', 'a7']);
  expect(await names(12)).toEqual(['a8', 'a9', 'b1', 'b2', 'b3', 'b4', 'b5', 'b6', 'b7', 'c']);
});

test('what is binary goes in chunks, to who takes it: RFC 3030', async () => {
  await using remote = await RemoteServer.start(undefined, ['PIPELINING', '8BITMIME', 'CHUNKING', 'BINARYMIME']);
  await using other = await RemoteServer.start(undefined, ['8BITMIME', 'CHUNKING'], {
    address: '127.0.0.2',
    port: remote.port,
  });
  await using queue = await startQueue();
  const text = 'Subject: x\r\n\r\n.\r\na\0b\r\n';
  const recipients = ['bob@example.org', 'nobody@example.org', 'ann@other.example'];
  await queue.put(
    text,
    { mayBeBinary: true },
    recipients.map((forwardPath) => ({ forwardPath, notify: ['NEVER'] })),
  );
  const zone = { ...ZONE, 'other.example': { A: ['127.0.0.2'] } };
  await using _ = await queue.startRelay({ zone, port: remote.port });
  const [received] = await remote.messages(1);
  expect(received?.mail).toBe('MAIL FROM:<mary@example.com> BODY=BINARYMIME');
  expect(received?.message).toBe('Subject: x\n\n.\na\0b');
  const rows = await queue.settled();
  expect(rows.map(({ state, status }) => [state, status])).toEqual([
    ['delivered', '2.0.0'],
    ['delivered', '2.0.0'],
    ['failed', '5.6.3'],
  ]);
  // Not before somebody was accepted: the message would be sent for nobody.
  expect(remote.heard.at(-2)).toBe(`BDAT ${text.length}`);
  expect(other.received).toEqual([]);
});

test('addresses that are not ASCII go to who takes them, and fail elsewhere: RFC 6531', async () => {
  await using remote = await RemoteServer.start(undefined, ['PIPELINING', '8BITMIME', 'SMTPUTF8']);
  await using other = await RemoteServer.start(undefined, ['8BITMIME'], { address: '127.0.0.2', port: remote.port });
  await using queue = await startQueue();
  const envelope = { isUtf8: true, reversePath: 'märy@example.com' } as never;
  const utf8 = 'Subject: Grüße\r\n\r\n';
  await queue.put(utf8, { envelope }, [
    { forwardPath: 'jürgen@example.org', notify: ['NEVER'] },
    { forwardPath: 'bob@bücher.example', notify: ['NEVER'] },
  ]);
  const zone = { ...ZONE, 'xn--bcher-kva.example': { A: ['127.0.0.2'] } };
  await using _ = await queue.startRelay({ zone, port: remote.port });
  const [received] = await remote.messages(1);
  expect(received).toMatchObject({
    mail: 'MAIL FROM:<märy@example.com> BODY=8BITMIME SMTPUTF8',
    rcpts: ['RCPT TO:<jürgen@example.org>'],
    message: 'Subject: Grüße\n',
  });
  const rows = await queue.settled();
  expect(rows.map(({ state, status }) => [state, status])).toEqual([
    ['delivered', '2.0.0'],
    ['failed', '5.6.7'],
  ]);
  expect(other.received).toEqual([]);
});

test.each<[string, Script]>([
  [
    'closes in the middle of a group',
    (line, { socket }) => {
      if (line.startsWith('RCPT')) socket.destroy();
      return line.startsWith('RCPT') ? '' : null;
    },
  ],
  ['says 421 to DATA', (line) => (line === 'DATA' ? '421 4.3.2 Closing' : null)],
  ['says 354 to nobody, and takes nothing', (line) => (line.startsWith('RCPT') ? '450 4.2.0 No' : null)],
])(
  'hardening 60: of a server that %s nothing is believed, and the message is sent once it does better',
  async (_how, script) => {
    let isBad = true;
    await using remote = await RemoteServer.start((line, session, connection) =>
      isBad ? script(line, session, connection) : null,
    );
    await using queue = await startQueue();
    await queue.put(TEXT, {}, [{ forwardPath: 'bob@example.org' }]);
    await using _ = await queue.startRelay({ zone: ZONE, port: remote.port });
    const [row] = await queue.settled();
    expect([row?.state, remote.received.length]).toEqual(['waiting', 0]);
    isBad = false;
    await changeQueue(queue.sql, 'retry', [1]);
    await remote.messages(1);
  },
);

test('what failed together in an outage is not tried again together', async () => {
  await using queue = await startQueue();
  for (let i = 0; i < 20; i++) await queue.put(TEXT, {}, [{ forwardPath: `r${i}@example.org` }]);
  await using _ = await queue.startRelay({ zone: ZONE, port: 1 });
  const rows = await queue.settled();
  const pauses = rows.map(({ pauseSeconds }) => pauseSeconds);
  expect(Math.max(...pauses) - Math.min(...pauses)).toBeGreaterThan(20);
  expect(rows.every(({ state, status }) => state === 'waiting' && status === '4.4.1')).toBe(true);
});

test('two relays on one database never send the same row twice', async () => {
  await using remote = await RemoteServer.start();
  await using queue = await startQueue();
  const count = 40;
  for (let i = 0; i < count; i++) await queue.put(TEXT, {}, [{ forwardPath: `r${i}@example.org` }]);
  await using _one = await queue.startRelay({ zone: ZONE, port: remote.port });
  await using _two = await queue.startRelay({ zone: ZONE, port: remote.port });
  await queue.settled();
  expect(remote.received.map(({ rcpts }) => rcpts.join()).toSorted()).toEqual(
    Array.from({ length: count }, (_, i) => `RCPT TO:<r${i}@example.org>`).toSorted(),
  );
});

test('what a relay has in hand when it stops is with nobody else, and comes again', async () => {
  const silent = Promise.withResolvers<void>();
  await using remote = await RemoteServer.start(async (line, { socket }, connection) => {
    if (line !== 'DATA' || connection > 1) return null;
    silent.resolve();
    await once(socket, 'close');
    return '';
  });
  await using queue = await startQueue();
  await queue.put(TEXT, {}, [{ forwardPath: 'bob@example.org' }]);
  const first = await queue.startRelay({ zone: ZONE, port: remote.port });
  await silent.promise;
  await first[Symbol.asyncDispose]();
  const [row] = await queue.settled();
  expect(row?.state).toBe('waiting');
  await queue.sql`update queue_recipients set next_attempt_at = now()`;
  await using _ = await queue.startRelay({ zone: ZONE, port: remote.port });
  await remote.messages(1);
});
