import { fileURLToPath } from 'node:url';
import { LineProcess } from './line-process.ts';
import type { PeerReply, SaslPeer } from './sasl-peer.ts';

const SERVER = fileURLToPath(new URL('gsasl-server.py', import.meta.url));

export interface GsaslOptions {
  /** What the server knows, by the names that gsasl-server.py lists. */
  readonly properties?: Readonly<Record<string, string>>;
  readonly passcodes?: Readonly<Record<string, 'ok' | 'next' | 'pin'>>;
}

/** A server by GNU SASL. */
export class GsaslPeer implements SaslPeer {
  readonly #options: string;
  readonly #env: Record<string, string>;
  #server: LineProcess | null = null;

  constructor(options: GsaslOptions, env: Record<string, string> = {}) {
    this.#options = JSON.stringify(options);
    this.#env = env;
  }

  async begin(mechanism: string, initialResponse: Buffer | null): Promise<PeerReply> {
    this.#server = new LineProcess('python3', [SERVER, mechanism, this.#options], this.#env);
    return await this.#exchange(initialResponse?.toString('base64') ?? '-');
  }

  respond(response: Buffer): Promise<PeerReply> {
    return this.#exchange(response.toString('base64'));
  }

  async #exchange(line: string): Promise<PeerReply> {
    if (this.#server === null) throw new Error('not begun');
    this.#server.send(line);
    const [, word, words = ''] = /^(\S+) (.*)$/.exec(await this.#server.read()) ?? [];
    if (word === 'challenge') return { type: 'challenge', challenge: Buffer.from(words, 'base64') };
    return { type: word === 'success' ? 'success' : 'failure', words };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
  }
}
