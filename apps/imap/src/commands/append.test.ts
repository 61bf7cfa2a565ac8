import { readdirSync } from 'node:fs';
import { TemporaryDirectory } from '@postel/testkit';
import { expect, test, vi } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();

test('APPEND stores a message, with flags and a date, and tells its UID', async () => {
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 APPEND INBOX (\Seen $Label) "17-Jul-1996 02:44:25 -0700" {22}
    S: + ...
    C: Subject: one
    C: 
    C: Text
    C: 
    S: a1 OK [APPENDUID {uidvalidity} 1] Appended
    C: a2 APPEND inbox {3+}
    C: x
    C:
    S: a2 OK [APPENDUID {uidvalidity} 2] Appended
    C: a3 SELECT INBOX
    S: ...
    S: * 2 EXISTS
    S: ...
    S: * OK [UIDVALIDITY {uidvalidity}] ...
    S: ...
    S: a3 OK ...
    C: a4 FETCH 1 (FLAGS INTERNALDATE RFC822.SIZE BODY[])
    S: * 1 FETCH (FLAGS (\Seen \Recent $Label) INTERNALDATE "17-Jul-1996 09:44:25 +0000" RFC822.SIZE 22 BODY[] {22}
    S: Subject: one
    S:
    S: Text
    S: )
    S: a4 OK ...
  `;
});

test('APPEND to the mailbox that is selected is told at once; to another, nothing is', async () => {
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 CREATE Other
    S: a1 OK ...
    C: a2 SELECT INBOX
    S: ...
    S: a2 OK ...
    C: a3 APPEND INBOX {3+}
    C: x
    C:
    S: * 1 EXISTS
    S: * 1 RECENT
    S: a3 OK ...
    C: a4 APPEND Other {3+}
    C: x
    C:
    S: a4 OK ...
  `;
});

test('dates in the forms of date-time, with one digit as with two, and flags, of which \\Recent is ours', async () => {
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 APPEND INBOX () " 7-Jul-1996 02:44:25 +0200" {3}
    S: + ...
    C: abc
    S: * 1 EXISTS
    S: * 1 RECENT
    S: a2 OK ...
    C: a3 append "InBox" (\recent \seen $X) "07-jul-1996 23:59:60 -0000" {3+}
    C: abc
    S: * 2 EXISTS
    S: * 2 RECENT
    S: a3 OK ...
    C: a4 APPEND INBOX "01-Jan-0001 00:00:00 +0000" {3+}
    C: abc
    S: * 3 EXISTS
    S: * 3 RECENT
    S: a4 OK ...
    C: a5 APPEND INBOX "31-Dec-9999 23:59:59 +0000" {3+}
    C: abc
    S: * 4 EXISTS
    S: * 4 RECENT
    S: a5 OK ...
    C: a6 FETCH 1:4 (FLAGS INTERNALDATE)
    S: * 1 FETCH (FLAGS (\Recent) INTERNALDATE " 7-Jul-1996 00:44:25 +0000")
    S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft $X)
    S: * 2 FETCH (FLAGS (\Seen \Recent $X) INTERNALDATE " 8-Jul-1996 00:00:00 +0000")
    S: * 3 FETCH (FLAGS (\Recent) INTERNALDATE " 1-Jan-0001 00:00:00 +0000")
    S: * 4 FETCH (FLAGS (\Recent) INTERNALDATE "31-Dec-9999 23:59:59 +0000")
    S: a6 OK ...
    C: a7 APPEND INBOX "31-Dec-9999 23:59:59 -1200" {3+}
    C: abc
    S: a7 BAD Invalid date-time...
    C: a8 APPEND INBOX "31-Feb-1996 02:44:25 -0000" {3+}
    C: abc
    S: a8 BAD ...
    C: a9 APPEND INBOX  {3+}
    C: abc
    S: a9 BAD ...
    C: b1 APPEND INBOX (\Seen) (\Seen) {3+}
    C: abc
    S: b1 BAD ...
    C: b2 APPEND Archive/ {3}
    S: b2 NO [CANNOT] ...
  `;
});

test('a mailbox that is missing is [TRYCREATE], before any octet is taken', async () => {
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 APPEND Nothing {300}
    S: a1 NO [TRYCREATE]...
    C: a2 APPEND Nothing {5+}
    C: 12345
    S: a2 NO [TRYCREATE]...
    C: a3 NOOP
    S: a3 OK ...
  `;
});

test('one message behind the other goes to the mailbox that has the name then, or to none', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using elsewhere = await server.logIn(account);
  await elsewhere.command('CREATE Drafts');
  await mary.dialogue`
    C: a1 APPEND Drafts {3+}
    C: one
    S: a1 OK [APPENDUID {first} 1] ...
    C: a2 APPEND Drafts {3+}
    C: two
    S: a2 OK [APPENDUID {first} 2] ...
  `;
  await elsewhere.command('RENAME Drafts Templates');
  await mary.dialogue`
    C: a1 APPEND Drafts {3+}
    C: six
    S: a1 NO [TRYCREATE] ...
  `;
  await elsewhere.command('CREATE Drafts');
  await mary.dialogue`
    C: a1 APPEND Drafts {3+}
    C: six
    S: a1 OK [APPENDUID {second} 1] ...
    C: a2 STATUS Templates (MESSAGES UIDVALIDITY)
    S: * STATUS Templates (MESSAGES 2 UIDVALIDITY {first})
    S: a2 OK ...
  `;
});

test('a message that is stored is told as stored, also when the mailbox that is selected is gone', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using other = await server.logIn(account);
  await mary.command('CREATE Old');
  await mary.command('SELECT Old');
  await other.command('DELETE Old');
  await mary.dialogue`
    C: a1 APPEND INBOX {3+}
    C: x
    C:
    S: * BYE The mailbox was deleted...
    S: a1 OK [APPENDUID {uidvalidity} 1] ...
    S: (closed)
  `;
});

test('what follows a message, or stands before it, must be what the grammar has', async () => {
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 APPEND INBOX {5+}
    C: 12345 more
    S: a1 BAD Expected a message literal...
    C: a2 APPEND INBOX
    S: a2 BAD ...
    C: a3 APPEND INBOX (\Nonsense) {5+}
    C: 12345
    S: a3 BAD No such system flag...
    C: a4 APPEND INBOX (\Seen {5+}
    C: 12345
    S: a4 BAD ...
    C: a5 APPEND INBOX "no date" {5+}
    C: 12345
    S: a5 BAD ...
    C: a6 APPEND INBOX "text"
    S: a6 BAD ...
    C: a7 APPEND INBOX {0+}
    C:
    S: a7 NO [CANNOT]...
    C: a8 STATUS INBOX (MESSAGES)
    S: * STATUS INBOX (MESSAGES 0)
    S: a8 OK ...
    C: a9 APPEND {5+}
    C: INBOX {5+}
    C: 12345
    S: a9 OK [APPENDUID ...]...
  `;
});

test('what is malformed before a message is refused before its octets are taken', async () => {
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 APPEND INBOX "31-Feb-1996 02:44:25 -0000" {3}
    S: a1 BAD Invalid date-time...
    C: a2 APPEND INBOX (\Nonsense) {3}
    S: a2 BAD No such system flag...
    C: a3 APPEND INBOX (\Seen {3}
    S: a3 BAD ...
    C: a4 APPEND INBOX more {3}
    S: a4 BAD ...
    C: a5 APPEND INBOX {3+}
    C: abc (\Nonsense) {3}
    S: a5 BAD ...
    C: a6 APPEND "INBOX {3}
    S: a6 BAD ...
    C: a7 APPEND{3}
    S: a7 BAD ...
    C: a8 APPEND &&& {3}
    S: a8 NO [CANNOT] ...
    C: a9 APPEND {5}
    S: + ...
    C: INBOX "no date" {3}
    S: a9 BAD ...
    C: b1 NOOP
    S: b1 OK ...
  `;
});

test('NUL is refused, bare LF and 8-bit octets are stored as they came', async () => {
  await using mary = await server.logIn();
  mary.send('a1 APPEND INBOX {7+}\r\nabc\0def\r\na2 NOOP\r\n');
  await mary.dialogue`
    S: a1 BAD NUL in the message...
    S: a2 OK ...
  `;
  const message = Buffer.from('Subject: \xe9\n\n\xff\xfe\r\nbare\n', 'latin1');
  await mary.append('INBOX', message);
  await mary.command('SELECT INBOX');
  mary.send('b1 FETCH 1 BODY.PEEK[]\r\n');
  expect(await mary.line()).toBe(`* 1 FETCH (BODY[] {${message.length}}`);
  expect(await mary.octets(message.length)).toEqual(message);
});

test('the largest message is a setting', async () => {
  await using imap = await server.startProcess({ messageOctets: 1_000 });
  await using client = await server.logIn(await server.addAccount(), imap.port);
  await client.dialogue`
    C: a1 CAPABILITY
    S: * CAPABILITY ... APPENDLIMIT=1000 ...
    S: a1 OK ...
    C: a2 APPEND INBOX {1001}
    S: a2 NO [TOOBIG] ...
    C: a3 APPEND INBOX {12+}
    C: Subject: x
    C: 
    S: a3 OK ...
  `;
});

test('a message above APPENDLIMIT is refused before its octets are taken', async () => {
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 APPEND INBOX {104857601}
    S: a1 NO [TOOBIG] ...
    C: a2 NOOP
    S: a2 OK ...
  `;
});

test('a message for which the quota has no room is refused before its octets are taken, or with them dropped', async () => {
  await using imap = await server.startProcess({ blobDirectory: '/dev/null/blobs' }); // none can be made
  const account = await server.addAccount();
  await using mary = await server.logIn(account, imap.port);
  await server.postel.setQuota(account, { octets: 100_010 });
  await mary.dialogue`
    C: a1 APPEND INBOX {100011}
    S: a1 NO [OVERQUOTA] ...
    C: a2 APPEND INBOX {300000+}
    C: ${'x'.repeat(300_000)}
    S: a2 NO [OVERQUOTA] ...
    C: a3 APPEND INBOX {100000}
    S: + ...
    C: ${'x'.repeat(100_000)}
    S: * NO [ALERT] 100 % of your storage quota...
    S: a3 OK [APPENDUID {uidvalidity} 1] ...
    C: a4 APPEND INBOX {11+}
    C: 12345678901
    S: a4 NO [OVERQUOTA] ...
    C: a5 APPEND INBOX {10+}
    C: 1234567890
    S: a5 OK [APPENDUID {uidvalidity} 2] ...
    C: a6 APPEND INBOX {1}
    S: a6 NO [OVERQUOTA] ...
    C: a7 APPEND Nothing {1}
    S: a7 NO [TRYCREATE] ...
  `;
  const other = await server.addAccount();
  await using joe = await server.logIn(other);
  await server.postel.setQuota(other, { messages: 1 });
  await joe.append('INBOX', 'one');
  await joe.dialogue`
    C: a1 APPEND INBOX {3}
    S: a1 NO [OVERQUOTA] ...
    C: a2 APPEND INBOX {3+}
    C: two
    S: a2 NO [OVERQUOTA] ...
  `;
});

test('hardening 2: a non-synchronizing message too large to be read past ends the connection', async () => {
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 APPEND INBOX {4294967295+}
    S: * BYE [TOOBIG] The message is too large...
    S: a1 NO [TOOBIG] ...
    S: (closed)
  `;
});

test('a client that goes away in the middle of a message leaves nothing: no message, no blob', async () => {
  using blobs = new TemporaryDirectory();
  await using imap = await server.startProcess({ blobDirectory: blobs.path });
  const account = await server.addAccount();
  for (const leave of ['reset', 'halfClose'] as const) {
    await using mary = await server.logIn(account, imap.port);
    mary.send('a1 APPEND INBOX {1000000+}\r\n');
    await mary.sendAll(Array.from({ length: 10 }, () => Buffer.alloc(50_000, 0x61)));
    await vi.waitFor(() => expect(countFiles(blobs.path)).toBe(1), 5_000);
    mary[leave]();
    if (leave === 'halfClose') expect(await mary.closed()).toEqual([]);
    await vi.waitFor(() => expect(countFiles(blobs.path)).toBe(0), 5_000);
  }
  await using mary = await server.logIn(account);
  await mary.dialogue`
    C: a1 STATUS INBOX (MESSAGES)
    S: * STATUS INBOX (MESSAGES 0)
    S: a1 OK ...
  `;
  expect(imap.problems).toEqual([]);
});

test('a large message that is not stored leaves no blob behind', async () => {
  using blobs = new TemporaryDirectory();
  await using imap = await server.startProcess({ blobDirectory: blobs.path });
  const account = await server.addAccount();
  await using mary = await server.logIn(account, imap.port);
  const message = Buffer.alloc(300_000, 'x\r\n');
  await mary.append('INBOX', message);
  await mary.append('INBOX', message); // shares the content of the first
  expect(countFiles(blobs.path)).toBe(1);
  await mary.command(
    `APPEND INBOX (${Array.from({ length: 1_001 }, (_, i) => `k${i}`).join(' ')}) {300000+}\r\n${message}`,
  );
  await vi.waitFor(() => expect(countFiles(blobs.path)).toBe(1), 5_000);
});

function countFiles(directory: string): number {
  return readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length;
}
