import { expect, test } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();

test('CREATE makes a mailbox, and those above it that are missing', async () => {
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 CREATE a/b/c
    S: a1 OK ...
    C: a2 LIST "" a*
    S: * LIST (\HasChildren) "/" a
    S: * LIST (\HasChildren) "/" a/b
    S: * LIST (\HasNoChildren) "/" a/b/c
    S: a2 OK ...
    C: a3 CREATE a/b
    S: a3 NO [ALREADYEXISTS]...
    C: a4 CREATE a/d/
    S: a4 OK ...
    C: a5 STATUS a/d (MESSAGES)
    S: * STATUS a/d (MESSAGES 0)
    S: a5 OK ...
    C: a6 CREATE inbox
    S: a6 NO [ALREADYEXISTS]...
  `;
});

test('below INBOX too, INBOX is INBOX in any case', async () => {
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 CREATE inbox/Lists
    S: a1 OK ...
    C: a2 LIST "" InBoX*
    S: * LIST (\HasChildren) "/" INBOX
    S: * LIST (\HasNoChildren) "/" INBOX/Lists
    S: a2 OK ...
    C: a3 SELECT Inbox/Lists
    S: ...
    S: a3 OK ...
  `;
});

test('names that no mailbox can have', async () => {
  await using mary = await server.logIn();
  for (const name of ['""', '/', '/a', 'a//b', '"a*"', '"a%b"', `"${'x'.repeat(1_001)}"`, `"${'a/'.repeat(200)}b"`]) {
    expect((await mary.command(`CREATE ${name}`)).tagged, name).toMatch(/^NO \[CANNOT\]/);
  }
});

test('hardening 32: mailboxes named __proto__, constructor and toString are mailboxes', async () => {
  await using mary = await server.logIn();
  for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
    await mary.dialogue`
      C: a1 CREATE ${name}
      S: a1 OK ...
      C: a2 LIST "" ${name}
      S: * LIST (\HasNoChildren) "/" ${name}
      S: a2 OK ...
      C: a3 SELECT ${name}
      S: ...
      S: a3 OK [READ-WRITE]...
      C: a4 STATUS ${name} (MESSAGES)
      S: * STATUS ${name} (MESSAGES 0)
      S: a4 OK ...
      C: a5 DELETE ${name}
      S: a5 OK ...
    `;
  }
});
