import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Unix sockets have paths of at most 103 octets on macOS, 107 on Linux. */
const LONGEST_SOCKET_PATH = 100;

/** The name is Postgres's own, of its default port. */
const SOCKET_NAME = '.s.PGSQL.5432';

export interface SocketDirectory {
  readonly path: string;
  /** It lies in the system's temporary directory, because the data directory's path is too long. */
  readonly isTemporary: boolean;
}

export async function makeSocketDirectory(dataDirectory: string): Promise<SocketDirectory> {
  const path = join(dataDirectory, 'socket');
  if (Buffer.byteLength(join(path, SOCKET_NAME)) <= LONGEST_SOCKET_PATH) {
    await mkdir(path, { recursive: true, mode: 0o700 });
    return { path, isTemporary: false };
  }
  // mkdtemp makes it 0700 and under a name that nobody could foresee.
  return { path: await mkdtemp(join(tmpdir(), 'postel-')), isTemporary: true };
}

/** Removes what a Postgres left there that was killed: it would refuse to start beside a lock file whose PID is taken. */
export async function clearSocketDirectory(path: string): Promise<void> {
  for (const name of [SOCKET_NAME, `${SOCKET_NAME}.lock`]) await rm(join(path, name), { force: true });
}

export async function removeSocketDirectory(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
}
