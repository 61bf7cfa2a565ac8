import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '@postel/testkit';

const LOOK_AGAIN_MS = 20;

/**
 * Postfix's smtp-sink: takes every message, after CRLF.CRLF, and throws it away. It is written in C and takes several thousand messages a
 * second, so what is measured is who sends.
 */
export class CountingSink implements AsyncDisposable {
  readonly port: number;
  readonly #child: ChildProcess;
  #messages = 0;
  #lastMs = 0;
  #changed = Promise.withResolvers<void>();

  private constructor(port: number, child: ChildProcess) {
    this.port = port;
    this.#child = child;
    let rest = '';
    child.stdout?.setEncoding('latin1').on('data', (text: string) => {
      rest = (rest + text).slice(-1_000);
      const said = [...rest.matchAll(/mesg=\s*(\d+)\r/g)].at(-1);
      if (said === undefined) return;
      this.#messages = Number(said[1]);
      this.#lastMs = performance.now();
      this.#changed.resolve();
      this.#changed = Promise.withResolvers();
    });
  }

  /** As root it goes on as `postfix`. */
  static async start(): Promise<CountingSink> {
    const port = await freePort();
    const user = process.getuid?.() === 0 ? ['-u', 'postfix'] : [];
    const child = spawn('smtp-sink', [...user, '-c', `127.0.0.1:${port}`, '1000'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const sink = new CountingSink(port, child);
    while (!(await answers(port))) await pause(LOOK_AGAIN_MS);
    return sink;
  }

  /** It has taken so far. */
  get messages(): number {
    return this.#messages;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Waits until it has taken so many. @returns when it took the last, by performance.now() */
  async took(messages: number): Promise<number> {
    while (this.#messages < messages) await this.#changed.promise;
    return this.#lastMs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGTERM');
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', () => {
      socket.end('QUIT\r\n');
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
