import { test } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();

test('SELECT describes the mailbox', async () => {
  await using mary = await server.logIn();
  await mary.append('INBOX', 'Subject: one\r\n\r\n', '\\Seen');
  await mary.append('INBOX', 'Subject: two\r\n\r\n');
  await mary.append('INBOX', 'Subject: three\r\n\r\n', '\\Flagged $Junk');
  await mary.dialogue`
    C: a1 SELECT inbox
    S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft $Junk)
    S: * OK [PERMANENTFLAGS (\Answered \Flagged \Deleted \Seen \Draft $Junk \*)] ...
    S: * 3 EXISTS
    S: * 3 RECENT
    S: * OK [UNSEEN 2] ...
    S: * OK [UIDVALIDITY {uidvalidity}] ...
    S: * OK [UIDNEXT 4] ...
    S: * OK [MAILBOXID ({id})] ...
    S: * OK [HIGHESTMODSEQ {modseq}] ...
    S: a1 OK [READ-WRITE] ...
    C: a2 EXAMINE "InBox"
    S: * OK [CLOSED] ...
    S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft $Junk)
    S: * OK [PERMANENTFLAGS ()] ...
    S: * 3 EXISTS
    S: * 0 RECENT
    S: * OK [UNSEEN 2] ...
    S: * OK [UIDVALIDITY {uidvalidity}] ...
    S: * OK [UIDNEXT 4] ...
    S: * OK [MAILBOXID ({id})] ...
    S: * OK [HIGHESTMODSEQ {modseq}] ...
    S: a2 OK [READ-ONLY] ...
  `;
});

test('a SELECT that fails leaves no mailbox selected', async () => {
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 SELECT Nothing
    S: * OK [CLOSED] ...
    S: a2 NO [NONEXISTENT]...
    C: a3 CHECK
    S: a3 BAD Select a mailbox first...
    C: a4 SELECT
    S: a4 BAD ...
    C: a5 SELECT INBOX more
    S: a5 BAD ...
  `;
});

test('EXAMINE changes nothing', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await mary.append('INBOX', 'Subject: one\r\n\r\nText\r\n');
  await mary.append('INBOX', 'Subject: two\r\n\r\nText\r\n', '\\Deleted');
  await mary.dialogue`
    C: a1 EXAMINE INBOX
    S: ...
    S: a1 OK [READ-ONLY]...
    C: a2 FETCH 1 (FLAGS BODY[TEXT])
    S: * 1 FETCH (FLAGS (\Recent) BODY[TEXT] {6}
    S: Text
    S: )
    S: a2 OK ...
    C: a3 STORE 1 +FLAGS (\Flagged)
    S: a3 NO [CANNOT]...
    C: a4 UID STORE 1 +FLAGS (\Flagged)
    S: a4 NO [CANNOT]...
    C: a5 EXPUNGE
    S: a5 NO [CANNOT]...
    C: a6 UID EXPUNGE 2
    S: a6 NO [CANNOT]...
    C: a7 CLOSE
    S: a7 OK ...
    C: a8 STATUS INBOX (MESSAGES RECENT UNSEEN)
    S: * STATUS INBOX (MESSAGES 2 RECENT 2 UNSEEN 2)
    S: a8 OK ...
  `;
});

test('\\Recent is claimed by the first session that selects, and by no EXAMINE or STATUS', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using other = await server.logIn(account);
  await mary.append('INBOX', 'Subject: one\r\n\r\n');
  await mary.dialogue`
    C: a1 STATUS INBOX (RECENT)
    S: * STATUS INBOX (RECENT 1)
    S: a1 OK ...
    C: a2 EXAMINE INBOX
    S: ...
    S: * 1 RECENT
    S: ...
    S: a2 OK ...
    C: a3 SELECT INBOX
    S: ...
    S: * 1 RECENT
    S: ...
    S: a3 OK ...
    C: a4 FETCH 1 FLAGS
    S: * 1 FETCH (FLAGS (\Recent))
    S: a4 OK ...
  `;
  await other.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: * 0 RECENT
    S: ...
    S: a1 OK ...
    C: a2 FETCH 1 FLAGS
    S: * 1 FETCH (FLAGS ())
    S: a2 OK ...
    C: a3 STATUS INBOX (RECENT)
    S: * STATUS INBOX (RECENT 0)
    S: a3 OK ...
  `;
  // Who hears of a new message first has it as recent; the other has not.
  await mary.append('INBOX', 'Subject: two\r\n\r\n');
  await mary.dialogue`
    C: b1 FETCH 2 FLAGS
    S: * 2 FETCH (FLAGS (\Recent))
    S: b1 OK ...
  `;
  await other.dialogue`
    C: b1 NOOP
    S: * 2 EXISTS
    S: * 0 RECENT
    S: b1 OK ...
    C: b2 FETCH 2 FLAGS
    S: * 2 FETCH (FLAGS ())
    S: b2 OK ...
  `;
  // And not twice by the same session.
  await mary.dialogue`
    C: c1 SELECT INBOX
    S: ...
    S: * 0 RECENT
    S: ...
    S: c1 OK ...
  `;
});

test('EXAMINE shows as recent what a SELECT would claim, also where messages before were expunged', async () => {
  await using mary = await server.logIn();
  await mary.command('CREATE Box');
  for (const subject of ['one', 'two', 'three']) await mary.append('Box', `Subject: ${subject}\r\n\r\n`);
  await mary.command('SELECT Box');
  await mary.command('UID STORE 2:3 +FLAGS.SILENT (\\Deleted)');
  await mary.command('CLOSE');
  await mary.append('Box', 'Subject: four\r\n\r\n');
  await mary.dialogue`
    C: a1 EXAMINE Box
    S: ...
    S: * 2 EXISTS
    S: * 1 RECENT
    S: ...
    S: a1 OK ...
    C: a2 FETCH 1:2 FLAGS
    S: * 1 FETCH (FLAGS ())
    S: * 2 FETCH (FLAGS (\Recent))
    S: a2 OK ...
  `;
});

test('SELECT while the mailbox grows: EXISTS, UIDNEXT and what is told later fit together', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using other = await server.logIn(account);
  let appended = 0;
  let isOver = false;
  const appending = (async () => {
    for (; !isOver; appended++) await other.append('INBOX', `Subject: ${appended}\r\n\r\n`);
  })();
  for (let i = 0; i < 30; i++) {
    const { untagged } = await mary.command('SELECT INBOX');
    const text = untagged.join('\n');
    const exists = Number(/\* (\d+) EXISTS/.exec(text)?.[1]);
    const uidNext = Number(/UIDNEXT (\d+)/.exec(text)?.[1]);
    if (uidNext !== exists + 1) throw mary.failure(`EXISTS ${exists} with UIDNEXT ${uidNext}`);
  }
  isOver = true;
  await appending;
});

test('a mailbox opened read-only takes messages, and shows them', async () => {
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 EXAMINE {5+}
    C: inbox
    S: ...
    S: a1 OK [READ-ONLY] ...
    C: a2 APPEND INBOX {3+}
    C: abc
    S: * 1 EXISTS
    S: * {recent} RECENT
    S: a2 OK ...
    C: a3 FETCH 1 BODY[]
    S: * 1 FETCH (BODY[] {3}
    S: abc)
    S: a3 OK ...
    C: a4 STATUS INBOX (MESSAGES RECENT UNSEEN)
    S: * STATUS INBOX (MESSAGES 1 RECENT 1 UNSEEN 1)
    S: a4 OK ...
    C: a5 SELECT "Inbox"
    S: ...
    S: * 1 RECENT
    S: ...
    S: a5 OK [READ-WRITE] ...
  `;
});
