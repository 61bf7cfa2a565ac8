import { sharedPostel } from '@postel/testkit';
import { expect, test } from 'vitest';
import { ApiClient } from './testing/api-client.ts';

const postel = sharedPostel();

async function signedIn(name: string) {
  const { name: account, password } = await postel.addAccount(name);
  return { account, api: await ApiClient.signedIn(postel.ports.web, account, password) };
}

test('an account looks after webhooks of its own, and of nobody else', async () => {
  const [mary, fred] = [await signedIn('mary'), await signedIn('fred')];
  const made = await mary.api.post('/account/webhooks', { url: 'https://hook.example/', events: ['failed'] });
  expect(made).toMatchObject({ status: 201, body: { secret: expect.stringMatching(/^[\w-]{43}$/) } });
  const { id } = made.body;
  const [listed] = (await mary.api.get('/account/webhooks')).body;
  expect(listed).toMatchObject({ id, account: mary.account, events: ['failed'], allowsPrivate: false, pausedAt: null });
  expect(JSON.stringify(listed)).not.toContain(made.body.secret);
  expect((await fred.api.get('/account/webhooks')).body).toEqual([]);
  for (const method of ['PATCH', 'DELETE']) {
    const { status } = await fred.api.send(method, `/api/v1/account/webhooks/${id}`, {
      body: method === 'PATCH' ? { isPaused: true } : undefined,
    });
    expect(status).toBe(404);
  }
  expect((await mary.api.send('PATCH', `/api/v1/account/webhooks/${id}`, { body: { isPaused: true } })).status).toBe(
    204,
  );
  expect((await mary.api.get('/account/webhooks')).body).toMatchObject([{ pausedAt: expect.any(String) }]);
  for (const [body, status] of [
    [{ url: 'http://hook.example/' }, 422],
    [{ url: 'https://hook.example/', allowsPrivate: true }, 422],
    [{ url: 'https://hook.example/', events: [] }, 422],
    [{ url: 'https://hook.example/', secret: 'short' }, 422],
  ] as const) {
    expect((await mary.api.post('/account/webhooks', body)).status).toBe(status);
  }
  expect((await mary.api.send('DELETE', `/api/v1/account/webhooks/${id}`, {})).status).toBe(204);
  expect((await mary.api.get('/account/webhooks')).body).toEqual([]);
});
