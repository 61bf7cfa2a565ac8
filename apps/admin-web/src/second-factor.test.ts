import { sharedPostel } from '@postel/testkit';
import { expect, test } from 'vitest';
import { ApiClient } from './testing/api-client.ts';
import { oneTimeCode } from './testing/one-time-code.ts';

const postel = sharedPostel();
const { ports } = postel;

/** Somebody who is asked for one-time codes, signed in. */
async function withCodes(name: string, from: string) {
  const account = await postel.addAccount(name);
  const api = new ApiClient(ports.web, from);
  await api.signIn({ as: 'account', login: account.name, password: account.password });
  const { secret } = (await api.send('POST', '/api/v1/second-factor/begin')).body;
  const { status } = await api.post('/second-factor/confirm', { code: oneTimeCode(secret, -1) });
  expect(status).toBe(200);
  return { ...account, api, secret };
}

/** Who knows the password, and not the code. */
async function waitingForCode({ name, password }: { readonly name: string; readonly password: string }, from: string) {
  const client = new ApiClient(ports.web, from);
  const { body } = await client.signIn({ as: 'account', login: name, password });
  expect(body).toEqual({ next: 'code', session: null });
  return client;
}

test('hardening 27: codes are guessed no more often than passwords, in however many sessions', async () => {
  const mary = await withCodes('mary', '127.0.0.1');
  const guessers = await Promise.all([1, 2, 3, 4].map(() => waitingForCode(mary, '127.77.1.9')));
  const [first, second, third, last] = guessers;
  if (first === undefined || second === undefined || third === undefined || last === undefined) throw new Error('none');
  const guess = (client: ApiClient, code: string) => client.post('/session/code', { code });
  const guesses = [first, second, third].flatMap((client) =>
    [1, 2, 3, 4].map((digit) => guess(client, `00000${digit}`)),
  );
  await Promise.all(guesses);

  const code = oneTimeCode(mary.secret, 0);
  const refused = await guess(last, code);
  expect([refused.status, refused.body.kind]).toEqual([429, 'too-many-failures']);
  expect((await last.get('/account')).status).toBe(401);
  // Who is elsewhere has not guessed.
  const elsewhere = await waitingForCode(mary, '127.0.0.1');
  expect((await guess(elsewhere, code)).body).toMatchObject({ next: 'none', session: { account: mary.name } });
});

test('hardening 27: neither are they when a session that somebody left open should do without them', async () => {
  const fred = await withCodes('fred', '127.77.2.9');
  const remove = (code: string) => fred.api.post('/second-factor/remove', { code });
  // Its owner has been there, and may go on a little longer than a stranger.
  for (const _ of [1, 2]) await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map((digit) => remove(`00000${digit}`)));
  expect((await remove(oneTimeCode(fred.secret, 0))).body.kind).toBe('too-many-failures');
  expect((await fred.api.get('/second-factor')).body).toMatchObject({ isOn: true });
});

test('an owner who turns the codes of an account off is written down', async () => {
  const mary = await withCodes('mary', '127.0.0.1');
  const admin = await ApiClient.admin(ports.web);
  const remove = (name: string) => admin.send('POST', `/api/v1/admin/accounts/${name}/second-factor/remove`);
  expect((await remove('nobody-of-this-name')).status).toBe(404);
  expect((await remove(mary.name)).status).toBe(204);
  const changes: { readonly name: string }[] = (await admin.get('/admin/changes')).body;
  expect(changes.find(({ name }) => name === mary.name)).toMatchObject({
    door: 'web',
    actor: 'admin password',
    kind: 'account',
    before: { oneTimeCodes: true },
    after: { oneTimeCodes: false },
  });
  const client = await ApiClient.signedIn(ports.web, mary.name, mary.password);
  expect((await client.get('/account')).status).toBe(200);
});
