/** SCRAM as a client that trusts nobody uses it: it believes an OK only behind a server that has proven itself. */
import { type ConnectionOptions, TLSSocket } from 'node:tls';
import { type ClientConnection, chooseClientMechanism } from '@postel/sasl';
import type { TestAccount } from '@postel/testkit';
import { expect, test } from 'vitest';
import { ImapClient } from '../testing/imap-client.ts';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();
const { ports, ca } = server.postel;

type ChannelBinding = ClientConnection['channelBinding'];

/** @returns the mechanism and the tagged answer */
async function logIn(client: ImapClient, { name, password }: TestAccount, channelBinding: ChannelBinding) {
  const { untagged } = await client.command('CAPABILITY');
  const offered = [...(untagged[0] ?? '').matchAll(/ AUTH=(\S+)/g)].map(([, mechanism = '']) => mechanism);
  const connection = {
    hasTrustedTls: true,
    channelBinding,
    hasClientCertificate: false,
    service: 'imap',
    host: 'localhost',
    port: ports.imaps,
  };
  const credentials = { authenticationIdentity: name, password };
  const { name: mechanism, exchange } = chooseClientMechanism(offered, credentials, connection);
  client.send(`s1 AUTHENTICATE ${mechanism} ${(await exchange.initialResponse())?.toString('base64')}\r\n`);
  for (;;) {
    const line = (await client.line()) ?? '';
    if (!line.startsWith('+ ')) {
      if (line.startsWith('s1 OK')) exchange.succeeded();
      return { mechanism, tagged: line.slice('s1 '.length) };
    }
    const response = await exchange.respond(Buffer.from(line.slice(2), 'base64'));
    client.send(`${response.toString('base64')}\r\n`);
  }
}

async function connect(options: ConnectionOptions): Promise<{ client: ImapClient; socket: TLSSocket }> {
  const client = await ImapClient.connectTls(ports.imaps, { ca, ...options });
  await client.line();
  const { socket } = client;
  if (!(socket instanceof TLSSocket)) throw new Error('no TLS');
  return { client, socket };
}

const exported = (socket: TLSSocket): ChannelBinding => ({
  type: 'tls-exporter',
  data: socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0)),
});
const firstFinished = (socket: TLSSocket): ChannelBinding => ({
  type: 'tls-unique',
  data: socket.getFinished() ?? Buffer.alloc(0),
});

test('SCRAM-SHA-256-PLUS, bound to TLS 1.3 by tls-exporter and to TLS 1.2 by tls-unique', async () => {
  const mary = await server.addAccount();
  for (const [version, bindingOf] of [
    ['TLSv1.3', exported],
    ['TLSv1.2', firstFinished],
  ] as const) {
    const { client, socket } = await connect({ minVersion: version, maxVersion: version });
    await using _ = client;
    const { mechanism, tagged } = await logIn(client, mary, bindingOf(socket));
    expect(mechanism).toBe('SCRAM-SHA-256-PLUS');
    expect(tagged).toMatch(/^OK \[CAPABILITY /);
  }
});

test('SCRAM-SHA-256 for a client that cannot bind, after STARTTLS', async () => {
  const mary = await server.addAccount();
  await using client = await server.connect();
  await client.command('STARTTLS');
  await client.startTls({ ca });
  expect(await logIn(client, mary, null)).toMatchObject({
    mechanism: 'SCRAM-SHA-256',
    tagged: expect.stringMatching(/^OK /),
  });
});

test('hardening 20: what is bound to another connection is refused as a wrong password is', async () => {
  const mary = await server.addAccount();
  const [one, other] = await Promise.all([connect({}), connect({})]);
  await using _one = one.client;
  await using _other = other.client;
  const wrong = await logIn(one.client, { ...mary, password: 'not her password' }, exported(one.socket));
  expect(wrong.tagged).toMatch(/^NO \[AUTHENTICATIONFAILED\] /);
  const relayed = await logIn(one.client, mary, exported(other.socket));
  expect(relayed).toEqual(wrong);
  expect((await logIn(one.client, mary, exported(one.socket))).tagged).toMatch(/^OK /);
});

test('hardening 20: a client that was told of no binding is not let in by the one that we offered', async () => {
  const mary = await server.addAccount();
  const { client } = await connect({});
  await using _ = client;
  const first = Buffer.from(`y,,n=${mary.name},r=nonce-of-the-client`).toString('base64');
  expect((await client.command(`AUTHENTICATE SCRAM-SHA-256 ${first}`)).tagged).toMatch(/^NO \[AUTHENTICATIONFAILED\] /);
});

test('a resumed session of TLS 1.2 has nothing to bind to, and offers no PLUS', async () => {
  const options = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const;
  const first = await connect(options);
  await using _first = first.client;
  expect((await first.client.command('CAPABILITY')).untagged[0]).toContain('AUTH=SCRAM-SHA-256-PLUS');
  const again = await connect({ ...options, session: first.socket.getSession() });
  await using _again = again.client;
  expect(again.socket.isSessionReused()).toBe(true);
  const { untagged } = await again.client.command('CAPABILITY');
  expect(untagged[0]).toContain(' AUTH=SCRAM-SHA-256 ');
  expect(untagged[0]).not.toContain('-PLUS');
});
