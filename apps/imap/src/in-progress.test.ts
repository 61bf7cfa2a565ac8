import { ResponseWriter } from '@postel/imap-wire';
import { expect, test } from 'vitest';
import { writeResponseCode } from './response-code.ts';
import { MailServer } from './testing/mail-server.ts';

const server = new MailServer();

test('a client hears that long work goes on (RFC 9585), and its answer when it is done', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await mary.append('INBOX', 'Subject: one\r\n\r\n');
  await mary.command('SELECT INBOX');
  const held = await server.hold(account);
  mary.send('a1 COPY 1 INBOX\r\n');
  await mary.dialogue`S: * OK [INPROGRESS ("a1" NIL NIL)] Still at work`;
  await held[Symbol.asyncDispose]();
  await mary.dialogue`
    S: * 2 EXISTS
    S: ...
    S: a1 OK [COPYUID {uidvalidity} 1 2] Copied
  `;
});

test('work that is of no command has no tag', () => {
  const out = new ResponseWriter();
  writeResponseCode(out, { type: 'INPROGRESS', tag: '', progress: { done: 1, goal: 2 } });
  expect(Buffer.concat(out.take()).toString()).toBe('[INPROGRESS (NIL 1 2)] ');
});
