import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import type { RunningPostel, TestAccount } from './running-postel.ts';
import { TemporaryDirectory } from './temporary-directories.ts';

const run = promisify(execFile);

/** No run of a mail program takes so long. */
const RUN_MS = 60_000;
const OUTPUT_OCTETS = 64 * 1024 * 1024;

/** A mail program of the system as somebody uses it, with a home directory of its own. */
export class MailProgram implements Disposable {
  readonly postel: Pick<RunningPostel, 'dataDirectory'>;
  readonly account: TestAccount;
  readonly #home = new TemporaryDirectory();

  constructor(postel: Pick<RunningPostel, 'dataDirectory'>, account: TestAccount) {
    this.postel = postel;
    this.account = account;
  }

  get home(): string {
    return this.#home.path;
  }

  /** The certificate of the authority that the server's certificate is of. */
  get caFile(): string {
    return join(this.postel.dataDirectory, 'ca.pem');
  }

  /** Writes a file of the home directory, and gives its path. */
  write(name: string, content: string | Buffer): string {
    return this.#home.write(name, content);
  }

  /** @returns what it printed @throws if it fails, with what it printed */
  async run(program: string, ...args: readonly string[]): Promise<string> {
    const { PATH } = process.env;
    const env = { PATH, HOME: this.home, TERM: 'xterm', LANG: 'C.UTF-8', TMPDIR: this.home };
    const running = run(program, args, { cwd: this.home, env, timeout: RUN_MS, maxBuffer: OUTPUT_OCTETS });
    running.child.stdin?.end();
    try {
      const { stdout, stderr } = await running;
      return stdout + stderr;
    } catch (error) {
      const { message, stdout, stderr } = error as Error & { stdout?: string; stderr?: string };
      throw new Error(`${message}\n${stdout ?? ''}\n${stderr ?? ''}`);
    }
  }

  /** Runs a program that wants a terminal. */
  runInTerminal(program: string, ...args: readonly string[]): Promise<string> {
    const line = [program, ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
    return this.run('script', '--quiet', '--return', '--command', line, '/dev/null');
  }

  [Symbol.dispose](): void {
    this.#home[Symbol.dispose]();
  }
}

/** For a test that needs programs: skips it, and says why, if one is not installed. */
export function requirePrograms(skip: (why: string) => void, ...programs: readonly string[]): void {
  const { PATH = '' } = process.env;
  const isHere = (program: string) => PATH.split(delimiter).some((directory) => existsSync(join(directory, program)));
  const missing = programs.filter((program) => !isHere(program));
  if (missing.length > 0) skip(`${missing.join(', ')} not installed`);
}
