import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

/** A program that is spoken to a line at a time. */
export class LineProcess implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #lines: AsyncIterator<string>;
  readonly #ended: Promise<void>;
  #errors = '';

  constructor(program: string, args: readonly string[], env: Record<string, string> = {}) {
    const { PATH = '' } = process.env;
    this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { PATH, ...env } });
    this.#child.stderr.on('data', (chunk) => {
      this.#errors += chunk;
    });
    // A program that has ended hears nothing more; that it has is seen when it is read from.
    this.#child.stdin.on('error', () => {});
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.#ended = new Promise((resolve) => this.#child.once('close', () => resolve()));
  }

  send(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  /** @throws if the program ends instead, with what it complained of */
  async read(): Promise<string> {
    const { done, value } = await this.#lines.next();
    if (done === true) throw new Error(`ended: ${await this.complaints()}`);
    return value;
  }

  /** What the program wrote to standard error, once it has ended. */
  async complaints(): Promise<string> {
    await this.#ended;
    return this.#errors;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill();
    await this.#ended;
  }
}
