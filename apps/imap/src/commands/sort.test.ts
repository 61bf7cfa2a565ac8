import { expect, test } from 'vitest';
import type { ImapClient } from '../testing/imap-client.ts';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();

const lines = (...text: readonly string[]) => text.map((line) => `${line}\r\n`).join('');

async function expectOrder(client: ImapClient, expected: Readonly<Record<string, string>>): Promise<void> {
  for (const [criteria, order] of Object.entries(expected)) {
    const { untagged, tagged } = await client.command(`SORT (${criteria}) UTF-8 ALL`);
    expect(tagged, criteria).toMatch(/^OK /);
    expect(untagged, criteria).toEqual([`* SORT ${order}`]);
  }
}

test('SORT by every criterion of RFC 5256 and RFC 5957', async () => {
  await using mary = await server.logIn();
  await mary.append(
    'INBOX',
    lines(
      'From: =?utf-8?q?Zo=C3=AB?= <alice@example.com>',
      'To: mary@example.com',
      'Subject: Re: lunch',
      'Date: Tue, 8 Feb 1994 01:00:00 +0200',
      '',
      'x',
    ),
    '',
    ' 3-Feb-2000 12:00:00 +0000',
  );
  await mary.append(
    'INBOX',
    lines('From: "Bob" <zeta@example.com>', 'To: Ann <x@example.com>', 'Cc: y@example.com', 'Subject: [a] Apples', ''),
    '',
    ' 1-Feb-2000 12:00:00 +0000',
  );
  await mary.append(
    'INBOX',
    lines('Subject: Lunch', 'Date: Mon, 7 Feb 1994 23:30:00 GMT', '', 'much more than that'),
    '',
    ' 2-Feb-2000 12:00:00 +0000',
  );
  await mary.append(
    'INBOX',
    lines('From: alice@example.net', 'Cc: b@x, a@x', 'Date: yesterday', '', ''),
    '',
    ' 2-Feb-1990 12:00:00 +0000',
  );
  await mary.command('SELECT INBOX');
  await expectOrder(mary, {
    ARRIVAL: '4 2 3 1',
    'REVERSE ARRIVAL': '1 3 2 4',
    DATE: '4 1 3 2',
    'REVERSE DATE': '2 3 1 4',
    SIZE: '4 3 2 1',
    SUBJECT: '4 2 1 3',
    'REVERSE SUBJECT': '1 3 2 4',
    'SUBJECT REVERSE DATE': '4 2 3 1',
    'SUBJECT REVERSE SUBJECT SIZE': '4 2 3 1',
    FROM: '3 1 4 2',
    'REVERSE FROM': '2 1 4 3',
    TO: '3 4 1 2',
    CC: '1 3 4 2',
    DISPLAYFROM: '3 4 2 1',
    DISPLAYTO: '3 4 2 1',
    'REVERSE FROM REVERSE DATE': '2 1 4 3',
  });
});

test('strings compare by i;unicode-casemap, and what is equal stays in the order of the mailbox', async () => {
  await using mary = await server.logIn();
  for (const subject of ['zebra', 'Öl', 'ZEBRA', '日本', 'öl', 'Ost', '', 'Ω', 'ω', '😀', '\uff21'])
    await mary.append('INBOX', lines(`Subject: =?utf-8?b?${Buffer.from(subject).toString('base64')}?=`, '', ''));
  await mary.command('SELECT INBOX');
  await expectOrder(mary, { SUBJECT: '7 11 6 2 5 1 3 8 9 4 10' });
});

test('SORT of what a search found, by number and by UID, in both forms of the answer', async () => {
  await using mary = await server.logIn();
  for (const n of [3, 1, 2, 5, 4])
    await mary.append('INBOX', lines(`Subject: ${n}`, '', 'x'), n === 1 ? '\\Deleted' : '');
  await mary.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 EXPUNGE
    S: * 2 EXPUNGE
    S: a2 OK ...
    C: a3 SORT (SUBJECT) US-ASCII NOT SUBJECT 5
    S: * SORT 2 1 4
    S: a3 OK Sorted
    C: a4 UID SORT (REVERSE SUBJECT) "utf-8" 2:4 UID 3:*
    S: * SORT 4 5 3
    S: a4 OK Sorted
    C: a5 SORT (SUBJECT) UTF-8 TEXT nowhere
    S: * SORT
    S: a5 OK Sorted
    C: a6 SORT RETURN () (SUBJECT) UTF-8 ALL
    S: * ESEARCH (TAG "a6") ALL 2,1,4,3
    S: a6 OK Sorted
    C: a7 UID SORT RETURN (MIN MAX COUNT PARTIAL 2:3) (SUBJECT) UTF-8 ALL
    S: * ESEARCH (TAG "a7") UID MIN 3 MAX 4 COUNT 4 PARTIAL (2:3 1,5)
    S: a7 OK Sorted
    C: a8 UID SORT RETURN (ALL) (ARRIVAL) UTF-8 ALL
    S: * ESEARCH (TAG "a8") UID ALL 1,3:5
    S: a8 OK Sorted
    C: a9 SORT RETURN (SAVE) (SUBJECT) UTF-8 2:3
    S: a9 OK Sorted
    C: b1 FETCH $ UID
    S: * 2 FETCH (UID 3)
    S: * 3 FETCH (UID 4)
    S: b1 OK ...
    C: b2 SORT RETURN (COUNT) (SUBJECT) UTF-8 TEXT nowhere
    S: * ESEARCH (TAG "b2") COUNT 0
    S: b2 OK Sorted
  `;
});

test('what is no SORT is refused', async () => {
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 SORT (DATE) UTF-8 ALL
    S: a1 BAD Select a mailbox first...
    C: a2 SELECT INBOX
    S: ...
    S: a2 OK ...
    C: a3 SORT () UTF-8 ALL
    S: a3 BAD Empty list of sort criteria...
    C: a4 SORT (AGE) UTF-8 ALL
    S: a4 BAD Unknown sort criterion...
    C: a5 SORT (REVERSE) UTF-8 ALL
    S: a5 BAD ...
    C: a6 SORT (REVERSE REVERSE DATE) UTF-8 ALL
    S: a6 BAD Unknown sort criterion...
    C: a7 SORT (DATE) ALL
    S: a7 NO [BADCHARSET (UTF-8 US-ASCII)] ...
    C: a8 SORT (DATE) KOI8-R ALL
    S: a8 NO [BADCHARSET (UTF-8 US-ASCII)] ...
    C: a9 SORT (DATE) UTF-8
    S: a9 BAD ...
    C: b1 SORT DATE UTF-8 ALL
    S: b1 BAD ...
    C: b2 SORT (CONSTRUCTOR) UTF-8 ALL
    S: b2 BAD ...
  `;
});

test('messages that come and go while nothing is told are sorted as the client knows them', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using other = await server.logIn(account);
  for (const n of [3, 1, 2]) await mary.append('INBOX', lines(`Subject: ${n}`, '', ''), n === 1 ? '\\Deleted' : '');
  await mary.command('SELECT INBOX');
  await expectOrder(mary, { SUBJECT: '2 3 1' });
  await other.command('SELECT INBOX');
  await other.command('EXPUNGE');
  await other.append('INBOX', lines('Subject: 0', '', ''));
  await mary.dialogue`
    C: a1 SORT (SUBJECT) UTF-8 ALL
    S: * 4 EXISTS
    S: * {recent} RECENT
    S: * SORT 4 2 3 1
    S: a1 OK [EXPUNGEISSUED] Sorted
    C: a2 UID SORT (SUBJECT) UTF-8 ALL
    S: * SORT 4 2 3 1
    S: * 2 EXPUNGE
    S: a2 OK Sorted
    C: a3 SORT (SUBJECT) UTF-8 ALL
    S: * SORT 3 2 1
    S: a3 OK Sorted
  `;
});

test('a search for modseqs has the highest told behind what was sorted', async () => {
  await using mary = await server.logIn();
  for (const n of [2, 1]) await mary.append('INBOX', lines(`Subject: ${n}`, '', ''));
  await mary.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 SORT (SUBJECT) UTF-8 MODSEQ 1
    S: ...
    S: * SORT 2 1 (MODSEQ {highest})
    S: a2 OK ...
    C: a3 SORT RETURN (ALL) (SUBJECT) UTF-8 MODSEQ 1
    S: * ESEARCH (TAG "a3") ALL 2,1 MODSEQ {highest}
    S: a3 OK ...
    C: a4 SORT (SUBJECT) UTF-8 MODSEQ 9999999
    S: * SORT
    S: a4 OK ...
  `;
});
