import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type ClientCertificate, makeClientCertificate, sharedPostel, TemporaryDirectory } from '@postel/testkit';
import { expect, test } from 'vitest';
import { BEGUN_SIGN_INS } from './limits.ts';
import { ApiClient } from './testing/api-client.ts';
import { Person } from './testing/browser.ts';
import { oneTimeCode } from './testing/one-time-code.ts';

const postel = sharedPostel();
const { ports } = postel;

/** Goes to the listener for keys as a browser does. @param agent keeps TLS sessions, if given */
function showKey(url: string, key: ClientCertificate | null, agent: Agent | false = false) {
  const { promise, resolve, reject } = Promise.withResolvers<{
    status: number;
    location: string;
    body: string;
    resumed: boolean;
  }>();
  const asked = request(
    url,
    { ca: postel.ca, agent, ...(key === null ? {} : { key: key.key, cert: key.cert }) },
    async (response) => {
      const { socket, statusCode: status = 0, headers } = response;
      const resumed = 'isSessionReused' in socket && (socket as { isSessionReused(): boolean }).isSessionReused();
      resolve({ status, location: headers.location ?? '', body: await text(response), resumed });
    },
  );
  asked.once('error', reject);
  asked.end();
  return promise;
}

const codeOf = (location: string) => /#key-code=([\w-]{43})$/.exec(location)?.[1] ?? '';

/** An account with the key of a device. */
async function withDevice(name: string) {
  const account = await postel.addAccount(name);
  return { ...account, key: await postel.addKey(account) };
}

async function begin(): Promise<{ api: ApiClient; url: string }> {
  const api = new ApiClient(ports.web);
  return { api, url: (await api.post('/session/key', {})).body.url };
}

test('the key of a device signs in to its account, for as long as it is one', async () => {
  const mary = await withDevice('mary');
  const { api, url } = await begin();
  expect(url).toMatch(new RegExp(`^https://localhost:${ports.webKeys}/sign-in\\?state=[\\w-]{43}$`));
  const { status, location } = await showKey(url, mary.key);
  expect([status, location]).toEqual([303, `http://localhost:${ports.web}/#key-code=${codeOf(location)}`]);
  const signed = await api.post('/session/key/complete', { code: codeOf(location) });
  expect(signed.body).toMatchObject({ next: 'none', session: { account: mary.name } });
  // The first cookie of the answer takes the one of the way back, the second is the session.
  api.cookie = String(signed.headers['set-cookie']).match(/postel=[\w-]{43}/)?.[0] ?? null;
  expect((await api.get('/account')).body.name).toBe(mary.name);
  // A key is no proof of who is there.
  expect((await api.post('/account/app-passwords', { name: 'x' })).body.kind).toBe('proof-needed');
  const [device] = (await api.get('/account/devices')).body;
  await expect
    .poll(async () => (await api.get('/account/devices')).body[0].lastUsedFrom, { timeout: 10_000 })
    .toBe('127.0.0.1');
  await postel.removeKey(mary.key);
  expect([device.name, (await api.get('/account')).status]).toEqual(['notebook', 401]);
});

test('a code is good once, for the browser that began alone, and leads to no other host', async () => {
  const mary = await withDevice('mary');
  const { api, url } = await begin();
  const { location } = await showKey(url, mary.key);
  const code = codeOf(location);
  const other = (await begin()).api;
  for (const stranger of [other, new ApiClient(ports.web)]) {
    expect((await stranger.post('/session/key/complete', { code })).status).toBe(403);
  }
  expect((await showKey(url, mary.key)).status).toBe(404); // it was there already
  expect((await api.post('/session/key/complete', { code })).status).toBe(200);
  expect((await api.post('/session/key/complete', { code })).status).toBe(403);

  // To a browser, what is before an @ is the name of a user, and the host comes after it.
  const disguised = ['localhost:443@evil.example', `localhost:${ports.web}@evil.example`, '[::1]@evil.example'];
  for (const host of ['evil.example', `192.0.2.1:${ports.web}`, 'localhost:1', ...disguised, 'localhost:/evil']) {
    const led = await new ApiClient(ports.web).send('POST', '/api/v1/session/key', { body: {}, headers: { host } });
    expect([host, led.status]).toEqual([host, 421]);
  }
});

test('no key, nobody’s key, a disabled account’s, and what is no sign-in', async () => {
  const key = await makeClientCertificate();
  for (const [shown, problem] of [
    [null, 'none'],
    [key, 'unknown'],
  ] as const) {
    const { url } = await begin();
    expect((await showKey(url, shown)).location).toBe(`http://localhost:${ports.web}/#key-problem=${problem}`);
    expect((await showKey(url, shown)).status).toBe(404);
  }
  const mary = await withDevice('mary');
  await postel.useDirectory((directory) => directory.setDisabled(mary.name, true));
  expect((await showKey((await begin()).url, mary.key)).location).toContain('#key-problem=');
  const site = `https://localhost:${ports.webKeys}`;
  for (const path of ['/', '/sign-in', `/sign-in?state=${'A'.repeat(43)}`, '/api/v1/session', '/sign-in?state=x&y=z']) {
    expect([path, (await showKey(`${site}${path}`, mary.key)).status]).toEqual([path, 404]);
  }
});

test('whose key it is, is looked up again when TLS is resumed', async () => {
  const mary = await withDevice('mary');
  using agent = Object.assign(new Agent({ keepAlive: false, maxCachedSessions: 10 }), {
    [Symbol.dispose]() {
      agent.destroy();
    },
  });
  const first = await showKey((await begin()).url, mary.key, agent);
  expect(codeOf(first.location)).not.toBe('');
  await postel.removeKey(mary.key);
  const again = await showKey((await begin()).url, mary.key, agent);
  expect([again.resumed, again.location]).toEqual([true, `http://localhost:${ports.web}/#key-problem=unknown`]);
});

test('a key that is removed on the way back lets nobody in; a one-time code is asked for where they are on', async () => {
  const mary = await withDevice('mary');
  const gone = await begin();
  const { location } = await showKey(gone.url, mary.key);
  await postel.removeKey(mary.key);
  expect((await gone.api.post('/session/key/complete', { code: codeOf(location) })).status).toBe(403);

  const fred = await withDevice('fred');
  const before = await ApiClient.signedIn(ports.web, fred.name, fred.password);
  const { secret } = (await before.post('/second-factor/begin', {})).body;
  await before.post('/second-factor/confirm', { code: oneTimeCode(secret, 0) });
  const { api, url } = await begin();
  const led = await showKey(url, fred.key);
  const signed = await api.post('/session/key/complete', { code: codeOf(led.location) });
  expect(signed.body.next).toBe('code');
  api.cookie = String(signed.headers['set-cookie']).match(/postel=[\w-]{43}/)?.[0] ?? null;
  expect((await api.get('/account')).status).toBe(401);
  expect((await api.post('/session/code', { code: oneTimeCode(secret, 1) })).status).toBe(200);
  expect((await api.get('/account')).body.name).toBe(fred.name);
});

test('a person signs in by the key that their browser has, and one without is told what to do', async () => {
  const mary = await withDevice('mary');
  using directory = new TemporaryDirectory();
  const [certPath, keyPath] = [join(directory.path, `${randomUUID()}.pem`), join(directory.path, 'key.pem')];
  writeFileSync(certPath, mary.key.cert);
  writeFileSync(keyPath, mary.key.key);
  const origin = `https://localhost:${ports.webKeys}`;
  await using person = await Person.visiting(ports.web, {
    ignoreHTTPSErrors: true,
    clientCertificates: [{ origin, certPath, keyPath }],
  });
  await person.page.goto('/');
  await person.page.getByRole('button', { name: 'Sign in by device key' }).click();
  await person.page.getByText(mary.name, { exact: true }).first().waitFor();
  expect(person.page.url()).toBe(`http://localhost:${ports.web}/`);

  await using other = await Person.visiting(ports.web, { ignoreHTTPSErrors: true });
  await other.page.goto('/');
  await other.page.getByRole('button', { name: 'Sign in by device key' }).click();
  await other.page.getByText('Your browser showed no key').waitFor();
  await other.look('key-sign-in');
});

test('who has many addresses cannot begin sign-ins without end, and shuts out nobody elsewhere', async () => {
  const statuses: number[] = [];
  while (!statuses.includes(429) && statuses.length < 5 * BEGUN_SIGN_INS.limit) {
    const asked = Array.from({ length: 20 }, async (_, i) => {
      // Of one /21, and none of them with more than a few.
      const client = new ApiClient(ports.web, `127.200.${i % 8}.${1 + (statuses.length % 200)}`);
      return (await client.post(i % 2 === 0 ? '/session/key' : '/session/passkey/options', {})).status;
    });
    statuses.push(...(await Promise.all(asked)));
  }
  expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(BEGUN_SIGN_INS.limit - 1);
  expect(new Set(statuses)).toEqual(new Set([200, 429]));
  expect((await new ApiClient(ports.web, '127.200.8.1').post('/session/key', {})).status).toBe(200);
  // Those who have begun go on.
  expect((await new ApiClient(ports.web, '127.200.0.1').get('/session')).status).toBe(200);
}, 120_000);
