/** PREVIEW (RFC 8970) and SAVEDATE (RFC 8514). */
import { expect, test } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();

test('PREVIEW is the beginning of the text, on one line, in UTF-8', async () => {
  await using mary = await server.logIn();
  await mary.append('INBOX', 'Subject: one\r\n\r\n> quoted\r\nHello,   "world"\r\nand all');
  await mary.append('INBOX', 'Subject: two\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\xc3\xbcber');
  await mary.append('INBOX', 'Subject: three\r\nContent-Type: image/png\r\n\r\nabc');
  await mary.append('INBOX', `Subject: four\r\n\r\n${'long '.repeat(100)}`);
  await mary.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 FETCH 1:3 (PREVIEW RFC822.SIZE)
    S: * 1 FETCH (PREVIEW "Hello, \"world\" and all" RFC822.SIZE ...)
    S: * 2 FETCH (PREVIEW {5}
    S: ${'\xc3\xbcber'} RFC822.SIZE ...)
    S: * 3 FETCH (PREVIEW "" RFC822.SIZE ...)
    S: a2 OK ...
    C: a3 UID FETCH 1 PREVIEW
    S: * 1 FETCH (UID 1 PREVIEW "Hello, \"world\" and all")
    S: a3 OK ...
    C: a4 FETCH 1 (preview (lazy) FLAGS)
    S: * 1 FETCH (PREVIEW "Hello, \"world\" and all" FLAGS (...))
    S: a4 OK ...
    C: a5 FETCH 4 (PREVIEW (LAZY LAZY))
    S: * 4 FETCH (PREVIEW "${'long '.repeat(40).trim()}")
    S: a5 OK ...
    C: a6 FETCH 1 PREVIEW (LAZY)
    S: * 1 FETCH (PREVIEW "Hello, \"world\" and all")
    S: a6 OK ...
    C: a7 FETCH 1 (PREVIEW (EAGER))
    S: a7 BAD ...
    C: a8 FETCH 1 (PREVIEW ())
    S: a8 BAD ...
    C: a9 FETCH 1 (FLAGS)
    S: * 1 FETCH (FLAGS (\Recent))
    S: a9 OK ...
  `;
});

test('a preview that was never made is NIL for LAZY, and made for who asks without', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await mary.append('INBOX', 'Subject: one\r\n\r\nHello');
  await mary.append('INBOX', `Subject: large\r\n\r\nLarge ${'x'.repeat(300_000)}`);
  await server.changeRows(
    account,
    'update contents set preview = null, search_text = null, header_text = null, sent_date = null where account_id = $1',
  );
  await mary.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 FETCH 1:2 (PREVIEW (LAZY))
    S: * 1 FETCH (PREVIEW NIL)
    S: * 2 FETCH (PREVIEW NIL)
    S: a2 OK ...
    C: a3 FETCH 2 (PREVIEW (LAZY) BODY.PEEK[]<0.5>)
    S: * 2 FETCH (PREVIEW NIL BODY[]<0> {5}
    S: Subje)
    S: a3 OK ...
    C: a4 FETCH 2 (PREVIEW BODY.PEEK[]<0.5>)
    S: * 2 FETCH (PREVIEW "Large xxx..." BODY[]<0> {5}
    S: Subje)
    S: a4 OK ...
    C: a5 FETCH 1:2 PREVIEW
    S: * 1 FETCH (PREVIEW "Hello")
    S: * 2 FETCH (PREVIEW "Large xxx...")
    S: a5 OK ...
  `;
});

test('SAVEDATE is when a message came into its mailbox, whatever its INTERNALDATE is', async () => {
  const before = day(Date.now());
  await using mary = await server.logIn();
  await mary.append('INBOX', 'Subject: one\r\n\r\n', '', '17-Jul-1996 02:44:25 -0700');
  const { saved } = await mary.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 FETCH 1 (SAVEDATE INTERNALDATE)
    S: * 1 FETCH (SAVEDATE "{saved}" INTERNALDATE "17-Jul-1996 09:44:25 +0000")
    S: a2 OK ...
    C: a3 SEARCH SAVEDSINCE ${before}
    S: * SEARCH 1
    S: a3 OK ...
    C: a4 SEARCH SAVEDBEFORE ${before}
    S: * SEARCH
    S: a4 OK ...
    C: a5 SEARCH SAVEDON 17-Jul-1996
    S: * SEARCH
    S: a5 OK ...
    C: a6 SEARCH OR SAVEDON ${before} SAVEDON ${day(Date.now())} SAVEDATESUPPORTED
    S: * SEARCH 1
    S: a6 OK ...
    C: a7 SEARCH NOT SAVEDATESUPPORTED
    S: * SEARCH
    S: a7 OK ...
  `;
  expect(Math.abs(Date.parse(saved ?? '') - Date.now())).toBeLessThan(60_000);
});

test('a copy is saved anew, also into its own mailbox, and the message that it was made of stays as it is', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await mary.append('INBOX', 'Subject: one\r\n\r\n');
  await server.changeRows(account, `update messages set save_date = '1999-12-31 23:59:59Z' where account_id = $1`);
  await mary.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 COPY 1 INBOX
    S: ...
    S: a2 OK ...
    C: a3 SEARCH SAVEDBEFORE 1-Jan-2000
    S: * SEARCH 1
    S: a3 OK ...
    C: a4 SEARCH SAVEDON 31-Dec-1999
    S: * SEARCH 1
    S: a4 OK ...
    C: a5 FETCH 1 SAVEDATE
    S: * 1 FETCH (SAVEDATE "31-Dec-1999 23:59:59 +0000")
    S: a5 OK ...
    C: a6 MOVE 1 INBOX
    S: ...
    S: a6 OK ...
    C: a7 SEARCH SAVEDON 31-Dec-1999
    S: * SEARCH
    S: a7 OK ...
  `;
});

/** As SEARCH takes it. */
function day(epochMs: number): string {
  const [, date, month, year] = new Date(epochMs).toUTCString().split(' ');
  return `${date}-${month}-${year}`;
}
