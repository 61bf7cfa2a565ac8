import { randomUUID } from 'node:crypto';
import { TlsMemory } from '@postel/queue';
import { sharedPostel } from '@postel/testkit';
import { expect, test } from 'vitest';
import { ApiClient } from './testing/api-client.ts';
import { oneTimeCode } from './testing/one-time-code.ts';
import { useDatabase } from './testing/queue-mail.ts';

const postel = sharedPostel();
const { ports } = postel;

test('what people sign in by is in the log of changes, without secrets', async () => {
  const mary = await postel.addAccount('mary');
  const api = await ApiClient.signedIn(ports.web, mary.name, mary.password);
  const other = await ApiClient.signedIn(ports.web, mary.name, mary.password);
  const { token } = (await api.post('/tokens', { name: 'script', scopes: ['account:read'] })).body;
  const [made] = (await api.get('/tokens')).body;
  await api.delete(`/tokens/${made.id}`);
  const { secret } = (await api.post('/second-factor/begin', {})).body;
  const { recoveryCodes } = (await api.post('/second-factor/confirm', { code: oneTimeCode(secret, 0) })).body;
  await api.post('/second-factor/remove', { code: oneTimeCode(secret, 1) });
  const sessions = (await api.get('/sessions')).body;
  const ended = sessions.find(({ isThis }: { isThis: boolean }) => !isThis);
  await api.delete(`/sessions/${ended.id}`);
  expect((await other.get('/account')).status).toBe(401);

  const admin = await ApiClient.admin(ports.web);
  const changes = (await admin.get(`/admin/changes?search=${mary.name}`)).body;
  expect(changes.slice(0, 5)).toMatchObject([
    { before: { sessions: [expect.any(String), expect.any(String)] }, after: { sessions: [expect.any(String)] } },
    { before: { oneTimeCodes: true }, after: { oneTimeCodes: false } },
    { before: { oneTimeCodes: false }, after: { oneTimeCodes: true } },
    { before: { tokens: ['script (account:read)'] }, after: { tokens: [] } },
    { before: { tokens: [] }, after: { tokens: ['script (account:read)'] } },
  ]);
  for (const { door, actor, origin, kind, name } of changes.slice(0, 5)) {
    expect({ door, actor, origin, kind, name }).toEqual({
      door: 'web',
      actor: mary.name,
      origin: '127.0.0.1',
      kind: 'account',
      name: mary.name,
    });
  }
  const text = JSON.stringify(changes);
  for (const hidden of [token, secret, ...recoveryCodes]) expect(text).not.toContain(hidden);
});

test('rules of the queue are made, listed and removed, and are in the log with who did it', async () => {
  const { name: owner, password } = await postel.addAccount('olga');
  await postel.useDirectory((directory) => directory.setRole(owner, 'owner'));
  const api = await ApiClient.signedIn(ports.web, owner, password);
  const domain = `${randomUUID()}.example`;
  expect((await api.post('/admin/hold-rules', { kind: 'domain', value: domain, reason: 'why' })).body).toEqual({
    held: 0,
  });
  expect((await api.get('/admin/hold-rules')).body).toContainEqual(
    expect.objectContaining({ kind: 'domain', value: domain, reason: 'why', held: 0 }),
  );
  expect((await api.delete(`/admin/hold-rules/domain/${domain}`)).body).toEqual({ released: 0 });
  expect((await api.delete(`/admin/hold-rules/domain/${domain}`)).status).toBe(404);
  expect((await api.post('/admin/hold-rules', { kind: 'account', value: 'nobody-has-this' })).status).toBe(404);
  const address = `bob@${domain}`;
  expect((await api.post('/admin/suppressions', { address })).status).toBe(204);
  expect((await api.get('/admin/suppressions')).body).toContainEqual(expect.objectContaining({ address }));
  expect((await api.delete(`/admin/suppressions/${address}`)).status).toBe(204);
  expect((await api.delete(`/admin/suppressions/${address}`)).status).toBe(404);
  expect((await api.post('/admin/queue/fail', { ids: [999_999_999] })).body).toEqual({ ids: [] });
  expect((await api.get('/admin/queue/999999999')).status).toBe(404);
  expect((await api.delete('/admin/tls-hosts/none.example')).status).toBe(404);
  const changes = (await api.get(`/admin/changes?search=${domain}`)).body;
  expect(changes.map(({ name, after }: { name: string; after: object }) => [name, after])).toEqual([
    [address, { suppression: 'removed' }],
    [address, { suppression: 'added', reason: 'nothing is sent to this address' }],
    [`domain ${domain}`, { 'hold-rule': 'removed', released: 0 }],
    [`domain ${domain}`, { 'hold-rule': 'added', reason: 'why', held: 0 }],
  ]);
  expect(changes[0]).toMatchObject({ door: 'web', actor: owner, kind: 'queue' });
});

test('that the TLS of a mail server is forgotten is in the log, by whichever page', async () => {
  const { name: owner, password } = await postel.addAccount('otto');
  await postel.useDirectory((directory) => directory.setRole(owner, 'owner'));
  const api = await ApiClient.signedIn(ports.web, owner, password);
  const host = `${randomUUID()}.example`;
  await useDatabase(postel, async ({ sql }) => {
    const memory = new TlsMemory(sql);
    await memory.seen(host, Buffer.alloc(32));
    await memory.missing(host, 'it offers none');
  });
  expect((await api.post('/admin/tls-alarms/forget', { hosts: [host] })).body).toEqual({ hosts: [host] });
  const [change] = (await api.get(`/admin/changes?search=${host}`)).body;
  expect(change).toMatchObject({ actor: owner, kind: 'queue', name: host, after: { 'tls-memory': 'forgotten' } });
});
