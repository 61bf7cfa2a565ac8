import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { openDirectory } from '@postel/directory';
import { openDatabase } from '@postel/storage';
import { sharedPostel } from '@postel/testkit';
import { expect, test } from 'vitest';

/** What the web says under the name of a host. */
function ask(
  port: number,
  host: string,
): Promise<{ status: number | undefined; type: string | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request({
      host: '127.0.0.1',
      port,
      path: '/.well-known/mta-sts.txt',
      headers: { host },
      agent: false,
    });
    asked.on('error', reject).on('response', async (answer) => {
      resolve({ status: answer.statusCode, type: answer.headers['content-type'], body: await text(answer) });
    });
    asked.end();
  });
}

test('each domain has its policy of MTA-STS at a host name of its own (RFC 8461 §3.2)', async () => {
  const { web } = sharedPostel().ports;
  const body = 'version: STSv1\r\nmode: testing\r\nmx: localhost\r\nmax_age: 604800\r\n';
  for (const host of ['mta-sts.localhost', 'MTA-STS.strict.localhost:443']) {
    expect(await ask(web, host)).toEqual({ status: 200, type: 'text/plain; charset=us-ascii', body });
  }
});

test('its mode is the domain’s', async () => {
  const { database: target, ports } = sharedPostel();
  const database = openDatabase(target, { applicationName: 'mta-sts test', maxConnections: 1 });
  const directory = openDirectory(database).as({ type: 'server', task: 'test' });
  await directory.addDomain('enforced.example');
  for (const mode of ['enforce', 'none', 'testing'] as const) {
    await directory.changeDomain('enforced.example', { mtaSts: mode });
    expect((await ask(ports.web, 'mta-sts.enforced.example')).body).toContain(`\r\nmode: ${mode}\r\n`);
  }
  await directory.removeDomain('enforced.example');
  await directory.close();
  await database.close();
});

test.for(['localhost', 'mta-sts.other.example', 'mta-sts.', 'mta-sts', 'x.mta-sts.localhost'])(
  'under the name %s there is no policy',
  async (host) => {
    expect((await ask(sharedPostel().ports.web, host)).status).toBe(404);
  },
);
