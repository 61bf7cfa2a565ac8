import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import {
  identifyProcess,
  isRunning,
  parseDataDirectory,
  parseLsof,
  processesIn,
  signalProcess,
} from './process-identity.ts';

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
  signalProcess(pid, 'SIGKILL');
});

test('processes are found by where they stand, and by their program', async () => {
  const child = spawn('sleep', ['60'], { cwd: import.meta.dirname });
  await once(child, 'spawn');
  expect(processesIn(import.meta.dirname, 'sleep')).toContain(child.pid);
  expect(processesIn(import.meta.dirname, 'postgres')).not.toContain(child.pid);
  child.kill();
});

test('the data directory on the command line of a Postgres', () => {
  expect(parseDataDirectory('/usr/bin/postgres\0-D\0/data/postgres\0-k\0/data/socket\0')).toBe('/data/postgres');
  expect(parseDataDirectory('/usr/bin/postgres\0-D/data/postgres\0')).toBe('/data/postgres');
  expect(parseDataDirectory('postgres: checkpointer \0')).toBeNull();
  expect(parseDataDirectory('postgres\0-D\0relative\0')).toBeNull();
});

test('what lsof prints on macOS', () => {
  const output = 'p100\nfcwd\nn/data/postgres\np101\nfcwd\nn/data/postgres\np102\nfcwd\nn/elsewhere\n';
  expect(parseLsof(output, '/data/postgres')).toEqual([100, 101]);
});
