import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { CommandError } from '../command-error.ts';
import type { PostgresPackage } from './postgres-package.ts';
import { asPostgresUser, type PostgresUser } from './postgres-user.ts';

/** Letters are what glibc's C.UTF-8 says they are; pg_trgm goes by that. macOS has no such locale. */
export const LOCALE = process.platform === 'darwin' ? 'en_US.UTF-8' : 'C.UTF-8';

/** Postgres's programs, run as the right user and with an environment of their own. */
export class PostgresPrograms {
  readonly major: string;
  readonly #package: PostgresPackage;
  readonly #user: PostgresUser;
  readonly #directory: string;

  /** @param directory the current directory of what is run; one that Postgres's user can enter */
  constructor(from: PostgresPackage, user: PostgresUser, directory: string) {
    this.major = from.major;
    this.#package = from;
    this.#user = user;
    this.#directory = directory;
  }

  /** Gives a directory to the user that Postgres runs as. */
  async handOver(directory: string): Promise<void> {
    if (this.#user.type === 'other') await chown(directory, this.#user.uid, this.#user.gid);
  }

  /**
   * Runs one of them to its end.
   * @throws {CommandError} with what it printed, if it fails
   */
  async run(program: 'initdb' | 'postgres', args: readonly string[], input = ''): Promise<void> {
    const child = this.#spawn(program, args, ['pipe', 'pipe', 'pipe']);
    const ended = once(child, 'close');
    child.stdin?.on('error', () => {}).end(input);
    const output = await Promise.all(
      [child.stdout, child.stderr].map((stream) => (stream === null ? '' : text(stream))),
    );
    await ended;
    if (child.exitCode === 0) return;
    throw new CommandError(`${program} failed (${child.signalCode ?? child.exitCode}):\n${output.join('').trim()}`);
  }

  /** Starts the server. Its PID is the child's. */
  startServer(args: readonly string[], log: number | 'ignore'): ChildProcess {
    return this.#spawn('postgres', args, ['ignore', log, log]);
  }

  #spawn(program: 'initdb' | 'postgres', args: readonly string[], stdio: readonly ('pipe' | 'ignore' | number)[]) {
    const command = asPostgresUser(this.#user, this.#package[program], args);
    return spawn(command.file, command.args, {
      ...command.options,
      cwd: this.#directory,
      env: this.#environment(),
      stdio: [...stdio],
      // A session of its own: Ctrl-C at the terminal must not stop the database before the processes that use it.
      detached: true,
    });
  }

  /** Nothing from outside: PGOPTIONS, PGDATA and their like would change what runs. */
  #environment(): NodeJS.ProcessEnv {
    const { libraryPath } = this.#package;
    const { PATH } = process.env;
    const libraries = process.platform === 'darwin' ? 'DYLD_LIBRARY_PATH' : 'LD_LIBRARY_PATH';
    return {
      PATH,
      LC_ALL: LOCALE,
      ...(libraryPath === null ? {} : { [libraries]: libraryPath }),
    };
  }
}
