import { test } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();

test('NOOP is legal in every state', async () => {
  await using client = await server.connect();
  await client.dialogue`
    C: a1 NOOP
    S: a1 OK ...
  `;
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 NOOP
    S: a1 OK ...
    C: a2 SELECT INBOX
    S: ...
    S: a2 OK [READ-WRITE] ...
    C: a3 NOOP
    S: a3 OK ...
  `;
});

test('NOOP tells of what another connection did, removals first', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using other = await server.logIn(account);
  for (const subject of ['one', 'two', 'three']) await mary.append('INBOX', `Subject: ${subject}\r\n\r\n`);
  await mary.command('SELECT INBOX');
  await other.command('SELECT INBOX');
  await other.command('STORE 1,3 +FLAGS (\\Deleted)');
  await other.command('EXPUNGE');
  await other.command('STORE 1 +FLAGS (\\Flagged)');
  await other.append('INBOX', 'Subject: four\r\n\r\n');
  await mary.dialogue`
    C: a1 NOOP
    S: * 3 EXPUNGE
    S: * 1 EXPUNGE
    S: * 2 EXISTS
    S: * {recent} RECENT
    S: * 1 FETCH (UID 2 FLAGS (\Flagged...))
    S: a1 OK ...
  `;
});

test('NOOP takes no arguments', async () => {
  await using client = await server.connect();
  await client.dialogue`
    C: a1 NOOP now
    S: a1 BAD Unexpected arguments...
  `;
});
