import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import type { MadeCertificate } from '@postel/testkit';

/** A server that shows these certificates, its own first. */
export async function serveChain([server, ...others]: readonly [MadeCertificate, ...MadeCertificate[]]) {
  const cert = [server, ...others].map((each) => each.cert).join('');
  const listener = createServer({ key: server.key, cert }, (socket) => socket.on('error', () => {}).resume());
  // Who does not like what it sees hangs up.
  listener.on('tlsClientError', () => {});
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  return {
    port,
    async [Symbol.asyncDispose]() {
      listener.close();
    },
  };
}
