import { DIRECT_SETTINGS, type RouteSettings } from '@postel/directory';
import { openSmarthost, otherSecrets, type RouteSecrets, sealRouteSecrets } from '@postel/routes';
import { SocksServer, sharedPostel } from '@postel/testkit';
import { expect, test } from 'vitest';
import { RemoteServer } from './testing/remote-server.ts';
import { ENVELOPE, startQueue, type TestQueue } from './testing/start-relay.ts';

const postel = sharedPostel();
const textFrom = (address: string) => `From: ${address}\r\nSubject: by a smarthost\r\n\r\nhello\r\n`;
const TEXT = textFrom('mary@example.com');

/** A real submission server. */
const submissions = (more: Partial<RouteSettings> = {}): RouteSettings => ({
  ...DIRECT_SETTINGS,
  hosts: [`127.0.0.1:${postel.ports.submissions}`],
  tls: 'implicit',
  tlsNames: ['localhost'],
  authorities: postel.ca,
  ...more,
});

async function addRoute(queue: TestQueue, name: string, settings: RouteSettings, secrets: RouteSecrets) {
  const { routes } = queue.directory;
  const sealed = await sealRouteSecrets(queue.keyFile, name, secrets, await otherSecrets(queue.directory, {}));
  await routes.add(name, settings, sealed);
  await routes.setDefault(name);
}

const open = async (settings: RouteSettings, secrets: RouteSecrets) => {
  const place = { host: '127.0.0.1', port: postel.ports.submissions, address: '127.0.0.1' };
  const source = { address: null, ehlo: 'mail.example.com' };
  const { connection, mechanism } = await openSmarthost({ ...place, settings, secrets, source });
  await connection.quit();
  connection[Symbol.dispose]();
  return mechanism;
};

test('a submission server lets a route in by SCRAM-SHA-256-PLUS, and takes its mail', async () => {
  const account = await postel.addAccount();
  const secrets = { password: account.password };
  await using queue = await startQueue();
  const settings = submissions({ user: account.address });
  expect(await open(settings, secrets)).toBe('SCRAM-SHA-256-PLUS');
  expect(await open({ ...settings, mechanisms: ['PLAIN'] }, secrets)).toBe('PLAIN');
  await addRoute(queue, 'provider', settings, secrets);
  const envelope = { ...ENVELOPE, reversePath: account.address };
  await queue.put(textFrom(account.address), { envelope }, [{ forwardPath: account.address }]);
  await using _ = await queue.startRelay({ port: 1 });
  const [row] = await queue.settled();
  expect(row).toMatchObject({ state: 'delivered', mta: '127.0.0.1' });
  await expect(open(settings, { password: 'wrong' })).rejects.toMatchObject({ kind: 'login' });
});

test('a submission server lets a route in by a client key', async () => {
  const account = await postel.addAccount();
  const { key, cert } = await postel.addKey(account);
  await using queue = await startQueue();
  const settings = submissions({ certificate: cert });
  expect(await open(settings, { clientKey: key })).toBe('EXTERNAL');
  await addRoute(queue, 'provider', settings, { clientKey: key });
  await queue.put(textFrom(account.address), { envelope: { ...ENVELOPE, reversePath: account.address } }, [
    { forwardPath: account.address },
  ]);
  await using _ = await queue.startRelay({ port: 1 });
  expect((await queue.settled())[0]).toMatchObject({ state: 'delivered' });
});

test('a proxy looks up the name of a smarthost, and lets in who has its password', async () => {
  await using smarthost = await RemoteServer.start();
  const login = { user: 'postel', password: 'of the proxy' };
  await using proxy = await SocksServer.start({ login, target: { host: '127.0.0.1', port: smarthost.port } });
  await using queue = await startQueue();
  const by = { proxy: `127.0.0.1:${proxy.port}`, proxyUser: 'postel' };
  // Whoever it is: what a scripted server is.
  const settings = { ...DIRECT_SETTINGS, hosts: ['smtp.example.net:2525'], tls: 'opportunistic' as const, ...by };
  await addRoute(queue, 'provider', settings, { proxyPassword: login.password });
  await queue.put(TEXT, {}, [{ forwardPath: 'bob@example.org' }]);
  await using _ = await queue.startRelay({ port: 1 });
  await smarthost.messages(1);
  expect(proxy.asked).toEqual(['smtp.example.net:2525']);
});

test('to the servers of domains a proxy is told the addresses that were looked up here', async () => {
  await using remote = await RemoteServer.start();
  await using proxy = await SocksServer.start({ target: { host: '127.0.0.1', port: remote.port } });
  await using queue = await startQueue();
  await addRoute(queue, 'by-proxy', { ...DIRECT_SETTINGS, proxy: `127.0.0.1:${proxy.port}` }, {});
  await queue.put(TEXT, {}, [{ forwardPath: 'bob@example.org' }, { forwardPath: 'bob@private.example' }]);
  const zone = {
    'example.org': { MX: [{ preference: 10, exchange: 'mx.example.org' }] },
    'mx.example.org': { A: ['127.0.0.7'] },
    'private.example': { MX: [{ preference: 10, exchange: 'mx.private.example' }] },
    'mx.private.example': { A: ['10.0.0.1'] },
  };
  await using _ = await queue.startRelay({ zone, port: 2525 });
  const rows = await queue.recipients(
    (all) => all.length >= 2 && all.slice(0, 2).every(({ attempts }) => attempts > 0),
  );
  expect(rows.slice(0, 2).map(({ state, status }) => [state, status])).toEqual([
    ['delivered', '2.0.0'],
    // The rule of private addresses holds by a proxy too.
    ['failed', '5.4.4'],
  ]);
  expect(proxy.asked).toEqual(['127.0.0.7:2525']);
});

test.each([
  [
    'wants another password',
    { login: { user: 'postel', password: 'right' } },
    /does not let us in by this user name and password/,
  ],
  ['refuses the host', { refusal: 2 }, /its rules do not allow that/],
])('what a proxy says that %s stands in the queue', async (_what, options, reply) => {
  await using proxy = await SocksServer.start({ ...options, target: { host: '127.0.0.1', port: 1 } });
  await using queue = await startQueue();
  const by = { proxy: `127.0.0.1:${proxy.port}`, proxyUser: 'postel' };
  const settings = { ...DIRECT_SETTINGS, hosts: ['smtp.example.net:2525'], ...by };
  await addRoute(queue, 'provider', settings, { proxyPassword: 'wrong' });
  await queue.put(TEXT, {}, [{ forwardPath: 'bob@example.org' }]);
  await using _ = await queue.startRelay({ port: 1 });
  const [row] = await queue.settled();
  expect(row).toMatchObject({ state: 'waiting', status: '4.4.1' });
  expect(row?.reply).toMatch(reply);
});

test('hardening 7: what a smarthost says behind the 220 of STARTTLS is not believed, and mail waits', async () => {
  await using smarthost = await RemoteServer.start(
    (line) => (line === 'STARTTLS' ? '220 2.0.0 Ready\n250 2.7.0 You are logged in' : null),
    ['STARTTLS', 'AUTH PLAIN'],
  );
  await using queue = await startQueue();
  const settings = { ...DIRECT_SETTINGS, hosts: [`127.0.0.1:${smarthost.port}`], user: 'postel' };
  await addRoute(queue, 'provider', settings, { password: 'secret' });
  await queue.put(TEXT, {}, [{ forwardPath: 'bob@example.org' }]);
  await using _ = await queue.startRelay({ port: 1 });
  const [row] = await queue.settled();
  expect(row).toMatchObject({ state: 'waiting', status: '4.7.5' });
  expect(row?.reply).toContain('somebody is in between');
  expect(smarthost.heard.filter((line) => /^(AUTH|MAIL)/.test(line))).toEqual([]);
});

test.each([
  ['offers no STARTTLS', [], () => null, '4.7.5', /offers no STARTTLS/],
  ['answers without end', [], (line: string) => (line.startsWith('EHLO') ? `250-x\n`.repeat(300) : null), '4.5.0', /./],
  ['hangs up', [], (line: string) => (line === 'connect' ? '554 5.3.2 Go away' : null), '4.5.0', /554 5\.3\.2 Go away/],
] as const)('hardening 60: mail waits for a smarthost that %s', async (_what, extensions, script, status, reply) => {
  await using smarthost = await RemoteServer.start(script, extensions);
  await using queue = await startQueue();
  await addRoute(queue, 'provider', { ...DIRECT_SETTINGS, hosts: [`127.0.0.1:${smarthost.port}`] }, {});
  await queue.put(TEXT, {}, [{ forwardPath: 'bob@example.org' }]);
  await using _ = await queue.startRelay({ port: 1 });
  const [row] = await queue.settled();
  expect(row).toMatchObject({ state: 'waiting', status });
  expect(row?.reply).toMatch(reply);
});

test('a smarthost that takes no mail without a login is no reason to give up a message', async () => {
  await using smarthost = await RemoteServer.start((line) =>
    line.startsWith('MAIL') ? '530 5.7.0 Authentication required' : null,
  );
  await using queue = await startQueue();
  const settings = { ...DIRECT_SETTINGS, hosts: [`127.0.0.1:${smarthost.port}`], tls: 'none' as const };
  await addRoute(queue, 'provider', settings, {});
  await queue.put(TEXT, {}, [{ forwardPath: 'bob@example.org' }]);
  await using _ = await queue.startRelay({ port: 1 });
  const [row] = await queue.settled();
  expect(row).toMatchObject({ state: 'waiting', status: '4.7.0', reply: '530 5.7.0 Authentication required' });
});

test('a message that requires TLS does not go by a smarthost that does not promise it', async () => {
  await using smarthost = await RemoteServer.start();
  await using queue = await startQueue();
  const settings = { ...DIRECT_SETTINGS, hosts: [`127.0.0.1:${smarthost.port}`], tls: 'none' as const };
  await addRoute(queue, 'provider', settings, {});
  await queue.directory.addAccount({ name: 'mary', address: 'mary@example.com', password: null });
  await queue.put(TEXT, { envelope: { ...ENVELOPE, requiresTls: true } }, [{ forwardPath: 'bob@example.org' }]);
  await using _ = await queue.startRelay({ port: 1 });
  const rows = await queue.recipients((all) => all.length === 2 && all.every(({ attempts }) => attempts > 0));
  expect(rows[0]).toMatchObject({ state: 'failed', status: '5.7.10' });
  expect(smarthost.received).toEqual([]);
});

test('many messages go to a smarthost by as many connections as its route allows', async () => {
  let open = 0;
  let most = 0;
  await using smarthost = await RemoteServer.start((line, { socket }) => {
    if (line !== 'connect') return null;
    most = Math.max(most, ++open);
    socket.once('close', () => open--);
    return null;
  });
  await using queue = await startQueue();
  const settings = { ...DIRECT_SETTINGS, hosts: [`127.0.0.1:${smarthost.port}`], tls: 'none' as const, connections: 2 };
  await addRoute(queue, 'provider', settings, {});
  const count = 130; // more than wait in hand for one smarthost
  for (let i = 0; i < count; i++) await queue.put(TEXT, {}, [{ forwardPath: `r${i}@d${i}.example` }]);
  await using _ = await queue.startRelay({ port: 1 });
  await smarthost.messages(count);
  expect(most).toBeLessThanOrEqual(2);
  const names = smarthost.received.flatMap(({ rcpts }) => rcpts);
  expect(new Set(names).size).toBe(count);
});

test.each([
  ['refuses it', '454 4.7.0 TLS is not to be had'],
  ['breaks the handshake', '220 2.0.0 Ready'],
])(
  'RFC 7435: where TLS is taken if offered, and the smarthost %s, mail goes in the clear, but no login',
  async (_what, reply) => {
    await using smarthost = await RemoteServer.start(
      (line, { socket }) => {
        if (line !== 'STARTTLS') return null;
        if (reply.startsWith('220')) socket.once('data', () => socket.destroy()); // whatever the client's hello is
        return reply;
      },
      ['STARTTLS', 'AUTH PLAIN SCRAM-SHA-256'],
    );
    await using queue = await startQueue();
    const hosts = [`127.0.0.1:${smarthost.port}`];
    const settings = { ...DIRECT_SETTINGS, hosts, tls: 'opportunistic' as const };
    await addRoute(queue, 'anyone', settings, {});
    await queue.put(TEXT, {}, [{ forwardPath: 'bob@example.org' }]);
    await using _ = await queue.startRelay({ port: 1 });
    await smarthost.messages(1);
    expect((await queue.settled())[0]).toMatchObject({ state: 'delivered' });

    smarthost.heard.length = 0;
    await addRoute(queue, 'with-login', { ...settings, user: 'postel' }, { password: 'secret' });
    await queue.put(TEXT, {}, [{ forwardPath: 'bob@example.org' }]);
    const [, row] = await queue.recipients((rows) => rows.length === 2 && rows.every(({ attempts }) => attempts > 0));
    expect(row).toMatchObject({ state: 'waiting', status: '4.7.5' });
    expect(smarthost.heard.filter((line) => /^(AUTH|MAIL)/.test(line))).toEqual([]);
  },
);

test('reports, and what people write, wait for no mail to many that a smarthost does not get done with', async () => {
  const stalled = Promise.withResolvers<null>();
  await using smarthost = await RemoteServer.start((line) => (/^MAIL FROM:<many@/.test(line) ? stalled.promise : null));
  await using queue = await startQueue();
  const settings = { ...DIRECT_SETTINGS, hosts: [`127.0.0.1:${smarthost.port}`], tls: 'none' as const, connections: 2 };
  await addRoute(queue, 'provider', settings, {});
  await queue.directory.addAccount({ name: 'mary', address: 'mary@example.com', password: null });
  const many = { envelope: { ...ENVELOPE, reversePath: 'many@example.com' } };
  for (let i = 0; i < 130; i++)
    await queue.put(`Precedence: bulk\r\n${TEXT}`, many, [{ forwardPath: `r${i}@d.example` }]);
  await using _ = await queue.startRelay({ port: 1 });
  while (!smarthost.heard.some((line) => line.startsWith('MAIL FROM:<many@'))) await queue.sql`select`;
  await queue.put(TEXT, {}, [{ forwardPath: 'bob@example.org' }]);
  await queue.put(TEXT, { envelope: { ...ENVELOPE, reversePath: '' } }, [{ forwardPath: 'mary@example.com' }]);
  await queue.recipients((rows) => rows.filter(({ state }) => state === 'delivered').length === 2);
  expect(smarthost.received.map(({ mail }) => mail)).toEqual([expect.stringMatching(/^MAIL FROM:<mary@/)]);
  stalled.resolve(null);
});
