import { expect, test } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();

const letter = (subject: string) => `Subject: ${subject}\r\n\r\ntext`;

async function withMailboxes() {
  const mary = await server.logIn();
  for (const name of ['a', 'a/b', 'a/b/c', 'ab', 'empty', '&AMQ-']) await mary.command(`CREATE ${name}`);
  await mary.append('INBOX', letter('one'));
  await mary.append('INBOX', letter('two'));
  await mary.append('a', letter('two'));
  for (const subject of ['one', 'two', 'three']) await mary.append('a/b', letter(subject));
  await mary.append('a/b/c', letter('one'));
  await mary.append('ab', letter('one'));
  await mary.append('&AMQ-', letter('one'));
  return mary;
}

test('ESEARCH finds messages in several mailboxes, and selects none', async () => {
  await using mary = await withMailboxes();
  await mary.dialogue`
    C: a1 ESEARCH IN (mailboxes INBOX subtree a) SUBJECT one
    S: * ESEARCH (TAG "a1" MAILBOX INBOX UIDVALIDITY {inbox}) UID ALL 1
    S: * ESEARCH (TAG "a1" MAILBOX a/b UIDVALIDITY {b}) UID ALL 1
    S: * ESEARCH (TAG "a1" MAILBOX a/b/c UIDVALIDITY {c}) UID ALL 1
    S: a1 OK Searched
    C: a2 ESEARCH IN (subtree-one a mailboxes (nowhere INBOX INBOX)) RETURN (MIN COUNT) CHARSET UTF-8 NOT SUBJECT one
    S: * ESEARCH (TAG "a2" MAILBOX a UIDVALIDITY {a}) UID MIN 1 COUNT 1
    S: * ESEARCH (TAG "a2" MAILBOX a/b UIDVALIDITY {b}) UID MIN 2 COUNT 2
    S: * ESEARCH (TAG "a2" MAILBOX INBOX UIDVALIDITY {inbox}) UID MIN 2 COUNT 1
    S: a2 OK Searched
    C: a3 ESEARCH IN (inboxes) SUBJECT nothing
    S: a3 OK Searched
    C: a4 ESEARCH IN (mailboxes "&AMQ-") ALL
    S: * ESEARCH (TAG "a4" MAILBOX &AMQ- UIDVALIDITY {umlaut}) UID ALL 1
    S: a4 OK Searched
    C: a5 ESEARCH IN (subscribed) SUBJECT two
    S: * ESEARCH (TAG "a5" MAILBOX INBOX UIDVALIDITY {inbox}) UID ALL 2
    S: a5 OK Searched
    C: a6 SUBSCRIBE ab
    S: a6 OK ...
    C: a7 ESEARCH IN (subscribed) RETURN (COUNT PARTIAL 1:2) NOT UID 2
    S: * ESEARCH (TAG "a7" MAILBOX INBOX UIDVALIDITY {inbox}) UID COUNT 1 PARTIAL (1:2 1)
    S: * ESEARCH (TAG "a7" MAILBOX ab UIDVALIDITY {ab}) UID COUNT 1 PARTIAL (1:2 1)
    S: a7 OK Searched
    C: a8 ESEARCH IN (mailboxes a/b) 2:100
    S: * ESEARCH (TAG "a8" MAILBOX a/b UIDVALIDITY {b}) UID ALL 2:3
    S: a8 OK Searched
    C: a9 FETCH 1 UID
    S: a9 BAD Select a mailbox first...
  `;
  const { untagged } = await mary.command('ESEARCH IN (personal) RETURN (COUNT) SUBJECT one');
  expect(untagged.map((line) => /MAILBOX (\S+)/.exec(line)?.[1]).sort()).toEqual([
    '&AMQ-',
    'INBOX',
    'a/b',
    'a/b/c',
    'ab',
  ]);
});

test('ESEARCH of the selected mailbox, and with others', async () => {
  await using mary = await withMailboxes();
  await mary.dialogue`
    C: a1 ESEARCH ALL
    S: a1 BAD Select a mailbox first...
    C: a2 ESEARCH IN (selected mailboxes a) ALL
    S: a2 BAD Select a mailbox first...
    C: a3 SELECT a/b
    S: ...
    S: a3 OK ...
    C: a4 STORE 1 FLAGS (\Deleted $Mark)
    S: ...
    S: a4 OK ...
    C: a5 ESEARCH UNDELETED
    S: * ESEARCH (TAG "a5" MAILBOX a/b UIDVALIDITY {b}) UID ALL 2:3
    S: a5 OK Searched
    C: a6 ESEARCH IN (selected subtree a) RETURN (COUNT) NOT KEYWORD $Mark
    S: * ESEARCH (TAG "a6" MAILBOX a/b UIDVALIDITY {b}) UID COUNT 2
    S: * ESEARCH (TAG "a6" MAILBOX a UIDVALIDITY {a}) UID COUNT 1
    S: * ESEARCH (TAG "a6" MAILBOX a/b/c UIDVALIDITY {c}) UID COUNT 1
    S: a6 OK Searched
    C: a7 ESEARCH RETURN (SAVE) 2:3
    S: a7 OK Searched
    C: a8 SEARCH $
    S: * SEARCH 2 3
    S: a8 OK ...
    C: a9 ESEARCH IN (selected mailboxes a) RETURN (SAVE) ALL
    S: a9 BAD Only a search...
    C: b1 FETCH 1 UID
    S: * 1 FETCH (UID 1)
    S: b1 OK ...
  `;
});

test('what is no ESEARCH is refused', async () => {
  await using mary = await server.logIn();
  for (const args of [
    'IN () ALL',
    'IN (selected-delayed) ALL',
    'IN (mailboxes) ALL',
    'IN (mailboxes ()) ALL',
    'IN (personal)',
    'IN (personal) RETURN (MAYBE) ALL',
    'IN personal ALL',
    `IN (${Array(101).fill('inboxes').join(' ')}) ALL`,
  ]) {
    expect((await mary.command(`ESEARCH ${args}`)).tagged, args).toMatch(/^(BAD|NO \[LIMIT\]) /);
  }
});

test('RFC 7162 §6: a modseq told of another mailbox is no HIGHESTMODSEQ of the selected one', async () => {
  await using mary = await server.logIn();
  await mary.command('CREATE later');
  await mary.append('later', 'Subject: one\r\n\r\n');
  await mary.dialogue`
    C: a1 SELECT INBOX (CONDSTORE)
    S: ...
    S: a1 OK ...
    C: a2 ESEARCH IN (mailboxes later) MODSEQ 1
    S: * ESEARCH (TAG "a2" MAILBOX later UIDVALIDITY ...) UID ALL 1 MODSEQ {later}
    S: a2 OK Searched
  `;
});
