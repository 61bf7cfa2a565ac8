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
  'post /account/app-passwords',
  'post /account/devices',
  'post /account/password',
  'post /passkeys',
  'post /second-factor/confirm',
  'post /second-factor/remove',
  'post /tokens',
];

type Refusal = 'let in' | 'not-signed-in' | 'not-allowed';

/** Names that nobody has, and bodies that are none: what is let in changes nothing. */
async function refusals(client: ApiClient): Promise<ReadonlyMap<string, Refusal>> {
  const { body } = await new ApiClient(ports.web).get('/openapi.json');
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
const CHANGING_WITHOUT_BODY = ['post /second-factor/begin', 'post /passkeys/options'];

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
  return { ...made, api: await ApiClient.signedIn(ports.web, made.name, made.password) };
}

async function withScopes(scopes: readonly TokenScope[]): Promise<ApiClient> {
  const owner = await account('owner', 'owner');
  const client = new ApiClient(ports.web);
  client.token = (await owner.api.post('/tokens', { name: 'script', scopes })).body.token;
  return client;
}

test('hardening 47: every route without a session, and with a token that is none', async () => {
  const all = () => 'not-signed-in' as const;
  expect(await unexpected(new ApiClient(ports.web), all)).toEqual([]);
  const wrong = new ApiClient(ports.web);
  wrong.token = `postel_${'A'.repeat(43)}`;
  expect(await unexpected(wrong, all)).toEqual([]);
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
  const script = new ApiClient(ports.web);
  const scopes = ['account:read', 'admin:write'];
  script.token = (await olga.api.post('/tokens', { name: 'script', scopes })).body.token;
  expect((await script.get('/admin/accounts')).status).toBe(200);
  await postel.useDirectory((directory) => directory.setRole(olga.name, 'account'));
  expect((await script.get('/admin/accounts')).status).toBe(403);
  expect((await script.get('/account')).status).toBe(200);
});
