import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { clientAddress } from './client-address.ts';

test.for([
  ['127.0.0.1', '127.0.0.1'],
  ['::1', '::1'],
])('a client from %s on a socket for IPv4 and IPv6 is called %s', async ([host = '', name]) => {
  const server = createServer().listen({ host: '::', port: 0 });
  await once(server, 'listening');
  const address = server.address();
  const client = connect({ host, port: address !== null && typeof address === 'object' ? address.port : 0 });
  const [socket]: Socket[] = await once(server, 'connection');
  expect(socket && clientAddress(socket)).toBe(name);
  client.destroy();
  server.close();
});
