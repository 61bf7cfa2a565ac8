import { isIPv6 } from 'node:net';
import { CONNECTIONS, CONNECTIONS_AN_ADDRESS } from './limits.ts';
import { replies, type SmtpReply } from './replies.ts';

/** Counts connections, all and by the address they come from. */
export class ConnectionCount {
  readonly #byAddress = new Map<string, number>();
  #all = 0;

  /** Counts one more. @returns why it may not come in, if so */
  enter(address: string): SmtpReply | null {
    const count = (this.#byAddress.get(address) ?? 0) + 1;
    this.#byAddress.set(address, count);
    this.#all++;
    if (this.#all > CONNECTIONS) return replies.tooManyConnections;
    return count > CONNECTIONS_AN_ADDRESS && !isLoopback(address) ? replies.tooManyFromAddress : null;
  }

  /** To be called once for each `enter`. */
  leave(address: string): void {
    const count = (this.#byAddress.get(address) ?? 0) - 1;
    if (count > 0) this.#byAddress.set(address, count);
    else this.#byAddress.delete(address);
    this.#all--;
  }
}

function isLoopback(address: string): boolean {
  return isIPv6(address) ? address === '::1' : address.startsWith('127.');
}
