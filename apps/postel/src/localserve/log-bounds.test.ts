import { appendFileSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { boundLogs } from './log-bounds.ts';

test('a log that is too large is moved away, and who has it open goes on writing', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'postel-logs-'));
  const path = join(directory, 'postgres.log');
  const open = openSync(path, 'a');
  writeSync(open, 'x'.repeat(100));
  appendFileSync(join(directory, 'small.log'), 'small');

  await boundLogs(directory, 50);
  writeSync(open, 'next');

  expect(readFileSync(path, 'utf8')).toBe('next');
  expect(readFileSync(`${path}.1`, 'utf8')).toBe('x'.repeat(100));
  expect(readFileSync(join(directory, 'small.log'), 'utf8')).toBe('small');
  rmSync(directory, { recursive: true });
});
