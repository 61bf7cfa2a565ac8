import { setTimeout as delay } from 'node:timers/promises';
import type { SmtpSession } from '@postel/testkit';
import { RemoteServer } from './remote-server.ts';

/** How long a server takes for a message. */
const TAKES_MS = 20;

/** How a server is down: it says so, hangs up, or nobody answers. */
const TROUBLES = ['says 421', 'hangs up', 'is not there'] as const;

/** How many of each name there are, and were at most. */
class Counts {
  readonly #running = new Map<string, number>();
  readonly #most = new Map<string, number>();

  add(name: string, more: 1 | -1): void {
    const count = this.running(name) + more;
    this.#running.set(name, count);
    this.#most.set(name, Math.max(this.most(name), count));
  }

  running(name: string): number {
    return this.#running.get(name) ?? 0;
  }

  most(name: string): number {
    return this.#most.get(name) ?? 0;
  }
}

/** Mail servers that are down until they recover, and count what goes on at the same time from then on. */
export class OutageSink implements AsyncDisposable {
  /** The forward-paths of what was taken, in that order. */
  readonly taken: string[] = [];
  /** Of all servers together, under the name 'all'. */
  readonly transactions = new Counts();
  /** By the domain of the forward-path. */
  readonly ofDomain = new Counts();
  /** By address, as the next. */
  readonly ofHost = new Counts();
  readonly connections = new Counts();
  /** Transactions that were begun with a server while it had not taken a first message yet, beside another. */
  besideFirst = 0;
  readonly #servers = new Map<string, RemoteServer>();
  readonly #tookOne = new Set<string>();
  readonly #forwardPaths = new WeakMap<SmtpSession, string>();
  #isUp = false;
  #port = 0;
  #changed = Promise.withResolvers<void>();

  private constructor() {}

  /** @param addresses the first of which is there, and says that it is down */
  static async start(addresses: readonly string[]): Promise<OutageSink> {
    const sink = new OutageSink();
    for (const [i, address] of addresses.entries())
      await sink.#start(address, TROUBLES[i % TROUBLES.length] ?? 'says 421');
    return sink;
  }

  /** Of all of them. */
  get port(): number {
    return this.#port;
  }

  /** All are up from now on. */
  async recover(addresses: readonly string[]): Promise<void> {
    this.#isUp = true;
    for (const address of addresses) if (!this.#servers.has(address)) await this.#start(address, 'says 421');
  }

  /** Waits until so many were taken. */
  async gets(count: number): Promise<void> {
    while (this.taken.length < count) await this.#changed.promise;
  }

  async #start(address: string, trouble: (typeof TROUBLES)[number]): Promise<void> {
    if (trouble === 'is not there') return;
    const script = async (line: string, session: SmtpSession) => {
      if (!this.#isUp) {
        if (trouble === 'hangs up') session.socket.destroy();
        return trouble === 'hangs up' ? '' : '421 4.3.2 We are down';
      }
      return await this.#hear(address, line, session);
    };
    const server = await RemoteServer.start(script, undefined, { address, port: this.#port });
    this.#port = server.port;
    this.#servers.set(address, server);
  }

  async #hear(address: string, line: string, session: SmtpSession): Promise<null> {
    if (line === 'connect') {
      this.connections.add(address, 1);
      session.socket.once('close', () => this.connections.add(address, -1));
    } else if (line.startsWith('MAIL')) {
      if (!this.#tookOne.has(address) && this.ofHost.running(address) > 0) this.besideFirst++;
      this.ofHost.add(address, 1);
      this.transactions.add('all', 1);
    } else if (line.startsWith('RCPT')) {
      const forwardPath = /<(.*)>/.exec(line)?.[1] ?? '';
      this.#forwardPaths.set(session, forwardPath);
      this.ofDomain.add(domainOf(forwardPath), 1);
    } else if (line === '.') {
      await delay(TAKES_MS);
      const forwardPath = this.#forwardPaths.get(session) ?? '';
      this.ofDomain.add(domainOf(forwardPath), -1);
      this.ofHost.add(address, -1);
      this.transactions.add('all', -1);
      this.#tookOne.add(address);
      this.taken.push(forwardPath);
      this.#changed.resolve();
      this.#changed = Promise.withResolvers();
    }
    return null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers.values()) await server[Symbol.asyncDispose]();
  }
}

function domainOf(forwardPath: string): string {
  return forwardPath.slice(forwardPath.lastIndexOf('@') + 1);
}
