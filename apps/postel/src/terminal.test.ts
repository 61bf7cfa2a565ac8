import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const LAUNCHER = join(import.meta.dirname, '../../../bin/postel.mjs');
const FULL = '/dev/full';

test.skipIf(!existsSync(FULL))('a command whose answer the disk has no room for says so, and fails', async () => {
  const full = openSync(FULL, 'w');
  const child = spawn(process.execPath, [LAUNCHER, 'help'], { stdio: ['ignore', full, 'pipe'] });
  closeSync(full);
  const [complaint, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  expect(code).toBe(1);
  expect(complaint).toMatch(/^postel: the output is not whole: ENOSPC/);
});

test('a reader that has seen enough is no failure', async () => {
  const line = `"${process.execPath}" "${LAUNCHER}" help | head -1; exit "\${PIPESTATUS[0]}"`;
  const { stdout, stderr } = await promisify(execFile)('bash', ['-c', line]);
  expect(stdout.trimEnd().split('\n')).toHaveLength(1);
  expect(stderr).toBe('');
});
