import { readdirSync } from 'node:fs';
import { TemporaryDirectory } from '@postel/testkit';
import { expect, test, vi } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();

test('REPLACE puts another message in the place of one; what stands there knows its UID before it goes', async () => {
  await using mary = await server.logIn();
  for (const text of ['one', 'two', 'three']) await mary.append('INBOX', text, '\\Flagged $Label');
  await mary.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 REPLACE 2 INBOX (\Seen \Draft) "17-Jul-1996 02:44:25 -0700" {7}
    S: + ...
    C: new two
    S: * OK [APPENDUID {uidvalidity} 4] ...
    S: * 2 EXPUNGE
    S: * 3 EXISTS
    S: * 3 RECENT
    S: a2 OK Replaced
    C: a3 UID FETCH 1:* (FLAGS INTERNALDATE BODY.PEEK[])
    S: * 1 FETCH (UID 1 FLAGS (...\Flagged ...) INTERNALDATE "..." BODY[] {3}
    S: one)
    S: * 2 FETCH (UID 3 FLAGS (...\Flagged ...) INTERNALDATE "..." BODY[] {5}
    S: three)
    S: * 3 FETCH (UID 4 FLAGS (\Seen \Draft \Recent) INTERNALDATE "17-Jul-1996 09:44:25 +0000" BODY[] {7}
    S: new two)
    S: a3 OK ...
  `;
});

test('UID REPLACE, with any form of message, into another mailbox too', async () => {
  await using mary = await server.logIn();
  await mary.append('INBOX', 'Subject: one\r\n\r\ntext');
  await mary.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 UID REPLACE 1 INBOX CATENATE (TEXT {8+}
    C: X-A: b
    C:  URL ;UID=1)
    S: * OK [APPENDUID ... 2] ...
    S: * 1 EXPUNGE
    S: * 1 EXISTS
    S: ...
    S: a2 OK ...
    C: a3 FETCH 1 BODY.PEEK[]
    S: * 1 FETCH (BODY[] {28}
    S: X-A: b
    S: Subject: one
    S:
    S: text)
    S: a3 OK ...
    C: a4 CREATE Sent/2026
    S: a4 OK ...
    C: a5 REPLACE * {9+}
    C: Sent/2026 ~{4+}
    C: sent
    S: * OK [APPENDUID {uidvalidity} 1] ...
    S: * 1 EXPUNGE
    S: a5 OK ...
    C: a6 STATUS Sent/2026 (MESSAGES UIDVALIDITY)
    S: * STATUS Sent/2026 (MESSAGES 1 UIDVALIDITY {uidvalidity})
    S: a6 OK ...
  `;
});

test('a message that is not replaced stays, and nothing comes', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await mary.append('INBOX', 'one');
  await mary.dialogue`
    C: a1 REPLACE 1 INBOX {3}
    S: a1 BAD ...
    C: a2 SELECT INBOX
    S: ...
    S: a2 OK ...
    C: a3 REPLACE 2 INBOX {3}
    S: a3 BAD ...
    C: a4 UID REPLACE 2 INBOX {3}
    S: a4 NO [NONEXISTENT] ...
    C: a5 REPLACE 1 Nothing {3}
    S: a5 NO [TRYCREATE] ...
    C: a6 REPLACE 1 INBOX {0+}
    C:
    S: a6 NO [CANNOT] ...
    C: a7 REPLACE 1 INBOX {104857601}
    S: a7 NO [TOOBIG] ...
    C: a8 REPLACE 1:2 INBOX {3}
    S: a8 BAD ...
    C: a9 REPLACE 0 INBOX {3}
    S: a9 BAD ...
    C: b1 REPLACE 1 INBOX (\Nonsense) {3}
    S: b1 BAD ...
    C: b2 REPLACE 1 INBOX {3+}
    C: abc {3}
    S: b2 BAD One message at a time...
    C: b3 REPLACE 1 INBOX CATENATE (URL /Nothing/;UID=1)
    S: b3 NO [BADURL /Nothing/;UID=1] ...
    C: b4 REPLACE 1 {3+}
    C: &&& {3}
    S: b4 NO [CANNOT] ...
    C: b5 UID REPLACE 1
    S: b5 BAD ...
    C: b6 REPLACE{3}
    S: b6 BAD ...
    C: b7 EXAMINE INBOX
    S: ...
    S: b7 OK ...
    C: b8 REPLACE 1 INBOX {3}
    S: b8 NO [CANNOT] ...
    C: b9 STATUS INBOX (MESSAGES UIDNEXT)
    S: * STATUS INBOX (MESSAGES 1 UIDNEXT 2)
    S: b9 OK ...
  `;
});

test('a message that another removes while its replacement comes is not replaced: [EXPUNGEISSUED]', async () => {
  using blobs = new TemporaryDirectory();
  await using imap = await server.startProcess({ blobDirectory: blobs.path });
  const account = await server.addAccount();
  await using mary = await server.logIn(account, imap.port);
  await using other = await server.logIn(account, imap.port);
  await mary.append('INBOX', 'one', '\\Deleted');
  await mary.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 REPLACE 1 INBOX {200000}
    S: + ...
  `;
  await other.command('SELECT INBOX');
  await other.command('EXPUNGE');
  await mary.dialogue`
    C: ${'x'.repeat(200_000)}
    S: a2 NO [EXPUNGEISSUED] ...
    C: a3 NOOP
    S: * 1 EXPUNGE
    S: a3 OK ...
    C: a4 STATUS INBOX (MESSAGES UIDNEXT)
    S: * STATUS INBOX (MESSAGES 0 UIDNEXT 2)
    S: a4 OK ...
  `;
  await vi.waitFor(() => {
    const files = readdirSync(blobs.path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(files).toEqual([]);
  }, 5_000);
});

test('the target goes while the message comes: what was to be replaced stays', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using other = await server.logIn(account);
  await mary.append('INBOX', 'one');
  await mary.dialogue`
    C: a1 CREATE Old
    S: a1 OK ...
    C: a2 SELECT INBOX
    S: ...
    S: a2 OK ...
    C: a3 REPLACE 1 Old {3}
    S: + ...
  `;
  await other.command('DELETE Old');
  await mary.dialogue`
    C: two
    S: a3 NO [TRYCREATE] ...
    C: a4 FETCH 1 BODY.PEEK[]
    S: * 1 FETCH (BODY[] {3}
    S: one)
    S: a4 OK ...
  `;
});

test('RFC 8508 §3.4: a quota has to have room only for what the new message is larger', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await server.postel.setQuota(account, { octets: 10 });
  await mary.append('INBOX', '12345');
  await mary.append('INBOX', '1234');
  await mary.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 REPLACE 1 INBOX {7}
    S: a2 NO [OVERQUOTA] ...
    C: a3 REPLACE 1 INBOX {6}
    S: + ...
    C: 123456
    S: * OK [APPENDUID ... 3] ...
    S: * 1 EXPUNGE
    S: * 2 EXISTS
    S: ...
    S: a3 OK ...
    C: a4 REPLACE 2 INBOX {7+}
    C: 1234567
    S: a4 NO [OVERQUOTA] ...
    C: a5 FETCH 2 (UID)
    S: * 2 FETCH (UID 3)
    S: a5 OK ...
  `;
  const other = await server.addAccount();
  await using joe = await server.logIn(other);
  await server.postel.setQuota(other, { messages: 1 });
  await joe.append('INBOX', 'one');
  await joe.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 REPLACE 1 INBOX {9+}
    C: two three
    S: ...
    S: a2 OK ...
  `;
});

test('who has the mailbox selected elsewhere hears of both', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using other = await server.logIn(account);
  await mary.append('INBOX', 'one');
  await other.command('SELECT INBOX');
  await mary.command('SELECT INBOX');
  await mary.command('REPLACE 1 INBOX {3+}\r\ntwo');
  await other.dialogue`
    C: a1 NOOP
    S: * 1 EXPUNGE
    S: * 1 EXISTS
    S: ...
    S: a1 OK ...
    C: a2 FETCH 1 BODY.PEEK[]
    S: * 1 FETCH (BODY[] {3}
    S: two)
    S: a2 OK ...
  `;
});

test('RFC 8508 §4.5: for a client of QRESYNC the message vanishes, and the answer carries HIGHESTMODSEQ', async () => {
  await using mary = await server.logIn();
  await mary.append('INBOX', 'one');
  await mary.dialogue`
    C: a1 ENABLE QRESYNC
    S: ...
    S: a1 OK ...
    C: a2 SELECT INBOX
    S: ...
    S: a2 OK ...
    C: a3 UID REPLACE 1 INBOX {3+}
    C: two
    S: * OK [APPENDUID ... 2] ...
    S: * VANISHED 1
    S: * 1 EXISTS
    S: ...
    S: a3 OK [HIGHESTMODSEQ {modseq}] Replaced
    C: a4 STATUS INBOX (HIGHESTMODSEQ)
    S: ...
    S: * STATUS INBOX (HIGHESTMODSEQ {modseq})
    S: a4 OK ...
  `;
});
