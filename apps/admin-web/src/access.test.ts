import { randomUUID } from 'node:crypto';
import type { TokenScope } from '@postel/directory';
import { sharedPostel } from '@postel/testkit';
import { expect, test } from 'vitest';
import { ApiClient } from './testing/api-client.ts';

const postel = sharedPostel();
const { ports } = postel;

/** What nobody has to prove anything for. */
const PUBLIC = [
  'delete /session',
  'get /session',
  'get /session/key',
  'post /session/key',
  'post /session/key/complete',
  'post /session',
  'post /session/code',
  'post /session/passkey',
  'post /session/passkey/options',
];
/** What decides about getting in: closed to every token. */
const SIGN_IN = [
  'delete /passkeys/{id}',
  'delete /sessions/{id}',
  'delete /tokens/{id}',
  'get /passkeys',
  'get /second-factor',
  'get /sessions',
  'get /tokens',
  'patch /account/webhooks/{id}',
  'post /account/app-passwords',
  'post /account/devices',
  'post /account/password',
  'post /account/webhooks',
  'post /passkeys',
  'post /second-factor/confirm',
  'post /session/proof',
  'post /session/proof/passkey',
  'post /second-factor/remove',
  'post /tokens',
];

let place = 0;
/** An address for each client: all routes by all of them are more requests than the server takes from one. */
let clients = 0;
const newClient = () => new ApiClient(ports.web, `127.47.0.${++clients}`);

type Refusal = 'let in' | 'not-signed-in' | 'not-allowed';

/** Names that nobody has, and bodies that are none: what is let in changes nothing. */
async function refusals({ cookie, token }: ApiClient): Promise<ReadonlyMap<string, Refusal>> {
  // From a place of its own: from one there may be only so many requests in a while.
  const client = new ApiClient(ports.web, `127.0.47.${++place}`);
  client.cookie = cookie;
  client.token = token;
  const { body } = await new ApiClient(ports.web, `127.0.47.${place}`).get('/openapi.json');
  const results = new Map<string, Refusal>();
  for (const [path, methods] of Object.entries<object>(body.paths)) {
    const url = path.replaceAll(/\{[^}]+\}/g, 'nobody-has-this');
    for (const method of Object.keys(methods)) {
      const route = `${method} ${path.slice('/api/v1'.length)}`;
      if (PUBLIC.includes(route) || CHANGING_WITHOUT_BODY.includes(route)) continue;
      const isAsking = method === 'get' || method === 'delete';
      const { status, body: said } = await client.send(method.toUpperCase(), url, { body: isAsking ? undefined : [] });
      const isRefused = status === 401 || (status === 403 && said.kind === 'not-allowed');
      results.set(route, isRefused ? said.kind : 'let in');
    }
  }
  return results;
}

/** These take no body that could be wrong; for whom they are is told by the routes beside them. */
const CHANGING_WITHOUT_BODY = [
  'post /second-factor/begin',
  'post /passkeys/options',
  'post /session/proof/passkey/options',
];

/** What whoever administers domains may ask, each for what is theirs. */
const DOMAINS = [
  'get /admin/accounts',
  'post /admin/accounts',
  'get /admin/accounts/{name}',
  'patch /admin/accounts/{name}',
  'delete /admin/accounts/{name}',
  'post /admin/accounts/{name}/password',
  'post /admin/accounts/{name}/second-factor/remove',
  'get /admin/accounts/{name}/devices',
  'delete /admin/accounts/{name}/devices/{fingerprint}',
  'get /admin/accounts/{name}/app-passwords',
  'delete /admin/accounts/{name}/app-passwords/{title}',
  'get /admin/accounts/{name}/logins',
  'get /admin/accounts/{name}/use',
  'get /admin/domains',
  'get /admin/domains/{name}',
  'patch /admin/domains/{name}',
  'get /admin/domains/{name}/records',
  'get /admin/domains/{name}/records/check',
  'get /admin/domains/{name}/dkim',
  'post /admin/domains/{name}/dkim',
  'post /admin/domains/{name}/dkim/rotate',
  'delete /admin/domains/{name}/dkim/{selector}',
  'get /admin/accounts/{name}/shares',
  'get /admin/addresses',
  'post /admin/addresses',
  'get /admin/addresses/{address}',
  'patch /admin/addresses/{address}',
  'delete /admin/addresses/{address}',
  'get /admin/aliases',
  'post /admin/aliases',
  'get /admin/aliases/{address}',
  'patch /admin/aliases/{address}',
  'delete /admin/aliases/{address}',
];

const isAdmin = (route: string) => route.includes(' /admin/');
const isReading = (route: string) => route.startsWith('get ');

/** Which routes are let in that should not be, and the other way round. */
async function unexpected(client: ApiClient, expected: (route: string) => Refusal): Promise<readonly string[]> {
  const found = await refusals(client);
  expect(found.size).toBeGreaterThan(50);
  return [...found].flatMap(([route, refusal]) =>
    refusal === expected(route) ? [] : [`${route}: ${refusal}, not ${expected(route)}`],
  );
}

async function account(name: string, role: 'account' | 'owner' = 'account') {
  const made = await postel.addAccount(name);
  await postel.useDirectory((directory) => directory.setRole(made.name, role));
  return { ...made, api: await ApiClient.signedIn(ports.web, made.name, made.password, `127.47.0.${++clients}`) };
}

async function withScopes(scopes: readonly TokenScope[]): Promise<ApiClient> {
  const owner = await account('owner', 'owner');
  const client = newClient();
  client.token = (await owner.api.post('/tokens', { name: 'script', scopes })).body.token;
  return client;
}

test('hardening 47: every route without a session, and with a token that is none', async () => {
  const all = () => 'not-signed-in' as const;
  expect(await unexpected(newClient(), all)).toEqual([]);
  const wrong = newClient();
  wrong.token = `postel_${'A'.repeat(43)}`;
  expect(await unexpected(wrong, all)).toEqual([]);
});

/** An account that administers a domain of its own. */
async function domainAdmin() {
  const domain = `${randomUUID()}.example`;
  const dora = await postel.addAccount('dora');
  await postel.useDirectory(async (directory) => {
    await directory.addDomain(domain);
    await directory.setRole(dora.name, 'domain-admin', [domain]);
  });
  return { ...dora, domain, api: await ApiClient.signedIn(ports.web, dora.name, dora.password) };
}

test('hardening 47: every route with an administrator of domains, and with tokens of one', async () => {
  const dora = await domainAdmin();
  const may = (route: string) => !isAdmin(route) || DOMAINS.includes(route);
  expect(await unexpected(dora.api, (route) => (may(route) ? 'let in' : 'not-allowed'))).toEqual([]);
  const token = new ApiClient(ports.web);
  const scopes = ['account:read', 'admin:write'];
  token.token = (await dora.api.post('/tokens', { name: 'script', scopes })).body.token;
  const mayToken = (route: string) => !SIGN_IN.includes(route) && may(route) && (isAdmin(route) || isReading(route));
  expect(await unexpected(token, (route) => (mayToken(route) ? 'let in' : 'not-allowed'))).toEqual([]);
  await postel.useDirectory((directory) => directory.setRole(dora.name, 'account'));
  expect((await token.get('/admin/accounts')).status).toBe(403);
  expect((await dora.api.get('/admin/domains')).status).toBe(403);
});

test('hardening 47: every route with an account, and with an owner’s', async () => {
  const mary = await account('mary');
  expect(await unexpected(mary.api, (route) => (isAdmin(route) ? 'not-allowed' : 'let in'))).toEqual([]);
  const olga = await account('olga', 'owner');
  expect(await unexpected(olga.api, () => 'let in')).toEqual([]);
});

test.for<readonly TokenScope[]>([
  ['account:read'],
  ['account:write'],
  ['admin:read'],
  ['admin:write'],
  ['account:read', 'admin:read'],
])('hardening 47: every route with a token of an owner, of the scopes %s', async (scopes) => {
  const may = (route: string) => {
    if (SIGN_IN.includes(route)) return false;
    const area = isAdmin(route) ? 'admin' : 'account';
    return scopes.includes(`${area}:write`) || (isReading(route) && scopes.includes(`${area}:read`));
  };
  expect(await unexpected(await withScopes(scopes), (route) => (may(route) ? 'let in' : 'not-allowed'))).toEqual([]);
});

test('a token of an owner who is one no more is good for the account alone', async () => {
  const olga = await account('olga', 'owner');
  const script = newClient();
  const scopes = ['account:read', 'admin:write'];
  script.token = (await olga.api.post('/tokens', { name: 'script', scopes })).body.token;
  expect((await script.get('/admin/accounts')).status).toBe(200);
  await postel.useDirectory((directory) => directory.setRole(olga.name, 'account'));
  expect((await script.get('/admin/accounts')).status).toBe(403);
  expect((await script.get('/account')).status).toBe(200);
});
