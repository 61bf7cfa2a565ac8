import { TlsMemory } from '@postel/queue';
import { sharedPostel, startPostel } from '@postel/testkit';
import { expect, test } from 'vitest';
import { ApiClient } from './testing/api-client.ts';
import { useDatabase } from './testing/queue-mail.ts';

test('limits of all: what a change will do is told before, and only the change does it', async () => {
  await using postel = await startPostel();
  const admin = await ApiClient.admin(postel.ports.web);
  const own = await postel.addAccount('own');
  await postel.setQuota(own, { octets: 5_000_000 });
  const before = await admin.get('/admin/settings');
  expect(before.body).toEqual({
    octets: null,
    messages: null,
    mailboxes: null,
    messagesADay: null,
    newRecipientsADay: null,
    messageOctets: null,
  });
  const effect = (body: object) => admin.post('/admin/settings/effect', body);
  // Of the three accounts one has a limit of its own; every account has more than one mailbox.
  expect((await effect({ octets: 1_000_000 })).body).toEqual({ accounts: 3, changed: 2, overQuota: 0 });
  expect((await effect({ mailboxes: 1 })).body).toEqual({ accounts: 3, changed: 3, overQuota: 3 });
  expect((await effect({ octets: null, messagesADay: null })).body).toMatchObject({ changed: 0, overQuota: 0 });
  expect((await effect({ messagesADay: 10 })).body).toMatchObject({ changed: 3 });
  expect((await admin.get('/admin/settings')).body).toEqual(before.body);

  const change = { octets: 1_000_000, messagesADay: 10 };
  expect((await admin.patch('/admin/settings', change)).status).toBe(428);
  const etag = String(before.headers['etag']);
  expect((await admin.patch('/admin/settings', change, { 'if-match': etag })).body).toMatchObject(change);
  expect((await admin.patch('/admin/settings', { octets: 1 }, { 'if-match': etag })).status).toBe(412);
  expect((await postel.useDirectory(({ quotas }) => quotas.read('postel'))).limits.octets).toBe(1_000_000);
  expect((await postel.useDirectory(({ quotas }) => quotas.read(own.name))).limits.octets).toBe(5_000_000);
  expect((await effect(change)).body).toMatchObject({ changed: 0 });
  expect((await effect({ octets: -1 })).status).toBe(422);
  expect((await admin.get('/admin/settings/login-limits')).body[0]).toEqual({
    prefix: '/32, /64',
    failures: 10,
    minutes: 9,
  });
}, 90_000);

test('certificates in use, and servers that have no TLS any more', async () => {
  const postel = sharedPostel();
  const admin = await ApiClient.admin(postel.ports.web);
  const [certificate] = (await admin.get('/admin/certificates')).body;
  expect(certificate.names).toEqual(expect.arrayContaining(['localhost', '127.0.0.1']));
  expect(certificate.issuer).not.toBeNull();
  expect(Date.parse(certificate.validUntil)).toBeGreaterThan(Date.now());

  const host = `mx-${Date.now().toString(36)}.example.org`;
  await useDatabase(postel, async ({ sql }) => {
    const memory = new TlsMemory(sql);
    await memory.seen(host, Buffer.alloc(32));
    await memory.missing(host, 'it offers none');
  });
  const alarms = (await admin.get('/admin/tls-alarms')).body;
  expect(alarms).toContainEqual(expect.objectContaining({ host, reason: 'it offers none' }));
  const forgotten = await admin.post('/admin/tls-alarms/forget', { hosts: [host.toUpperCase(), 'mx.example.net'] });
  expect(forgotten.body).toEqual({ hosts: [host] });
  expect((await admin.post('/admin/tls-alarms/forget', { hosts: [] })).status).toBe(422);
});

test('DKIM keys are made, replaced and removed', async () => {
  const postel = sharedPostel();
  const admin = await ApiClient.admin(postel.ports.web);
  const domain = `d${Date.now().toString(36)}.example`;
  const path = `/admin/domains/${domain}/dkim`;
  expect((await admin.post('/admin/domains', { name: domain })).status).toBe(204);
  const states = async () =>
    (await admin.get(path)).body.map(
      ({ algorithm, state }: { algorithm: string; state: string }) => `${algorithm} ${state}`,
    );
  expect(await states()).toEqual(['ed25519 made', 'rsa made']);
  expect((await admin.post(path, {})).body).toEqual([]);
  expect((await admin.post(path, { type: 'rsa' })).body).toMatchObject({ status: 409, kind: 'dkim-key-exists' });
  expect((await admin.post(path, { type: 'dsa' })).status).toBe(422);
  const now = await admin.post(`${path}/rotate`, { isNow: true });
  expect(now.body.made).toHaveLength(2);
  expect(await states()).toEqual(['ed25519 active', 'rsa active']);
  const next = await admin.post(`${path}/rotate`, {});
  expect(next.body).toMatchObject({ looks: [], made: [expect.any(String), expect.any(String)] });
  expect(await states()).toEqual(['ed25519 active', 'ed25519 made', 'rsa active', 'rsa made']);
  const [{ selector, record }] = (await admin.get(path)).body;
  expect(record).toMatchObject({ name: `${selector}._domainkey.${domain}`, value: expect.stringContaining('v=DKIM1') });
  expect(JSON.stringify((await admin.get(path)).body)).not.toContain('PRIVATE');
  expect((await admin.delete(`${path}/${selector}`)).status).toBe(204);
  expect((await admin.delete(`${path}/${selector}`)).status).toBe(404);
  await postel.useDirectory((directory) => directory.removeDomain(domain));
});
