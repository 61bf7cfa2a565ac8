import type { Server } from 'node:net';
import type { Address } from '@postel/config';
import { EVERYWHERE, type InheritedSocket, keyOf, ListenError } from './listening-sockets.ts';

/** Connections that the system holds while all processes are busy, or none is there. */
const BACKLOG = 1_024;

/** The sockets of this process: like all file descriptors, there is one table of them. */
const inherited = new Map<string, number>();

/** Takes note of the sockets that the supervisor passed on. */
export function noteInherited(sockets: readonly InheritedSocket[]): void {
  for (const socket of sockets) inherited.set(keyOf(socket), socket.fd);
}

/**
 * Lets a server of this process listen at an address: on the socket that the supervisor opened for it; or else, in tests of
 * a process alone, on one of its own.
 *
 * @returns the port, which the system chose if `port` is 0
 * @throws {ListenError}
 */
export async function listenOn(server: Server, { host, port }: Address): Promise<number> {
  const fd = inherited.get(keyOf({ host, port }));
  const where = fd === undefined ? { port, ...(host === EVERYWHERE ? {} : { host }) } : { fd };
  await new Promise<void>((resolve, reject) => {
    const failed = (error: Error) => reject(new ListenError({ host, port }, error));
    server.once('error', failed);
    // As an argument of its own: among the options Node overlooks it for a file descriptor.
    server.listen(where, BACKLOG, () => {
      server.off('error', failed);
      resolve();
    });
  });
  const address = server.address();
  return address !== null && typeof address === 'object' ? address.port : port;
}
