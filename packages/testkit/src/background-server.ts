import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';

interface BackgroundOptions {
  /** For a shell: starts the server in the background and returns when it listens. `$1` is the directory. */
  readonly start: string;
  /** For a shell: stops it, and returns when it has stopped. */
  readonly stop: string;
  readonly directory: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Whom it runs as, user and group; ourselves if not given. */
  readonly uid?: number;
}

/**
 * A server of another project that goes into the background by itself. A shell starts it and stops it when its standard input
 * ends: so it ends with the test process, however that ends. What it prints goes into the file `output` of its directory: its
 * processes would keep a pipe open.
 */
export class BackgroundServer implements AsyncDisposable {
  readonly #keeper: ChildProcess;

  private constructor(keeper: ChildProcess) {
    this.#keeper = keeper;
  }

  /** @returns null if it did not start */
  static async start({ start, stop, directory, env, uid }: BackgroundOptions): Promise<BackgroundServer | null> {
    const script = `{ ${start}\n} >"$1/output" 2>&1 || exit 1\necho started\nread -r _\n{ ${stop}\n} >>"$1/output" 2>&1`;
    const keeper = spawn('/bin/sh', ['-c', script, 'keeper', directory], {
      detached: true, // Ctrl-C is ours to answer, by ending
      cwd: directory,
      stdio: ['pipe', 'pipe', 'ignore'],
      ...(env !== undefined && { env }),
      ...(uid !== undefined && { uid, gid: uid }),
    });
    // Either `started`, or the end.
    const [started] = await Promise.race([once(keeper.stdout, 'data'), once(keeper.stdout, 'end')]);
    return started === undefined ? null : new BackgroundServer(keeper);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#keeper, 'exit');
    this.#keeper.stdin?.end();
    await ended;
  }
}

/** A port of 127.0.0.1 that nobody listens at now. Somebody may a moment later: who uses it must be ready to try again. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return address !== null && typeof address === 'object' ? address.port : 0;
}
