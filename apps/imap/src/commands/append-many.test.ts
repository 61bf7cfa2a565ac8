/** Several messages in one APPEND: RFC 3502. */
import { readdirSync } from 'node:fs';
import { TemporaryDirectory } from '@postel/testkit';
import { expect, test, vi } from 'vitest';
import type { ImapClient } from '../testing/imap-client.ts';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();

async function expectEmpty(client: ImapClient): Promise<void> {
  await client.dialogue`
    C: z1 STATUS INBOX (MESSAGES UIDNEXT)
    S: * STATUS INBOX (MESSAGES 0 UIDNEXT 1)
    S: z1 OK ...
  `;
}

test('messages come with flags and dates of their own, after a continuation each if they wait for one', async () => {
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 APPEND INBOX (\Seen) "17-Jul-1996 02:44:25 -0700" {14}
    S: + ...
    C: Subject: one
    C:  {14}
    S: + ...
    C: Subject: two
    C:  ($Label) {16+}
    C: Subject: three
    C:  "18-Jul-1996 02:44:25 +0000" {15}
    S: + ...
    C: Subject: four
    C:
    S: * 4 EXISTS
    S: * 4 RECENT
    S: a2 OK [APPENDUID {uidvalidity} 1:4] Appended
    C: a3 FETCH 1:4 (FLAGS RFC822.SIZE BODY.PEEK[HEADER.FIELDS (Subject)])
    S: * 1 FETCH (FLAGS (\Seen \Recent) RFC822.SIZE 14 BODY[HEADER.FIELDS (Subject)] {14}
    S: Subject: one
    S: )
    S: * 2 FETCH (FLAGS (\Recent) RFC822.SIZE 14 BODY[HEADER.FIELDS (Subject)] {14}
    S: Subject: two
    S: )
    S: ...
    S: * 3 FETCH (FLAGS (\Recent $Label) RFC822.SIZE 16 BODY[HEADER.FIELDS (Subject)] {16}
    S: Subject: three
    S: )
    S: * 4 FETCH (FLAGS (\Recent) RFC822.SIZE 15 BODY[HEADER.FIELDS (Subject)] {15}
    S: Subject: four
    S: )
    S: a3 OK ...
    C: a4 FETCH 1,4 INTERNALDATE
    S: * 1 FETCH (INTERNALDATE "17-Jul-1996 09:44:25 +0000")
    S: * 4 FETCH (INTERNALDATE "18-Jul-1996 02:44:25 +0000")
    S: a4 OK ...
  `;
});

test('what is wrong with one is wrong with all, and is told before its octets are taken if it can be', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await mary.dialogue`
    C: a1 APPEND INBOX {3+}
    C: one {0+}
    C:
    S: a1 NO [CANNOT] ...
    C: a2 APPEND INBOX {3+}
    C: one {104857601}
    S: a2 NO [TOOBIG] ...
    C: a3 APPEND INBOX {3+}
    C: one (\Nonsense) {3}
    S: a3 BAD No such system flag...
    C: a4 APPEND INBOX {3+}
    C: one  {3}
    S: a4 BAD ...
    C: a5 APPEND INBOX {3+}
    C: one "no date" {3+}
    C: two {5+}
    C: three
    S: a5 BAD ...
    C: a6 APPEND INBOX {3+}
    C: one (\Seen)
    S: a6 BAD ...
    C: a7 APPEND INBOX {3+}
    C: one{3+}
    C: two
    S: a7 BAD ...
    C: a8 APPEND INBOX {3+}
    C: one (${Array.from({ length: 1_001 }, (_, i) => `k${i}`).join(' ')}) {3+}
    C: two
    S: a8 NO [LIMIT] ...
    C: a9 APPEND Nothing {3+}
    C: one {3+}
    C: two
    S: a9 NO [TRYCREATE] ...
  `;
  mary.send('b1 APPEND INBOX {3+}\r\none {3+}\r\nt\0o {5+}\r\nthree\r\n');
  await mary.dialogue`
    S: b1 BAD NUL in the message...
  `;
  await expectEmpty(mary);
});

test('the quota is asked for all messages together, before the octets of the one that is too much', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using other = await server.logIn(account);
  await server.postel.setQuota(account, { octets: 10 });
  await mary.dialogue`
    C: a1 APPEND INBOX {5+}
    C: 12345 {6}
    S: a1 NO [OVERQUOTA] ...
    C: a2 APPEND INBOX {5}
    S: + ...
    C: 12345 {5}
    S: + ...
  `;
  await other.append('INBOX', '1');
  await mary.dialogue`
    C: 12345
    S: a2 NO [OVERQUOTA] ...
    C: a3 STATUS INBOX (MESSAGES)
    S: * STATUS INBOX (MESSAGES 1)
    S: a3 OK ...
    C: a4 APPEND INBOX {4+}
    C: 1234 {5+}
    C: 12345
    S: * NO [ALERT] ...
    S: a4 OK [APPENDUID ... 2:3] ...
  `;
});

test('the mailbox goes while the messages come: [TRYCREATE], and none is stored', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using other = await server.logIn(account);
  await mary.dialogue`
    C: a1 CREATE Old
    S: a1 OK ...
    C: a2 APPEND Old {3+}
    C: one {3}
    S: + ...
  `;
  await other.command('DELETE Old');
  await mary.dialogue`
    C: two
    S: a2 NO [TRYCREATE] ...
  `;
});

test('hardening 2: a second message too large to be read past ends the connection', async () => {
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 APPEND INBOX {5+}
    C: 12345 {4294967295+}
    S: * BYE [TOOBIG] The message is too large...
    S: a1 NO [TOOBIG] ...
    S: (closed)
  `;
});

test('a thousand messages are taken at once, and no more', async () => {
  await using mary = await server.logIn();
  const messages = (count: number) => ' {12+}\r\nSubject: x\r\n'.repeat(count);
  mary.send(`a1 APPEND INBOX${messages(1_001)}\r\n`);
  await mary.dialogue`
    S: a1 NO [LIMIT] ...
  `;
  await expectEmpty(mary);
  mary.send(`a2 APPEND INBOX${messages(1_000)}\r\n`);
  await mary.dialogue`
    S: a2 OK [APPENDUID ... 1:1000] ...
    C: a3 STATUS INBOX (MESSAGES UIDNEXT)
    S: * STATUS INBOX (MESSAGES 1000 UIDNEXT 1001)
    S: a3 OK ...
  `;
});

test('a client that goes away between two messages leaves nothing: no message, no blob', async () => {
  using blobs = new TemporaryDirectory();
  await using imap = await server.startProcess({ blobDirectory: blobs.path });
  const account = await server.addAccount();
  for (const leave of ['reset', 'halfClose'] as const) {
    await using mary = await server.logIn(account, imap.port);
    mary.send(`a1 APPEND INBOX {300000+}\r\n${'x'.repeat(300_000)} {300000+}\r\nabc`);
    await vi.waitFor(() => expect(countFiles(blobs.path)).toBeGreaterThan(0), 5_000);
    mary[leave]();
    await vi.waitFor(() => expect(countFiles(blobs.path)).toBe(0), 5_000);
  }
  await using mary = await server.logIn(account);
  await expectEmpty(mary);
  expect(imap.problems).toEqual([]);
});

test('many messages do not fill the memory: beyond a few megabytes small ones are put into blobs too', async () => {
  using blobs = new TemporaryDirectory();
  await using imap = await server.startProcess({ blobDirectory: blobs.path });
  await using mary = await server.logIn(await server.addAccount(), imap.port);
  // Of which no text is kept, so that it is the octets alone that count.
  const message = (n: number) => `Subject: ${n}\r\nContent-Type: image/png\r\n\r\n${'x'.repeat(120_000)}`;
  const literals = (count: number) =>
    Array.from({ length: count }, (_, n) => ` {${message(n).length}+}\r\n${message(n)}`).join('');
  mary.send(`a1 APPEND INBOX${literals(100)}\r\n`);
  await mary.dialogue`
    S: a1 OK [APPENDUID ... 1:100] ...
    C: a2 SELECT INBOX
    S: ...
    S: a2 OK ...
    C: a3 FETCH 1,100 BODY.PEEK[TEXT]<119990.20>
    S: * 1 FETCH (BODY[TEXT]<119990> {10}
    S: xxxxxxxxxx)
    S: * 100 FETCH (BODY[TEXT]<119990> {10}
    S: xxxxxxxxxx)
    S: a3 OK ...
  `;
  const inBlobs = countFiles(blobs.path);
  expect(inBlobs).toBeGreaterThan(20);
  expect(inBlobs).toBeLessThan(40);
  // Texts are held, to be searched in.
  const text = `Subject: x\r\n\r\n${'y '.repeat(300_000)}`;
  mary.send(`a4 APPEND INBOX${` {${text.length}+}\r\n${text}`.repeat(80)}\r\n`);
  await mary.dialogue`
    S: a4 NO [LIMIT] So many messages...
    C: a5 STATUS INBOX (MESSAGES)
    S: * STATUS INBOX (MESSAGES 100)
    S: a5 OK ...
  `;
  await vi.waitFor(() => expect(countFiles(blobs.path)).toBe(inBlobs), 5_000);
});

function countFiles(directory: string): number {
  return readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length;
}
