import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const LAUNCHER = join(import.meta.dirname, '../../../bin/postel.mjs');
const FULL = '/dev/full';

test.skipIf(!existsSync(FULL))('a command whose answer the disk has no room for says so, and fails', async () => {
  const line = `"${process.execPath}" "${LAUNCHER}" help > ${FULL}; echo "$?"`;
  const { stdout: code, stderr: complaint } = await promisify(execFile)('bash', ['-c', line]);
  expect(code).toBe('1\n');
  expect(complaint).toMatch(/^postel: the output is not whole: ENOSPC/);
});

test('a reader that has seen enough is no failure', async () => {
  const line = `"${process.execPath}" "${LAUNCHER}" help | head -1; exit "\${PIPESTATUS[0]}"`;
  const { stdout, stderr } = await promisify(execFile)('bash', ['-c', line]);
  expect(stdout.trimEnd().split('\n')).toHaveLength(1);
  expect(stderr).toBe('');
});
