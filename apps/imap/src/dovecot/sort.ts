import type { Letter, SharedTranscript } from '../testing/shared-transcript.ts';

const lines = (...text: readonly string[]) => text.map((line) => `${line}\r\n`).join('');

const letter = (day: number, subject: string, id: string, references = ''): Letter => ({
  flags: '',
  octets: lines(
    `From: Mary ${id} <${id}@example.com>`,
    `Date: ${day} Mar 2000 12:00:00 +0000`,
    `Subject: ${subject}`,
    `Message-ID: <${id}@example.com>`,
    ...(references === '' ? [] : [`References: ${references}`]),
    '',
    'text',
  ),
});

const LETTERS = [
  letter(1, 'Lunch', 'd'),
  letter(4, 'Re: lunch', 'b', '<d@example.com>'),
  letter(2, 'Dinner', 'c'),
  letter(3, 'Re: Lunch', 'a', '<d@example.com>'),
];

export const sort: readonly SharedTranscript[] = [
  {
    title: 'SORT and THREAD',
    inbox: LETTERS,
    script: `
      C: a1 SORT (DATE) UTF-8 ALL
      S: * SORT 1 3 4 2
      S: a1 OK ...
      C: a2 SORT (REVERSE SUBJECT DATE) UTF-8 ALL
      S: * SORT 1 4 2 3
      S: a2 OK ...
      C: a3 UID SORT (DISPLAYFROM) US-ASCII 2:4
      S: * SORT 4 2 3
      S: a3 OK ...
      C: a4 SORT (DATE) UTF-8 SUBJECT nothing
      S: * SORT
      S: a4 OK ...
      C: a5 THREAD REFERENCES UTF-8 ALL
      S: * THREAD (1 (4)(2))(3)
      S: a5 OK ...
      C: a6 UID THREAD ORDEREDSUBJECT UTF-8 SUBJECT lunch
      S: * THREAD (1 (4)(2))
      S: a6 OK ...
    `,
  },
  {
    title: 'THREAD of nothing',
    inbox: LETTERS,
    script: `
      C: a1 THREAD REFERENCES UTF-8 SUBJECT nothing
      P: * THREAD
      D: * THREAD ...
      S: a1 OK ...
    `,
    differs: 'RFC 5256 §5, thread-data: a space stands only before threads.',
  },
  {
    title: 'SORT with options, answered by ESEARCH',
    inbox: LETTERS,
    script: `
      C: a1 SORT RETURN (ALL) (DATE) UTF-8 ALL
      S: * ESEARCH (TAG "a1") ALL 1,3:4,2
      S: a1 OK ...
      C: a2 UID SORT RETURN (COUNT) (DATE) UTF-8 ALL
      S: * ESEARCH (TAG "a2") UID COUNT 4
      S: a2 OK ...
      C: a3 UID SORT RETURN (MIN MAX) (DATE) UTF-8 ALL
      S: * ESEARCH (TAG "a3") UID MIN 1 MAX 2
      S: a3 OK ...
    `,
  },
  {
    title: 'SORT and THREAD that cannot be',
    inbox: LETTERS,
    script: `
      C: a1 SORT () UTF-8 ALL
      S: a1 BAD ...
      C: a2 SORT (AGE) UTF-8 ALL
      S: a2 BAD ...
      C: a3 SORT (REVERSE) UTF-8 ALL
      S: a3 BAD ...
      C: a4 SORT (DATE) UTF-8
      S: a4 BAD ...
      C: a5 SORT (DATE) X-NONE ALL
      S: a5 NO [BADCHARSET...
      C: a6 THREAD NONE UTF-8 ALL
      S: a6 BAD ...
      C: a7 THREAD REFERENCES X-NONE ALL
      S: a7 NO [BADCHARSET...
    `,
  },
  {
    title: 'OLDER and YOUNGER',
    inbox: LETTERS,
    script: `
      C: a1 APPEND INBOX "5-May-2001 12:00:00 +0000" {20+}
      C: Subject: fifth
      C:
      C: y
      S: ...
      S: a1 OK ...
      C: a2 SEARCH YOUNGER 3600
      S: * SEARCH 1 2 3 4
      S: a2 OK ...
      C: a3 SEARCH OLDER 3600
      S: * SEARCH 5
      S: a3 OK ...
      C: a4 SEARCH OLDER 0
      S: a4 BAD ...
    `,
  },
  {
    title: 'a search that is kept up to date',
    inbox: LETTERS,
    script: `
      C: a1 UID SEARCH RETURN (UPDATE COUNT) FLAGGED
      S: * ESEARCH (TAG "a1") UID COUNT 0
      S: a1 OK ...
      C: a2 STORE 2:3 +FLAGS.SILENT (\\Flagged)
      S: * ESEARCH (TAG "a1") UID ADDTO (0 2:3)
      S: a2 OK ...
      C: a3 STORE 3 -FLAGS.SILENT (\\Flagged)
      S: * ESEARCH (TAG "a1") UID REMOVEFROM (0 3)
      S: a3 OK ...
      C: a4 CANCELUPDATE "a1"
      S: a4 OK ...
      C: a5 STORE 3 +FLAGS.SILENT (\\Flagged)
      S: a5 OK ...
      C: a6 CANCELUPDATE "a1"
      S: a6 NO ...
    `,
  },
];
