import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What Postgres says of itself in `postmaster.pid`, from pg_ctl's `pidfile.h`. */
export interface PostmasterFile {
  /** `null` if the file is empty or garbled, as a power cut leaves it. */
  readonly pid: number | null;
  /** It accepts connections. */
  readonly isReady: boolean;
}

export function postmasterFilePath(cluster: string): string {
  return join(cluster, 'postmaster.pid');
}

/** `null` if there is none: Postgres does not run, and ended properly. */
export function readPostmasterFile(cluster: string): PostmasterFile | null {
  try {
    const lines = readFileSync(postmasterFilePath(cluster), 'utf8').split('\n');
    const pid = Number(lines[0]);
    // 8th line: "starting", "stopping", "ready" or "standby", padded.
    return { pid: Number.isInteger(pid) && pid > 0 ? pid : null, isReady: lines[7]?.trim() === 'ready' };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
