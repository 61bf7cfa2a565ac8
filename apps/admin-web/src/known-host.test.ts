import { sharedPostel } from '@postel/testkit';
import { expect, test } from 'vitest';
import { ApiClient } from './testing/api-client.ts';

const postel = sharedPostel();
const { ports } = postel;

test('a page whose own name leads to this machine by now is told nothing (DNS rebinding)', async () => {
  const mary = await postel.addAccount('mary');
  const body = { as: 'account', login: mary.name, password: mary.password };
  for (const name of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', 'xlocalhost']) {
    const host = `${name}:${ports.web}`;
    const headers = { host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' };
    for (const [method, path] of [
      ['POST', '/api/v1/session'],
      ['GET', '/api/v1/session'],
      ['GET', '/%61pi/v1/session'],
      ['POST', '/api/v1/session/passkey/options'],
    ] as const) {
      const answer = await new ApiClient(ports.web).send(method, path, {
        headers,
        ...(path === '/api/v1/session' && method === 'POST' ? { body } : {}),
      });
      expect([name, path, answer.status, answer.body.kind]).toEqual([name, path, 421, 'other-host']);
    }
  }
});

test.for(['localhost', 'LOCALHOST', 'mail.localhost', '127.0.0.1', '[::1]', '192.0.2.7'])(
  'a browser finds the server by %s',
  async (name) => {
    const headers = { host: `${name}:${ports.web}` };
    expect((await new ApiClient(ports.web).send('GET', '/api/v1/session', { headers })).status).toBe(200);
  },
);
