import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { readRunState } from './run-state.ts';
import { startPostel } from './start-postel.ts';
import { makeTemporaryDirectory, removeTemporaryDirectory } from './temporary-directories.ts';

const DATABASE_ONLY = fileURLToPath(new URL('../../../apps/postel/src/fixtures/serve-database.ts', import.meta.url));

test('a server is ready when it is returned, and gone with its directory when it is disposed of', async () => {
  const postel = await startPostel({ script: DATABASE_ONLY });
  const { supervisor, postgres } = postel.pids;
  const account = await postel.addAccount('mary');
  expect(account.address).toMatch(/^mary-[0-9a-f]{10}@localhost$/);
  expect(postel.ca).toContain('BEGIN CERTIFICATE');
  await postel[Symbol.asyncDispose]();
  expect(existsSync(postel.dataDirectory)).toBe(false);
  for (const pid of [supervisor, postgres]) expect(isAlive(pid)).toBe(false);
});

test('a server stops in order when the test process is killed, though nobody reads any more what it says', async () => {
  const dataDirectory = makeTemporaryDirectory();
  const module = JSON.stringify(fileURLToPath(new URL('start-postel.ts', import.meta.url)));
  const options = JSON.stringify({ dataDirectory, script: DATABASE_ONLY });
  const script = `const { startPostel } = await import(${module}); await startPostel(${options}); console.log('started');`;
  const tester = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(tester.stdout, 'data');
  const { pid, postgresPid } = readRunState(dataDirectory);
  tester.kill('SIGKILL');
  while (isAlive(pid)) await wait(20);
  expect(isAlive(postgresPid ?? 0)).toBe(false);
  expect(existsSync(join(dataDirectory, 'run.json'))).toBe(false);
  expect(readFileSync(join(dataDirectory, 'logs/postgres.log'), 'utf8')).toContain('database system is shut down');
  removeTemporaryDirectory(dataDirectory);
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A dead child of a dead parent may not have been waited for.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
