import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { sharedPostel } from '@postel/testkit';
import { expect, test } from 'vitest';
import { ApiClient } from './testing/api-client.ts';

const { ports } = sharedPostel();
const postel = sharedPostel();

/** Somebody with an account, signed in. */
async function signedIn(name: string) {
  const account = await postel.addAccount(name);
  return { ...account, api: await ApiClient.signedIn(ports.web, account.name, account.password) };
}

test('the description of the API has every route, and none without who may use it', async () => {
  const { status, body } = await new ApiClient(ports.web).get('/openapi.json');
  expect(status).toBe(200);
  expect(body.openapi).toBe('3.1.0');
  expect(Object.keys(body.paths)).toEqual(
    expect.arrayContaining(['/api/v1/session', '/api/v1/account', '/api/v1/admin/accounts/{name}']),
  );
});

test('hardening 47: every route of the API is closed to who is not signed in, and those of the administration to an account', async () => {
  const { body } = await new ApiClient(ports.web).get('/openapi.json');
  const mary = await signedIn('mary');
  const open: string[] = [];
  for (const [path, methods] of Object.entries<object>(body.paths)) {
    const url = path.replaceAll(/\{[^}]+\}/g, 'postel');
    for (const method of Object.keys(methods)) {
      const say = { body: method === 'get' || method === 'delete' ? undefined : {} };
      const stranger = await new ApiClient(ports.web).send(method.toUpperCase(), url, say);
      if (stranger.status !== 401) open.push(`${method} ${path} ${stranger.status}`);
      if (!path.startsWith('/api/v1/admin/')) continue;
      const account = await mary.api.send(method.toUpperCase(), url, say);
      if (account.status !== 403) open.push(`an account: ${method} ${path} ${account.status}`);
    }
  }
  expect(open.toSorted()).toEqual([
    'delete /api/v1/session 204', // signing out, of whoever is not signed in
    'get /api/v1/session 200', // null
    'get /api/v1/session/key 200',
    'post /api/v1/session 422',
    'post /api/v1/session/code 422',
    'post /api/v1/session/key 200',
    'post /api/v1/session/key/complete 422',
    'post /api/v1/session/passkey 422',
    'post /api/v1/session/passkey/options 200',
  ]);
});

test('hardening 47, 48: what is somebody else’s answers as what is nobody’s', async () => {
  const [mary, fred] = [await signedIn('mary'), await signedIn('fred')];
  const certificate = await postel.addKey(mary);
  const { fingerprint } = certificate.publicKey;
  await mary.api.post('/account/app-passwords', { name: 'phone' });
  await mary.api.post('/tokens', { name: 'script', scopes: ['account:read'] });
  const [token] = (await mary.api.get('/tokens')).body;
  const [session] = (await mary.api.get('/sessions')).body;
  const nobodys = 'A'.repeat(43);
  const none = '00000000-0000-4000-8000-000000000000';
  const asks: readonly (readonly [string, string, string, object?])[] = [
    ['DELETE', `/account/devices/${fingerprint}`, `/account/devices/${nobodys}`],
    ['PATCH', `/account/devices/${fingerprint}`, `/account/devices/${nobodys}`, { name: 'mine' }],
    ['DELETE', `/tokens/${token.id}`, `/tokens/${none}`],
    ['DELETE', `/sessions/${session.id}`, `/sessions/${none}`],
    ['DELETE', '/account/app-passwords/phone', '/account/app-passwords/none'],
  ];
  for (const [method, theirs, absent, body] of asks) {
    const [a, b] = [
      await fred.api.send(method, `/api/v1${theirs}`, { body }),
      await fred.api.send(method, `/api/v1${absent}`, { body }),
    ];
    expect([theirs, a.status]).toEqual([theirs, 404]);
    expect(a.body.detail.replace('phone', 'none')).toBe(b.body.detail);
  }
  expect((await mary.api.get('/account/devices')).body).toHaveLength(1);
  expect((await mary.api.get('/account/app-passwords')).body).toHaveLength(1);
  expect((await mary.api.get('/tokens')).body).toHaveLength(1);
});

test('a device that is refused is not there', async () => {
  const [mary, fred] = [await signedIn('mary'), await signedIn('fred')];
  const { privateKey: _, ...made } = generateKeyPairSync('ed25519', {
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  for (const loginAddress of [fred.address, 'nobody@localhost', 'no address']) {
    const device = { name: 'phone', key: made.publicKey, loginAddress };
    const { status } = await mary.api.post('/account/devices', device);
    expect([loginAddress, status >= 400 && status < 500]).toEqual([loginAddress, true]);
    expect((await mary.api.get('/account/devices')).body).toEqual([]);
  }
  const good = { name: 'phone', key: made.publicKey, loginAddress: mary.address };
  expect((await mary.api.post('/account/devices', good)).body).toMatchObject({ loginAddress: mary.address });
});

test('hardening 49: of an account that is removed nothing is left for the next one of its name', async () => {
  const mary = await signedIn('mary');
  await mary.api.post('/tokens', { name: 'script', scopes: ['account:read'] });
  await postel.useDirectory(async (directory) => {
    await directory.removeAccount(mary.name);
    await directory.addAccount(mary);
  });
  expect((await mary.api.get('/account')).status).toBe(401);
  const next = await ApiClient.signedIn(ports.web, mary.name, mary.password);
  expect((await next.get('/tokens')).body).toEqual([]);
  expect(
    (await next.get('/account/logins')).body.filter(({ service }: { service: string }) => service !== 'web'),
  ).toEqual([]);
});

test('what another site makes a browser send is not carried out (CSRF)', async () => {
  const mary = await signedIn('mary');
  const make = (headers: Readonly<Record<string, string>>, body: unknown = { name: 'evil' }) =>
    mary.api.send('POST', '/api/v1/account/app-passwords', { body, headers });
  const own = `http://localhost:${ports.web}`;
  expect((await make({ origin: 'https://evil.example' })).body.kind).toBe('other-origin');
  expect((await make({ origin: 'null' })).body.kind).toBe('other-origin');
  expect((await make({ origin: `http://localhost:${ports.web + 1}` })).body.kind).toBe('other-origin');
  expect((await make({ origin: own, 'sec-fetch-site': 'cross-site' })).body.kind).toBe('other-origin');
  expect((await make({ origin: own, 'sec-fetch-site': 'same-site' })).body.kind).toBe('other-origin');
  expect((await make({ origin: own, 'content-type': 'text/plain' })).status).toBe(415);
  expect((await make({ origin: own, 'content-type': 'application/x-www-form-urlencoded' }, 'name=evil')).status).toBe(
    415,
  );
  expect((await mary.api.get('/account/app-passwords')).body).toEqual([]);
  expect((await make({ origin: own, 'sec-fetch-site': 'same-origin' })).status).toBe(201);

  const nothing = new ApiClient(ports.web);
  const signIn = { as: 'account', login: mary.name, password: mary.password };
  const foreign = await nothing.send('POST', '/api/v1/session', {
    body: signIn,
    headers: { origin: 'https://evil.example' },
  });
  expect(foreign.body.kind).toBe('other-origin');
});

test('bodies that are too large, no JSON, or not as they should be', async () => {
  const mary = await signedIn('mary');
  const post = (body: string) => mary.api.send('POST', '/api/v1/account/app-passwords', { body });
  expect((await post(JSON.stringify({ name: 'x'.repeat(70_000) }))).status).toBe(413);
  expect((await post('{"name":')).status).toBe(422);
  expect((await post('{}')).body).toMatchObject({ status: 422, kind: 'invalid', detail: '“name” is missing.' });
  expect((await post('{"name":7}')).body).toMatchObject({ kind: 'invalid', detail: '“name” must be string.' });
  expect((await post('{"name":"x","isShared":true}')).body).toMatchObject({ status: 422, kind: 'invalid' });
  expect((await post('{"name":"x\\u0000"}')).body).toMatchObject({ status: 422, kind: 'invalid-name' });
  expect((await post('{"__proto__":{"name":"x"}}')).status).toBe(422);
  expect((await mary.api.get('/account/app-passwords')).body).toEqual([]);
  expect((await mary.api.post('/account/devices', { name: 'x', key: 'no key' })).body.detail).toContain(
    'No key was read',
  );
  expect((await mary.api.get(`/account/${'x'.repeat(5_000)}`)).status).toBe(404);
});

test('numbers and moments that there are not are the client’s mistake', async () => {
  const [mary, admin] = [await signedIn('mary'), await ApiClient.admin(ports.web)];
  const restore = (since: string) => mary.api.post('/account/removed/restore', { mailbox: null, since });
  expect((await restore('2026-12-31T23:59:60Z')).status).toBe(422);
  expect((await restore('2026-12-31T23:59:59Z')).body).toEqual({ messages: 0 });
  for (const id of [0, -1, 1.5, 1e20, 2 ** 53]) {
    expect((await admin.post('/admin/queue/change', { change: 'hold', ids: [id] })).status).toBe(422);
  }
});

test('concurrent edits: the second hears of the conflict, and nothing of the first is lost', async () => {
  const account = await postel.addAccount('mary');
  const [one, two] = [await ApiClient.admin(ports.web), await ApiClient.admin(ports.web)];
  const path = `/admin/accounts/${account.name}`;
  const seen = String((await one.get(path)).headers['etag']);
  expect(String((await two.get(path)).headers['etag'])).toBe(seen);

  const without = await one.patch(path, { messages: 5 });
  expect(without.body).toMatchObject({ status: 428 });
  const both = await Promise.all([
    one.patch(path, { messages: 10 }, { 'if-match': seen }),
    two.patch(path, { messages: 20 }, { 'if-match': seen }),
  ]);
  const [done, refused] = both.toSorted((a, b) => a.status - b.status);
  expect([done?.status, refused?.status]).toEqual([200, 412]);
  expect(refused?.body.detail).toBe('Somebody changed this meanwhile. Look at it again, and then change it.');
  const now = await two.get(path);
  expect(now.body.messages).toEqual(done?.body.messages);
  expect(String(now.headers['etag'])).toBe(String(done?.headers['etag']));
  expect((await two.patch(path, { mailboxes: 7 }, { 'if-match': String(now.headers['etag']) })).body).toMatchObject({
    messages: done?.body.messages,
    mailboxes: { limit: 7, isOwn: true },
  });
});

test('a token does what its scopes say, no more than its owner, and nothing once it is removed', async () => {
  const mary = await signedIn('mary');
  expect((await mary.api.post('/tokens', { name: 'x', scopes: ['admin:read'] })).status).toBe(403);
  const reading = new ApiClient(ports.web);
  reading.token = (await mary.api.post('/tokens', { name: 'reads', scopes: ['account:read'] })).body.token;
  expect(reading.token).toMatch(/^postel_[\w-]{43}$/);
  expect((await reading.get('/account')).body).toMatchObject({ name: mary.name });
  expect((await reading.delete('/account/app-passwords/x')).body.detail).toContain('account:write');
  expect((await reading.post('/tokens', { name: 'more', scopes: ['account:write'] })).status).toBe(403);
  expect((await reading.post('/account/app-passwords', { name: 'phone' })).status).toBe(403);
  expect((await reading.get('/admin/accounts')).status).toBe(403);
  const [listed] = (await mary.api.get('/tokens')).body;
  expect(listed).toMatchObject({ name: 'reads', lastUsedFrom: '127.0.0.1' });
  await mary.api.delete(`/tokens/${listed.id}`);
  expect((await reading.get('/account')).status).toBe(401);

  const admin = await ApiClient.admin(ports.web);
  const watching = new ApiClient(ports.web);
  watching.token = (await admin.post('/tokens', { name: `watch ${mary.name}`, scopes: ['admin:read'] })).body.token;
  expect((await watching.get('/admin/overview')).status).toBe(200);
  expect((await watching.post('/admin/domains', { name: 'x.example' })).status).toBe(403);
  const made = (await admin.get('/tokens')).body.find(({ name }: { name: string }) => name === `watch ${mary.name}`);
  expect((await admin.delete(`/tokens/${made.id}`)).status).toBe(204);
});

test('the domain of a first account has keys that will sign its mail', async () => {
  const admin = await ApiClient.admin(ports.web);
  const domain = `${randomUUID()}.example`;
  const { status } = await admin.post('/admin/accounts', { name: domain, address: `mary@${domain}` });
  expect(status).toBe(201);
  const { records } = (await admin.get(`/admin/domains/${domain}/records`)).body;
  const names = records.map(({ name }: { name: string }) => name);
  expect(names.filter((name: string) => name.endsWith(`._domainkey.${domain}`))).toHaveLength(2);
});

test('hardening 26: a session is over when its account is disabled, its role when that is taken', async () => {
  const mary = await signedIn('mary');
  await postel.useDirectory((directory) => directory.setRole(mary.name, 'owner'));
  expect((await mary.api.get('/admin/domains')).status).toBe(200);
  const own = await mary.api.send('DELETE', `/api/v1/admin/accounts/${mary.name}`);
  expect(own.body.kind).toBe('own-account');
  await postel.useDirectory((directory) => directory.setRole(mary.name, 'account'));
  expect((await mary.api.get('/admin/domains')).status).toBe(403);
  await postel.useDirectory((directory) => directory.setDisabled(mary.name, true));
  expect((await mary.api.get('/account')).status).toBe(401);
});

test('the cookie is for this host and no script; the answers say what browsers shall not do', async () => {
  const mary = await postel.addAccount('mary');
  const client = new ApiClient(ports.web);
  const { headers } = await client.signIn({ as: 'account', login: mary.address, password: mary.password });
  expect(String(headers['set-cookie'])).toMatch(/^postel=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
  expect(headers).toMatchObject({
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'content-security-policy': expect.stringContaining("default-src 'none'; script-src 'self'; style-src 'self'"),
  });
  const page = await client.send('GET', '/');
  expect(page.headers['content-security-policy']).not.toContain('unsafe');
  for (const path of ['/assets/../package.json', '/assets/..%2f..%2fpackage.json', '/assets/', '//etc/passwd']) {
    expect([path, (await client.send('GET', path)).status]).toEqual([path, 404]);
  }
});

test('hardening 25, 14: names of any kind, and a password of any length, are wrong and nothing else', async () => {
  const client = new ApiClient(ports.web);
  for (const login of ['', '\u0000', 'mary\r\nX: y', '%', '*', "' or 1=1 --", '\u2028', 'x'.repeat(400)]) {
    const { status } = await client.post('/session', { as: 'account', login, password: 'x' });
    expect([login, status]).toEqual([login, 403]);
  }
  expect((await client.post('/session', { as: 'account', login: 'postel', password: 'x'.repeat(1_001) })).status).toBe(
    422,
  );
});
