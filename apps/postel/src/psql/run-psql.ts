import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import type { DatabaseTarget } from '@postel/config';
import { findReaderAccess, openDatabase, StorageError } from '@postel/storage';
import type { Invocation } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { reachDatabase } from '../reach-database.ts';
import { Stopped, StopSignal } from '../stop-signal.ts';
import { findServer, type NamedServer } from '../which-server.ts';
import { type PsqlConnection, psqlConnection } from './psql-connection.ts';

export interface PsqlArguments {
  /** As the owner of the tables, not as their reader. */
  readonly isWriting: boolean;
  /** Psql's own. */
  readonly args: readonly string[];
  readonly server: NamedServer;
}

/** The work of `postel psql`. Sets the exit code to psql's. @throws {CommandError} */
export async function runPsql({ isWriting, args, server }: PsqlArguments, invocation: Invocation): Promise<void> {
  using stop = new StopSignal();
  await using started = new AsyncDisposableStack();
  const { terminal } = invocation;
  const found = await findServer(server, invocation);
  const target = await reachDatabase(found.database, { signal: stop.signal, started, report: terminal.note });
  const settings = isWriting ? {} : await readerSettings(target, terminal.note);
  const connection = psqlConnection(target, settings);
  if (spawnSync('psql', ['--version'], { stdio: 'ignore' }).status !== 0)
    throw new CommandError(withoutPsql(connection));
  if (isWriting) terminal.warn('what is changed here, Postel does not know of: see postel psql --help');
  process.exitCode = await psql(connection, args, stop.signal);
}

/** Narrows a session to reading the views, as far as that can be done. */
async function readerSettings(
  target: DatabaseTarget,
  note: (line: string) => void,
): Promise<Readonly<Record<string, string>>> {
  const database = openDatabase(target, { applicationName: 'postel psql', maxConnections: 1 });
  try {
    const { hasViews, mayTakeRole } = await findReaderAccess(database.sql);
    if (!hasViews) throw new CommandError('The tables are of an older Postel, which had no views: run postel migrate.');
    if (!mayTakeRole) note('There is no role postel_reader for this login (docs/sql.md): reading with its own rights.');
    return {
      search_path: 'mail',
      default_transaction_read_only: 'on',
      ...(mayTakeRole ? { role: 'postel_reader' } : {}),
    };
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    const why = error.cause instanceof Error ? `: ${error.cause.message}` : '';
    throw new CommandError(`Cannot use the database${why}.`, { cause: error });
  } finally {
    await database.close();
  }
}

/** @returns its exit status, as a shell has it if a signal ended it */
async function psql(
  { args, environment }: PsqlConnection,
  more: readonly string[],
  signal: AbortSignal,
): Promise<number> {
  // They would win over what we say.
  const { PGHOSTADDR: _, PGSERVICE: __, ...env } = process.env;
  const child = spawn('psql', [...args, ...more], {
    stdio: 'inherit',
    env: { PGAPPNAME: 'postel psql', ...env, ...environment },
  });
  // Ctrl-C comes to psql from the terminal, where it ends a query; any other signal comes to us alone.
  const pass = () => {
    if (!(signal.reason instanceof Stopped && signal.reason.message === 'SIGINT')) child.kill('SIGTERM');
  };
  signal.addEventListener('abort', pass);
  const [code, killedBy] = await once(child, 'exit');
  signal.removeEventListener('abort', pass);
  return typeof code === 'number'
    ? code
    : 128 + (Object.entries(constants.signals).find(([name]) => name === killedBy)?.[1] ?? 0);
}

function withoutPsql({ args, environment }: PsqlConnection): string {
  const shown = Object.entries(environment).filter(([name]) => name !== 'PGPASSWORD');
  return [
    'There is no psql on this machine: it comes with the package postgresql-client (Debian, Ubuntu) or postgresql.',
    'To connect with another program:',
    ...args.map((arg) => `  ${arg.replace('--dbname=', '')}`),
    ...shown.map(([name, value]) => `  ${name}='${value}'`),
  ].join('\n');
}
