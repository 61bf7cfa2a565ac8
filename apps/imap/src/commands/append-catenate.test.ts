/** CATENATE: RFC 4469. */
import { readdirSync } from 'node:fs';
import { TemporaryDirectory } from '@postel/testkit';
import { expect, test, vi } from 'vitest';
import type { ImapClient } from '../testing/imap-client.ts';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();

const LETTER = [
  'Subject: trip',
  'Content-Type: multipart/mixed; boundary=b',
  '',
  '--b',
  'X-Part: 1',
  '',
  'first',
  '--b',
  'Content-Type: application/zip',
  '',
  'second',
  '--b--',
  '',
].join('\r\n');

/** With Drafts, whose only message is the letter; and its UIDVALIDITY. */
async function withDrafts(client: ImapClient): Promise<string> {
  await client.command('CREATE Drafts');
  await client.append('Drafts', LETTER);
  const { untagged } = await client.command('STATUS Drafts (UIDVALIDITY)');
  return /\d+/.exec(untagged.join())?.[0] ?? '';
}

test('RFC 4469 appendix A: a part of a draft is replaced, and the others need not be sent again', async () => {
  await using mary = await server.logIn();
  const uidvalidity = await withDrafts(mary);
  await mary.dialogue`
    C: a2 APPEND Drafts (\Seen \Draft $MDNSent) CATENATE (URL "/Drafts;UIDVALIDITY=${uidvalidity}/;UID=1/;section=HEADER" TEXT {5}
    S: + ...
    C: --b
    C:  URL "/Drafts;UIDVALIDITY=${uidvalidity}/;UID=1/;section=1.MIME" URL {25}
    S: + ...
    C: /Drafts/;UID=1/;sectioN=1 TEXT {14}
    S: + ...
    C:
    C: --b
    C:
    C: new
    C:  TEXT {7+}
    C: --b--
    C: )
    S: a2 OK [APPENDUID ${uidvalidity} 2] Appended
    C: a3 SELECT Drafts
    S: ...
    S: a3 OK ...
    C: a4 FETCH 2 (FLAGS BODY.PEEK[])
    S: * 2 FETCH (FLAGS (\Seen \Draft \Recent $MDNSent) BODY[] {...}
    S: Subject: trip
    S: Content-Type: multipart/mixed; boundary=b
    S:
    S: --b
    S: X-Part: 1
    S:
    S: first
    S: --b
    S:
    S: new
    S: --b--
    S: )
    S: a4 OK ...
  `;
});

test('URLs alone make a message, whole messages or parts, from rows and from blobs, and set no flag', async () => {
  await using mary = await server.logIn();
  const uidvalidity = await withDrafts(mary);
  const large = `Subject: large\r\nX-A: b\r\n\r\n${'text\r\n'.repeat(50_000)}`;
  await mary.append('INBOX', large);
  await mary.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 APPEND Drafts CATENATE (URL "/Drafts/;UID=1/;SECTION=HEADER.FIELDS%20(Subject)" URL ;UID=1/;SECTION=TEXT URL /Drafts;UIDVALIDITY=${uidvalidity}/;UID=1/;SECTION=2)
    S: a2 OK [APPENDUID ${uidvalidity} 2] ...
    C: a3 APPEND Drafts CATENATE (URL ";UID=1/;SECTION=HEADER.FIELDS.NOT%20(Subject)" URL ;UID=1/;PARTIAL=9.5 URL ;UID=1/;PARTIAL=999999999)
    S: a3 OK [APPENDUID ${uidvalidity} 3] ...
    C: a4 FETCH 1 FLAGS
    S: * 1 FETCH (FLAGS (\Recent))
    S: a4 OK ...
    C: a5 SELECT Drafts
    S: ...
    S: a5 OK ...
    C: a6 FETCH 2 (RFC822.SIZE BODY.PEEK[]<0.23> BODY.PEEK[]<300011.100>)
    S: * 2 FETCH (RFC822.SIZE ${'Subject: trip\r\n\r\nsecond'.length + 300_000} BODY[]<0> {23}
    S: Subject: trip
    S:
    S: text
    S:  BODY[]<300011> {12}
    S: text
    S: second)
    S: a6 OK ...
    C: a7 FETCH 3 BODY.PEEK[]
    S: * 3 FETCH (BODY[] {15}
    S: X-A: b
    S:
    S: large)
    S: a7 OK ...
  `;
});

test('several messages in one APPEND, some of them catenated', async () => {
  await using mary = await server.logIn();
  await withDrafts(mary);
  await mary.dialogue`
    C: a1 APPEND INBOX CATENATE (URL /Drafts/;UID=1/;SECTION=1) (\Seen) CATENATE (TEXT {3+}
    C: abc TEXT {0+}
    C:  TEXT ~{3+}
    C: def) {3+}
    C: ghi CATENATE (URL /Drafts/;UID=1/;SECTION=2)
    S: a1 OK [APPENDUID ... 1:4] ...
    C: a2 SELECT INBOX
    S: ...
    S: a2 OK ...
    C: a3 FETCH 1:4 (BODY.PEEK[])
    S: * 1 FETCH (BODY[] {5}
    S: first)
    S: * 2 FETCH (BODY[] {6}
    S: abcdef)
    S: * 3 FETCH (BODY[] {3}
    S: ghi)
    S: * 4 FETCH (BODY[] {6}
    S: second)
    S: a3 OK ...
  `;
});

test('[BADURL] names the first URL that names nothing, before more octets are taken', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await withDrafts(mary);
  await using joe = await server.logIn();
  await joe.append('INBOX', 'Subject: secret\r\n\r\n');
  await mary.dialogue`
    C: a1 APPEND INBOX CATENATE (URL /Nothing/;UID=1 TEXT {5}
    S: a1 NO [BADURL /Nothing/;UID=1] ...
    C: a2 APPEND INBOX CATENATE (URL /Drafts/;UID=2 URL /Nothing/;UID=1)
    S: a2 NO [BADURL /Drafts/;UID=2] ...
    C: a3 APPEND INBOX CATENATE (URL /Drafts;UIDVALIDITY=1/;UID=1)
    S: a3 NO [BADURL /Drafts;UIDVALIDITY=1/;UID=1] ...
    C: a4 APPEND INBOX CATENATE (URL /Drafts/;UID=1/;SECTION=3)
    S: a4 NO [BADURL /Drafts/;UID=1/;SECTION=3] ...
    C: a5 APPEND INBOX CATENATE (URL "imap://localhost/Drafts/;UID=1")
    S: a5 NO [BADURL imap://localhost/Drafts/;UID=1] ...
    C: a6 APPEND INBOX CATENATE (URL "a] \"b\\ ${'\xc3\xbc'}")
    S: a6 NO [BADURL a%5D%20%22b%5C%20%C3%BC] ...
    C: a7 APPEND INBOX CATENATE (URL {8+}
    C: a
    C: OK b1)
    S: a7 NO [BADURL a%0D%0AOK%20b1] ...
    C: a8 APPEND INBOX CATENATE (URL ;UID=1)
    S: a8 NO [BADURL ;UID=1] ...
    C: a9 APPEND INBOX CATENATE (TEXT {3+}
    C: abc URL "" TEXT {3+}
    C: def)
    S: a9 NO [BADURL ] ...
    C: b2 SELECT Drafts
    S: ...
    S: b2 OK ...
    C: b3 STORE 1 +FLAGS.SILENT (\Deleted)
    S: b3 OK ...
    C: b4 EXPUNGE
    S: * 1 EXPUNGE
    S: b4 OK ...
    C: b5 APPEND INBOX CATENATE (URL /Drafts/;UID=1)
    S: b5 NO [BADURL /Drafts/;UID=1] ...
    C: b6 STATUS INBOX (MESSAGES)
    S: * STATUS INBOX (MESSAGES 0)
    S: b6 OK ...
  `;
});

test('what is malformed is BAD, before octets are taken if it stands before them', async () => {
  await using mary = await server.logIn();
  await withDrafts(mary);
  await mary.dialogue`
    C: a1 APPEND INBOX CATENATE ()
    S: a1 BAD ...
    C: a2 APPEND INBOX CATENATE (TEXT {3}
    S: + ...
    C: abc
    S: a2 BAD ...
    C: a3 APPEND INBOX CATENATE (TEXT "abc")
    S: a3 BAD ...
    C: a4 APPEND INBOX CATENATE (URL /Drafts/;UID=1 {3}
    S: a4 BAD ...
    C: a5 APPEND INBOX CATENATE (FILE x)
    S: a5 BAD ...
    C: a6 APPEND INBOX CATENATE (URL /Drafts/;UID=1) more
    S: a6 BAD ...
    C: a7 APPEND INBOX CATENATE {3+}
    C: abc
    S: a7 BAD ...
    C: a8 APPEND INBOX CATENATE (TEXT {3+}
    C: abc URL /Drafts/;UID=1
    S: a8 BAD ...
    C: a9 APPEND INBOX CATENATE (TEXT {0+}
    C: )
    S: a9 NO [CANNOT] ...
    C: b1 APPEND INBOX UTF8 (~{3}
    S: b1 BAD ...
    C: b2 APPEND URL {3}
    S: b2 NO [TRYCREATE] ...
    C: b3 STATUS INBOX (MESSAGES)
    S: * STATUS INBOX (MESSAGES 0)
    S: b3 OK ...
  `;
});

test('what URLs name counts for the size of the message, and for the quota', async () => {
  await using imap = await server.startProcess({ messageOctets: 1_000 });
  const account = await server.addAccount();
  await using mary = await server.logIn(account, imap.port);
  await mary.append('INBOX', 'x'.repeat(600));
  await mary.dialogue`
    C: a1 APPEND INBOX CATENATE (URL /INBOX/;UID=1 URL /INBOX/;UID=1)
    S: a1 NO [TOOBIG] ...
    C: a2 APPEND INBOX CATENATE (URL /INBOX/;UID=1 TEXT {401}
    S: a2 NO [TOOBIG] ...
  `;
  await server.postel.setQuota(account, { octets: 1_500 });
  await mary.dialogue`
    C: a3 APPEND INBOX CATENATE (URL /INBOX/;UID=1 TEXT {301}
    S: a3 NO [OVERQUOTA] ...
    C: a4 APPEND INBOX CATENATE (URL /INBOX/;UID=1/;PARTIAL=0.500) CATENATE (URL /INBOX/;UID=1/;PARTIAL=0.401)
    S: a4 NO [OVERQUOTA] ...
    C: a5 APPEND INBOX CATENATE (URL /INBOX/;UID=1/;PARTIAL=0.500) CATENATE (URL /INBOX/;UID=1/;PARTIAL=0.400)
    S: * NO [ALERT] ...
    S: a5 OK [APPENDUID ... 2:3] ...
  `;
});

test('a thousand parts make a message, and no more', async () => {
  await using mary = await server.logIn();
  await mary.append('INBOX', 'x');
  const urls = (count: number) => Array(count).fill('URL /INBOX/;UID=1').join(' ');
  await mary.dialogue`
    C: a1 APPEND INBOX CATENATE (${urls(1_001)})
    S: a1 NO [LIMIT] ...
    C: a2 APPEND INBOX CATENATE (${urls(1_000)})
    S: a2 OK ...
    C: a3 SELECT INBOX
    S: ...
    S: a3 OK ...
    C: a4 FETCH 2 RFC822.SIZE
    S: * 2 FETCH (RFC822.SIZE 1000)
    S: a4 OK ...
  `;
});

test('a message whose blob is not there is UNAVAILABLE, and leaves nothing behind', async () => {
  using blobs = new TemporaryDirectory();
  using empty = new TemporaryDirectory();
  await using imap = await server.startProcess({ blobDirectory: blobs.path });
  await using other = await server.startProcess({ blobDirectory: empty.path });
  const account = await server.addAccount();
  await using mary = await server.logIn(account, imap.port);
  await mary.append('INBOX', 'x'.repeat(300_000));
  await using elsewhere = await server.logIn(account, other.port);
  await elsewhere.dialogue`
    C: a1 APPEND INBOX CATENATE (TEXT {200000+}
    C: ${'x'.repeat(200_000)} URL /INBOX/;UID=1)
    S: a1 NO [UNAVAILABLE] ...
  `;
  await vi.waitFor(() => {
    const files = readdirSync(empty.path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(files).toEqual([]);
  }, 5_000);
});
