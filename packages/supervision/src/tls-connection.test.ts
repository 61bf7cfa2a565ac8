import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { formatPem, makeCertificate, makeKeyPair } from '@postel/tls-pubkey';
import { expect, test } from 'vitest';
import { hostNames, TlsConnection } from './tls-connection.ts';

test.each([
  ['no name', undefined, ['mail.example.com']],
  ['a name that a certificate is for', 'MAIL.example.org', ['mail.example.com', 'mail.example.org']],
  ['a name that none is for', 'evil.example', ['mail.example.com']],
])('by which names a client may call us: it asked for %s', async (_, servername, names) => {
  const { privateKey } = await makeKeyPair('p256');
  const validity = { notBefore: new Date('2020-01-01'), notAfter: new Date('2040-01-01') };
  const cert = formatPem('CERTIFICATE', makeCertificate(privateKey, { name: 'mail', ...validity }));
  const server = createServer({ cert, key: privateKey.export({ format: 'pem', type: 'pkcs8' }) });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const accepted = once(server, 'secureConnection') as Promise<[TLSSocket]>;
  const client = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...(servername && { servername }) });
  const [served] = await accepted;
  const certificates = { isFor: (name: string) => name.toLowerCase() === 'mail.example.org' };
  expect(hostNames('Mail.example.com', new TlsConnection(served, certificates))).toEqual(names);
  expect(hostNames('Mail.example.com', null)).toEqual(['mail.example.com']);
  client.destroy();
  server.close();
  await once(server, 'close');
});
