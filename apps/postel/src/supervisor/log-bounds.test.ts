import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
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

  const warnings: string[] = [];
  await boundLogs(directory, (line) => warnings.push(line), 50);
  writeSync(open, 'next');

  expect(readFileSync(path, 'utf8')).toBe('next');
  expect(readFileSync(`${path}.1`, 'utf8')).toBe('x'.repeat(100));
  expect(readFileSync(join(directory, 'small.log'), 'utf8')).toBe('small');
  expect(warnings).toEqual([]);
  rmSync(directory, { recursive: true });
});

test('a log that cannot be moved away is told and keeps no other from it', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'postel-logs-'));
  mkdirSync(join(directory, 'a.log.1')); // in the way
  for (const name of ['a.log', 'b.log']) writeFileSync(join(directory, name), 'x'.repeat(100));
  const warnings: string[] = [];
  await boundLogs(directory, (line) => warnings.push(line), 50);
  expect(warnings).toHaveLength(1);
  expect(readFileSync(join(directory, 'b.log.1'), 'utf8')).toBe('x'.repeat(100));

  rmSync(directory, { recursive: true });
  await boundLogs(directory, (line) => warnings.push(line), 50);
  expect(warnings[1]).toContain('ENOENT');
});
