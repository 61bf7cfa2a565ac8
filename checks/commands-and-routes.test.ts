import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Where the API does what a command does; or why it does not. `docs/web.md` says it in words. */
const ANSWERED: Readonly<Record<string, string | { readonly why: string }>> = {
  'config example': { why: 'a template of a file on a host' },
  'config check': { why: 'a file on a host' },
  'config status': 'get /api/v1/admin/overview',
  'config stop': { why: 'the web would end itself, and could not be begun again from it' },
  'config loglevels': { why: 'a file on a host' },
  'config setadminpassword': 'post /api/v1/admin/admin-password',
  'config clientconfig': 'get /api/v1/account/setup',
  'config account add': 'post /api/v1/admin/accounts',
  'config account list': 'get /api/v1/admin/accounts',
  'config account rm': 'delete /api/v1/admin/accounts/:name',
  'config account setpassword': 'post /api/v1/admin/accounts/:name/password',
  'config account disable': 'patch /api/v1/admin/accounts/:name',
  'config account enable': 'patch /api/v1/admin/accounts/:name',
  'config account apppassword add': 'post /api/v1/account/app-passwords',
  'config account apppassword list': 'get /api/v1/admin/accounts/:name/app-passwords',
  'config account apppassword rm': 'delete /api/v1/admin/accounts/:name/app-passwords/:title',
  'config account logins': 'get /api/v1/admin/accounts/:name/logins',
  'config account quota': 'patch /api/v1/admin/accounts/:name',
  'config account limits': 'patch /api/v1/admin/accounts/:name',
  'config account sent': 'patch /api/v1/admin/accounts/:name',
  'config account retention': 'patch /api/v1/admin/accounts/:name',
  'config account role': 'patch /api/v1/admin/accounts/:name',
  'config domain add': 'post /api/v1/admin/domains',
  'config domain list': 'get /api/v1/admin/domains',
  'config domain update': 'patch /api/v1/admin/domains/:name',
  'config domain disable': 'patch /api/v1/admin/domains/:name',
  'config domain enable': 'patch /api/v1/admin/domains/:name',
  'config domain rm': 'delete /api/v1/admin/domains/:name',
  'config dnsrecords': 'get /api/v1/admin/domains/:name/records',
  'config dnscheck': 'get /api/v1/admin/domains/:name/records/check',
  'config dkim list': 'get /api/v1/admin/domains/:name/dkim',
  'config dkim add': 'post /api/v1/admin/domains/:name/dkim',
  'config dkim rotate': 'post /api/v1/admin/domains/:name/dkim/rotate',
  'config dkim rm': 'delete /api/v1/admin/domains/:name/dkim/:selector',
  'config address add': 'post /api/v1/admin/addresses',
  'config address list': 'get /api/v1/admin/addresses',
  'config address account': 'patch /api/v1/admin/addresses/:address',
  'config address rm': 'delete /api/v1/admin/addresses/:address',
  'config alias add': 'post /api/v1/admin/aliases',
  'config alias list': 'get /api/v1/admin/aliases',
  'config alias print': 'get /api/v1/admin/aliases/:address',
  'config alias update': 'patch /api/v1/admin/aliases/:address',
  'config alias addaddr': 'patch /api/v1/admin/aliases/:address',
  'config alias rmaddr': 'patch /api/v1/admin/aliases/:address',
  'config alias rm': 'delete /api/v1/admin/aliases/:address',
  'config quota': 'patch /api/v1/admin/settings',
  'config limits': 'patch /api/v1/admin/settings',
  'config mailbox share': 'post /api/v1/admin/accounts/:name/shares',
  'config tlspubkey list': 'get /api/v1/admin/accounts/:name/devices',
  'config tlspubkey get': 'get /api/v1/admin/accounts/:name/devices',
  'config tlspubkey add': 'post /api/v1/account/devices',
  'config tlspubkey rm': 'delete /api/v1/admin/accounts/:name/devices/:fingerprint',
  'config tlspubkey gen': { why: 'private keys are made where they are used: in the browser, or on a host' },
  'config login-limits list': 'get /api/v1/admin/login-limits',
  'config login-limits clear': 'post /api/v1/admin/login-limits/clear',
  'config route add': 'post /api/v1/admin/routes',
  'config route list': 'get /api/v1/admin/routes',
  'config route print': 'get /api/v1/admin/routes/:name',
  'config route update': 'patch /api/v1/admin/routes/:name',
  'config route rm': 'delete /api/v1/admin/routes/:name',
  'config route test': 'post /api/v1/admin/routes/:name/test',
  'config route default': 'put /api/v1/admin/routing/default',
  'config route rule add': 'post /api/v1/admin/routing/rules',
  'config route rule list': 'get /api/v1/admin/routing',
  'config route rule rm': 'delete /api/v1/admin/routing/rules/:position',
  'config webhook add': 'post /api/v1/admin/webhooks',
  'config webhook list': 'get /api/v1/admin/webhooks',
  'config webhook update': 'patch /api/v1/admin/webhooks/:id',
  'config webhook rm': 'delete /api/v1/admin/webhooks/:id',
  'config webhook test': { why: 'waits for what came of it; the list says what the last one failed of' },
  'config audit': 'get /api/v1/admin/changes',
  'config dump': 'get /api/v1/admin/declaration',
  'config diff': 'post /api/v1/admin/declaration/differences',
  'config apply': 'post /api/v1/admin/declaration/apply',
  'queue list': 'get /api/v1/admin/queue',
  'queue show': 'get /api/v1/admin/queue/:id',
  'queue route': 'post /api/v1/admin/queue/route',
  'queue fail': 'post /api/v1/admin/queue/fail',
  'queue hold-rule add': 'post /api/v1/admin/hold-rules',
  'queue hold-rule list': 'get /api/v1/admin/hold-rules',
  'queue hold-rule rm': 'delete /api/v1/admin/hold-rules/:kind/:value',
  'queue suppress add': 'post /api/v1/admin/suppressions',
  'queue suppress list': 'get /api/v1/admin/suppressions',
  'queue suppress rm': 'delete /api/v1/admin/suppressions/:address',
  'queue tls list': 'get /api/v1/admin/tls-hosts',
  'queue tls forget': 'delete /api/v1/admin/tls-hosts/:host',
};

const sources = (folder: string, suffix: RegExp) =>
  readdirSync(join(ROOT, folder))
    .filter((file) => suffix.test(file) && !file.includes('.test.'))
    .map((file) => readFileSync(join(ROOT, folder, file), 'utf8'));

function routes(): ReadonlySet<string> {
  const found = sources('apps/admin-web/src/routes', /\.ts$/).flatMap((text) => [
    ...text.matchAll(/api\.(get|post|put|patch|delete)\(\s*'(\/api\/v1\/[^']*)'/g),
  ]);
  return new Set(found.map(([, method, path]) => `${method} ${path}`));
}

function commands(): readonly string[] {
  return sources('apps/postel/src/commands', /\.ts$/).flatMap((text) => {
    const [, name = ''] = /defineCommand\(\{\s*name: '((?:config|queue)[^']*)'/.exec(text) ?? [];
    return name === '' ? [] : [name];
  });
}

test('what a command does to the server, the API does too; or it is said why not', () => {
  const there = commands();
  expect(there.length).toBeGreaterThan(60);
  expect(there.filter((name) => ANSWERED[name] === undefined)).toEqual([]);
  expect(Object.keys(ANSWERED).filter((name) => !there.includes(name))).toEqual([]);
});

test('every route that is named for a command is there', () => {
  const there = routes();
  expect(there.size).toBeGreaterThan(80);
  const named = Object.values(ANSWERED).filter((answer) => typeof answer === 'string');
  expect(named.filter((route) => !there.has(route))).toEqual([]);
});
