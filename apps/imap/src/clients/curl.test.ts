import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MailProgram, requirePrograms } from '@postel/testkit';
import { expect, test } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';
import { largeMessage } from '../testing/sample-messages.ts';

const server = new MailServer();

test('curl: APPEND with -T, FETCH, SEARCH and STATUS over IMAPS, LIST after STARTTLS', async ({ skip }) => {
  requirePrograms(skip, 'curl');
  const account = await server.addAccount();
  using program = new MailProgram(server.postel, account);
  const credentials = `${account.name}:${account.password}`;
  const curl = (...args: readonly string[]) =>
    program.run('curl', '-sS', '--cacert', program.caFile, '-u', credentials, ...args);
  const message = largeMessage(200_000);
  const url = `imaps://localhost:${server.postel.ports.imaps}`;
  await curl('-T', program.write('message', message), `${url}/INBOX`);
  await curl(`${url}/INBOX;MAILINDEX=1`, '-o', 'fetched');
  expect(readFileSync(join(program.home, 'fetched')).equals(message)).toBe(true);
  await curl(`${url}/INBOX;UID=1;SECTION=1`, '-o', 'part');
  expect(readFileSync(join(program.home, 'part'), 'latin1')).toBe('Hello');
  expect(await curl(`${url}/INBOX?SEEN`)).toBe('* SEARCH 1\r\n');
  expect(await curl(url, '-X', 'STATUS INBOX (MESSAGES UNSEEN)')).toBe('* STATUS INBOX (MESSAGES 1 UNSEEN 0)\r\n');
  const starttls = `imap://localhost:${server.postel.ports.imap}`;
  expect(await curl('--ssl-reqd', starttls)).toContain('* LIST (\\HasNoChildren) "/" INBOX');
});
