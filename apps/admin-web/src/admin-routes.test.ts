import { randomBytes } from 'node:crypto';
import { SmtpServerForTests, sharedPostel } from '@postel/testkit';
import { expect, test } from 'vitest';
import { ApiClient } from './testing/api-client.ts';
import { queueMail } from './testing/queue-mail.ts';

const postel = sharedPostel();
const { ports } = postel;
const CANARY = `canary-${randomBytes(9).toString('hex')}`;
/** Nobody else's: the server is shared. */
const nameOf = (what: string) => `${what}-${randomBytes(4).toString('hex')}`;

test('a route is added, changed, tried and removed, and nobody is told its secrets', async () => {
  const admin = await ApiClient.admin(ports.web);
  const name = nameOf('provider');
  await using server = await SmtpServerForTests.start({}, async (session) => {
    await session.ask('220 smtp.example.net ESMTP');
    const auth = await session.ask('250-smtp.example.net', '250 AUTH PLAIN');
    await session.ask('235 2.7.0 Welcome');
    session.send('221 2.0.0 Bye');
    return auth;
  });
  const settings = { hosts: [`127.0.0.1:${server.port}`], tls: 'none', user: 'postel' };
  const missing = await admin.post('/admin/routes', { name, ...settings });
  expect(missing).toMatchObject({ status: 422, body: { kind: 'invalid-route' } });
  const added = await admin.post('/admin/routes', { name, ...settings, secrets: { password: CANARY } });
  expect(added).toMatchObject({
    status: 200,
    body: { name, secrets: ['password'], isTrusted: false, isDefault: false },
  });
  const seen = (await admin.get(`/admin/routes/${name}`)).headers;
  const wish = { isTrusted: true, connections: 3 };
  expect((await admin.patch(`/admin/routes/${name}`, wish)).status).toBe(428);
  const changed = await admin.patch(`/admin/routes/${name}`, wish, { 'if-match': String(seen['etag']) });
  expect(changed).toMatchObject({ status: 200, body: { isTrusted: true, connections: 3, secrets: ['password'] } });
  const tried = await admin.post(`/admin/routes/${name}/test`, {});
  expect(tried.body).toMatchObject({ works: true });
  expect(tried.body.steps).toContainEqual({ text: '  logged in by PLAIN', isFailure: false });
  expect(await server.result).toBe(`AUTH PLAIN ${Buffer.from(`\0postel\0${CANARY}`).toString('base64')}`);
  const listed = await admin.get('/admin/routes');
  expect(listed.body.map((route: { name: string }) => route.name)).toContain(name);
  const changes = await admin.get('/admin/changes');
  for (const answer of [added, changed, tried, listed, changes])
    expect(JSON.stringify(answer.body)).not.toContain(CANARY);
  expect((await admin.send('DELETE', `/api/v1/admin/routes/${name}`)).status).toBe(204);
  expect((await admin.get(`/admin/routes/${name}`)).status).toBe(404);
});

test('rules are added and removed, and what they name stays', async () => {
  const admin = await ApiClient.admin(ports.web);
  const name = nameOf('second');
  await admin.post('/admin/routes', { name, hosts: ['smtp.example.net'] });
  const domain = `${nameOf('d')}.example`;
  const rule = { sender: null, recipient: `*.${domain}`, account: null, route: name };
  const added = await admin.post('/admin/routing/rules', { ...rule, position: 1 });
  expect(added.body.rules[0]).toEqual(rule);
  expect((await admin.send('DELETE', `/api/v1/admin/routes/${name}`)).body).toMatchObject({ kind: 'route-in-use' });
  const wrong = await admin.post('/admin/routing/rules', { ...rule, recipient: 'a@b@c' });
  expect(wrong).toMatchObject({ status: 422, body: { kind: 'invalid-address' } });
  const { rules } = (await admin.get('/admin/routing')).body;
  const position = rules.findIndex(({ route }: { route: string }) => route === name) + 1;
  expect((await admin.send('DELETE', `/api/v1/admin/routing/rules/${position}`)).body.rules).not.toContainEqual(rule);
  expect((await admin.send('DELETE', `/api/v1/admin/routes/${name}`)).status).toBe(204);
});

test('a route that does not do answers with its steps', async () => {
  const admin = await ApiClient.admin(ports.web);
  const name = nameOf('wrong');
  await admin.post('/admin/routes', { name, hosts: ['127.0.0.1:1'], tls: 'none' });
  const tried = await admin.post(`/admin/routes/${name}/test`, {});
  expect(tried).toMatchObject({ status: 200, body: { works: false } });
  expect(JSON.stringify(tried.body.steps)).toContain('ECONNREFUSED');
  expect((await admin.post(`/admin/routes/${name}/test`, { send: true })).status).toBe(422);
  await admin.send('DELETE', `/api/v1/admin/routes/${name}`);
});

test('what waits is told to go by another route, which is written down; and by none that there is not', async () => {
  const admin = await ApiClient.admin(ports.web);
  const mary = await postel.addAccount('mary');
  const recipient = `${nameOf('bob')}@held.example`;
  await queueMail(postel, mary, [recipient]);
  const entries = (await admin.get(`/admin/queue?search=${recipient}`)).body;
  const [{ id }] = entries;
  expect((await admin.post('/admin/queue/change', { change: 'hold', ids: [id] })).body).toEqual({ ids: [id] });
  const name = nameOf('way');
  expect(await admin.post('/admin/queue/route', { ids: [id], route: name })).toMatchObject({ status: 404 });
  await admin.post('/admin/routes', { name, hosts: ['127.0.0.1:1'], tls: 'none' });
  expect((await admin.post('/admin/queue/route', { ids: [id, 999_999_999], route: name })).body).toEqual({ ids: [id] });
  const shown = (await admin.get(`/admin/queue/${id}`)).body;
  expect(shown).toMatchObject({ state: 'held', pinnedRoute: name });
  expect(shown.events.at(-1)).toMatchObject({ type: 'routed' });
  expect((await admin.delete(`/admin/routes/${name}`)).status).toBe(409);
  await admin.post('/admin/queue/route', { ids: [id], route: null });
  expect((await admin.get(`/admin/queue/${id}`)).body).toMatchObject({ pinnedRoute: null });
  const changes = (await admin.get(`/admin/changes?search=${encodeURIComponent(`recipient ${id}`)}`)).body;
  expect(changes.map(({ after }: { after: object }) => after)).toEqual(
    expect.arrayContaining([
      { route: [String(id)], by: name },
      { route: [String(id)], by: 'rules' },
    ]),
  );
  await admin.post('/admin/queue/change', { change: 'drop', ids: [id] });
});
