import { request as requestHttp } from 'node:http';
import { request } from 'node:https';
import { json, text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { ConfiguredServer, HOST, HOSTNAME } from '../testing/configured-server.ts';

test('serve has the web over HTTPS, with the certificate of the mail services and a cookie for TLS alone', async () => {
  await using server = await ConfiguredServer.prepare();
  const port = server.ports.other;
  server.configure({ web: { http: 'off', https: { addresses: [HOST], port } } });
  await server.start();
  await server.addAccount('mary');

  const send = (method: string, path: string, body: string | null, headers: Record<string, string> = {}) => {
    const { promise, resolve, reject } = Promise.withResolvers<{ headers: Record<string, unknown>; body: unknown }>();
    const tls = { ca: server.ca, servername: HOSTNAME };
    const asked = request(
      { host: HOST, port, method, path, agent: false, headers: { host: HOSTNAME, ...headers }, ...tls },
      async (answer) => {
        const isJson = /json/.test(answer.headers['content-type'] ?? '');
        resolve({ headers: answer.headers, body: isJson ? await json(answer) : await text(answer) });
      },
    );
    asked.once('error', reject);
    asked.end(body ?? undefined);
    return promise;
  };
  const page = await send('GET', '/', null);
  expect(page.body).toContain('<div id="app">');
  expect(page.headers['strict-transport-security']).toBe('max-age=31536000');

  const signIn = JSON.stringify({ as: 'account', login: 'mary@example.com', password: 'correct horse' });
  const own = { 'content-type': 'application/json', origin: `https://${HOSTNAME}` };
  const signedIn = await send('POST', '/api/v1/session', signIn, own);
  expect(signedIn.body).toMatchObject({ next: 'none', session: { account: 'mary' } });
  expect(String(signedIn.headers['set-cookie'])).toMatch(
    /^__Host-postel=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
  );

  const setup = await send('GET', '/api/v1/account/setup', null, {
    cookie: String(signedIn.headers['set-cookie']).split(';')[0] ?? '',
  });
  expect(setup.body).toMatchObject({
    userName: 'mary@example.com',
    incoming: [{ host: HOSTNAME, port: server.ports.imaps }, {}],
  });
}, 120_000);

test('behind a proxy that is named, its word counts for who the client is, and for TLS', async () => {
  await using server = await ConfiguredServer.prepare();
  const port = server.ports.other;
  server.configure({ web: { http: { port }, proxies: [HOST] } });
  await server.start();
  await server.addAccount('mary');
  const signIn = (said: Record<string, string>) => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const headers = { 'content-type': 'application/json', ...said };
    const asked = requestHttp(
      { host: HOST, port, method: 'POST', path: '/api/v1/session', agent: false, headers },
      (answer) => {
        answer.resume();
        resolve(String(answer.headers['set-cookie']));
      },
    );
    asked.once('error', reject);
    asked.end(JSON.stringify({ as: 'account', login: 'mary', password: 'correct horse' }));
    return promise;
  };
  const proxied = { 'x-forwarded-proto': 'https', 'x-forwarded-host': HOSTNAME, origin: `https://${HOSTNAME}` };
  expect(await signIn({ ...proxied, 'x-forwarded-for': '203.0.113.7' })).toMatch(/^__Host-postel=.*; Secure/);
  expect(await signIn({ ...proxied, 'x-forwarded-for': 'nonsense' })).toMatch(/^__Host-postel=/);
  await expect
    .poll(async () => (await server.postel('config account logins mary --json')).stdout, { timeout: 20_000 })
    .toContain('"203.0.113.7"');
}, 120_000);
