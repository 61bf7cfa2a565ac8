import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A program that talks to a server for whoever types, such as `openssl s_client`, with a socket for its standard input and output. */
export class ProgramSocket implements AsyncDisposable {
  readonly socket: Socket;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, socket: Socket) {
    this.#child = child;
    this.socket = socket;
  }

  static async start(program: string, ...args: readonly string[]): Promise<ProgramSocket> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const accepted = once(server, 'connection');
    const theirs = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const [[ours]] = await Promise.all([accepted, once(theirs, 'connect')]);
    server.close();
    const child = spawn(program, args, { stdio: [theirs, theirs, 'ignore'] });
    child.on('error', (error) => ours.destroy(error));
    theirs.destroy(); // the program has its own descriptors of it
    return new ProgramSocket(child, ours);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }
}
