import { test } from 'vitest';
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
