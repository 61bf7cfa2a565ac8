import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CommandError } from '../command-error.ts';
import { FileLock } from './lock.ts';

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'postel-lock-'));
  path = join(directory, 'lock');
});
afterEach(() => rmSync(directory, { recursive: true }));

test('one has it at a time, until it gives it up', () => {
  const first = FileLock.tryTake(path);
  expect(first).not.toBeNull();
  expect(FileLock.tryTake(path)).toBeNull();
  first?.[Symbol.dispose]();
  const second = FileLock.tryTake(path);
  expect(second).not.toBeNull();
  second?.[Symbol.dispose]();
});

test('it goes with the process that has it, also by kill -9', async () => {
  const script = `
    const { FileLock } = await import(${JSON.stringify(join(import.meta.dirname, 'lock.ts'))});
    console.log(FileLock.tryTake(${JSON.stringify(path)}) !== null);
    setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = await once(holder.stdout, 'data');
  expect(String(said).trim()).toBe('true');
  expect(FileLock.tryTake(path)).toBeNull();
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  const lock = FileLock.tryTake(path);
  expect(lock).not.toBeNull();
  lock?.[Symbol.dispose]();
});

test('a file of somebody else is left alone, and told', () => {
  writeFileSync(path, '12345\n');
  expect(() => FileLock.tryTake(path)).toThrow('remove it');
  expect(readFileSync(path, 'utf8')).toBe('12345\n');
});

test('a place that cannot be locked is told', () => {
  expect(() => FileLock.tryTake(directory)).toThrow(CommandError);
});
