import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { identifyProcess, isRunning, parseLsof, processesIn } from './process-identity.ts';

test('a process is the same as long as it runs, and another one of its number is not', () => {
  const self = identifyProcess(process.pid);
  if (self === null) throw new Error('not found');
  expect(isRunning(self)).toBe(true);
  expect(isRunning({ ...self, startedAt: 'earlier' })).toBe(false);
});

test('a process that is over is none', async () => {
  const child = spawn('true');
  const pid = child.pid ?? 0;
  await once(child, 'exit');
  expect(identifyProcess(pid)).toBeNull();
});

test('processes are found by where they stand, and by their program', async () => {
  const child = spawn('sleep', ['60'], { cwd: import.meta.dirname });
  await once(child, 'spawn');
  expect(processesIn(import.meta.dirname, 'sleep')).toContain(child.pid);
  expect(processesIn(import.meta.dirname, 'postgres')).not.toContain(child.pid);
  child.kill();
});

test('what lsof prints on macOS', () => {
  const output = 'p100\nfcwd\nn/data/postgres\np101\nfcwd\nn/data/postgres\np102\nfcwd\nn/elsewhere\n';
  expect(parseLsof(output, '/data/postgres')).toEqual([100, 101]);
});
