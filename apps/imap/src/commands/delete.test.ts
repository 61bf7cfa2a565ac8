import { expect, test } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();

test('DELETE takes a mailbox with its messages; a new one of that name has another UIDVALIDITY', async () => {
  await using mary = await server.logIn();
  await mary.command('CREATE Old');
  await mary.append('Old', 'Subject: one\r\n\r\n');
  await mary.dialogue`
    C: a1 STATUS Old (MESSAGES UIDVALIDITY)
    S: * STATUS Old (MESSAGES 1 UIDVALIDITY {uidvalidity})
    S: a1 OK ...
    C: a2 DELETE Old
    S: a2 OK ...
    C: a3 STATUS Old (MESSAGES)
    S: a3 NO [NONEXISTENT]...
    C: a4 SELECT Old
    S: a4 NO [NONEXISTENT]...
    C: a5 CREATE Old
    S: a5 OK ...
    C: a6 EXAMINE Old
    S: ...
    S: * 0 EXISTS
    S: ...
    S: a6 OK ...
  `;
});

test('RFC 3501 §6.3.4: a name with others below it stays as a level when its mailbox is deleted, until they are gone', async () => {
  await using mary = await server.logIn();
  await mary.command('CREATE a/b');
  await mary.append('a', 'Subject: one\r\n\r\n');
  await mary.dialogue`
    C: a1 DELETE inbox
    S: a1 NO [CANNOT]...
    C: a2 DELETE nothing
    S: a2 NO [NONEXISTENT]...
    C: a3 DELETE a
    S: a3 OK ...
    C: a4 LIST "" a*
    S: * LIST (\Noselect \HasChildren) "/" a
    S: * LIST (\HasNoChildren) "/" a/b
    S: a4 OK ...
    C: a5 SELECT a
    S: a5 NO [NONEXISTENT]...
    C: a6 STATUS a (MESSAGES)
    S: a6 NO [NONEXISTENT]...
    C: a7 DELETE a
    S: a7 NO [HASCHILDREN]...
    C: a8 CREATE a/c
    S: a8 OK ...
    C: a9 LIST "" %
    S: ...
    S: * LIST (\Noselect \HasChildren) "/" a
    S: a9 OK ...
    C: b1 DELETE a/b
    S: b1 OK ...
    C: b2 DELETE a/c
    S: b2 OK ...
    C: b3 LIST "" a*
    S: b3 OK ...
    C: b4 DELETE a
    S: b4 NO [NONEXISTENT]...
  `;
});

test('a level whose mailbox was deleted becomes one again, empty and with another UIDVALIDITY', async () => {
  await using mary = await server.logIn();
  await mary.command('CREATE a/b');
  await mary.append('a', 'Subject: one\r\n\r\n');
  const uidvalidity = async (name: string) =>
    Number(/UIDVALIDITY (\d+)/.exec((await mary.command(`STATUS ${name} (UIDVALIDITY)`)).untagged.join())?.[1]);
  const before = await uidvalidity('a');
  await mary.dialogue`
    C: a1 DELETE a
    S: a1 OK ...
    C: a2 CREATE a
    S: a2 OK ...
    C: a3 STATUS a (MESSAGES)
    S: * STATUS a (MESSAGES 0)
    S: a3 OK ...
  `;
  expect(await uidvalidity('a')).toBeGreaterThan(before);
});

test('deleting the mailbox that is selected leaves none selected', async () => {
  await using mary = await server.logIn();
  await mary.command('CREATE Old');
  await mary.dialogue`
    C: a1 SELECT Old
    S: ...
    S: a1 OK ...
    C: a2 DELETE Old
    S: a2 OK ...
    C: a3 FETCH 1 FLAGS
    S: a3 BAD Select a mailbox first...
  `;
});

test('a mailbox deleted by another connection ends those that have it selected', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using idle = await server.logIn(account);
  await using other = await server.logIn(account);
  await mary.command('CREATE Old');
  await mary.append('Old', 'Subject: one\r\n\r\n');
  await mary.command('SELECT Old');
  await idle.command('SELECT Old');
  await idle.dialogue`
    C: i1 IDLE
    S: + ...
  `;
  await other.dialogue`
    C: a1 DELETE Old
    S: a1 OK ...
  `;
  await idle.dialogue`
    S: ...
    S: * BYE The mailbox was deleted...
    S: i1 NO [NONEXISTENT]...
    S: (closed)
  `;
  await mary.dialogue`
    C: a1 FETCH 1 BODY[]
    S: ...
    S: * BYE The mailbox was deleted...
    S: a1 NO [NONEXISTENT]...
    S: (closed)
  `;
});
