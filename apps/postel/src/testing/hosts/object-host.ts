import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { TestHost } from './test-network.ts';

const SERVE_OBJECTS = fileURLToPath(new URL('../../fixtures/serve-objects.ts', import.meta.url));

/** An S3-compatible store on a host of its own. */
export class ObjectHost implements AsyncDisposable {
  /** As `blobs.s3` of a configuration file. */
  readonly settings: object;
  readonly #process: ChildProcess;

  private constructor(settings: object, process: ChildProcess) {
    this.settings = settings;
    this.#process = process;
  }

  static async start(host: TestHost): Promise<ObjectHost> {
    const [file = '', ...args] = host.commandLine([process.execPath, SERVE_OBJECTS, host.address('back')]);
    const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const [settings] = await once(child, 'message');
    return new ObjectHost(settings, child);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#process, 'exit');
    this.#process.disconnect();
    await ended;
  }
}
