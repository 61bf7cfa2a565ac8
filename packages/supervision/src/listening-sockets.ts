import { BoundSocket } from 'node:net';
import type { Address } from '@postel/config';

/** All addresses of the machine, IPv4 and IPv6. */
export const EVERYWHERE = '*';

/** A socket that an app process inherits: by this file descriptor it listens at the address. */
export interface InheritedSocket extends Address {
  readonly fd: number;
}

/** An address cannot be listened at. `code` is Node's: `EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
  readonly code: string;
  readonly host: string;
  readonly port: number;

  constructor({ host, port }: Address, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'UNKNOWN';
    this.host = host;
    this.port = port;
  }
}

/**
 * The sockets that the supervisor's app processes listen on. They are opened here, once, and inherited by every process
 * that serves the address, as file descriptors. So several processes serve one port; a process that dies leaves its
 * port open, and who connects meanwhile waits for the next one, or for another of them, instead of being refused; and only
 * the supervisor needs the right to ports below 1024.
 *
 * Whichever process is idle accepts, and the kernel wakes all that are. Of 500 connections 5 ms apart, two processes
 * took 318 and 182, four 152, 111, 191 and 46; of 1,000 at once 492 and 508. With SO_REUSEPORT it is 256 and 244, but each
 * connection is given to one process for good, also to one that is busy or dead, while another one has nothing to do.
 */
export class ListeningSockets implements Disposable {
  readonly #sockets = new Map<string, BoundSocket>();

  /**
   * Reserves addresses: all of them, or none that was not there before.
   * @throws {ListenError} if another program listens there
   */
  open(addresses: readonly Address[]): void {
    const opened: string[] = [];
    try {
      for (const address of addresses) {
        if (this.#sockets.has(keyOf(address))) continue;
        this.#sockets.set(keyOf(address), bind(address));
        opened.push(keyOf(address));
      }
    } catch (error) {
      for (const key of opened) this.#close(key);
      throw error;
    }
  }

  /** For the process that is to listen at an address: one that is open. */
  descriptor(address: Address): number {
    const socket = this.#sockets.get(keyOf(address));
    if (socket === undefined) throw new Error(`no socket is open at ${keyOf(address)}`);
    return socket.fd();
  }

  /** Closes all others. Where no process listens any more, connections are refused from now on. */
  keepOnly(addresses: readonly Address[]): void {
    const kept = new Set(addresses.map(keyOf));
    for (const key of this.#sockets.keys()) if (!kept.has(key)) this.#close(key);
  }

  [Symbol.dispose](): void {
    this.keepOnly([]);
  }

  #close(key: string): void {
    this.#sockets.get(key)?.close();
    this.#sockets.delete(key);
  }
}

function bind(address: Address): BoundSocket {
  const { host, port } = address;
  try {
    // `::` is what it says, so that it can stand beside 0.0.0.0; both together are EVERYWHERE.
    return new BoundSocket({ host: host === EVERYWHERE ? '::' : host, port, ipv6Only: host === '::' });
  } catch (error) {
    const hasNoIpv6 =
      error instanceof Error && 'code' in error && /^E(AFNOSUPPORT|ADDRNOTAVAIL)$/.test(String(error.code));
    if (host === EVERYWHERE && hasNoIpv6) return bind({ host: '0.0.0.0', port });
    throw new ListenError(address, error);
  }
}

export function keyOf({ host, port }: Address): string {
  return `${host} ${port}`;
}
