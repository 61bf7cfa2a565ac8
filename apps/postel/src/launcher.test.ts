import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { identifyProcess } from './data-directory/process-identity.ts';

const ROOT = join(import.meta.dirname, '../../..');
const LAUNCHER = join(ROOT, 'bin/postel.mjs');
const oldNode = findOldNode();
const nodes = [
  ['the pinned Node', process.execPath],
  ...(oldNode === null ? [] : [[`Node ${versionOf(oldNode)}`, oldNode]]),
] as const;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'postel-launcher-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe.for(nodes)('under %s', ([, node = '']) => {
  test('help is printed, with exit code 0', async () => {
    const result = await run(node, ['help']);
    expect(result).toMatchObject({ code: 0, signal: null });
    expect(result.output).toContain('postel localserve');
  });

  test('exit codes come through: 2 for a command line that makes no sense, 1 for what could not be done', async () => {
    expect(await run(node, ['frobnicate'])).toMatchObject({ code: 2 });
    const nothingThere = await run(node, ['--data', join(directory, 'none'), 'config', 'account', 'list']);
    expect(nothingThere).toMatchObject({ code: 1 });
    expect(nothingThere.output).toContain('Postel has never run in');
    expect(existsSync(join(directory, 'none'))).toBe(false);
  });

  test.for(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2'] as const)('a death by %s comes through', async (signal) => {
    const waiting = await startWaiting(node);
    waiting.kill(signal);
    expect(await once(waiting, 'exit')).toEqual([null, signal]);
  });
});

describe.skipIf(oldNode === null)('under an older Node (SKIP if PATH has none)', () => {
  test('the child ends when the launcher is killed with kill -9', async () => {
    const waiting = await startWaiting(oldNode ?? '');
    const child = identifyProcess(childOf(waiting));
    expect(child).not.toBeNull();
    waiting.kill('SIGKILL');
    await once(waiting, 'exit');
    while (identifyProcess(child?.pid ?? 0)?.startedAt === child?.startedAt) await wait(10);
  });

  test('a missing binary is told, with what to do', async () => {
    mkdirSync(join(directory, 'bin'));
    copyFileSync(LAUNCHER, join(directory, 'bin/postel.mjs'));
    copyFileSync(join(ROOT, 'package.json'), join(directory, 'package.json'));
    const result = await run(oldNode ?? '', ['help'], join(directory, 'bin/postel.mjs'));
    expect(result).toMatchObject({ code: 1 });
    expect(result.output).toMatch(/needs Node \d+.*npm ci.*--omit=optional/);
  });
});

/** A command that waits for its standard input, and has got so far that signals do what they will. */
async function startWaiting(node: string): Promise<ChildProcess> {
  const child = spawn(node, [LAUNCHER, 'config', 'account', 'setpassword', 'mary'], {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  await once(child.stderr ?? child, 'data'); // "Reading the password ..."
  return child;
}

async function run(node: string, args: readonly string[], launcher = LAUNCHER) {
  const child = spawn(node, [launcher, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  const [code, signal] = await once(child, 'close');
  return { code, signal, output };
}

function childOf({ pid }: ChildProcess): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim());
}

function findOldNode(): string | null {
  const { PATH = '' } = process.env;
  const candidates = [...PATH.split(delimiter), '/usr/local/bin', '/usr/bin'].map((path) => join(path, 'node'));
  return candidates.find((path) => existsSync(path) && Number.parseInt(versionOf(path), 10) < 26) ?? null;
}

function versionOf(node: string): string {
  return execFileSync(node, ['--version'], { encoding: 'utf8' }).trim().slice(1);
}
