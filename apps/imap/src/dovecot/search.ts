import type { Letter, SharedTranscript } from '../testing/shared-transcript.ts';

const lines = (...text: readonly string[]) => text.map((line) => `${line}\r\n`).join('');

const LETTERS: readonly Letter[] = [
  {
    flags: '\\Seen',
    octets: lines(
      'From: Mary Smith <mary@example.com>',
      'To: joe@example.org, Ann <ann@example.net>',
      'Cc: boss@example.com',
      'Bcc: hidden@example.com',
      'Date: Mon, 7 Feb 1994 21:52:25 -0800',
      'Message-ID: <one@example.com>',
      'Subject: Apples and pears',
      'X-Spam: no',
      '',
      'The quick brown fox',
      'jumps over',
    ),
  },
  {
    flags: '\\Answered',
    octets: lines(
      'From: =?utf-8?Q?J=C3=BCrgen?= <j@example.com>',
      'To: mary@example.com',
      'Date: 25 Feb 1994 01:00:00 +0000',
      'Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?= aus Bonn',
      'MIME-Version: 1.0',
      'Content-Type: text/plain; charset=utf-8',
      'Content-Transfer-Encoding: quoted-printable',
      '',
      'Sch=C3=B6ne Ostern',
    ),
  },
  { flags: '\\Flagged \\Draft $Junk', octets: lines('Subject: third', 'X-Spam:', '', 'nothing in here') },
  {
    flags: '\\Deleted',
    octets: lines(
      'Subject: fourth',
      'MIME-Version: 1.0',
      'Content-Type: text/plain',
      'Content-Transfer-Encoding: base64',
      '',
      'VGhlIGhpZGRlbiB0cmVhc3VyZQ==',
    ),
  },
];

/** What each search finds in these, with one message of none of the flags appended in 2001 besides. */
function finds(pairs: readonly (readonly [keys: string, numbers: string])[]): string {
  const append = `
      C: s0 APPEND INBOX "5-May-2001 12:00:00 +0000" {20+}
      C: Subject: fifth
      C:
      C: y
      S: ...
      S: s0 OK ...`;
  const searches = pairs.map(
    ([keys, numbers], i) => `
      C: s${i + 1} SEARCH ${keys}
      S: * SEARCH${numbers === '' ? '' : ` ${numbers}`}
      S: s${i + 1} OK ...`,
  );
  return append + searches.join('');
}

export const search: readonly SharedTranscript[] = [
  {
    title: 'SEARCH by flags and keywords',
    inbox: LETTERS,
    script: finds([
      ['ALL', '1 2 3 4 5'],
      ['ANSWERED', '2'],
      ['UNANSWERED', '1 3 4 5'],
      ['DELETED', '4'],
      ['UNDELETED', '1 2 3 5'],
      ['DRAFT', '3'],
      ['UNDRAFT', '1 2 4 5'],
      ['FLAGGED', '3'],
      ['UNFLAGGED', '1 2 4 5'],
      ['SEEN', '1'],
      ['UNSEEN', '2 3 4 5'],
      ['KEYWORD $Junk', '3'],
      ['UNKEYWORD $Junk', '1 2 4 5'],
      ['RECENT', '1 2 3 4 5'],
      ['NEW', '2 3 4 5'],
      ['OLD', ''],
    ]),
  },
  {
    title: 'SEARCH by numbers, UIDs, and combinations',
    inbox: LETTERS,
    script: finds([
      ['2:3', '2 3'],
      ['1,4', '1 4'],
      ['*', '5'],
      ['UID 2:3', '2 3'],
      ['UID 9', ''],
      ['UID 9:*', '5'],
      ['NOT SEEN', '2 3 4 5'],
      ['NOT NOT SEEN', '1'],
      ['OR SEEN ANSWERED', '1 2'],
      ['OR (SEEN UNDELETED) (OR DRAFT DELETED)', '1 3 4'],
      ['UNSEEN UNDELETED', '2 3 5'],
      ['(UNSEEN) NOT (DELETED FLAGGED)', '2 3 4 5'],
      ['1:4 UNSEEN NOT 2', '3 4'],
    ]),
  },
  {
    title: 'SEARCH by addresses and header fields',
    inbox: LETTERS,
    script: finds([
      ['FROM mary', '1'],
      ['FROM "Mary Smith"', '1'],
      ['FROM MARY@EXAMPLE', '1'],
      ['TO ann', '1'],
      ['TO example', '1 2'],
      ['CC boss', '1'],
      ['BCC hidden', '1'],
      ['SUBJECT apples', '1'],
      ['SUBJECT "aus bonn"', '2'],
      ['SUBJECT "and pears"', '1'],
      ['HEADER X-Spam no', '1'],
      ['HEADER X-Spam ""', '1 3'],
      ['HEADER x-none ""', ''],
      ['HEADER Message-ID <one@example.com>', '1'],
      ['HEADER Subject THIRD', '3'],
    ]),
  },
  {
    title: 'SEARCH by dates and sizes',
    inbox: LETTERS,
    script: finds([
      ['BEFORE 1-Jan-2002', '5'],
      ['ON 5-May-2001', '5'],
      ['ON "6-May-2001"', ''],
      ['SINCE 6-May-2001', '1 2 3 4'],
      ['SENTBEFORE 20-Feb-1994 HEADER Date ""', '1'],
      ['SENTON 7-Feb-1994', '1'],
      ['SENTON 8-Feb-1994', ''],
      ['SENTSINCE 20-Feb-1994', '2'],
      ['LARGER 100', '1 2 4'],
      ['SMALLER 100', '3 5'],
      ['LARGER 0', '1 2 3 4 5'],
    ]),
  },
  {
    title: 'SEARCH in text, decoded',
    inbox: LETTERS,
    script: finds([
      ['BODY quick', '1'],
      ['BODY "Quick Brown"', '1'],
      ['BODY apples', ''],
      ['TEXT apples', '1'],
      ['TEXT treasure', '4'],
      ['BODY treasure', '4'],
      ['BODY VGhl', ''],
      ['BODY ostern', '2'],
      ['TEXT fourth', '4'],
    ]),
  },
  {
    title: 'SEARCH in UTF-8',
    inbox: LETTERS,
    script: `
      C: a1 SEARCH CHARSET UTF-8 SUBJECT {7+}
      C: ${Buffer.from('Grüße').toString('latin1')}
      S: * SEARCH 2
      S: a1 OK ...
      C: a2 SEARCH CHARSET UTF-8 SUBJECT {7+}
      C: ${Buffer.from('GRÜßE').toString('latin1')}
      S: * SEARCH 2
      S: a2 OK ...
      C: a3 SEARCH CHARSET UTF-8 BODY {6}
      S: + ...
      C: ${Buffer.from('schöne').toString('latin1').slice(0, 6)}
      S: * SEARCH 2
      S: a3 OK ...
      C: a4 SEARCH CHARSET UTF-8 FROM {7+}
      C: ${Buffer.from('Jürgen').toString('latin1')}
      S: * SEARCH 2
      S: a4 OK ...
      C: a5 SEARCH CHARSET US-ASCII SUBJECT apples
      S: * SEARCH 1
      S: a5 OK ...
      C: a6 SEARCH CHARSET X-UNKNOWN SUBJECT apples
      S: a6 NO [BADCHARSET...
    `,
  },
  {
    title: 'UID SEARCH tells UIDs',
    inbox: LETTERS,
    script: String.raw`
      C: a1 STORE 2 +FLAGS.SILENT (\Deleted)
      S: a1 OK ...
      C: a2 UID EXPUNGE 2
      S: * 2 EXPUNGE
      S: ...
      S: a2 OK ...
      C: a3 UID SEARCH UNSEEN
      S: * SEARCH 3 4
      S: a3 OK ...
      C: a4 UID SEARCH 2:*
      S: * SEARCH 3 4
      S: a4 OK ...
      C: a5 SEARCH UNSEEN
      S: * SEARCH 2 3
      S: a5 OK ...
    `,
  },
  {
    title: 'SEARCH that cannot be',
    inbox: LETTERS,
    script: `
      C: a1 SEARCH
      S: a1 BAD ...
      C: a2 SEARCH NONSENSE
      S: a2 BAD ...
      C: a3 SEARCH OR SEEN
      S: a3 BAD ...
      C: a4 SEARCH FROM
      S: a4 BAD ...
      C: a5 NOOP
      S: a5 OK ...
      C: a6 SEARCH (SEEN
      S: a6 BAD ...
      C: a7 SEARCH ()
      S: a7 BAD ...
      C: a8 SEARCH SINCE yesterday
      S: a8 BAD ...
      C: a9 SEARCH LARGER x
      S: a9 BAD ...
      C: b1 SEARCH HEADER Subject
      S: b1 BAD ...
      C: b2 NOOP
      S: b2 OK ...
    `,
  },
  {
    title: 'SEARCH by a number that no message has',
    inbox: LETTERS,
    script: `
      C: a1 SEARCH 9
      S: * SEARCH
      S: a1 OK ...
    `,
  },
  {
    title: 'a date that is none',
    inbox: LETTERS,
    script: `
      C: a1 SEARCH SINCE 31-Feb-1994
      P: a1 BAD ...
      D: * SEARCH 1 2 3 4
      D: a1 OK ...
    `,
    differs: 'RFC 3501 §6.4.4: what the client meant is not known; BAD says so.',
  },
  {
    title: 'messages without a Date field, by date sent',
    inbox: LETTERS,
    script: `
      C: a1 SEARCH SENTBEFORE 1-Jan-1980
      P: * SEARCH
      D: * SEARCH 3 4
      S: a1 OK ...
    `,
    differs: 'RFC 3501 §6.4.4: what has no Date field was sent on no date.',
  },
  {
    title: 'a search for a keyword that no message bears',
    inbox: LETTERS,
    script: `
      C: a1 SEARCH KEYWORD $None
      S: * SEARCH
      D: * FLAGS ...
      D: * OK [PERMANENTFLAGS ...
      S: a1 OK ...
    `,
    differs: 'RFC 3501 §7.2.6: to ask for a keyword does not make it one of the mailbox.',
  },
];
