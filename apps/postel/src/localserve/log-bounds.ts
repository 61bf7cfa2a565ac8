import { copyFile, readdir, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';

const LARGEST_LOG_OCTETS = 16 * 1024 * 1024;
const LOOK_EVERY_MS = 60_000;

/**
 * Keeps the logs of all processes within bounds: one that has grown too large is copied to `NAME.log.1` and emptied.
 * That works for Postgres and for what Node itself prints as well, because all append to the file they were given.
 * (What is written between copy and truncation, some microseconds, is lost.)
 */
export function keepLogsBounded(directory: string): Disposable {
  const timer = setInterval(() => void boundLogs(directory), LOOK_EVERY_MS).unref();
  void boundLogs(directory);
  return {
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

export async function boundLogs(directory: string, largestOctets = LARGEST_LOG_OCTETS): Promise<void> {
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    if (!name.endsWith('.log') || (await stat(path)).size <= largestOctets) continue;
    await copyFile(path, `${path}.1`);
    await truncate(path);
  }
}
