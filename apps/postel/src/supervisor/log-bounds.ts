import { copyFile, readdir, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';

const LARGEST_LOG_OCTETS = 16 * 1024 * 1024;
const LOOK_EVERY_MS = 60_000;

/**
 * Keeps the logs of all processes within bounds: one that has grown too large is copied to `NAME.log.1` and emptied.
 * That works for Postgres and for what Node itself prints as well, because all append to the file they were given.
 * (What is written between copy and truncation, some microseconds, is lost.)
 */
export function keepLogsBounded(directory: string, warn: (line: string) => void): Disposable {
  const timer = setInterval(() => void boundLogs(directory, warn), LOOK_EVERY_MS).unref();
  void boundLogs(directory, warn);
  return {
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

/** Never fails: a log that cannot be bounded, on a full disk for instance, is told, and tried again next time. */
export async function boundLogs(
  directory: string,
  warn: (line: string) => void,
  largestOctets = LARGEST_LOG_OCTETS,
): Promise<void> {
  const tellFailure = (error: unknown) =>
    warn(`cannot bound the logs: ${error instanceof Error ? error.message : error}`);
  const names = await readdir(directory).catch((error: unknown) => {
    tellFailure(error);
    return [];
  });
  for (const name of names.filter((name) => name.endsWith('.log'))) {
    await boundLog(join(directory, name), largestOctets).catch(tellFailure);
  }
}

async function boundLog(path: string, largestOctets: number): Promise<void> {
  if ((await stat(path)).size <= largestOctets) return;
  await copyFile(path, `${path}.1`);
  await truncate(path);
}
