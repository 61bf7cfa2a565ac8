import type { SharedTranscript } from '../testing/shared-transcript.ts';

const inbox = [1, 2, 3, 4, 5].map((number) => ({
  flags: number % 2 === 1 ? '\\Flagged' : '',
  octets: `Subject: ${number}\r\n\r\n`,
}));

/** ESEARCH, SEARCHRES and STATUS=SIZE. */
export const searchReturn: readonly SharedTranscript[] = [
  {
    title: 'SEARCH with options',
    inbox,
    script: `
      C: a1 SEARCH RETURN (MIN) FLAGGED
      S: * ESEARCH (TAG "a1") MIN 1
      S: a1 OK ...
      C: a2 SEARCH RETURN (MAX) FLAGGED
      S: * ESEARCH (TAG "a2") MAX 5
      S: a2 OK ...
      C: a3 SEARCH RETURN (COUNT) FLAGGED
      S: * ESEARCH (TAG "a3") COUNT 3
      S: a3 OK ...
      C: a4 SEARCH RETURN (ALL) OR FLAGGED 2
      S: * ESEARCH (TAG "a4") ALL 1:3,5
      S: a4 OK ...
      C: a5 SEARCH RETURN () CHARSET UTF-8 UNFLAGGED
      S: * ESEARCH (TAG "a5") ALL 2,4
      S: a5 OK ...
      C: a6 SEARCH RETURN (MAX MIN) FLAGGED
      S: * ESEARCH (TAG "a6") MIN 1 MAX 5
      S: a6 OK ...
      C: a7 SEARCH RETURN (COUNT) DELETED
      S: * ESEARCH (TAG "a7") COUNT 0
      S: a7 OK ...
      C: a8 SEARCH RETURN (MIN MAX ALL) DELETED
      S: * ESEARCH (TAG "a8")
      S: a8 OK ...
      C: a9 SEARCH RETURN (NONSENSE) ALL
      S: a9 BAD ...
    `,
  },
  {
    title: 'the order of what is returned',
    inbox,
    script: `
      C: a1 SEARCH RETURN (ALL COUNT MIN) FLAGGED
      P: * ESEARCH (TAG "a1") MIN 1 COUNT 3 ALL 1,3,5
      D: * ESEARCH (TAG "a1") MIN 1 ALL 1,3,5 COUNT 3
      S: a1 OK ...
    `,
    differs: 'RFC 4466 §2.6.2: any order. What is short and of known length first, then the set.',
  },
  {
    title: 'UID SEARCH with options',
    inbox,
    script: `
      C: a1 STORE 2 +FLAGS.SILENT (\\Deleted)
      S: a1 OK ...
      C: a2 EXPUNGE
      S: ...
      S: a2 OK ...
      C: a3 UID SEARCH RETURN (ALL) FLAGGED
      S: * ESEARCH (TAG "a3") UID ALL 1,3,5
      S: a3 OK ...
      C: a4 UID SEARCH RETURN (MIN) UNFLAGGED
      S: * ESEARCH (TAG "a4") UID MIN 4
      S: a4 OK ...
      C: a5 UID SEARCH RETURN (ALL) ALL
      S: * ESEARCH (TAG "a5") UID ALL 1,3:5
      S: a5 OK ...
      C: a6 UID SEARCH RETURN (ALL) DELETED
      S: * ESEARCH (TAG "a6") UID
      S: a6 OK ...
    `,
  },
  {
    title: 'a saved result in the commands that follow',
    inbox,
    script: `
      C: a1 SEARCH RETURN (SAVE) FLAGGED
      S: a1 OK ...
      C: a2 FETCH $ (UID)
      S: * 1 FETCH (UID 1)
      S: * 3 FETCH (UID 3)
      S: * 5 FETCH (UID 5)
      S: a2 OK ...
      C: a3 UID SEARCH UID $
      S: * SEARCH 1 3 5
      S: a3 OK ...
      C: a4 SEARCH NOT $
      S: * SEARCH 2 4
      S: a4 OK ...
      C: a5 SEARCH RETURN (SAVE MIN) $ NOT 1
      S: * ESEARCH (TAG "a5") MIN 3
      S: a5 OK ...
      C: a6 UID FETCH $ (UID)
      S: * 3 FETCH (UID 3)
      S: a6 OK ...
      C: a7 SEARCH RETURN (SAVE MAX MIN) FLAGGED
      S: * ESEARCH (TAG "a7") MIN 1 MAX 5
      S: a7 OK ...
      C: a8 STORE $ +FLAGS.SILENT (\\Deleted)
      S: a8 OK ...
      C: a9 EXPUNGE
      S: ...
      S: a9 OK ...
      C: b1 SEARCH RETURN (COUNT) $
      S: * ESEARCH (TAG "b1") COUNT 0
      S: b1 OK ...
      C: b2 COPY $ Sent
      S: b2 OK ...
    `,
  },
  {
    title: 'what leaves a saved result alone, and what clears it',
    inbox,
    script: `
      C: a1 SEARCH RETURN (SAVE) FLAGGED
      S: a1 OK ...
      C: a2 SEARCH RETURN (COUNT) UNFLAGGED
      S: ...
      S: a2 OK ...
      C: a3 SEARCH RETURN (COUNT) $
      S: * ESEARCH (TAG "a3") COUNT 3
      S: a3 OK ...
      C: a4 SEARCH RETURN (SAVE) NONSENSE
      S: a4 BAD ...
      C: a5 SEARCH RETURN (COUNT) $
      S: * ESEARCH (TAG "a5") COUNT 3
      S: a5 OK ...
      C: a6 SEARCH RETURN (SAVE) CHARSET X-NONE TEXT x
      S: a6 NO ...
      C: a7 SEARCH RETURN (COUNT) $
      S: * ESEARCH (TAG "a7") COUNT 0
      S: a7 OK ...
    `,
  },
  {
    title: 'STATUS of octets',
    inbox: ['Subject: one\r\n\r\n', 'Subject: three\r\n\r\n'],
    state: 'logged-in',
    script: `
      C: a1 STATUS INBOX (SIZE)
      S: * STATUS INBOX (SIZE 34)
      S: a1 OK ...
    `,
  },
];
