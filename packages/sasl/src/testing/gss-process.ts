import { fileURLToPath } from 'node:url';
import type { GssContext } from '../client/gss-context.ts';
import { LineProcess } from './line-process.ts';

const CONTEXT = fileURLToPath(new URL('gss-context.py', import.meta.url));

/** Debian's own, for which it has python3-gssapi. */
export const SYSTEM_PYTHON = '/usr/bin/python3';

/** The GSS-API of MIT Kerberos, in another process. */
export class GssProcess implements GssContext, AsyncDisposable {
  readonly #process: LineProcess;

  constructor(service: string, env: Record<string, string>) {
    this.#process = new LineProcess(SYSTEM_PYTHON, [CONTEXT, service], env);
  }

  async step(token: Buffer) {
    const [word, answer] = await this.#call('step', token);
    return { token: answer, isComplete: word === 'complete' };
  }

  async unwrap(message: Buffer): Promise<Buffer> {
    return (await this.#call('unwrap', message))[1];
  }

  async wrap(message: Buffer): Promise<Buffer> {
    return (await this.#call('wrap', message))[1];
  }

  async #call(name: string, octets: Buffer): Promise<[word: string, octets: Buffer]> {
    this.#process.send(`${name} ${octets.toString('base64')}`);
    const [word = '', answer = ''] = (await this.#process.read()).split(' ');
    return [word, Buffer.from(answer, 'base64')];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }
}
