import { once } from 'node:events';
import { connect } from 'node:net';
import { sharedPostel } from '@postel/testkit';
import { expect, test } from 'vitest';
import { PREFIX_CONNECTIONS } from './limits.ts';
import { ApiClient } from './testing/api-client.ts';

const { ports } = sharedPostel();
const CROWD = '127.88.1.9';

test('one address does not take all connections: with one more than its share that one is closed', async () => {
  const open = () => connect({ host: '127.0.0.1', port: ports.web, localAddress: CROWD });
  const sockets = Array.from({ length: PREFIX_CONNECTIONS.host }, open);
  try {
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    const [first] = sockets;
    first?.write(`GET /api/v1/session HTTP/1.1\r\nHost: localhost:${ports.web}\r\n\r\n`);
    if (first !== undefined) await once(first, 'data'); // all before are counted

    const beyond = open();
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    beyond
      .on('error', () => {}) // a reset is as good
      .once('close', () => resolve())
      .resume();
    await closed;
    expect((await new ApiClient(ports.web, '127.88.9.9').get('/session')).status).toBe(200);
  } finally {
    for (const socket of sockets) socket.destroy();
  }
});
