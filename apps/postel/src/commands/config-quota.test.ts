import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { type OwnPostel, startPostel } from '@postel/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SERVE_DATABASE } from '../fixtures/scripts.ts';

const LAUNCHER = join(import.meta.dirname, '../../../../bin/postel.mjs');

let postel: OwnPostel;
beforeAll(async () => {
  postel = await startPostel({ script: SERVE_DATABASE });
});
afterAll(() => postel[Symbol.asyncDispose]());

function config(line: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const args = [LAUNCHER, '--data', postel.dataDirectory, 'config', ...line.split(' ')];
  return new Promise((resolve) => {
    execFile(process.execPath, args, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

/** The table that a command shows, cell by cell. */
async function table(line: string): Promise<readonly (readonly string[])[]> {
  const { stdout, stderr, code } = await config(line);
  if (code !== 0) throw new Error(stderr);
  return stdout
    .trimEnd()
    .split('\n')
    .map((row) => row.split(/ {2,}/));
}

test('a default for all, limits of an account instead, and back', async () => {
  expect(await table('quota')).toEqual([
    ['', 'DEFAULT'],
    ['storage', 'none'],
    ['messages', 'none'],
    ['mailboxes', 'none'],
  ]);
  expect(await table('quota --storage 5GB --messages 200000')).toEqual([
    ['', 'DEFAULT'],
    ['storage', '5.0 GB'],
    ['messages', '200,000'],
    ['mailboxes', 'none'],
  ]);
  expect(await table('account quota other --mailboxes 12 --messages none')).toEqual([
    ['', 'USED', 'LIMIT'],
    ['storage', '0 B', '5.0 GB', '0 %', 'default'],
    ['messages', '0', 'none'],
    ['mailboxes', '6', '12', '50 %'],
  ]);
  await config('quota --storage none');
  expect(await table('account quota other --messages default --storage 1.5mb')).toEqual([
    ['', 'USED', 'LIMIT'],
    ['storage', '0 B', '1.5 MB', '0 %'],
    ['messages', '0', '200,000', '0 %', 'default'],
    ['mailboxes', '6', '12', '50 %'],
  ]);
  const lowered = await config('account quota other --mailboxes 5');
  expect(lowered).toMatchObject({ code: 0, stdout: expect.stringContaining('120 %') });
  expect(lowered.stderr).toContain('nothing is removed');
  await config('quota --messages none');
  expect(await table('account quota other --mailboxes default --storage default')).toEqual([
    ['', 'USED', 'LIMIT'],
    ['storage', '0 B', 'none', 'default'],
    ['messages', '0', 'none', 'default'],
    ['mailboxes', '6', 'none', 'default'],
  ]);
});

test('an account that is not there has no quota', async () => {
  expect(await config('account quota nobody')).toMatchObject({ code: 1, stderr: expect.stringContaining('nobody') });
});

test.for(['account quota', 'quota other', 'quota --storage default'])('"%s" is no command line', async (line) => {
  expect(await config(line)).toMatchObject({ code: 2 });
});
