import { expect, test } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();

test('SEARCH by flags, keywords, numbers and UIDs', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await mary.append('INBOX', 'Subject: 1\r\n\r\n', '\\Deleted');
  await mary.append('INBOX', 'Subject: 2\r\n\r\n', '\\Seen \\Answered');
  await mary.append('INBOX', 'Subject: 3\r\n\r\n', '\\Flagged $Label');
  await mary.append('INBOX', 'Subject: 4\r\n\r\n', '\\Draft \\Seen');
  await mary.append('INBOX', 'Subject: 5\r\n\r\n');
  await mary.command('SELECT INBOX');
  await mary.command('EXPUNGE');
  await mary.append('INBOX', 'Subject: 6\r\n\r\n', '\\Seen');
  await mary.command('NOOP');
  // Numbers 1 to 5, UIDs 2 to 6.
  for (const [keys, numbers] of [
    ['ALL', '1 2 3 4 5'],
    ['SEEN', '1 3 5'],
    ['unseen', '2 4'],
    ['ANSWERED', '1'],
    ['UNANSWERED', '2 3 4 5'],
    ['FLAGGED', '2'],
    ['UNFLAGGED UNSEEN', '4'],
    ['DRAFT', '3'],
    ['UNDRAFT SEEN', '1 5'],
    ['DELETED', ''],
    ['UNDELETED', '1 2 3 4 5'],
    ['RECENT', '1 2 3 4 5'],
    ['NEW', '2 4'],
    ['OLD', ''],
    ['KEYWORD $label', '2'],
    ['UNKEYWORD $Label', '1 3 4 5'],
    ['2:3', '2 3'],
    ['*', '5'],
    ['1,4:*', '1 4 5'],
    ['UID 2:3', '1 2'],
    ['UID 6:99', '5'],
    ['UID 99', ''],
    ['UID *', '5'],
    ['NOT SEEN', '2 4'],
    ['NOT NOT SEEN', '1 3 5'],
    ['OR FLAGGED DRAFT', '2 3'],
    ['OR (SEEN ANSWERED) NOT 1:4', '1 5'],
    ['(SEEN) (UID 4)', '3'],
    ['CHARSET UTF-8 SEEN', '1 3 5'],
    ['charset us-ascii SEEN', '1 3 5'],
  ] as const) {
    const { untagged } = await mary.command(`SEARCH ${keys}`);
    expect(untagged, keys).toEqual([`* SEARCH${numbers === '' ? '' : ` ${numbers}`}`]);
  }
  await mary.dialogue`
    C: a1 UID SEARCH UNSEEN
    S: * SEARCH 3 5
    S: a1 OK ...
  `;
});

test('SEARCH that cannot be', async () => {
  await using mary = await server.logIn();
  await mary.command('SELECT INBOX');
  for (const [keys, answer] of [
    ['CHARSET KOI8-R ALL', /^NO \[BADCHARSET \(UTF-8 US-ASCII\)\]/],
    ['CHARSET NIL SUBJECT x', /^NO \[BADCHARSET \(UTF-8 US-ASCII\)\]/],
    ['CHARSET UTF-8', /^BAD /],
    ['SUBJECT', /^BAD /],
    ['HEADER x', /^BAD /],
    ['ON yesterday', /^BAD /],
    ['LARGER -1', /^BAD /],
    ['NEWER', /^BAD /],
    [`TEXT ${'x'.repeat(1_001)}`, /^NO \[LIMIT\] A string/],
    [Array(101).fill('TEXT x').join(' '), /^NO \[LIMIT\] Too many/],
    ['', /^BAD /],
    ['()', /^BAD /],
    ['(SEEN', /^BAD /],
    ['SEEN ', /^OK /],
    ['NOT', /^BAD /],
    ['OR SEEN', /^BAD /],
    ['KEYWORD', /^BAD /],
    ['UID', /^BAD /],
    ['0', /^BAD /],
    ['$:3', /^BAD /],
    ['1:$', /^BAD /],
    ['$$', /^BAD /],
    ['$,', /^BAD /],
    ['RETURN (SAVE SAVE) ALL', /^BAD /],
    ['RETURN ALL', /^BAD /],
    ['RETURN (ALL)', /^BAD /],
    ['RETURN (MIN MIN) ALL', /^BAD /],
    ['RETURN (MEDIAN) ALL', /^BAD /],
    ['CHARSET UTF-8 RETURN () ALL', /^BAD /],
    // RFC 7377 §2: a number above the last is no error.
    ['1', /^OK /],
    [Array(1_001).fill('SEEN').join(' '), /^BAD \[LIMIT\] Too many search keys/],
    [`(${Array(1_001).fill('SEEN').join(' ')})`, /^BAD \[LIMIT\] Too many search keys/],
  ] as const) {
    expect((await mary.command(`SEARCH ${keys}`)).tagged, keys.slice(0, 50)).toMatch(answer);
  }
});

test('RFC 4731 §3.1: options of SEARCH, answered by ESEARCH', async () => {
  await using mary = await server.logIn();
  for (const flags of ['', '\\Flagged', '', '\\Flagged', '\\Flagged', '\\Deleted'])
    await mary.append('INBOX', 'Subject: x\r\n\r\n', flags);
  await mary.dialogue`
    C: a0 SELECT INBOX
    S: ...
    C: A281 STORE 3 +FLAGS.SILENT (\Deleted)
    C: A282 EXPUNGE
    S: ...
    S: A282 OK ...
    C: A283 SEARCH RETURN (MIN COUNT) FLAGGED
    S: * ESEARCH (TAG "A283") MIN 2 COUNT 3
    S: A283 OK ...
    C: A284 SEARCH RETURN () FLAGGED
    S: * ESEARCH (TAG "A284") ALL 2:4
    S: A284 OK ...
    C: A285 UID SEARCH RETURN (ALL) CHARSET UTF-8 FLAGGED
    S: * ESEARCH (TAG "A285") UID ALL 2,4:5
    S: A285 OK ...
    C: A286 UID SEARCH RETURN (MAX MIN) 1:4
    S: * ESEARCH (TAG "A286") UID MIN 1 MAX 5
    S: A286 OK ...
    C: A287 SEARCH RETURN (COUNT) DELETED
    S: * ESEARCH (TAG "A287") COUNT 0
    S: A287 OK ...
    C: A288 SEARCH return (min MAX all COUNT) DELETED
    S: * ESEARCH (TAG "A288") COUNT 0
    S: A288 OK ...
    C: A289 SEARCH RETURN () DELETED
    S: * ESEARCH (TAG "A289")
    S: A289 OK ...
    C: a&b=[] SEARCH RETURN (COUNT) ALL
    S: * ESEARCH (TAG "a&b=[]") COUNT 4
    S: a&b=[] OK ...
  `;
});

test('RFC 9394 §3.1: a part of the results', async () => {
  await using mary = await server.logIn();
  for (const flags of ['', '\\Seen', '', '', '\\Seen', '', '']) await mary.append('INBOX', 'Subject: x\r\n\r\n', flags);
  await mary.dialogue`
    C: a0 SELECT INBOX
    S: ...
    C: A01 UID SEARCH RETURN (PARTIAL -1:-2) UNSEEN
    S: * ESEARCH (TAG "A01") UID PARTIAL (-1:-2 6:7)
    S: A01 OK ...
    C: A02 UID SEARCH RETURN (PARTIAL 4:9) UNSEEN
    S: * ESEARCH (TAG "A02") UID PARTIAL (4:9 6:7)
    S: A02 OK ...
    C: A03 SEARCH RETURN (PARTIAL 3:1) UNSEEN
    S: * ESEARCH (TAG "A03") PARTIAL (3:1 1,3:4)
    S: A03 OK ...
    C: A04 SEARCH RETURN (PARTIAL 6:10 COUNT MAX) UNSEEN
    S: * ESEARCH (TAG "A04") MAX 7 COUNT 5 PARTIAL (6:10 NIL)
    S: A04 OK ...
    C: A05 SEARCH RETURN (PARTIAL 1:10 ALL) UNSEEN
    S: A05 BAD PARTIAL and ALL...
  `;
});

test('UID SEARCH takes the numbers in its keys as the client knows them, and tells removals after its answer if there are none', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using other = await server.logIn(account);
  for (const subject of ['1', '2', '3']) await mary.append('INBOX', `Subject: ${subject}\r\n\r\n`);
  await mary.command('SELECT INBOX');
  await other.command('SELECT INBOX');
  await other.command('STORE 1 +FLAGS.SILENT (\\Deleted)');
  await other.command('EXPUNGE');
  await mary.dialogue`
    C: a1 UID SEARCH 3
    S: * SEARCH 3
    S: a1 OK ...
    C: a2 UID SEARCH OR UID 1 (NOT (3))
    S: * SEARCH 1 2
    S: a2 OK ...
    C: a3 UID SEARCH 3
    S: * SEARCH 3
    S: a3 OK ...
    C: a4 UID SEARCH UID 2:3
    S: * SEARCH 2 3
    S: * 1 EXPUNGE
    S: a4 OK ...
    C: a5 UID SEARCH 1:2
    S: * SEARCH 2 3
    S: a5 OK ...
  `;
});

test('a message that another connection expunged matches no key that asks for flags or their absence', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using other = await server.logIn(account);
  for (const subject of ['1', '2']) await mary.append('INBOX', `Subject: ${subject}\r\n\r\n`);
  await mary.command('SELECT INBOX');
  await other.command('SELECT INBOX');
  await other.command('STORE 1 +FLAGS.SILENT (\\Deleted)');
  await other.command('EXPUNGE');
  await mary.dialogue`
    C: a1 SEARCH UNSEEN
    S: * SEARCH 2
    S: a1 OK ...
    C: a2 SEARCH 1:2
    S: * SEARCH 1 2
    S: a2 OK [EXPUNGEISSUED] ...
    C: a3 UID SEARCH ALL
    S: * SEARCH 1 2
    S: * 1 EXPUNGE
    S: a3 OK Searched
    C: a4 SEARCH ALL
    S: * SEARCH 1
    S: a4 OK Searched
  `;
});
