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

function share(line: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const args = [LAUNCHER, '--data', postel.dataDirectory, 'config', 'mailbox', 'share', ...line.split(' ')];
  return new Promise((resolve) => {
    execFile(process.execPath, args, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

test('a mailbox is shared, with one account or all, and no more', async () => {
  expect((await share('postel inbox')).stdout).toBe('Nobody but its owner may use it.\n');
  expect((await share('postel INBOX other@localhost swlr')).stdout).toBe('WHO    RIGHTS\nother  lrsw\n');
  expect((await share('postel INBOX anyone l')).stdout).toBe('WHO     RIGHTS\nanyone  l\nother   lrsw\n');
  expect((await share('-- postel INBOX -other s')).stdout).toBe('WHO     RIGHTS\nanyone  l\nother   lrsw\n-other  s\n');
  await share('postel INBOX anyone none');
  await share('-- postel INBOX -other none');
  expect((await share('postel INBOX other none')).stdout).toBe('Nobody but its owner may use it.\n');
});

test.each([
  ['postel', 2, 'account and mailbox missing'],
  ['postel INBOX other', 2, 'say the rights too'],
  ['postel INBOX other lq', 2, 'say the rights too'],
  ['postel INBOX other lr more', 2, 'one word too many'],
  ['nobody INBOX', 1, 'There is no account "nobody"'],
  ['postel Nowhere', 1, 'postel has no mailbox "Nowhere"'],
  ['postel INBOX nobody lr', 1, 'There is no account "nobody"'],
  ['postel INBOX postel lr', 1, 'The owner of a mailbox has all rights'],
])('share %s is refused', async (line, code, message) => {
  const answer = await share(line);
  expect(answer.stderr).toContain(message);
  expect(answer.code).toBe(code);
});
