import { readFile } from 'node:fs/promises';
import { DIRECT_SETTINGS, type RouteSettings } from '@postel/directory';
import { routeQueue } from '@postel/queue';
import { otherSecrets, type RouteSecrets, SourceAddresses, sealRouteSecrets } from '@postel/routes';
import { makeTestCertificate } from '@postel/testkit';
import { expect, test } from 'vitest';
import { RemoteServer, type Script } from './testing/remote-server.ts';
import { ENVELOPE, startQueue, type TestQueue } from './testing/start-relay.ts';

const TEXT = 'From: mary@example.com\r\nSubject: hello\r\n\r\nfirst\r\n';
const ZONE = {
  'example.org': { MX: [{ preference: 10, exchange: 'mx.example.org' }] },
  'mx.example.org': { A: ['127.0.0.1'] },
};

/** Loopback, in the clear: what a smarthost may have on this machine alone. */
function loopback(port: number, more: Partial<RouteSettings> = {}): RouteSettings {
  return { ...DIRECT_SETTINGS, hosts: [`127.0.0.1:${port}`], tls: 'none', ...more };
}

async function addRoute(queue: TestQueue, name: string, settings: RouteSettings, secrets: RouteSecrets = {}) {
  const { routes } = queue.directory;
  const sealed = await sealRouteSecrets(queue.keyFile, name, secrets, await otherSecrets(queue.directory, {}));
  await routes.add(name, settings, sealed);
}

/** A server that lets somebody in by PLAIN, and says so. */
function withLogin(user: string, password: string): Script {
  const expected = Buffer.from(`\0${user}\0${password}`).toString('base64');
  return (line) => {
    if (!line.startsWith('AUTH ')) return null;
    return line === `AUTH PLAIN ${expected}` ? '235 2.7.0 Welcome' : '535 5.7.8 Wrong password';
  };
}

test('mail for many domains goes to a smarthost in one transaction, whoever their servers are', async () => {
  await using smarthost = await RemoteServer.start();
  await using queue = await startQueue();
  await addRoute(queue, 'provider', loopback(smarthost.port));
  await queue.directory.routes.setDefault('provider');
  await queue.put(TEXT, {}, [{ forwardPath: 'bob@example.org' }, { forwardPath: 'ann@nowhere.example' }]);
  // Nothing of it is in the DNS, and the port of other servers is nobody's.
  await using _ = await queue.startRelay({ zone: {}, port: 1 });
  const [received] = await smarthost.messages(1);
  expect(received?.rcpts).toEqual(['RCPT TO:<bob@example.org>', 'RCPT TO:<ann@nowhere.example>']);
  const rows = await queue.settled();
  expect(rows.map(({ state, mta }) => [state, mta])).toEqual([
    ['delivered', '127.0.0.1'],
    ['delivered', '127.0.0.1'],
  ]);
  const events = await queue.sql`select route from queue_events`;
  expect(events.map(({ route }) => route)).toEqual(['provider', 'provider']);
});

test('a rule chooses by sender, by recipient or by account, the first that matches', async () => {
  await using provider = await RemoteServer.start();
  await using other = await RemoteServer.start();
  await using queue = await startQueue();
  const { routes } = queue.directory;
  await addRoute(queue, 'provider', loopback(provider.port));
  await addRoute(queue, 'other', loopback(other.port));
  await routes.addRule({ sender: null, recipient: '*.example.net', account: null, route: 'other' }, null);
  await routes.addRule({ sender: 'Mary@Example.com', recipient: null, account: null, route: 'provider' }, null);
  await queue.put(TEXT, {}, [{ forwardPath: 'bob@below.example.net' }, { forwardPath: 'bob@example.net' }]);
  await using _ = await queue.startRelay({ port: 1 });
  const [byOther] = await other.messages(1);
  const [byProvider] = await provider.messages(1);
  expect(byOther?.rcpts).toEqual(['RCPT TO:<bob@below.example.net>']);
  expect(byProvider?.rcpts).toEqual(['RCPT TO:<bob@example.net>']);
});

test('what waits goes by the rules as they are when it is tried again, and by the route that it is told', async () => {
  await using provider = await RemoteServer.start();
  await using queue = await startQueue();
  await addRoute(queue, 'provider', loopback(provider.port));
  await queue.put(TEXT, {}, [{ forwardPath: 'bob@example.org' }, { forwardPath: 'ann@example.net' }]);
  await using _ = await queue.startRelay({ zone: { 'example.org': 'temporary', 'example.net': 'temporary' }, port: 1 });
  const tried = await queue.settled();
  expect(tried.map(({ status }) => status)).toEqual(['4.4.3', '4.4.3']);

  await queue.directory.routes.addRule(
    { sender: null, recipient: 'example.org', account: null, route: 'provider' },
    null,
  );
  await queue.sql`update queue_recipients set next_attempt_at = now() where domain = 'example.org'`;
  await queue.sql`select pg_notify('postel_queue', '')`;
  expect((await provider.messages(1))[0]?.rcpts).toEqual(['RCPT TO:<bob@example.org>']);
  const ids = await queue.sql<
    { id: number }[]
  >`select recipient_id as id from queue_recipients where domain = 'example.net'`;
  expect(
    await routeQueue(
      queue.sql,
      ids.map(({ id }) => id),
      'provider',
    ),
  ).toHaveLength(1);
  expect((await provider.messages(2))[1]?.rcpts).toEqual(['RCPT TO:<ann@example.net>']);
});

test('a login that is refused defers mail, tells the operator, and shows no secret anywhere', async () => {
  await using smarthost = await RemoteServer.start(withLogin('postel', 'the right one'), ['AUTH PLAIN', 'PIPELINING']);
  await using queue = await startQueue();
  const logFile = `${queue.directoryPath}/relay.log`;
  const canary = 'canary-of-a-password';
  await addRoute(queue, 'provider', loopback(smarthost.port, { user: 'postel' }), { password: canary });
  await queue.directory.routes.setDefault('provider');
  await queue.put(TEXT, {}, [{ forwardPath: 'bob@example.org' }]);
  await using relay = await queue.startRelay({ port: 1, logFile });
  const [row] = await queue.settled();
  expect(row).toMatchObject({ state: 'waiting', status: '4.7.8' });
  expect(row?.reply).toContain(
    'By the route provider: The server refuses the login by PLAIN: 535 5.7.8 Wrong password',
  );

  const { routes } = queue.directory;
  const sealed = await sealRouteSecrets(
    queue.keyFile,
    'provider',
    { password: 'the right one' },
    await otherSecrets(queue.directory, {}),
  );
  await routes.change('provider', {}, sealed);
  await queue.sql`update queue_recipients set next_attempt_at = now()`;
  await queue.sql`select pg_notify('postel_queue', '')`;
  await smarthost.messages(1);
  await relay[Symbol.asyncDispose]();
  const log = await readFile(logFile, 'utf8');
  expect(log).toContain('a route does not work: mail that is to go by it waits');
  expect(log).toContain('the route works again');
  const [stored] = await queue.sql<{ text: string }[]>`
    select (select json_agg(r)::text from routes as r) || (select json_agg(d)::text from directory_changes as d) as text`;
  for (const secret of [canary, 'the right one']) {
    const hidden = [secret, Buffer.from(secret).toString('base64'), Buffer.from(secret).toString('hex')];
    for (const form of hidden) expect(`${log}${stored?.text}`).not.toContain(form);
  }
});

test('a host without the key says so, and how to bring it', async () => {
  await using smarthost = await RemoteServer.start();
  await using queue = await startQueue();
  await addRoute(queue, 'provider', loopback(smarthost.port, { user: 'postel' }), { password: 'secret' });
  await queue.directory.routes.setDefault('provider');
  await queue.put(TEXT, {}, [{ forwardPath: 'bob@example.org' }]);
  await using _ = await queue.startRelay({ port: 1, keyFile: `${queue.directoryPath}/another-host/secrets.key` });
  const [row] = await queue.settled();
  expect(row).toMatchObject({ state: 'waiting', status: '4.3.5' });
  expect(row?.reply).toContain('another-host/secrets.key, is not there. Copy the file of that name');
  expect(smarthost.connections).toBe(0);
});

test.each([
  ['whose certificate is of a name that was not meant', { tlsNames: ['smtp.example.net'] }, /for another name/],
  ['whose key is another', { pinnedKeys: [`sha256:${'A'.repeat(43)}`] }, /its key is another/],
])('a smarthost %s gets nothing', async (_what, more, reply) => {
  const authority = await makeTestCertificate({ commonName: 'authority', isAuthority: true });
  const { key, cert } = await makeTestCertificate({ names: ['smtp.example.org'], issuer: authority });
  await using smarthost = await RemoteServer.start(
    async (line, session) => {
      if (line !== 'STARTTLS') return null;
      session.send('220 2.0.0 Ready');
      await session.startTls();
      return '';
    },
    ['STARTTLS'],
    { tls: { key, cert } },
  );
  await using queue = await startQueue();
  const trust = 'tlsNames' in more ? { authorities: authority.cert } : {};
  await addRoute(queue, 'provider', loopback(smarthost.port, { tls: 'starttls', ...trust, ...more }));
  await queue.directory.routes.setDefault('provider');
  await queue.put(TEXT, {}, [{ forwardPath: 'bob@example.org' }]);
  await using _ = await queue.startRelay({ port: 1 });
  const [row] = await queue.settled();
  expect(row).toMatchObject({ state: 'waiting', status: '4.7.5' });
  expect(row?.reply).toMatch(reply);
  expect(smarthost.heard.some((line) => line.startsWith('MAIL'))).toBe(false);
});

test('a connection comes from the address of its route, under the name that this has', async () => {
  const from: (string | undefined)[] = [];
  await using smarthost = await RemoteServer.start((line, session) => {
    if (line === 'connect') from.push(session.socket.remoteAddress);
    return null;
  });
  await using queue = await startQueue();
  const sources = { '127.0.0.2': 'out2.example.com', '192.0.2.77': 'elsewhere.example.com' };
  await addRoute(queue, 'provider', loopback(smarthost.port, { sources }));
  await addRoute(queue, 'elsewhere', loopback(smarthost.port, { sources: { '192.0.2.77': null } }));
  const { routes } = queue.directory;
  await routes.setDefault('provider');
  await routes.addRule({ sender: null, recipient: 'example.net', account: null, route: 'elsewhere' }, null);
  await queue.put(TEXT, {}, [{ forwardPath: 'bob@example.org' }, { forwardPath: 'bob@example.net' }]);
  await using _ = await queue.startRelay({ port: 1 });
  await smarthost.messages(1);
  expect(from).toEqual(['127.0.0.2']);
  expect(smarthost.heard[0]).toBe('EHLO out2.example.com');
  const rows = await queue.settled();
  expect(rows[1]).toMatchObject({ state: 'waiting', status: '4.3.5' });
  expect(rows[1]?.reply).toContain('(192.0.2.77) is on this machine');
});

test('a connection by IPv6 comes from an address of IPv6, under the name that this has', async ({ skip }) => {
  const hasIPv6 = await new SourceAddresses('mail.example.com').isOurs('::1');
  if (!hasIPv6) skip('SKIP: there is no IPv6 here');
  const from: (string | undefined)[] = [];
  const noteOrigin: Script = (line, session) => {
    if (line === 'connect') from.push(session.socket.remoteAddress);
    return null;
  };
  await using smarthost = await RemoteServer.start(noteOrigin, [], { address: '::1' });
  await using queue = await startQueue();
  const sources = { '127.0.0.2': 'out4.example.com', '::1': 'out6.example.com' };
  await addRoute(queue, 'provider', loopback(smarthost.port, { hosts: [`[::1]:${smarthost.port}`], sources }));
  await queue.directory.routes.setDefault('provider');
  await queue.put(TEXT, {}, [{ forwardPath: 'bob@example.org' }]);
  await using _ = await queue.startRelay({ port: 1 });
  await smarthost.messages(1);
  expect(from).toEqual(['::1']);
  expect(smarthost.heard[0]).toBe('EHLO out6.example.com');
});

test('who submitted a message is told to those who are trusted, and to nobody else', async () => {
  await using trusted = await RemoteServer.start(() => null, ['AUTH PLAIN']);
  await using other = await RemoteServer.start(() => null, ['AUTH PLAIN']);
  await using queue = await startQueue();
  const { routes } = queue.directory;
  await addRoute(queue, 'trusted', loopback(trusted.port, { isTrusted: true }));
  await addRoute(queue, 'other', loopback(other.port));
  await routes.setDefault('trusted');
  await routes.addRule({ sender: null, recipient: 'example.net', account: null, route: 'other' }, null);
  await queue.put(TEXT, { envelope: { ...ENVELOPE, submitter: 'mary+x=1@example.com' } }, [
    { forwardPath: 'bob@example.org' },
    { forwardPath: 'bob@example.net' },
  ]);
  await using _ = await queue.startRelay({ port: 1 });
  expect((await trusted.messages(1))[0]?.mail).toBe('MAIL FROM:<mary@example.com> AUTH=mary+2Bx+3D1@example.com');
  expect((await other.messages(1))[0]?.mail).toBe('MAIL FROM:<mary@example.com>');
  await queue.put(TEXT, {}, [{ forwardPath: 'bob@example.org' }]);
  expect((await trusted.messages(2))[1]?.mail).toBe('MAIL FROM:<mary@example.com> AUTH=<>');
});

test('where one host of a route does not answer, the next one takes the mail', async () => {
  await using smarthost = await RemoteServer.start();
  await using queue = await startQueue();
  await addRoute(
    queue,
    'provider',
    loopback(smarthost.port, { hosts: ['127.0.0.1:1', `127.0.0.1:${smarthost.port}`] }),
  );
  await queue.directory.routes.setDefault('provider');
  await queue.put(TEXT, {}, [{ forwardPath: 'bob@example.org' }]);
  await using _ = await queue.startRelay({ port: 1 });
  await smarthost.messages(1);
  expect((await queue.settled())[0]).toMatchObject({ state: 'delivered' });
});

test('mail that is told to go by a route that went waits, and says why', async () => {
  await using queue = await startQueue();
  await queue.put(TEXT, {}, [{ forwardPath: 'bob@example.org' }]);
  await queue.sql`update queue_recipients set pinned_route = 'gone'`;
  await using _ = await queue.startRelay({ zone: ZONE, port: 1 });
  const [row] = await queue.settled();
  expect(row).toMatchObject({
    state: 'waiting',
    status: '4.3.5',
    reply: 'There is no route gone any more, by which it is to go',
  });
});
