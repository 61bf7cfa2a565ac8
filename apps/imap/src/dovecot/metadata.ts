import type { SharedTranscript } from '../testing/shared-transcript.ts';

/** SETMETADATA and GETMETADATA. Values are of two lines, which both servers send as literals. */
export const metadata: readonly SharedTranscript[] = [
  {
    title: 'entries of a mailbox are set, told in the order of the question, and removed',
    script: `
      C: a1 SETMETADATA INBOX (/private/comment {8+}
      C: M
      C: own
      C:  /shared/comment {8+}
      C: Our
      C: s
      C: )
      S: a1 OK ...
      C: a2 GETMETADATA INBOX (/shared/comment /private/comment)
      S: * METADATA INBOX (/shared/comment {8}
      S: Our
      S: s
      S:  /private/comment {8}
      S: M
      S: own
      S: )
      S: a2 OK ...
      C: a3 GETMETADATA (MAXSIZE 7) INBOX (/shared/comment /private/none)
      S: * METADATA INBOX (/private/none NIL)
      S: a3 OK [METADATA LONGENTRIES 8] ...
      C: a4 SETMETADATA INBOX (/private/comment NIL)
      S: a4 OK ...
      C: a5 GETMETADATA (MAXSIZE 8) INBOX (/private/comment /shared/comment)
      S: * METADATA INBOX (/private/comment NIL /shared/comment {8}
      S: Our
      S: s
      S: )
      S: a5 OK ...
    `,
  },
  {
    title: 'entries below a name',
    // One at most of each depth: Dovecot tells several in any order.
    script: `
      C: a1 SETMETADATA INBOX (/private/a {3+}
      C: 1
      C:  /private/a/b {3+}
      C: 2
      C:  /private/c {3+}
      C: 3
      C:  /private/c/d/e {3+}
      C: 4
      C: )
      S: a1 OK ...
      C: a2 GETMETADATA (DEPTH 1) INBOX /private/a
      S: * METADATA INBOX (/private/a {3}
      S: 1
      S:  /private/a/b {3}
      S: 2
      S: )
      S: a2 OK ...
      C: a3 GETMETADATA (DEPTH 1) INBOX /private/c
      S: * METADATA INBOX (/private/c {3}
      S: 3
      S: )
      S: a3 OK ...
      C: a4 GETMETADATA (DEPTH infinity) INBOX /private/c
      S: * METADATA INBOX (/private/c {3}
      S: 3
      S:  /private/c/d/e {3}
      S: 4
      S: )
      S: a4 OK ...
      C: a5 GETMETADATA (DEPTH 1) INBOX /private/none
      S: a5 OK ...
    `,
  },
  {
    title: 'metadata follows RENAME and ends with DELETE',
    state: 'logged-in',
    script: `
      C: a1 CREATE box
      S: a1 OK ...
      C: a2 SETMETADATA box (/shared/comment {4+}
      C: of
      C: )
      S: a2 OK ...
      C: a3 RENAME box other
      S: a3 OK ...
      C: a4 GETMETADATA other /shared/comment
      S: * METADATA other (/shared/comment {4}
      S: of
      S: )
      S: a4 OK ...
      C: a5 DELETE other
      S: a5 OK ...
      C: a6 CREATE other
      S: a6 OK ...
      C: a7 GETMETADATA other /shared/comment
      S: * METADATA other (/shared/comment NIL)
      S: a7 OK ...
    `,
  },
  {
    title: 'names of entries that are none',
    state: 'logged-in',
    script: `
      C: a1 GETMETADATA INBOX /private//a
      S: a1 BAD ...
      C: a2 GETMETADATA INBOX /private/a/
      S: a2 BAD ...
      C: a3 GETMETADATA INBOX /comment
      S: a3 BAD ...
      C: a4 GETMETADATA INBOX "/private/a*"
      S: a4 BAD ...
      C: a5 GETMETADATA (DEPTH 2) INBOX /private/a
      S: a5 BAD ...
    `,
  },
  {
    title: 'SETMETADATA of what the server tells everybody',
    state: 'logged-in',
    script: `
      C: a1 SETMETADATA "" (/shared/comment "x")
      P: a1 NO [NOPERM] ...
      D: a1 NO [CANNOT] ...
    `,
    differs: 'RFC 5530 §3: the administrator can, the client may not: NOPERM; CANNOT is for what will never work.',
  },
  {
    title: 'METADATA by the name in the letters of the question',
    state: 'logged-in',
    script: `
      C: a1 GETMETADATA INBOX /PRIVATE/None
      P: * METADATA INBOX (/PRIVATE/None NIL)
      D: * METADATA INBOX (/private/none NIL)
      S: a1 OK ...
    `,
    differs: 'RFC 5464 §3.2: names are alike in any case. A client finds its question most easily as it wrote it.',
  },
  {
    title: 'METADATA of nothing, and of several entries without parentheses',
    state: 'logged-in',
    script: `
      C: a1 GETMETADATA INBOX ()
      P: a1 BAD ...
      D: a1 OK ...
      C: a2 SETMETADATA INBOX ()
      P: a2 BAD ...
      D: a2 OK ...
      C: a3 GETMETADATA INBOX /private/a /private/b
      P: * METADATA INBOX (/private/a NIL /private/b NIL)
      P: a3 OK ...
      D: a3 BAD ...
    `,
    differs:
      'RFC 5464 §5: the grammar asks for an entry. An example of §4.4.1 has entries without parentheses, so a client may write that.',
  },
  {
    title: 'a special use given by its entry',
    state: 'logged-in',
    script: String.raw`
      C: a1 CREATE box
      S: a1 OK ...
      C: a2 SETMETADATA box (/private/specialuse "\\Important")
      P: a2 OK ...
      D: a2 NO [CANNOT] ...
    `,
    differs: 'RFC 6154 §4: a server may let clients change the special uses of mailboxes that are there.',
  },
];
