import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type DatabaseTarget, parseDatabaseTarget, SettingReader } from '@postel/config';

const LAUNCHER = fileURLToPath(new URL('../bin/postel.mjs', import.meta.url));

/** A `postel localserve` of the benchmark's own. */
export interface LocalPostel extends AsyncDisposable {
  readonly dataDirectory: string;
  readonly database: DatabaseTarget;
  /** Root processes: the supervisor, with the apps below it, and Postgres. */
  readonly pids: { readonly supervisor: number; readonly postgres: number };
}

/** Starts Postel on a data directory, its ports above `portOffset`; it ends when disposed of. */
export async function startLocalPostel(dataDirectory: string, portOffset: number): Promise<LocalPostel> {
  const server = spawn(
    process.execPath,
    [LAUNCHER, 'localserve', '--data', dataDirectory, '--port-offset', String(portOffset)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await ready(server);
  const run: { postgres: { pid: number }; database: unknown } = JSON.parse(
    readFileSync(join(dataDirectory, 'run.json'), 'utf8'),
  );
  return {
    dataDirectory,
    database: parseDatabaseTarget(new SettingReader(run.database, 'database')),
    pids: { supervisor: server.pid ?? 0, postgres: run.postgres.pid },
    async [Symbol.asyncDispose]() {
      server.kill('SIGTERM');
      await new Promise((resolve) => (server.exitCode === null ? server.once('exit', resolve) : resolve(null)));
    },
  };
}

function ready(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    server.stdout?.setEncoding('utf8').on('data', (text: string) => {
      if (/^postel ready$/m.test(text)) resolve();
    });
    server.once('exit', (code) => reject(new Error(`Postel ended with status ${code} before it was ready`)));
  });
}
