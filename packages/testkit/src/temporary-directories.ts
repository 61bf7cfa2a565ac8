import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Followed by the PID of the test run, so that a later one can tell whether it is over. */
const PREFIX = 'postel-test-';

/** Names the test run's own directory to the processes of the run. */
const RUN_DIRECTORY = 'POSTEL_TEST_DIRECTORY';

/** Makes a directory that all later ones lie in, so that the end of the run removes them, however a test ended. */
export function makeRunDirectory(): Disposable {
  const path = makeTemporaryDirectory();
  process.env[RUN_DIRECTORY] = path;
  const remove = () => removeTemporaryDirectory(path);
  process.once('exit', remove); // Ctrl-C ends vitest without its teardown
  return {
    [Symbol.dispose]() {
      process.off('exit', remove);
      remove();
    },
  };
}

/** A new directory. Its path is short enough for a socket. */
export function makeTemporaryDirectory(): string {
  return mkdtempSync(join(process.env[RUN_DIRECTORY] ?? tmpdir(), `${PREFIX}${process.pid}-`));
}

/** Removes it, though a server that is just stopping may still write there. Synchronous, to work at the very end too. */
export function removeTemporaryDirectory(path: string): void {
  for (let attempt = 0; attempt < REMOVAL_ATTEMPTS && existsSync(path); attempt++) {
    try {
      rmSync(path, { recursive: true, force: true });
    } catch {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, REMOVAL_PAUSE_MS);
    }
  }
}

const REMOVAL_ATTEMPTS = 100;
const REMOVAL_PAUSE_MS = 50;

/** Removes what test runs left behind that were killed. */
export function removeAbandonedDirectories(): void {
  for (const name of readdirSync(tmpdir())) {
    if (!name.startsWith(PREFIX)) continue;
    const pid = Number.parseInt(name.slice(PREFIX.length), 10);
    if (!isAlive(pid)) removeTemporaryDirectory(join(tmpdir(), name));
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
