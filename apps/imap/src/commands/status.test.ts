import { test } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();

test('STATUS tells what was asked, in the order in which it was asked', async () => {
  await using mary = await server.logIn();
  await mary.append('INBOX', 'Subject: one\r\n\r\n', '\\Seen');
  await mary.append('INBOX', 'Subject: two\r\n\r\n');
  await mary.dialogue`
    C: a1 STATUS inbox (MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN)
    S: * STATUS INBOX (MESSAGES 2 RECENT 2 UIDNEXT 3 UIDVALIDITY {uidvalidity} UNSEEN 1)
    S: a1 OK ...
    C: a2 STATUS INBOX (unseen messages unseen)
    S: * STATUS INBOX (UNSEEN 1 MESSAGES 2)
    S: a2 OK ...
  `;
});

test('RFC 8438: the octets of a mailbox, and RFC 9051 §6.3.11: its messages to be expunged', async () => {
  await using mary = await server.logIn();
  await mary.append('INBOX', 'Subject: one\r\n\r\n', '\\Deleted');
  await mary.append('INBOX', 'Subject: three\r\n\r\n');
  await mary.append('INBOX', 'Subject: two\r\n\r\n', '\\Deleted');
  await mary.dialogue`
    C: a1 STATUS INBOX (SIZE DELETED)
    S: * STATUS INBOX (SIZE 50 DELETED 2)
    S: a1 OK ...
    C: a2 SELECT INBOX
    S: ...
    C: a3 EXPUNGE
    S: ...
    C: a4 LIST "" INBOX RETURN (STATUS (SIZE DELETED))
    S: * LIST ...
    S: * STATUS INBOX (SIZE 18 DELETED 0)
    S: a4 OK ...
  `;
});

test('STATUS of what is not there, or not known', async () => {
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 STATUS Nothing (MESSAGES)
    S: a1 NO [NONEXISTENT]...
    C: a2 STATUS INBOX (CONSTRUCTOR)
    S: a2 BAD Unknown STATUS item...
    C: a3 STATUS INBOX ()
    S: a3 BAD ...
    C: a4 STATUS INBOX MESSAGES
    S: a4 BAD ...
    C: a5 STATUS "B&" (MESSAGES)
    S: a5 NO [CANNOT]...
  `;
});

test('STATUS sees what another connection did at once', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using other = await server.logIn(account);
  await other.append('INBOX', 'Subject: one\r\n\r\n');
  await mary.dialogue`
    C: a1 STATUS INBOX (MESSAGES UNSEEN)
    S: * STATUS INBOX (MESSAGES 1 UNSEEN 1)
    S: a1 OK ...
  `;
});

test('STATUS of the mailbox that is selected, and of names in every form', async () => {
  await using mary = await server.logIn();
  await mary.append('INBOX', 'Subject: one\r\n\r\n');
  await mary.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 STATUS InBoX (MESSAGES UIDNEXT UNSEEN)
    S: * STATUS INBOX (MESSAGES 1 UIDNEXT 2 UNSEEN 1)
    S: a2 OK [CLIENTBUG] ...
    C: a3 STATUS {5}
    S: + ...
    C: inbox (MESSAGES)
    S: * STATUS INBOX (MESSAGES 1)
    S: a3 OK ...
    C: a4 CREATE "Gr&APwA3w-e aus Rom"
    S: a4 OK ...
    C: a5 STATUS {19+}
    C: Gr&APwA3w-e aus Rom (MESSAGES)
    S: * STATUS "Gr&APwA3w-e aus Rom" (MESSAGES 0)
    S: a5 OK ...
    C: a6 FETCH 1 FLAGS
    S: * 1 FETCH (FLAGS (\Recent))
    S: a6 OK ...
  `;
});
