import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

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
export function makeTemporaryDirectory(parent = process.env[RUN_DIRECTORY] ?? tmpdir()): string {
  return mkdtempSync(join(parent, `${PREFIX}${process.pid}-`));
}

/** A directory of one test, for a program that is no part of Postel. Dispose of it with `using`. */
export class TemporaryDirectory implements Disposable {
  readonly path: string;

  /** @param parent outside the run's directory for a program that runs as somebody else, who may not enter there */
  constructor(parent?: string) {
    this.path = makeTemporaryDirectory(parent);
  }

  /** Writes a file there, readable by its owner alone as mail programs ask of those with passwords, and gives its path. */
  write(name: string, content: string | Buffer): string {
    const path = join(this.path, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  }

  [Symbol.dispose](): void {
    removeTemporaryDirectory(this.path);
  }
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
