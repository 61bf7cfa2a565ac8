import { randomUUID } from 'node:crypto';
import { sharedPostel } from '@postel/testkit';
import { expect, test } from 'vitest';
import { ApiClient } from './testing/api-client.ts';

const postel = sharedPostel();
const { ports } = postel;

/** All parts of a list, by the way from each to the next. */
async function allParts(api: ApiClient, first: string) {
  const parts: object[][] = [];
  for (let path: string | null = `/api/v1${first}`; path !== null; ) {
    const { status, body, headers } = await api.send('GET', path);
    expect([path, status]).toEqual([path, 200]);
    parts.push(body);
    const [, next = null] = /^<([^>]+)>; rel="next"$/.exec(String(headers['link'] ?? '')) ?? [];
    path = next;
  }
  return parts;
}

test('every long list comes part by part, each row once, and can be searched', async () => {
  const admin = await ApiClient.admin(ports.web);
  const id = randomUUID().slice(0, 8);
  const domain = `${id}.example`;
  const names = Array.from({ length: 5 }, (_, i) => `p${i}-${id}`);
  await postel.useDirectory(async (directory) => {
    for (const name of names) {
      await directory.addAccount({ name, address: `${name}@${domain}`, password: null });
      await directory.aliases.add(`alias-${name}@${domain}`, [`${name}@${domain}`]);
    }
  });
  for (const name of names) {
    const client = new ApiClient(ports.web, '127.0.0.77');
    await client.send('POST', '/api/v1/session', { body: { as: 'account', login: name, password: 'wrong' } });
  }
  await expect
    .poll(async () => (await admin.get(`/admin/logins?search=${id}`)).body.length, { timeout: 10_000 })
    .toBe(5);
  for (const list of ['accounts', 'addresses', 'aliases', 'logins', 'changes']) {
    const whole = (await admin.get(`/admin/${list}?search=${id.toUpperCase()}&limit=1000`)).body;
    const parts = await allParts(admin, `/admin/${list}?search=${id}&limit=2`);
    expect([list, parts.flat()]).toEqual([list, whole]);
    expect([list, whole.length]).toEqual([list, list === 'changes' ? 11 : 5]);
    expect(parts.every((part) => part.length <= 2)).toBe(true);
  }
  expect((await admin.get(`/admin/accounts?search=nobody-${id}`)).body).toEqual([]);
});

test.for([
  'limit=0',
  'limit=1001',
  'limit=x',
  'cursor=x',
  `cursor=${Buffer.from('{"a":1}').toString('base64url')}`,
  `cursor=${Buffer.from('["a\\u0000"]').toString('base64url')}`,
  `cursor=${Buffer.from('["2026-99-99 00:00:00+00","x","00"]').toString('base64url')}`,
  'search=%00',
  `search=${'x'.repeat(101)}`,
])('a list that is asked for with %s is refused', async (query) => {
  const admin = await ApiClient.admin(ports.web);
  for (const list of ['accounts', 'addresses', 'aliases', 'logins', 'changes', 'queue']) {
    const { status } = await admin.get(`/admin/${list}?${query}`);
    expect([list, status]).toEqual([list, 422]);
  }
});

test('what nobody can look for, and moments that no calendar has, are refused and no fault of the server', async () => {
  const admin = await ApiClient.admin(ports.web);
  const cursor = (...key: readonly string[]) => Buffer.from(JSON.stringify(key)).toString('base64url');
  const moment = '2026-02-28 00:00:00+00';
  for (const wrong of ['2026-02-30 00:00:00+00', '0000-01-01 00:00:00+00', '2026-02-28 24:30:00+00', `${moment}99`]) {
    const { status } = await admin.get(`/admin/logins?cursor=${cursor(wrong, moment, 'aa')}`);
    expect([wrong, status]).toEqual([wrong, 422]);
  }
  expect((await admin.get(`/admin/logins?cursor=${cursor(moment, moment, 'aa')}`)).status).toBe(200);
  const asks: readonly (readonly [method: string, path: string, body?: unknown])[] = [
    ['GET', '/admin/accounts/%00'],
    ['GET', '/admin/accounts/postel/shares?mailbox=%00'],
    ['DELETE', '/admin/suppressions/%00'],
    ['DELETE', '/admin/routes/%00'],
    ['POST', '/admin/tls-alarms/forget', { hosts: ['\u0000'] }],
    ['POST', '/account/removed/restore', { mailbox: '\u0000' }],
    ['GET', '/account/removed/messages?mailbox=%00'],
    ['GET', '/account/queue?message=%00'],
    ['POST', '/admin/accounts/%00/password', {}],
  ];
  const mary = await postel.addAccount('mary');
  const own = await ApiClient.signedIn(ports.web, mary.name, mary.password);
  for (const [method, path, body] of asks) {
    const api = path.startsWith('/account') ? own : admin;
    const { status, body: said } = await api.send(method, `/api/v1${path}`, { body });
    expect([method, path, status, said.kind]).toEqual([method, path, 422, 'invalid']);
  }
});
