import { once } from 'node:events';
import { connect } from 'node:net';
import { ConnectionCount, SessionCount } from '@postel/supervision';
import { sharedPostel } from '@postel/testkit';
import { expect, test, vi } from 'vitest';
import { REFUSED_CONNECTIONS, TLS_HANDSHAKE_MS } from './limits.ts';
import { startOwnServer } from './testing/own-server.ts';
import { SmtpClient } from './testing/smtp-client.ts';

const ELSEWHERE = '127.9.0.1';

test('whose network has too many connections is told so, and comes in when one is over', async () => {
  const connectionCount = new ConnectionCount([], { host: 1, site: 10, region: 10 });
  await using own = await startOwnServer({ connectionCount });
  const first = await SmtpClient.connect(own.port, ELSEWHERE);
  expect(await first.line()).toMatch(/^220 /);
  await using second = await SmtpClient.connect(own.port, ELSEWHERE);
  expect(await second.line()).toMatch(/^421 4\.7\.0 Too many connections from your network/);
  expect(await second.line()).toBe(null);
  await using neighbour = await SmtpClient.connect(own.port, '127.9.0.2');
  expect(await neighbour.line()).toMatch(/^220 /);
  await first[Symbol.asyncDispose]();
  while (connectionCount.all > 1) await new Promise(setImmediate);
  await using third = await SmtpClient.connect(own.port, ELSEWHERE);
  expect(await third.line()).toMatch(/^220 /);
});

test('who does not leave when refused keeps nobody out: of more such connections none is served', async () => {
  const connectionCount = new ConnectionCount([], { host: 1, site: 1_000, region: 1_000 });
  await using own = await startOwnServer({ connectionCount });
  const stay = () => connect({ port: own.port, host: '127.0.0.1', localAddress: ELSEWHERE, allowHalfOpen: true });
  const sockets = Array.from({ length: 1 + REFUSED_CONNECTIONS }, stay);
  const greetings = await Promise.all(sockets.map(async (socket) => String((await once(socket, 'data'))[0])));
  expect(greetings.filter((greeting) => greeting.startsWith('421 4.7.0 '))).toHaveLength(REFUSED_CONNECTIONS);
  expect(connectionCount.all).toBe(1 + REFUSED_CONNECTIONS);

  await using more = await SmtpClient.connect(own.port, ELSEWHERE);
  expect(await more.line()).toBe(null);
  expect(connectionCount.all).toBe(1 + REFUSED_CONNECTIONS);
  await using neighbour = await SmtpClient.connect(own.port, '127.9.0.2');
  expect(await neighbour.line()).toMatch(/^220 /);
  for (const socket of sockets) socket.destroy();
});

test('hardening 12: handshakes that do not end: a network has few of them, and each has its time', async () => {
  const connectionCount = new ConnectionCount([], { host: 2, site: 10, region: 10 });
  await using own = await startOwnServer({ connectionCount }, { tls: 'implicit' });
  const timers = vi.spyOn(globalThis, 'setTimeout');
  const beginning = Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]);
  const halfOpen = [beginning, Buffer.alloc(0)].map((octets) => {
    const socket = connect({ port: own.port, host: '127.0.0.1', localAddress: ELSEWHERE });
    socket.write(octets);
    return once(socket.resume(), 'close');
  });
  const waiting = () => timers.mock.calls.filter(([, ms]) => ms === TLS_HANDSHAKE_MS).map(([callback]) => callback);
  await vi.waitFor(() => expect(waiting()).toHaveLength(2));
  const ends = waiting();
  const { ca } = sharedPostel();
  await using third = await SmtpClient.connectTls(own.port, { ca, localAddress: ELSEWHERE });
  expect(await third.line()).toMatch(/^421 4\.7\.0 Too many connections from your network/);
  await using neighbour = await SmtpClient.connectTls(own.port, { ca, localAddress: '127.9.0.2' });
  expect(await neighbour.line()).toMatch(/^220 /);
  for (const end of ends) end();
  await Promise.all(halfOpen);
  timers.mockRestore();
  expect(await neighbour.command('NOOP')).toBe('250 2.0.0 OK');
});

test('an account has so many sessions, and no limit from loopback', async () => {
  await using own = await startOwnServer({ sessionCount: new SessionCount(1) });
  const response = Buffer.from(`\0${own.account.name}\0${own.account.password}`).toString('base64');
  const logIn = async (from: string) => {
    const client = await SmtpClient.connect(own.port, from);
    await client.reply();
    await client.command('EHLO client.example');
    return { client, reply: await client.command(`AUTH PLAIN ${response}`) };
  };
  const first = await logIn(ELSEWHERE);
  expect(first.reply).toMatch(/^235 /);
  const second = await logIn(ELSEWHERE);
  expect(second.reply).toMatch(/^421 4\.7\.0 Too many connections of this account/);
  expect(await second.client.line()).toBe(null);
  for (let i = 0; i < 3; i++) expect((await logIn('127.0.0.1')).reply).toMatch(/^235 /);
  await first.client.command('QUIT');
  expect((await logIn(ELSEWHERE)).reply).toMatch(/^235 /);
});
