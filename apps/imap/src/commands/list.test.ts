import { test } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();

test('LIST names mailboxes with their attributes', async () => {
  await using mary = await server.logIn();
  await mary.command('CREATE Work/Old');
  await mary.dialogue`
    C: a1 LIST "" *
    S: ...
    S: * LIST (\HasNoChildren) "/" INBOX
    S: ...
    S: * LIST (\HasChildren) "/" Work
    S: * LIST (\HasNoChildren) "/" Work/Old
    S: a1 OK ...
    C: a2 LIST "" Work/%
    S: * LIST (\HasNoChildren) "/" Work/Old
    S: a2 OK ...
    C: a3 LIST Work/ Ol*
    S: * LIST (\HasNoChildren) "/" Work/Old
    S: a3 OK ...
    C: a4 LIST "" inbox
    S: * LIST (\HasNoChildren) "/" INBOX
    S: a4 OK ...
    C: a5 LIST "" Nothing
    S: a5 OK ...
  `;
});

test('LIST with an empty pattern tells the hierarchy delimiter', async () => {
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 LIST "" ""
    S: * LIST (\Noselect) "/" ""
    S: a1 OK ...
  `;
});

test('names beyond US-ASCII are modified UTF-7, and malformed ones are refused', async () => {
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 CREATE "B&AOk-b&AOk- & co"
    S: a1 NO [CANNOT] Mailbox name is not valid modified UTF-7...
    C: a2 CREATE "B&AOk-b&AOk- &- co"
    S: a2 OK ...
    C: a3 LIST "" "B*"
    S: * LIST (\HasNoChildren) "/" "B&AOk-b&AOk- &- co"
    S: a3 OK ...
    C: a4 STATUS "B&AOk-b&AOk- &- co" (MESSAGES)
    S: * STATUS "B&AOk-b&AOk- &- co" (MESSAGES 0)
    S: a4 OK ...
    C: a5 LIST "" "B&"
    S: a5 NO [CANNOT]...
  `;
});

test('hardening 14: control characters and octets that are no UTF-7 in names', async () => {
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 CREATE {5+}
    C: a	b:c
    S: a1 NO [CANNOT]...
    C: a2 CREATE "a&AAA-b"
    S: a2 NO [CANNOT]...
  `;
  mary.send('a3 CREATE "caf\xe9"\r\n');
  await mary.dialogue`
    S: a3 NO [CANNOT]...
  `;
  mary.send('a4 CREATE "a\0b"\r\n');
  await mary.dialogue`
    S: a4 BAD ...
  `;
  mary.send('a5 CREATE {3+}\r\na\0b\r\n');
  await mary.dialogue`
    S: a5 BAD ...
  `;
});

test('LIST needs two arguments and a login', async () => {
  await using client = await server.connect();
  await client.dialogue`
    C: a1 LIST "" *
    S: a1 BAD Log in first...
  `;
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 LIST ""
    S: a1 BAD ...
    C: a2 LIST "" (* %)
    S: a2 BAD ...
  `;
});
