import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:tls';
import type { MadeCertificate } from '@postel/testkit';
import { type TlsPeer, tlsPeer } from '../tls-peer.ts';

/**
 * A real handshake with a server that shows these certificates, its own first.
 *
 * @param trusted an authority that the client trusts
 */
export async function shakeHands(
  [server, ...others]: readonly [MadeCertificate, ...MadeCertificate[]],
  trusted: MadeCertificate | null = null,
): Promise<TlsPeer> {
  const cert = [server, ...others].map((each) => each.cert).join('');
  const listener = createServer({ key: server.key, cert }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  const socket = connect({
    host: '127.0.0.1',
    port,
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
    ...(trusted === null ? {} : { ca: trusted.cert }),
  });
  try {
    await once(socket, 'secureConnect');
    const peer = tlsPeer(socket);
    if (peer === null) throw new Error('no certificate was shown');
    return peer;
  } finally {
    socket.destroy();
    listener.close();
  }
}
