import { createHash, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { ScriptedName } from '@postel/dns';
import { listTlsHosts } from '@postel/queue';
import { type MadeCertificate, makeTestCertificate, PolicyWeb, type SmtpSession } from '@postel/testkit';
import { beforeAll, expect, test } from 'vitest';
import { RemoteServer } from './testing/remote-server.ts';
import { startQueue, type TestQueue } from './testing/start-relay.ts';

const TEXT = 'From: mary@example.com\r\nSubject: hello\r\n\r\nfirst\r\n';
const ENFORCE = 'version: STSv1\r\nmode: enforce\r\nmx: mx.example.org\r\nmax_age: 604800\r\n';
const TESTING = ENFORCE.replace('enforce', 'testing');
const STS = { '_mta-sts.example.org': { TXT: ['v=STSv1; id=1;'] }, 'mta-sts.example.org': { A: ['127.0.0.1'] } };

let root: MadeCertificate;
let trusted: MadeCertificate;
let misnamed: MadeCertificate;

beforeAll(async () => {
  root = await makeTestCertificate({ commonName: 'root', isAuthority: true });
  trusted = await makeTestCertificate({ names: ['mx.example.org'], issuer: root });
  misnamed = await makeTestCertificate({ names: ['other.example'], issuer: root });
});

/** A domain whose mail goes to this machine, and more of it. */
function zoneWith(more: Readonly<Record<string, ScriptedName>>): Readonly<Record<string, ScriptedName>> {
  const mx = { MX: [{ preference: 10, exchange: 'mx.example.org' }] };
  return { 'example.org': mx, 'mx.example.org': { A: ['127.0.0.1'] }, ...more };
}

/** The TLSA record `3 1 1` of a server. */
function tlsaOf({ cert }: MadeCertificate, port: number): Readonly<Record<string, ScriptedName>> {
  const key = new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' });
  const data = createHash('sha256').update(key).digest();
  return { [`_${port}._tcp.mx.example.org`]: { TLSA: [{ usage: 3, selector: 1, matchingType: 1, data }] } };
}

/** A server that has TLS with this certificate. */
async function startSecured(
  certificate: MadeCertificate,
  extensions = ['STARTTLS', 'REQUIRETLS'],
  place: { readonly port?: number; readonly address?: string } = {},
) {
  const script = async (line: string, session: SmtpSession) => {
    if (line !== 'STARTTLS') return null;
    session.send('220 2.0.0 Ready');
    await session.startTls();
    return '';
  };
  return await RemoteServer.start(script, extensions, { tls: certificate, ...place });
}

async function put(queue: TestQueue, text = TEXT, requiresTls = false) {
  await queue.put(text, { envelope: { requiresTls } as never }, [
    { forwardPath: 'bob@example.org', notify: ['NEVER'] },
  ]);
}

/** What became of the one recipient. */
async function outcome(queue: TestQueue) {
  const [row] = await queue.settled();
  return [row?.state, row?.status, row?.reply];
}

const NO_MAIL = expect.not.arrayContaining([expect.stringMatching(/^MAIL/)]);

test('DANE: mail goes to the server whose key the TLSA records name, whoever vouches for it or not', async () => {
  const own = await makeTestCertificate({ names: ['anything.example'], fromDays: -3, toDays: -1 });
  await using remote = await startSecured(own);
  await using queue = await startQueue();
  await put(queue);
  const zone = zoneWith(tlsaOf(own, remote.port));
  await using _ = await queue.startRelay({ zone, port: remote.port, isSigned: true });
  await remote.messages(1);
  expect(remote.heard.slice(0, 3)).toEqual(['EHLO mail.example.com', 'STARTTLS', 'EHLO mail.example.com']);
});

test('DANE: a server with another key is told nothing of the message, which waits', async () => {
  await using remote = await startSecured(trusted);
  await using queue = await startQueue();
  await put(queue);
  const zone = zoneWith(tlsaOf(misnamed, remote.port));
  const web = { port: 1, authorities: root.cert };
  await using _ = await queue.startRelay({ zone, port: remote.port, isSigned: true, web });
  expect(await outcome(queue)).toEqual([
    'waiting',
    '4.7.5',
    'mx.example.org is not trusted with mail for example.org: its key is not the one that its TLSA records name (DANE)',
  ]);
  await remote.hears('QUIT');
  expect(remote.heard).toEqual(['EHLO mail.example.com', 'STARTTLS', 'QUIT']);
  // Who is not the right one is not remembered for having TLS.
  expect(await listTlsHosts(queue.sql, true, 10)).toEqual([]);
});

test('DANE: a server without TLS is not given mail', async () => {
  await using remote = await RemoteServer.start();
  await using queue = await startQueue();
  await put(queue);
  const zone = zoneWith(tlsaOf(trusted, remote.port));
  await using _ = await queue.startRelay({ zone, port: remote.port, isSigned: true });
  const text = 'mx.example.org is not trusted with mail for example.org: it offers no TLS (DANE)';
  expect(await outcome(queue)).toEqual(['waiting', '4.7.4', text]);
  expect(remote.heard).toEqual(NO_MAIL);
});

test('DANE: TLSA records that are not signed mean nothing', async () => {
  await using remote = await startSecured(trusted);
  await using queue = await startQueue();
  await put(queue);
  await using _ = await queue.startRelay({ zone: zoneWith(tlsaOf(misnamed, remote.port)), port: remote.port });
  await remote.messages(1);
});

test('hardening 61: a server whose TLSA records are signed wrongly is not even connected to', async () => {
  await using remote = await startSecured(trusted);
  await using queue = await startQueue();
  await put(queue);
  const zone = zoneWith({ [`_${remote.port}._tcp.mx.example.org`]: 'bogus' });
  await using _ = await queue.startRelay({ zone, port: remote.port, isSigned: true });
  const [state, status, reply] = await outcome(queue);
  expect([state, status]).toEqual(['waiting', '4.7.5']);
  expect(reply).toContain('its TLSA records are not known: what the DNS says of it is signed wrongly (DANE)');
  expect(remote.connections).toBe(0);
});

test('DANE: the next server is tried where the first is not the right one', async () => {
  await using wrong = await startSecured(misnamed);
  const { port } = wrong;
  await using right = await startSecured(trusted, ['STARTTLS'], { port, address: '127.0.0.2' });
  await using queue = await startQueue();
  await put(queue);
  const tlsa = tlsaOf(trusted, port);
  const [record = {}] = Object.values(tlsa);
  const zone = {
    'example.org': {
      MX: [
        { preference: 1, exchange: 'mx.example.org' },
        { preference: 2, exchange: 'mx2.example.org' },
      ],
    },
    'mx.example.org': { A: ['127.0.0.1'] },
    'mx2.example.org': { A: ['127.0.0.2'] },
    [`_${port}._tcp.mx2.example.org`]: record,
    ...tlsa,
  };
  await using _ = await queue.startRelay({ zone, port, isSigned: true });
  await right.messages(1);
  expect(wrong.heard).toEqual(NO_MAIL);
});

/** Mail to a domain with a policy, and a server with a certificate. */
async function sendBySts(policy: string, remote: RemoteServer, more: Readonly<Record<string, ScriptedName>> = {}) {
  const stack = new AsyncDisposableStack();
  const web = stack.use(
    await PolicyWeb.start(await makeTestCertificate({ names: ['mta-sts.example.org'], issuer: root })),
  );
  web.serve(policy);
  const queue = stack.use(await startQueue());
  await put(queue);
  const trust = { port: web.port, authorities: root.cert };
  const zone = zoneWith({ ...STS, ...more });
  const relay = () => queue.startRelay({ zone, port: remote.port, web: trust });
  return { web, queue, relay, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

test('MTA-STS: mail goes to a server of the policy with a certificate for its name', async () => {
  await using remote = await startSecured(trusted);
  await using sending = await sendBySts(ENFORCE, remote);
  await using _ = await sending.relay();
  await remote.messages(1);
  expect(sending.web.asked).toHaveLength(1);
});

test('hardening 62: enforce defers: a certificate for another name', async () => {
  await using remote = await startSecured(misnamed);
  await using sending = await sendBySts(ENFORCE, remote);
  await using _ = await sending.relay();
  const text = 'mx.example.org is not trusted with mail for example.org: its certificate is for another name (MTA-STS)';
  expect(await outcome(sending.queue)).toEqual(['waiting', '4.7.5', text]);
  expect(remote.heard).toEqual(NO_MAIL);
});

test('hardening 62: enforce defers: a server without TLS, and one that cannot begin it', async () => {
  for (const extensions of [[], ['STARTTLS']]) {
    await using remote = await RemoteServer.start(
      (line) => (line === 'STARTTLS' ? '454 4.7.0 Not now' : null),
      extensions,
    );
    await using sending = await sendBySts(ENFORCE, remote);
    await using _ = await sending.relay();
    const [state, status, reply] = await outcome(sending.queue);
    expect([state, status]).toEqual(['waiting', extensions.length === 0 ? '4.7.4' : '4.7.5']);
    expect(reply).toContain(
      extensions.length === 0 ? 'it offers no TLS' : 'The server refuses STARTTLS: 454 4.7.0 Not now',
    );
    expect(remote.heard).toEqual(NO_MAIL);
  }
});

test('hardening 62: enforce defers: a server that is not in the policy is not connected to', async () => {
  await using remote = await startSecured(trusted);
  await using sending = await sendBySts(ENFORCE.replace('mx.example.org', '*.mail.example.org'), remote);
  await using _ = await sending.relay();
  const [state, status] = await outcome(sending.queue);
  expect([state, status]).toEqual(['waiting', '4.7.5']);
  expect(remote.connections).toBe(0);
});

test('hardening 62: testing never blocks: not another name, another server, nor no TLS at all', async () => {
  for (const policy of [TESTING, TESTING.replace('mx.example.org', 'other.example')]) {
    await using secured = await startSecured(misnamed);
    await using clear = await RemoteServer.start();
    for (const remote of [secured, clear]) {
      await using sending = await sendBySts(policy, remote);
      await using _ = await sending.relay();
      await remote.messages(1);
      expect(sending.web.asked).toHaveLength(1);
    }
  }
});

test('hardening 62: a policy that cannot be had is none, and one that is kept holds', async () => {
  await using remote = await startSecured(misnamed);
  await using sending = await sendBySts(ENFORCE, remote);
  sending.web.answer = (response) => response.writeHead(302, { location: 'https://example.org/' }).end();
  await using _ = await sending.relay();
  await remote.messages(1);
  await sending.queue.sql`
    insert into sts_policies (domain, policy_id, policy, expires_at) values ('example.org', '0', ${ENFORCE}, now() + interval '1 day')
        on conflict (domain) do update set policy_id = '0', policy = excluded.policy, expires_at = excluded.expires_at`;
  await put(sending.queue);
  await sending.queue.recipients((rows) => rows.length === 2 && rows.every(({ attempts }) => attempts === 1));
  const rows = await sending.queue.settled();
  expect(rows.map(({ state, status }) => [state, status])).toEqual([
    ['delivered', '2.0.0'],
    ['waiting', '4.7.5'],
  ]);
});

test('MTA-STS: mail that waits goes when the policy is another one', async () => {
  await using remote = await startSecured(trusted);
  await using sending = await sendBySts(ENFORCE.replace('mx.example.org', 'other.example'), remote);
  {
    await using _ = await sending.relay();
    const [state] = await outcome(sending.queue);
    expect(state).toBe('waiting');
  }
  sending.web.serve(ENFORCE);
  await sending.queue.sql`update sts_policies set policy_id = 'old'`;
  await sending.queue.sql`update queue_recipients set next_attempt_at = now()`;
  await using _ = await sending.relay();
  await remote.messages(1);
});

test('downgrade: mail waits for a server that had TLS and has none any more, then goes as its policy says', async () => {
  await using queue = await startQueue();
  const logFile = `${queue.directoryPath}/log`;
  let port: number;
  {
    await using remote = await startSecured(misnamed);
    port = remote.port;
    await put(queue);
    await using _ = await queue.startRelay({ zone: zoneWith({}), port });
    await remote.messages(1);
    await queue.settled();
  }
  const [known] = await listTlsHosts(queue.sql, true, 10);
  const key = misnamed.certificate.publicKey.export({ type: 'spki', format: 'der' });
  expect(known).toMatchObject({ host: 'mx.example.org', key: createHash('sha256').update(key).digest('base64') });

  // Somebody in between leaves STARTTLS out.
  await using remote = await RemoteServer.start(undefined, ['PIPELINING'], { port });
  await put(queue);
  {
    await using _ = await queue.startRelay({ zone: zoneWith({}), port, logFile });
    await queue.recipients(
      (rows) => rows.length === 2 && rows.every(({ attempts, isLeased }) => attempts === 1 && !isLeased),
    );
    const [, waiting] = await queue.settled();
    expect([waiting?.state, waiting?.status]).toEqual(['waiting', '4.7.4']);
    expect(waiting?.reply).toBe(
      'mx.example.org had TLS before, and now it offers none: not sent in the clear for another 24 h, lest somebody is in between',
    );
    expect(remote.heard).toEqual(NO_MAIL);
    expect(await listTlsHosts(queue.sql, false, 10)).toMatchObject([
      { host: 'mx.example.org', missingReason: 'it offers none' },
    ]);
  }
  expect(await readFile(logFile, 'utf8')).toContain('the server had TLS and has none any more');

  // A day later it is as it is.
  await queue.sql`update tls_hosts set missing_since = now() - interval '25 hours'`;
  await queue.sql`update queue_recipients set next_attempt_at = now() where state = 'waiting'`;
  await using _ = await queue.startRelay({ zone: zoneWith({}), port });
  await remote.messages(1);
  expect(await listTlsHosts(queue.sql, false, 10)).toHaveLength(1);
});

test('downgrade: a handshake that breaks counts as well, and the alarm is over when TLS is back', async () => {
  await using queue = await startQueue();
  await queue.sql`insert into tls_hosts (host, key_hash) values ('mx.example.org', '\\x00')`;
  await put(queue);
  let port: number;
  {
    await using remote = await RemoteServer.start(
      (line) => (line === 'STARTTLS' ? '454 4.7.0 Not now' : null),
      ['STARTTLS'],
    );
    port = remote.port;
    await using _ = await queue.startRelay({ zone: zoneWith({}), port });
    const [state, status, reply] = await outcome(queue);
    expect([state, status]).toEqual(['waiting', '4.7.4']);
    expect(reply).toContain('The server refuses STARTTLS: 454 4.7.0 Not now');
    expect(remote.heard).toEqual(NO_MAIL);
    expect(await listTlsHosts(queue.sql, false, 10)).toHaveLength(1);
  }
  await using remote = await startSecured(trusted, ['STARTTLS'], { port });
  await queue.sql`update queue_recipients set next_attempt_at = now()`;
  await using _ = await queue.startRelay({ zone: zoneWith({}), port });
  await remote.messages(1);
  expect(await listTlsHosts(queue.sql, false, 10)).toEqual([]);
});

test('downgrade: without patience mail goes at once, and the alarm is raised all the same', async () => {
  await using queue = await startQueue();
  await queue.sql`insert into tls_hosts (host, key_hash) values ('mx.example.org', '\\x00')`;
  await using remote = await RemoteServer.start();
  await put(queue);
  await using _ = await queue.startRelay({ zone: zoneWith({}), port: remote.port, tlsPatienceMs: 0 });
  await remote.messages(1);
  expect(await listTlsHosts(queue.sql, false, 10)).toHaveLength(1);
});

test('REQUIRETLS goes where DANE knows the server, under TLS alone', async () => {
  const own = await makeTestCertificate({});
  await using remote = await startSecured(own);
  await using queue = await startQueue();
  await put(queue, TEXT, true);
  const zone = zoneWith(tlsaOf(own, remote.port));
  await using _ = await queue.startRelay({ zone, port: remote.port, isSigned: true });
  const [received] = await remote.messages(1);
  expect(received?.mail).toMatch(/ REQUIRETLS$/);
});

test('REQUIRETLS goes where MTA-STS knows the server, and fails where nothing does (RFC 8689 §4.2.1)', async () => {
  await using remote = await startSecured(trusted);
  await using sending = await sendBySts(TESTING, remote);
  await put(sending.queue, TEXT, true);
  {
    await using _ = await sending.relay();
    const received = await remote.messages(2);
    expect(received.map(({ mail }) => mail.includes('REQUIRETLS')).toSorted()).toEqual([false, true]);
  }
  await using queue = await startQueue();
  await put(queue, TEXT, true);
  const web = { port: 1, authorities: root.cert };
  await using _ = await queue.startRelay({ zone: zoneWith({}), port: remote.port, web });
  const text =
    'mx.example.org is not trusted with mail for example.org: nothing vouches for it as a server of example.org (DNSSEC, MTA-STS) (REQUIRETLS)';
  expect(await outcome(queue)).toEqual(['failed', '5.7.10', text]);
});

test('REQUIRETLS fails at a server that is right but does not promise it', async () => {
  await using remote = await startSecured(trusted, ['STARTTLS']);
  await using queue = await startQueue();
  await put(queue, TEXT, true);
  const zone = zoneWith(tlsaOf(trusted, remote.port));
  await using _ = await queue.startRelay({ zone, port: remote.port, isSigned: true });
  const [state, status] = await outcome(queue);
  expect([state, status]).toEqual(['failed', '5.7.30']);
  expect(remote.heard).toEqual(NO_MAIL);
});

test('a message that says TLS-Required: No goes whatever policies say (RFC 8689 §4.2.2)', async () => {
  await using remote = await RemoteServer.start();
  await using queue = await startQueue();
  await queue.sql`insert into tls_hosts (host, key_hash) values ('mx.example.org', '\\x00')`;
  await put(queue, `TLS-Required: No\r\n${TEXT}`);
  const zone = zoneWith(tlsaOf(trusted, remote.port));
  await using _ = await queue.startRelay({ zone, port: remote.port, isSigned: true });
  await remote.messages(1);
});
