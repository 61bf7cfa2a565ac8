import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { serveStatus } from './status-server.ts';

test.for([
  ['//', '404'],
  ['//?', '404'],
  ['http://[', '404'],
  ['/healthz?x', '200'],
])('GET %s is answered with %s', async ([target, status]) => {
  const port = await freePort();
  await using _server = await serveStatus(
    { host: '127.0.0.1', port },
    {
      health: async () => ({ isHealthy: true, parts: {} }),
      metrics: async () => '',
    },
  );
  const socket = connect(port, '127.0.0.1');
  socket.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  expect(await text(socket)).toMatch(`HTTP/1.1 ${status} `);
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
