import { once } from 'node:events';
import { connect } from 'node:tls';
import type { MadeCertificate } from '@postel/testkit';
import { type TlsPeer, tlsPeer } from '../tls-peer.ts';
import { serveChain } from './serve-chain.ts';

/**
 * A real handshake with a server that shows these certificates, its own first.
 *
 * @param trusted an authority that the client trusts
 */
export async function shakeHands(
  chain: readonly [MadeCertificate, ...MadeCertificate[]],
  trusted: MadeCertificate | null = null,
): Promise<TlsPeer> {
  await using server = await serveChain(chain);
  const socket = connect({
    host: '127.0.0.1',
    port: server.port,
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
  }
}
