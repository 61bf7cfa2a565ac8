import { LineProcess } from './line-process.ts';
import type { PeerReply, SaslPeer } from './sasl-peer.ts';

/** A server by Cyrus SASL: its `sasl-sample-server`. */
export class CyrusPeer implements SaslPeer {
  readonly #mechanism: string;
  readonly #server: LineProcess;

  /** @param env where its configuration is: SASL_CONF_PATH, with a `sample.conf` in it */
  constructor(mechanism: string, env: Record<string, string>) {
    this.#mechanism = mechanism;
    const args = ['-s', 'smtp', '-d', 'localhost', '-u', 'localhost', '-m', mechanism];
    // It keeps its lines back as long as it speaks to no terminal.
    this.#server = new LineProcess('stdbuf', ['-oL', 'sasl-sample-server', ...args], env);
  }

  async begin(mechanism: string, initialResponse: Buffer | null): Promise<PeerReply> {
    if (mechanism !== this.#mechanism) throw new Error(`the server has ${this.#mechanism}, not ${mechanism}`);
    await this.#challenge(); // the list of mechanisms
    const initial = initialResponse === null ? [] : [Buffer.alloc(1), initialResponse];
    return await this.respond(Buffer.concat([Buffer.from(mechanism), ...initial]));
  }

  async respond(response: Buffer): Promise<PeerReply> {
    this.#server.send(`C: ${response.toString('base64')}`);
    return await this.#challenge();
  }

  async #challenge(): Promise<PeerReply> {
    for (;;) {
      const line = await this.#server.read().catch((error: Error) => error);
      if (line instanceof Error) return { type: 'failure', words: line.message };
      if (line.startsWith('S: ')) return { type: 'challenge', challenge: Buffer.from(line.slice(3), 'base64') };
      if (line.startsWith('Username: ')) return { type: 'success', words: line.slice('Username: '.length) };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }
}
