import { startPostel } from '@postel/testkit';
import { expect, test } from 'vitest';
import { ApiClient } from './testing/api-client.ts';

test('defaults, the admin password, shares, DKIM keys and the directory as a text', async () => {
  await using postel = await startPostel();
  const admin = await ApiClient.admin(postel.ports.web);

  const before = await admin.get('/admin/settings');
  expect(before.body).toMatchObject({ octets: null, messagesADay: null });
  const ifMatch = { 'if-match': String(before.headers['etag']) };
  const changed = await admin.patch('/admin/settings', { octets: 5_000_000, messagesADay: 100 }, ifMatch);
  expect(changed.body).toMatchObject({ octets: 5_000_000, messagesADay: 100, messages: before.body.messages });
  expect((await admin.patch('/admin/settings', { octets: 1 }, ifMatch)).status).toBe(412);
  expect((await admin.get('/admin/accounts/postel')).body.octets).toEqual({ limit: 5_000_000, isOwn: false });

  const shares = '/admin/accounts/postel/shares';
  expect((await admin.post(shares, { mailbox: 'inbox', who: 'other', rights: 'lr' })).body).toEqual([
    { who: 'other', rights: 'lr' },
  ]);
  expect((await admin.get(`${shares}?mailbox=INBOX`)).body).toEqual([{ who: 'other', rights: 'lr' }]);
  expect((await admin.post(shares, { mailbox: 'INBOX', who: 'other', rights: '' })).body).toEqual([]);
  expect((await admin.get(`${shares}?mailbox=None`)).status).toBe(404);
  expect((await admin.post(shares, { mailbox: 'INBOX', who: 'nobody-has-this', rights: 'l' })).status).toBe(404);

  await admin.post('/admin/domains', { name: 'example.org' });
  const keys = (await admin.get('/admin/domains/example.org/dkim')).body;
  expect(keys.map(({ algorithm, state }: Record<string, string>) => [algorithm, state])).toEqual([
    ['ed25519', 'made'],
    ['rsa', 'made'],
  ]);
  expect(JSON.stringify(keys)).not.toContain('privateKey');
  const key = `/admin/domains/example.org/dkim/${keys[0].selector}`;
  expect((await admin.post('/admin/domains/example.org/dkim', { type: 'ed25519' })).body.kind).toBe('dkim-key-exists');
  expect((await admin.delete(key)).status).toBe(204);
  const added = await admin.post('/admin/domains/example.org/dkim', { type: 'ed25519' });
  expect(added).toMatchObject({ status: 201, body: [{ state: 'made', record: { type: 'TXT' } }] });
  expect((await admin.delete('/admin/domains/example.org/dkim/none')).status).toBe(404);

  const { text } = (await admin.get('/admin/declaration')).body;
  expect(text).toContain('example.org');
  const differences = (given: string) => admin.post('/admin/declaration/differences', { text: given });
  expect((await differences(text)).body).toEqual([]);
  const other = text.replace('example.org: {}', 'example.org: { separators: "-" }');
  expect((await differences(other)).body).toMatchObject([{ kind: 'domain', name: 'example.org' }]);
  expect((await differences('accounts: [')).status).toBe(422);
  expect((await differences('accountz: {}')).body.detail).toMatch(/^Line 1: accountz is no key of Postel/);
  expect((await admin.post('/admin/declaration/apply', { text: other })).body).toHaveLength(1);
  expect((await admin.get('/admin/domains/example.org')).body.separators).toBe('-');

  expect((await admin.post('/admin/admin-password', { password: null })).body.kind).toBe('own-account');
  expect((await admin.post('/admin/admin-password', { password: 'another-password' })).status).toBe(204);
  expect((await admin.get('/admin/overview')).status).toBe(401);
  await ApiClient.admin(postel.ports.web, 'another-password');
});
