import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { SmtpConnection } from './smtp-connection.ts';

/** A connection, and the other end of it. */
async function connected() {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const accepted: Promise<readonly Socket[]> = once(server, 'connection');
  const connection = await SmtpConnection.open('127.0.0.1', port, null);
  const [peer] = await accepted;
  if (peer === undefined) throw new Error('nobody came');
  peer.on('error', () => {});
  return {
    connection,
    peer,
    [Symbol.dispose]() {
      connection[Symbol.dispose]();
      peer.destroy();
      server.close();
    },
  };
}

test('hardening 60: a reply that comes octet by octet without end has the time of any reply', async () => {
  using pair = await connected();
  const { connection, peer } = pair;
  const drip = setInterval(() => peer.write('2'), 10);
  try {
    const startMs = performance.now();
    await expect(connection.reply(300)).rejects.toThrow('no answer in 0.3 s');
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(290);
  } finally {
    clearInterval(drip);
  }
});

test('a connection is quiet until somebody talks unasked, or has left', async () => {
  using talking = await connected();
  talking.peer.write('220 hello\r\n');
  expect(await talking.connection.reply(10_000)).toEqual({ code: 220, lines: ['hello'] });
  expect(talking.connection.isQuiet).toBe(true);
  talking.peer.write('250 one\r\n421 4.4.2 Bye\r\n');
  await talking.connection.reply(10_000);
  expect(talking.connection.isQuiet).toBe(false);

  using left = await connected();
  left.peer.end();
  await expect(left.connection.reply(10_000)).rejects.toThrow('the server closed the connection');
  expect(left.connection.isQuiet).toBe(false);
});
