import { expect, test } from 'vitest';
import { ImapClient } from '../testing/imap-client.ts';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();

test('UNAUTHENTICATE: one connection, one account after the other', async () => {
  const mary = await server.addAccount();
  const peter = await server.addAccount('peter');
  await using client = await server.connect();
  await client.dialogue`
    C: a1 UNAUTHENTICATE
    S: a1 BAD Log in first...
    C: a2 LOGIN ${mary.name} ${mary.password}
    S: a2 OK [CAPABILITY ... UNAUTHENTICATE X-POSTEL-ENVELOPE] ...
    C: a3 UNAUTHENTICATE now
    S: a3 BAD ...
    C: a4 CREATE Marys
    S: a4 OK ...
    C: a5 SELECT Marys
    S: ...
    S: a5 OK ...
    C: a6 UNAUTHENTICATE
    S: a6 OK ...
    C: a7 CAPABILITY
    S: * CAPABILITY ... UNAUTHENTICATE STARTTLS AUTH=...
    S: a7 OK ...
    C: a8 FETCH 1 FLAGS
    S: a8 BAD Log in first...
    C: a9 LIST "" *
    S: a9 BAD Log in first...
    C: b1 LOGIN ${peter.name} ${peter.password}
    S: b1 OK ...
    C: b2 FETCH 1 FLAGS
    S: b2 BAD Select a mailbox first...
    C: b3 SELECT Marys
    S: b3 NO [NONEXISTENT] ...
    C: b4 SELECT INBOX
    S: ...
    S: b4 OK ...
  `;
});

test('a login may stand behind it in the same packet, and nothing is expunged', async () => {
  const mary = await server.addAccount();
  const peter = await server.addAccount('peter');
  await using client = await server.logIn(mary);
  await client.append('INBOX', 'Subject: one\r\n\r\n', '\\Deleted');
  await client.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 UNAUTHENTICATE
    C: a3 LOGIN ${peter.name} ${peter.password}
    C: a4 STATUS INBOX (MESSAGES)
    C: a5 UNAUTHENTICATE
    C: a6 LOGIN ${mary.name} ${mary.password}
    C: a7 STATUS INBOX (MESSAGES)
    S: a2 OK ...
    S: a3 OK ...
    S: * STATUS INBOX (MESSAGES 0)
    S: a4 OK ...
    S: a5 OK ...
    S: a6 OK ...
    S: * STATUS INBOX (MESSAGES 1)
    S: a7 OK ...
  `;
});

test('RFC 8437 §4.1: what was enabled, watched, saved and kept up to date is so no more', async () => {
  const mary = await server.addAccount();
  const peter = await server.addAccount('peter');
  await using client = await server.logIn(mary);
  await using marys = await server.logIn(mary);
  await using peters = await server.logIn(peter);
  await marys.append('INBOX', 'Subject: one\r\n\r\n');
  await marys.command('CREATE Work');
  await marys.command(`SETACL Work ${peter.name} lr`);
  await client.dialogue`
    C: a1 ENABLE QRESYNC METADATA UTF8=ACCEPT
    S: * ENABLED ...
    S: a1 OK ...
    C: a2 SELECT INBOX
    S: ...
    S: a2 OK ...
    C: a3 SEARCH RETURN (SAVE UPDATE COUNT) ALL
    S: * ESEARCH (TAG "a3") COUNT 1
    S: a3 OK ...
    C: a4 NOTIFY SET (selected (MessageNew MessageExpunge FlagChange)) (personal (MailboxName MailboxMetadataChange)) (subtree "Other Users" (MessageNew MessageExpunge))
    S: a4 OK ...
    C: a5 UNAUTHENTICATE
    S: a5 OK ...
    C: a6 LOGIN ${peter.name} ${peter.password}
    S: a6 OK ...
    C: a3 SELECT INBOX
    S: ...
    S: a3 OK ...
  `;
  for (const other of [marys, peters]) {
    await other.append('INBOX', 'Subject: two\r\n\r\n');
    await other.command('CREATE news');
    await other.command('SETMETADATA INBOX (/private/comment "x")');
  }
  await marys.append('Work', 'Subject: three\r\n\r\n');
  await client.dialogue`
    C: b1 NOOP
    S: * 1 EXISTS
    S: * ... RECENT
    S: b1 OK Done
    C: b2 STORE 1 +FLAGS.SILENT (\Deleted)
    S: b2 OK Stored
    C: b3 FETCH $ (UID)
    S: b3 OK ...
    C: b4 CANCELUPDATE "a3"
    S: b4 NO ...
    C: b5 EXPUNGE
    S: * 1 EXPUNGE
    S: b5 OK Expunged
  `;
});

test('what the account may not any more ends no connection that has left it', async () => {
  const mary = await server.addAccount();
  const peter = await server.addAccount('peter');
  await using client = await server.logIn(mary);
  await client.dialogue`
    C: a1 UNAUTHENTICATE
    S: a1 OK ...
    C: a2 LOGIN ${peter.name} ${peter.password}
    S: a2 OK ...
  `;
  await using watching = await server.logIn(mary);
  await server.postel.useDirectory((directory) => directory.setDisabled(mary.name, true));
  expect((await watching.closed()).at(-1)).toMatch(/^\* BYE/);
  expect((await client.command('NOOP')).tagged).toMatch(/^OK /);
});

test('a client is as little known as before: few failures, and no time without end', async () => {
  const mary = await server.addAccount();
  await using client = await server.logIn(mary);
  await client.dialogue`
    C: a1 UNAUTHENTICATE
    S: a1 OK ...
    C: a2 NONSENSE
    S: a2 BAD ...
    C: a3 NONSENSE
    S: a3 BAD ...
    C: a4 NONSENSE
    S: * BYE [CLIENTBUG] Too many commands that are none...
    S: a4 BAD ...
    S: (closed)
  `;
});

test('RFC 8437 §8: it can be switched off', async () => {
  await using imap = await server.startProcess({ offersUnauthenticate: false });
  const { name, password } = await server.addAccount();
  await using client = await ImapClient.connect(imap.port);
  expect(await client.line()).not.toContain('UNAUTHENTICATE');
  await client.dialogue`
    C: a1 LOGIN ${name} ${password}
    S: a1 OK ...
    C: a2 UNAUTHENTICATE
    S: a2 BAD ...
    C: a3 NOOP
    S: a3 OK ...
  `;
});
