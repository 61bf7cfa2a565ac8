import { expect, test } from 'vitest';
import { MailServer } from './testing/mail-server.ts';

const server = new MailServer();

test('RFC 9586: after ENABLE UIDONLY messages are told by UID alone', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using other = await server.logIn(account);
  for (let i = 0; i < 5; i++) await mary.append('INBOX', 'Subject: x\r\n\r\nText');
  await mary.dialogue`
    C: a1 ENABLE UIDONLY
    S: * ENABLED UIDONLY
    S: a1 OK ...
    C: a2 SELECT INBOX
    S: * FLAGS ...
    S: * OK [PERMANENTFLAGS ...
    S: * 5 EXISTS
    S: * 5 RECENT
    S: * OK [UIDVALIDITY ...
    S: * OK [UIDNEXT 6] ...
    S: * OK [MAILBOXID ...
    S: * OK [HIGHESTMODSEQ ...
    S: a2 OK ...
    C: a3 UID STORE 2,4 +FLAGS.SILENT (\Deleted)
    S: a3 OK ...
    C: a4 EXPUNGE
    S: * VANISHED 2,4
    S: a4 OK ...
    C: a5 UID FETCH 3:* (FLAGS)
    S: * 3 UIDFETCH (UID 3 FLAGS (\Recent))
    S: * 5 UIDFETCH (UID 5 FLAGS (\Recent))
    S: a5 OK ...
    C: a6 UID FETCH 5 BODY[TEXT]
    S: * 5 UIDFETCH (FLAGS (\Seen \Recent) UID 5 BODY[TEXT] {4}
    S: Text)
    S: a6 OK ...
    C: a7 UID STORE 3 +FLAGS (\Flagged)
    S: * 3 UIDFETCH (UID 3 FLAGS (\Flagged \Recent))
    S: a7 OK ...
  `;
  await other.dialogue`
    C: b1 SELECT INBOX
    S: ...
    C: b2 UID STORE 1 +FLAGS.SILENT (\Answered)
    S: b2 OK ...
    C: b3 UID STORE 3,5 +FLAGS.SILENT (\Deleted)
    S: b3 OK ...
    C: b4 EXPUNGE
    S: ...
    S: b4 OK ...
  `;
  await other.append('INBOX', 'Subject: new\r\n\r\n');
  await mary.dialogue`
    C: a8 NOOP
    S: * VANISHED 3,5
    S: * 2 EXISTS
    S: * 1 RECENT
    S: * 1 UIDFETCH (UID 1 FLAGS (\Answered \Recent))
    S: a8 OK ...
    C: a9 UID SEARCH RETURN (SAVE) UID 1:*
    S: a9 OK ...
    C: b1 UID SEARCH $ NOT UID 1
    S: * SEARCH 6
    S: b1 OK ...
    C: b2 CREATE Box
    S: b2 OK ...
    C: b3 UID MOVE $ Box
    S: * OK [COPYUID {validity} 1,6 1:2] Moved
    S: * VANISHED 1,6
    S: b3 OK ...
  `;
});

test('RFC 9586: message numbers are refused wherever they stand', async () => {
  await using mary = await server.logIn();
  await mary.append('INBOX', 'Subject: x\r\n\r\n');
  await mary.command('SELECT INBOX');
  expect((await mary.command('FETCH 1 UID')).untagged).toEqual(['* 1 FETCH (UID 1)']);
  await mary.dialogue`
    C: a1 ENABLE UIDONLY QRESYNC
    S: * ENABLED UIDONLY QRESYNC CONDSTORE
    S: ...
    S: a1 OK ...
    C: a2 FETCH 1 (UID)
    S: a2 BAD [UIDREQUIRED] ...
  `;
  for (const command of [
    'fetch $ (UID)',
    'STORE 1 +FLAGS (\\Seen)',
    'COPY 1 Sent',
    'MOVE 1 Sent',
    'SEARCH ALL',
    'UID SEARCH 1',
    'UID SEARCH *',
    'UID SEARCH NOT (SEEN 1:2)',
    'UID SEARCH OR 1 ALL',
    'UID SEARCH RETURN (COUNT) $,1',
    'SORT (DATE) UTF-8 ALL',
    'UID SORT (DATE) UTF-8 NOT 1',
    'SELECT INBOX (QRESYNC (1 1 1:2 (1 1)))',
    'EXAMINE INBOX (QRESYNC (1 1 (1 1)))',
  ]) {
    expect((await mary.command(command)).tagged, command).toMatch(/^BAD \[UIDREQUIRED\] /);
  }
  for (const command of [
    'UID SEARCH ALL',
    'UID SEARCH NOT UID 2',
    'UID SEARCH $',
    'UID SORT (DATE) UTF-8 UID 1',
    'UID EXPUNGE 1',
    'EXPUNGE',
    'CLOSE',
    'SELECT INBOX (QRESYNC (1 1 1:2))',
  ])
    expect((await mary.command(command)).tagged, command).toMatch(/^OK /);
});

test('RFC 9586: searches kept up to date that are told in message numbers, or ask for them, end; others go on', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using other = await server.logIn(account);
  await mary.append('INBOX', 'Subject: x\r\n\r\n');
  await mary.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 SEARCH RETURN (UPDATE COUNT) UNSEEN
    S: * ESEARCH (TAG "a2") COUNT 1
    S: a2 OK ...
    C: a3 UID SEARCH RETURN (UPDATE COUNT) OR 1:* UNSEEN
    S: * ESEARCH (TAG "a3") UID COUNT 1
    S: a3 OK ...
    C: a4 UID SEARCH RETURN (UPDATE COUNT) UNSEEN
    S: * ESEARCH (TAG "a4") UID COUNT 1
    S: a4 OK ...
    C: a5 ENABLE UIDONLY
    S: * ENABLED UIDONLY
    S: * NO [NOUPDATE "a2"] ...
    S: * NO [NOUPDATE "a3"] ...
    S: a5 OK ...
    C: a6 IDLE
    S: + idling
  `;
  await other.append('INBOX', 'Subject: y\r\n\r\n');
  await mary.dialogue`
    S: * 2 EXISTS
    S: * 2 RECENT
    S: * ESEARCH (TAG "a4") UID ADDTO (0 2)
    C: DONE
    S: a6 OK ...
  `;
});
