import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { type ConnectionOptions, connect, createSecureContext, TLSSocket } from 'node:tls';
import { formatPem, makeCertificate, makeKeyPair } from '@postel/tls-pubkey';
import { expect, test } from 'vitest';
import { channelBindingOf } from './channel-binding.ts';

/** Of OpenSSL, which Node does not name. */
const SSL_OP_NO_EXTENDED_MASTER_SECRET = 1;

test('under TLS 1.3 both ends export the same octets (RFC 9266 §2), each connection its own', async () => {
  await using server = await startServer();
  const one = await server.connect({ minVersion: 'TLSv1.3' });
  const exported = one.client.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0));
  expect(channelBindingOf(one.served)).toEqual({ type: 'tls-exporter', data: exported });
  const other = await server.connect({ minVersion: 'TLSv1.3' });
  expect(channelBindingOf(other.served)?.data).not.toEqual(exported);
});

test("after a full handshake of TLS 1.2 it is the client's Finished (RFC 5929 §3.1)", async () => {
  await using server = await startServer();
  const { client, served } = await server.connect({ maxVersion: 'TLSv1.2' });
  expect(channelBindingOf(served)).toEqual({ type: 'tls-unique', data: client.getFinished() });
});

test('a resumed session of TLS 1.2 has nothing to bind to', async () => {
  await using server = await startServer();
  const { client } = await server.connect({ maxVersion: 'TLSv1.2' });
  const again = await server.connect({ maxVersion: 'TLSv1.2', session: client.getSession() });
  expect(again.served.isSessionReused()).toBe(true);
  expect(channelBindingOf(again.served)).toBeNull();
});

test('TLS 1.2 without the extended master secret has nothing to bind to', async () => {
  await using server = await startServer();
  const without = { maxVersion: 'TLSv1.2', secureOptions: SSL_OP_NO_EXTENDED_MASTER_SECRET } as const;
  const { served } = await server.connect(without);
  expect(served.getProtocol()).toBe('TLSv1.2');
  expect(channelBindingOf(served)).toBeNull();
});

test('a session that holds a client certificate is read past it', async () => {
  await using server = await startServer();
  const { client, served } = await server.connect({ maxVersion: 'TLSv1.2', ...(await makeIdentity('mary')) });
  expect(served.getPeerX509Certificate()?.subject).toBe('CN=mary');
  expect(channelBindingOf(served)).toEqual({ type: 'tls-unique', data: client.getFinished() });
});

test('a connection that is gone has none', async () => {
  await using server = await startServer();
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const { served } = await server.connect({ maxVersion });
    served.destroy();
    await once(served, 'close');
    expect(channelBindingOf(served)).toBeNull();
  }
});

async function makeIdentity(name: string) {
  const { privateKey } = await makeKeyPair('p256');
  const validity = { notBefore: new Date('2020-01-01'), notAfter: new Date('2040-01-01') };
  return {
    key: privateKey.export({ format: 'pem', type: 'pkcs8' }),
    cert: formatPem('CERTIFICATE', makeCertificate(privateKey, { name, ...validity })),
  };
}

/** Hands out both ends of each connection. */
async function startServer() {
  const context = createSecureContext({ ...(await makeIdentity('localhost')), sessionIdContext: 'test' });
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const sockets: TLSSocket[] = [];

  return {
    async connect(options: ConnectionOptions) {
      const accepted = once(server, 'connection');
      const client = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
      const isSecure = once(client, 'secureConnect');
      const [socket] = await accepted;
      const served = new TLSSocket(socket, {
        isServer: true,
        secureContext: context,
        requestCert: true,
        rejectUnauthorized: false,
      });
      sockets.push(client, served);
      await Promise.all([once(served, 'secure'), isSecure]);
      return { client, served };
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
