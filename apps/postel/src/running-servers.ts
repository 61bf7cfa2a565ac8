import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Invocation } from './command.ts';
import { DataDirectory, LOCALSERVE_DIRECTORY } from './data-directory/data-directory.ts';
import { isRunning, type ProcessIdentity } from './data-directory/process-identity.ts';
import { type RunState, readRunState } from './data-directory/run-file.ts';
import { findUsualFile, readConfigurationOrExplain } from './serve/find-configuration.ts';
import { APP_NAMES } from './serve/plan-apps.ts';
import type { NamedServer } from './which-server.ts';

/** Where a server of this host has its files. */
export interface ServerPlace {
  readonly directory: DataDirectory;
  /** The configuration file; null for localserve. */
  readonly file: string | null;
}

/** @throws {CommandError} if the configuration file cannot be read */
export async function findPlace({ config }: NamedServer, { dataDirectory }: Invocation): Promise<ServerPlace> {
  if (dataDirectory !== null) return { directory: new DataDirectory(dataDirectory), file: null };
  const file = config ?? findUsualFile();
  if (file === null) return { directory: new DataDirectory(LOCALSERVE_DIRECTORY), file };
  const { dataDirectory: configured } = await readConfigurationOrExplain(file);
  return { directory: new DataDirectory(configured), file };
}

/** What runs there: a whole server, or apps of one that were started alone, each with its own supervisor. */
export function findRunning({ directory }: ServerPlace): readonly RunState[] {
  const directories = [directory.path, ...APP_NAMES.map((app) => join(directory.path, `serve-${app}`))];
  return directories.flatMap((path) => {
    const state = readRunState(new DataDirectory(path).runFile);
    return state !== null && state.kind === 'server' && isRunning(state) ? [state] : [];
  });
}

const TICKS_A_SECOND = 100; // USER_HZ, which is that on every Linux

/** When a process started, in epoch ms; null if the system does not say it in a way that we know. */
export function startOf({ startedAt }: ProcessIdentity): number | null {
  if (process.platform !== 'linux') {
    const at = Date.parse(startedAt);
    return Number.isNaN(at) ? null : at;
  }
  const [, ticks] = startedAt.split(' ');
  const [, bootSeconds] = /^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'latin1')) ?? [];
  const at = (Number(bootSeconds) + Number(ticks) / TICKS_A_SECOND) * 1_000;
  return Number.isNaN(at) ? null : at;
}
