import { openDatabase } from '@postel/storage';
import { test } from 'vitest';
import { MailServer } from './testing/mail-server.ts';

const server = new MailServer();

test('a client hears that long work goes on (RFC 9585), and its answer when it is done', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await mary.append('INBOX', 'Subject: one\r\n\r\n');
  await mary.command('SELECT INBOX');
  const database = openDatabase(server.postel.database, { applicationName: 'imap test', maxConnections: 1 });
  let isHeard = false;
  const held = Promise.withResolvers<void>();
  const holding = database.sql.begin(async (tx) => {
    await tx`select from accounts where name = ${account.name} for no key update`;
    held.resolve();
    while (!isHeard) await tx`select pg_sleep(0.1)`; // a transaction that does nothing is ended
  });
  await held.promise;
  mary.send('a1 COPY 1 INBOX\r\n');
  await mary.dialogue`S: * OK [INPROGRESS ("a1" NIL NIL)] Still at work`;
  isHeard = true;
  await holding;
  await mary.dialogue`
    S: * 2 EXISTS
    S: ...
    S: a1 OK [COPYUID {uidvalidity} 1 2] Copied
  `;
  await database.close();
});
