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
  await using _server = await serveStatus({ host: '127.0.0.1', port }, 'mail.example.com', {
    health: async () => ({ isHealthy: true, parts: {} }),
    metrics: async () => '',
  });
  const socket = connect(port, '127.0.0.1');
  socket.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  expect(await text(socket)).toMatch(`HTTP/1.1 ${status} `);
});

test.for([
  ['localhost:1081', '200'],
  ['a.localhost', '200'],
  ['192.0.2.1:1081', '200'],
  ['[::1]:1081', '200'],
  ['Mail.Example.com', '200'],
  ['evil.example', '421'],
  ['mail.example.com.evil.example', '421'],
  ['127.0.0.1.evil.example', '421'],
  ['', '421'],
])('with the host name %j it answers %s (DNS rebinding)', async ([host, status]) => {
  const port = await freePort();
  await using _server = await serveStatus({ host: '127.0.0.1', port }, 'mail.example.com', {
    health: async () => ({ isHealthy: true, parts: {} }),
    metrics: async () => '',
  });
  const socket = connect(port, '127.0.0.1');
  socket.write(`GET /metrics HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
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
