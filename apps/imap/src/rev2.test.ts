import { expect, test } from 'vitest';
import { MailServer } from './testing/mail-server.ts';

const server = new MailServer();

const MESSAGE = 'Subject: one\r\n\r\nText\r\n';

test('RFC 9051 §6.3.1: ENABLE IMAP4rev2 before login and twice', async () => {
  await using client = await server.connect();
  await client.dialogue`
    C: a0 ENABLE IMAP4rev2
    S: a0 BAD Log in first...
  `;
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 ENABLE imap4rev2 X-GOOD-IDEA
    S: * ENABLED IMAP4rev2
    S: a1 OK ...
    C: a2 ENABLE IMAP4rev2
    S: * ENABLED
    S: a2 OK ...
  `;
});

test('RFC 9051 §6.3.2: SELECT tells the name of the mailbox, nothing of RECENT, and closes the one before', async () => {
  await using mary = await server.logIn();
  await mary.append('INBOX', MESSAGE, '\\Seen');
  await mary.append('INBOX', MESSAGE);
  await mary.dialogue`
    C: a1 ENABLE IMAP4rev2
    S: ...
    C: a2 CREATE Sent/2026
    S: a2 OK ...
    C: a3 SELECT INBOX
    S: * LIST (\HasNoChildren) "/" INBOX
    S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft)
    S: * OK [PERMANENTFLAGS (\Answered \Flagged \Deleted \Seen \Draft \*)] ...
    S: * 2 EXISTS
    S: * OK [UIDVALIDITY {uidvalidity}] ...
    S: * OK [UIDNEXT 3] ...
    S: * OK [MAILBOXID (...
    S: * OK [HIGHESTMODSEQ ...
    S: a3 OK [READ-WRITE] ...
    C: a4 FETCH 1:2 FLAGS
    S: * 1 FETCH (FLAGS (\Seen))
    S: * 2 FETCH (FLAGS ())
    S: a4 OK ...
    C: a5 EXAMINE Sent
    S: * OK [CLOSED] ...
    S: * LIST (\HasChildren \Sent) "/" Sent
    S: * FLAGS ...
    S: * OK [PERMANENTFLAGS ()] ...
    S: * 0 EXISTS
    S: * OK [UIDVALIDITY {another}] ...
    S: * OK [UIDNEXT 1] ...
    S: * OK [MAILBOXID (...
    S: * OK [HIGHESTMODSEQ ...
    S: a5 OK [READ-ONLY] ...
    C: a6 SELECT inbox
    S: * OK [CLOSED] ...
    S: * LIST (\HasNoChildren) "/" INBOX ("OLDNAME" (inbox))
    S: ...
    S: a6 OK [READ-WRITE] ...
    C: a7 SELECT Nothing
    S: * OK [CLOSED] ...
    S: a7 NO [NONEXISTENT] ...
    C: a8 UNSELECT
    S: a8 BAD Select a mailbox first...
  `;
});

test('no session of IMAP4rev2 claims \\Recent, and one that is given it up forgets it', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using other = await server.logIn(account);
  await other.append('INBOX', MESSAGE);
  await mary.dialogue`
    C: a1 ENABLE IMAP4rev2
    S: ...
    C: a2 SELECT INBOX
    S: ...
    S: a2 OK ...
  `;
  await other.append('INBOX', MESSAGE);
  await mary.dialogue`
    C: a3 NOOP
    S: * 2 EXISTS
    S: a3 OK ...
    C: a4 UID SEARCH RECENT
    S: * ESEARCH (TAG "a4") UID
    S: a4 OK ...
    C: a5 SEARCH OR NEW OLD
    S: * ESEARCH (TAG "a5") ALL 1:2
    S: a5 OK ...
    C: a6 STATUS INBOX (RECENT)
    S: a6 BAD Unknown STATUS item...
    C: a7 LIST "" INBOX RETURN (STATUS (MESSAGES RECENT))
    S: a7 BAD Unknown STATUS item...
    C: a8 STATUS INBOX (MESSAGES DELETED SIZE)
    S: * STATUS INBOX (MESSAGES 2 DELETED 0 SIZE 44)
    S: a8 OK ...
  `;
  await other.dialogue`
    C: b1 SELECT INBOX
    S: ...
    S: * 2 RECENT
    S: ...
    C: b2 ENABLE IMAP4rev2
    S: * ENABLED IMAP4rev2
    S: b2 OK ...
    C: b3 FETCH 1 FLAGS
    S: * 1 FETCH (FLAGS ())
    S: b3 OK ...
    C: b4 STORE 1 +FLAGS (\Seen)
    S: * 1 FETCH (UID 1 FLAGS (\Seen))
    S: b4 OK ...
  `;
});

test('RFC 9051 §6.4.4: SEARCH is answered by ESEARCH, with options or without', async () => {
  await using mary = await server.logIn();
  await mary.append('INBOX', 'Subject: отпуск\r\n\r\n', '\\Flagged');
  await mary.append('INBOX', MESSAGE);
  await mary.dialogue`
    C: a1 ENABLE IMAP4rev2
    S: ...
    C: a2 SELECT INBOX
    S: ...
    C: A282 SEARCH RETURN (MIN COUNT) FLAGGED
    S: * ESEARCH (TAG "A282") MIN 1 COUNT 1
    S: A282 OK ...
    C: A283 SEARCH ALL
    S: * ESEARCH (TAG "A283") ALL 1:2
    S: A283 OK ...
    C: A284 SEARCH TEXT "string not in mailbox"
    S: * ESEARCH (TAG "A284")
    S: A284 OK ...
    C: A285 UID SEARCH CHARSET UTF-8 SUBJECT one
    S: * ESEARCH (TAG "A285") UID ALL 2
    S: A285 OK ...
    C: A286 UID SEARCH RETURN (SAVE) UNFLAGGED
    S: A286 OK ...
    C: A287 SEARCH UID $
    S: * ESEARCH (TAG "A287") ALL 2
    S: A287 OK ...
  `;
});

test('RFC 9051 §5.1: names of mailboxes are UTF-8 in both directions, and `&` is a character', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using old = await server.logIn(account);
  const utf8 = (text: string) => Buffer.from(text).toString('latin1');
  await mary.command('ENABLE IMAP4rev2');
  for (const [command, answer] of [
    ['CREATE "Entwürfe"', /^OK /],
    ['CREATE "R&D"', /^OK /],
    ['CREATE "&AOk-"', /^OK /],
    ['CREATE Entwürfe', /^BAD /],
    ['CREATE "a\x7fb"', /^NO \[CANNOT\]/],
    ['CREATE "a\u2028b"', /^NO \[CANNOT\]/],
  ] as const) {
    expect((await mary.command(utf8(command))).tagged, command).toMatch(answer);
  }
  expect((await mary.command('CREATE "a\xff"')).tagged).toMatch(/^BAD Mailbox name is not valid UTF-8/);
  expect((await mary.command('CREATE {2+}\r\n\xc3\xa9')).tagged).toMatch(/^OK /);
  const names = async (client: typeof mary) =>
    (await client.command('LIST "" *')).untagged
      .map((line) => Buffer.from(line.replace(/^.* "\/" /, ''), 'latin1').toString())
      .filter((name) => /[^\w]/.test(name))
      .sort();
  expect(await names(mary)).toEqual(['"Entwürfe"', '"é"', '&AOk-', 'R&D'].sort());
  expect(await names(old)).toEqual(['&-AOk-', '&AOk-', 'Entw&APw-rfe', 'R&-D'].sort());
  expect((await mary.command(utf8('STATUS "Entwürfe" (MESSAGES)'))).untagged).toEqual([
    utf8('* STATUS "Entwürfe" (MESSAGES 0)'),
  ]);
  expect((await mary.command(utf8('LIST "" "Entw%"'))).untagged).toEqual([
    utf8('* LIST (\\HasNoChildren) "/" "Entwürfe"'),
  ]);
  await mary.command(utf8('SUBSCRIBE "é"'));
  expect((await mary.command(utf8('LSUB "" "*"'))).untagged).toContain(utf8('* LSUB () "/" "é"'));
  expect((await mary.command(utf8('SELECT "é"'))).untagged[0]).toBe(utf8('* LIST (\\HasNoChildren) "/" "é"'));
});

test('RFC 9051 §6.3.9.7: OLDNAME tells which name a client gave that is stored in another form', async () => {
  await using mary = await server.logIn();
  const text = (octets: string) => Buffer.from(octets, 'latin1').toString();
  const given = 'e\u0301'.normalize('NFD');
  const run = async (command: string) => {
    const { untagged, tagged } = await mary.command(Buffer.from(command).toString('latin1'));
    expect(tagged, command).toMatch(/^OK /);
    return untagged.map(text).filter((line) => line.startsWith('* LIST'));
  };
  await run('ENABLE IMAP4rev2');
  expect(await run(`CREATE "${given}/"`)).toEqual([`* LIST (\\HasNoChildren) "/" "é" ("OLDNAME" ("${given}"))`]);
  expect(await run(`CREATE "é/${given}"`)).toEqual([`* LIST (\\HasNoChildren) "/" "é/é" ("OLDNAME" ("é/${given}"))`]);
  expect(await run(`SELECT "${given}"`)).toEqual([`* LIST (\\HasChildren) "/" "é" ("OLDNAME" ("${given}"))`]);
  expect(await run(`APPEND "${given}" {5+}\r\na: b\n`)).toEqual([
    `* LIST (\\HasChildren) "/" "é" ("OLDNAME" ("${given}"))`,
  ]);
  expect(await run(`RENAME "é" "u${given}"`)).toEqual([`* LIST (\\HasChildren) "/" "ué" ("OLDNAME" ("é"))`]);
  expect(await run(`DELETE "u${given}/é"`)).toEqual([
    `* LIST (\\NonExistent \\HasNoChildren) "/" "ué/é" ("OLDNAME" ("u${given}/é"))`,
  ]);
  expect(await run('RENAME "ué" plain')).toEqual([]);
  expect(await run('CREATE other/')).toEqual([]);
});

test('a name that is only a level is \\NonExistent, and what IMAP4rev2 took away is still accepted', async () => {
  await using mary = await server.logIn();
  await mary.append('INBOX', MESSAGE);
  await mary.dialogue`
    C: a1 ENABLE IMAP4rev2
    S: ...
    C: a2 CREATE x/y
    S: a2 OK ...
    C: a3 DELETE x
    S: a3 OK ...
    C: a4 LIST "" x*
    S: * LIST (\NonExistent \HasChildren) "/" x
    S: * LIST (\HasNoChildren) "/" x/y
    S: a4 OK ...
    C: a5 LIST "" ""
    S: * LIST (\Noselect) "/" ""
    S: a5 OK ...
    C: a6 LSUB "" x*
    S: a6 OK ...
    C: a7 SELECT INBOX
    S: ...
    C: a8 CHECK
    S: a8 OK ...
    C: a9 FETCH 1 (RFC822.HEADER)
    S: * 1 FETCH (RFC822.HEADER {16}
    S: ...
    S: a9 OK ...
  `;
});
