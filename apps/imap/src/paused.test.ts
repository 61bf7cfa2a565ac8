/** Hardening 67: a process that stands still for a while. */
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { MailServer } from './testing/mail-server.ts';

const server = new MailServer();
/** Longer than it takes to miss polls and notifications. */
const PAUSE_MS = 3_000;

test('hardening 67: a process that was stopped tells its clients afterwards what they missed, and none of it twice', {
  timeout: 30_000,
}, async () => {
  await using imap = await server.startProcess();
  const account = await server.addAccount();
  await using paused = await server.logIn(account, imap.port);
  await using other = await server.logIn(account);
  for (let i = 1; i <= 5; i++) await other.append('INBOX', `Subject: ${i}\r\n\r\n`);
  for (const client of [paused, other]) await client.command('SELECT INBOX');

  const pid = imap.app.pid ?? 0;
  process.kill(pid, 'SIGSTOP');
  for (let i = 6; i <= 20; i++) await other.append('INBOX', `Subject: ${i}\r\n\r\n`);
  await other.command('STORE 2,4 +FLAGS.SILENT (\\Deleted)');
  await other.command('EXPUNGE');
  await other.command('STORE 1 +FLAGS.SILENT ($Seen2 \\Flagged)');
  await delay(PAUSE_MS); // what is tested is a pause
  process.kill(pid, 'SIGCONT');

  const { untagged } = await paused.command('NOOP');
  expect(untagged.filter((line) => line.endsWith(' EXPUNGE'))).toHaveLength(2);
  expect(untagged.findLast((line) => line.endsWith(' EXISTS'))).toBe('* 18 EXISTS');
  // \Recent is one client's alone.
  const flags = async (client: typeof paused) =>
    (await client.command('UID FETCH 1:* (FLAGS)')).untagged
      .filter((line) => line.includes(' FETCH '))
      .map((line) => line.replace(/ ?\\Recent/, '').replace('( ', '('));
  expect(await flags(paused)).toEqual(await flags(other));
  expect((await paused.command('NOOP')).untagged).toEqual([]);
  expect(imap.app.restarts).toBe(0);
});
