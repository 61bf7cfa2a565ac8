import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { PREFIX_CONNECTIONS } from '@postel/supervision';
import { ImapClient } from '@postel/testkit';
import { expect, test } from 'vitest';
import { SESSIONS_AN_ACCOUNT } from './limits.ts';
import { MailServer } from './testing/mail-server.ts';

const server = new MailServer();
const ELSEWHERE = '127.9.0.1';

test('whose network has too many connections is told so, in the clear and under TLS; others come in', async () => {
  await using imap = await server.startProcess();
  const sockets: Socket[] = [];
  for (let i = 0; i < PREFIX_CONNECTIONS.host; i++) {
    const socket = connect({ port: imap.port, host: '127.0.0.1', localAddress: ELSEWHERE });
    sockets.push(socket);
    await once(socket, 'data');
  }
  const limit = /^\* BYE \[LIMIT\] Too many connections from your network/;
  await using refused = await ImapClient.connect(imap.port, ELSEWHERE);
  expect(await refused.line()).toMatch(limit);
  expect(await refused.line()).toBe(null);
  await using refusedTls = await ImapClient.connectTls(imap.tlsPort, {
    ca: server.postel.ca,
    localAddress: ELSEWHERE,
  });
  expect(await refusedTls.line()).toMatch(limit);
  await using neighbour = await ImapClient.connect(imap.port, '127.9.0.2');
  expect(await neighbour.line()).toMatch(/^\* OK /);

  const [gone] = sockets;
  if (gone === undefined) throw new Error('no socket');
  gone.end();
  await once(gone, 'close');
  await using another = await ImapClient.connect(imap.port, ELSEWHERE);
  expect(await another.line()).toMatch(/^\* OK /);
  for (const socket of sockets) socket.destroy();
}, 60_000);

test('an account has so many sessions in a process, and no limit from a trusted network', async () => {
  await using imap = await server.startProcess();
  const { name, password } = await server.addAccount();
  const logIn = async (from: string) => {
    const client = await ImapClient.connect(imap.port, from);
    await client.line();
    const { tagged } = await client.command(`LOGIN ${name} ${password}`);
    return { client, tagged };
  };
  const sessions = [];
  for (let i = 0; i < SESSIONS_AN_ACCOUNT; i++) sessions.push(await logIn(ELSEWHERE));
  expect(sessions.filter(({ tagged }) => tagged.startsWith('OK '))).toHaveLength(SESSIONS_AN_ACCOUNT);
  const refused = await logIn(ELSEWHERE);
  expect(refused.tagged).toMatch(/^NO \[LIMIT\] Too many connections of this account/);
  expect((await logIn('127.0.0.1')).tagged).toMatch(/^OK /);
  await sessions[0]?.client.command('LOGOUT');
  expect((await refused.client.command(`LOGIN ${name} ${password}`)).tagged).toMatch(/^OK /);
}, 60_000);
