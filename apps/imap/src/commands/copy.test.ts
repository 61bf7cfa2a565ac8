import { expect, test } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();

test('COPY copies messages with their flags and internal date, and tells their UIDs', async () => {
  await using mary = await server.logIn();
  await mary.append('INBOX', 'Subject: one\r\n\r\n', '\\Seen $Label');
  await mary.append('INBOX', 'Subject: two\r\n\r\n', '\\Deleted');
  await mary.append('INBOX', 'Subject: three\r\n\r\n', '\\Flagged \\Answered \\Draft');
  await mary.append('Archive', 'Subject: other\r\n\r\n', '$Other');
  await mary.dialogue`
    C: a1 APPEND INBOX "17-Jul-1996 02:44:25 -0700" {17+}
    C: Subject: four
    C:
    C:
    S: a1 OK ...
    C: a2 SELECT INBOX
    S: ...
    S: a2 OK ...
    C: a3 COPY 1,3:4 Archive
    S: a3 OK [COPYUID {uidvalidity} 1,3:4 2:4] Copied
    C: a4 UID COPY 2,9 "archive"
    S: a4 NO [TRYCREATE] ...
    C: a5 UID COPY 2,9 Archive
    S: a5 OK [COPYUID {uidvalidity} 2 5] Copied
    C: a6 FETCH 1:4 FLAGS
    S: * 1 FETCH (FLAGS (\Seen \Recent $Label))
    S: * 2 FETCH (FLAGS (\Deleted \Recent))
    S: * 3 FETCH (FLAGS (\Answered \Flagged \Draft \Recent))
    S: * 4 FETCH (FLAGS (\Recent))
    S: a6 OK ...
    C: a7 SELECT Archive
    S: * OK [CLOSED] ...
    S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft $Other $Label)
    S: ...
    S: * 5 EXISTS
    S: * 5 RECENT
    S: ...
    S: * OK [UIDVALIDITY {uidvalidity}] ...
    S: * OK [UIDNEXT 6] ...
    S: ...
    S: a7 OK ...
    C: a8 FETCH 2:5 FLAGS
    S: * 2 FETCH (FLAGS (\Seen \Recent $Label))
    S: * 3 FETCH (FLAGS (\Answered \Flagged \Draft \Recent))
    S: * 4 FETCH (FLAGS (\Recent))
    S: * 5 FETCH (FLAGS (\Deleted \Recent))
    S: a8 OK ...
    C: a9 FETCH 4 (INTERNALDATE BODY.PEEK[HEADER.FIELDS (Subject)])
    S: * 4 FETCH (INTERNALDATE "17-Jul-1996 09:44:25 +0000" BODY[HEADER.FIELDS (Subject)] {17}
    S: Subject: four
    S:
    S: )
    S: a9 OK ...
  `;
});

test('COPY to the mailbox that is selected shows the copies at once', async () => {
  await using mary = await server.logIn();
  await mary.append('INBOX', 'Subject: one\r\n\r\n', '\\Seen');
  await mary.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 COPY 1 inbox
    S: * 2 EXISTS
    S: * 2 RECENT
    S: a2 OK [COPYUID {uidvalidity} 1 2] Copied
    C: a3 FETCH 2 (UID FLAGS)
    S: * 2 FETCH (UID 2 FLAGS (\Seen \Recent))
    S: a3 OK ...
  `;
});

test('a mailbox opened read-only can be copied from', async () => {
  await using mary = await server.logIn();
  await mary.append('INBOX', 'Subject: one\r\n\r\n');
  await mary.dialogue`
    C: a1 EXAMINE INBOX
    S: ...
    S: a1 OK ...
    C: a2 COPY 1 Archive
    S: a2 OK [COPYUID {uidvalidity} 1 1] Copied
    C: a3 UID COPY 1:* Archive
    S: a3 OK [COPYUID {uidvalidity} 1 2] Copied
    C: a4 STATUS INBOX (MESSAGES RECENT)
    S: * STATUS INBOX (MESSAGES 1 RECENT 1)
    S: a4 OK ...
  `;
});

test('COPY that cannot be', async () => {
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 COPY 1 Archive
    S: a1 BAD Select a mailbox first...
    C: a2 UID COPY 1 Archive
    S: a2 BAD Select a mailbox first...
  `;
  await mary.append('INBOX', 'Subject: one\r\n\r\n');
  await mary.command('SELECT INBOX');
  for (const [command, answer] of [
    ['COPY 1 Nothing', /^NO \[TRYCREATE\]/],
    ['UID COPY 1 Nothing', /^NO \[TRYCREATE\]/],
    ['UID COPY 7 Nothing', /^NO \[TRYCREATE\]/],
    ['COPY 1 Archive/', /^NO \[CANNOT\]/],
    ['COPY 1 "a%b"', /^NO \[CANNOT\]/],
    ['COPY 1 ""', /^NO \[CANNOT\]/],
    ['COPY 1 B&', /^NO \[CANNOT\]/],
    ['COPY 2 Archive', /^BAD No message/],
    ['COPY 1:2 Archive', /^BAD No message/],
    ['COPY 0 Archive', /^BAD /],
    ['COPY $:1 Archive', /^BAD /],
    ['COPY 1', /^BAD /],
    ['COPY Archive', /^BAD /],
    ['COPY 1 Archive more', /^BAD /],
    ['COPY (1) Archive', /^BAD /],
    ['UID COPY', /^BAD /],
    ['UID COPY 7:9 Archive', /^OK No such message/],
    ['UID COPY 4294967295 Archive', /^OK No such message/],
    ['UID COPY 9:* Archive', /^OK \[COPYUID \d+ 1 1\]/],
    ['COPY 2:* {7+}\r\nArchive', /^OK \[COPYUID \d+ 1 2\]/],
    ['COPY * "Archive"', /^OK \[COPYUID \d+ 1 3\]/],
  ] as const) {
    expect((await mary.command(command)).tagged, command).toMatch(answer);
    await mary.command('NOOP');
  }
  await mary.command('SELECT Drafts');
  expect((await mary.command('COPY 1:* Archive')).tagged).toMatch(/^OK No such message/);
  expect((await mary.command('COPY 1 Archive')).tagged).toMatch(/^BAD No message/);
});

test('COPY of a message that another connection removed copies nothing, and tells the removal', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using other = await server.logIn(account);
  for (const subject of ['one', 'two', 'three']) await mary.append('INBOX', `Subject: ${subject}\r\n\r\n`);
  await mary.command('SELECT INBOX');
  await other.command('SELECT INBOX');
  await other.command('STORE 2 +FLAGS.SILENT (\\Deleted)');
  await other.command('EXPUNGE');
  await mary.dialogue`
    C: a1 COPY 1:3 Archive
    S: * 2 EXPUNGE
    S: a1 NO [EXPUNGEISSUED] ...
    C: a2 STATUS Archive (MESSAGES UIDNEXT)
    S: * STATUS Archive (MESSAGES 0 UIDNEXT 1)
    S: a2 OK ...
    C: a3 COPY 1:2 Archive
    S: a3 OK [COPYUID {uidvalidity} 1,3 1:2] Copied
  `;
  await other.command('STORE 2 +FLAGS.SILENT (\\Deleted)');
  await other.command('EXPUNGE');
  await mary.dialogue`
    C: b1 UID COPY 1:3 Archive
    S: * 2 EXPUNGE
    S: b1 OK [COPYUID {uidvalidity} 1 3] Copied
  `;
  await other.command('STORE 1 +FLAGS.SILENT (\\Deleted)');
  await other.command('EXPUNGE');
  await mary.dialogue`
    C: c1 UID COPY 1:3 Archive
    S: * 1 EXPUNGE
    S: c1 OK No such message...
  `;
});

test('who watches the target hears of copies at once, in this process and in another', async () => {
  const account = await server.addAccount();
  await using second = await server.startProcess();
  await using mary = await server.logIn(account);
  await using near = await server.logIn(account);
  await using far = await server.logIn(account, second.port);
  await mary.append('INBOX', 'Subject: one\r\n\r\n', '\\Seen $Label');
  await mary.append('INBOX', 'Subject: two\r\n\r\n');
  await mary.command('SELECT INBOX');
  for (const watcher of [near, far]) {
    await watcher.dialogue`
      C: a1 SELECT Archive
      S: ...
      S: a1 OK ...
      C: a2 IDLE
      S: + idling
    `;
  }
  await mary.command('COPY 1:2 Archive');
  const recent: number[] = [];
  for (const watcher of [near, far]) {
    const { recent: claimed } = await watcher.dialogue`
      S: * 2 EXISTS
      S: * {recent} RECENT
      C: DONE
      S: a2 OK ...
      C: a3 FETCH 1:2 (UID FLAGS)
      S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft $Label)
      S: * 1 FETCH (UID 1 FLAGS (\Seen...$Label))
      S: * 2 FETCH (UID 2 FLAGS (...))
      S: a3 OK ...
    `;
    recent.push(Number(claimed));
  }
  expect(recent.sort(), 'recent to one of them').toEqual([0, 2]);
});

test('COPY is refused where the quota leaves no room for all', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await mary.append('INBOX', 'Subject: one\r\n\r\n');
  await mary.append('INBOX', 'Subject: two\r\n\r\n');
  await server.postel.setQuota(account, { messages: 3 });
  await mary.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 COPY 1:2 Archive
    S: a2 NO [OVERQUOTA] ...
    C: a3 STATUS Archive (MESSAGES)
    S: * STATUS Archive (MESSAGES 0)
    S: a3 OK ...
    C: a4 COPY 2 Archive
    S: * NO [ALERT] 100 % of your message quota...
    S: a4 OK [COPYUID {uidvalidity} 2 1] Copied
    C: a5 UID COPY 2 Archive
    S: a5 NO [OVERQUOTA] ...
    C: a6 MOVE 1:2 Archive
    S: * OK [COPYUID {uidvalidity} 1:2 2:3] Moved
    S: ...
    S: a6 OK ...
  `;
});

test('a target with a thousand keywords takes none with another', async () => {
  await using mary = await server.logIn();
  for (let first = 0; first < 1_000; first += 100) {
    const keywords = Array.from({ length: 100 }, (_, i) => `k${first + i}`).join(' ');
    await mary.append('Archive', 'Subject: full\r\n\r\n', keywords);
  }
  await mary.append('INBOX', 'Subject: one\r\n\r\n', 'other');
  await mary.append('INBOX', 'Subject: two\r\n\r\n', 'K7');
  await mary.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 COPY 1:2 Archive
    S: a2 NO [LIMIT] ...
    C: a3 MOVE 1:2 Archive
    S: a3 NO [LIMIT] ...
    C: a4 COPY 2 Archive
    S: a4 OK [COPYUID {uidvalidity} 2 11] Copied
  `;
});

test('COPYUID names many UIDs exactly', async () => {
  await using mary = await server.logIn();
  for (let i = 0; i < 60; i++) await mary.append('INBOX', `Subject: ${i}\r\n\r\n`, i % 3 === 1 ? '\\Deleted' : '');
  await mary.command('SELECT INBOX');
  await mary.command('EXPUNGE');
  const { tagged } = await mary.command('COPY 1:* Archive');
  const [, source, target] = /^OK \[COPYUID \d+ (\S+) (\S+)\]/.exec(tagged) ?? [];
  const ranges = Array.from({ length: 20 }, (_, i) => (i === 0 ? '1' : `${3 * i}:${3 * i + 1}`));
  expect(source).toBe([...ranges, '60'].join(','));
  expect(target).toBe('1:40');
});
