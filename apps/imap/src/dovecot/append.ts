import type { SharedTranscript } from '../testing/shared-transcript.ts';

export const append: readonly SharedTranscript[] = [
  {
    title: 'APPEND with flags and a date, waiting for the continuation, and the message comes back',
    state: 'logged-in',
    script: String.raw`
      C: a1 APPEND INBOX (\Seen $Label) "17-Jul-1996 02:44:25 -0700" {22}
      S: + ...
      C: Subject: one
      C:
      C: Text
      C:
      S: a1 OK [APPENDUID {uidvalidity} 1] ...
      C: a2 SELECT INBOX
      S: ...
      S: a2 OK ...
      C: a3 FETCH 1 (FLAGS RFC822.SIZE BODY[])
      S: * 1 FETCH (FLAGS (\Seen \Recent $Label) RFC822.SIZE 22 BODY[] {22}
      S: Subject: one
      S:
      S: Text
      S: )
      S: a3 OK ...
    `,
  },
  {
    title: 'the zone of a date that APPEND was given',
    state: 'logged-in',
    script: `
      C: a1 APPEND Sent () "17-Jul-1996 02:44:25 -0700" {3+}
      C: x
      C:
      S: a1 OK ...
      C: a2 SELECT Sent
      S: ...
      S: a2 OK ...
      C: a3 FETCH 1 INTERNALDATE
      S: * 1 FETCH (INTERNALDATE "17-Jul-1996 ...:44:25 ...")
      S: a3 OK ...
    `,
  },
  {
    title: 'APPEND to the selected mailbox tells of the message at once',
    script: `
      C: a1 APPEND INBOX {3+}
      C: x
      C:
      S: * 1 EXISTS
      S: * 1 RECENT
      S: a1 OK [APPENDUID {uidvalidity} 1] ...
    `,
  },
  {
    title: 'APPEND to what is not there: TRYCREATE, and nothing stored',
    state: 'logged-in',
    script: `
      C: a1 APPEND Nothing {3+}
      C: x
      C:
      S: a1 NO [TRYCREATE] ...
      C: a2 NOOP
      S: a2 OK ...
    `,
  },
  {
    title: 'APPEND to what is not there, with a literal that waits: refused before it comes',
    state: 'logged-in',
    script: `
      C: a1 APPEND Nothing {3}
      S: a1 NO [TRYCREATE] ...
      C: a2 NOOP
      S: a2 OK ...
    `,
  },
  {
    title: 'APPEND of nothing',
    state: 'logged-in',
    script: `
      C: a1 APPEND INBOX {0+}
      C:
      P: a1 NO [CANNOT] ...
      D: a1 NO Can't save a zero byte message...
    `,
    differs: 'RFC 5530 §3: CANNOT tells a program that it need not try again.',
  },
  {
    title: 'APPEND with a flag that is none, and without a message',
    state: 'logged-in',
    script: String.raw`
      C: a1 APPEND INBOX (\Nonsense) {3}
      S: a1 BAD ...
      C: a2 APPEND INBOX
      S: a2 BAD ...
      C: a3 APPEND INBOX (\Seen)
      S: a3 BAD ...
    `,
  },
  {
    title: 'APPEND with \\Recent',
    state: 'logged-in',
    script: String.raw`
      C: a1 APPEND INBOX (\Recent \Seen) {3+}
      C: x
      C:
      P: a1 OK [APPENDUID ...
      D: a1 BAD ...
    `,
    differs:
      'RFC 3501 §2.3.2: a client cannot set it. Programs that copy flags from one server to another send it; it is left out, and the message is not lost.',
  },
  {
    title: 'keywords keep the letters they came with first, and are one whatever their letters',
    state: 'logged-in',
    script: String.raw`
      C: a1 APPEND INBOX ($Work) {3+}
      C: x
      C:
      S: a1 OK ...
      C: a2 APPEND INBOX ($WORK) {3+}
      C: x
      C:
      S: a2 OK ...
      C: a3 SELECT INBOX
      S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft $Work)
      S: ...
      S: a3 OK ...
      C: a4 FETCH 2 FLAGS
      S: * 2 FETCH (FLAGS (\Recent $Work))
      S: a4 OK ...
    `,
  },
];
