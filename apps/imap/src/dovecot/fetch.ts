import { NESTED, PLAIN } from '../testing/sample-messages.ts';
import type { SharedTranscript } from '../testing/shared-transcript.ts';
import { letter } from './letters.ts';

export const fetch: readonly SharedTranscript[] = [
  {
    title: 'FETCH of every item that is no section, in the order asked for',
    inbox: [PLAIN],
    script: String.raw`
      C: a1 FETCH 1 (UID FLAGS RFC822.SIZE)
      S: * 1 FETCH (UID 1 FLAGS (\Recent) RFC822.SIZE ${PLAIN.length})
      S: a1 OK ...
      C: a2 FETCH 1 (RFC822.SIZE uid UID)
      S: * 1 FETCH (RFC822.SIZE ${PLAIN.length} UID 1)
      S: a2 OK ...
      C: a3 FETCH 1 INTERNALDATE
      S: * 1 FETCH (INTERNALDATE "{day}-{month}-{year} {time} ...")
      S: a3 OK ...
      C: a4 FETCH 1 ENVELOPE
      S: * 1 FETCH (ENVELOPE ("Mon, 7 Feb 1994 21:52:25 -0800" "Plain" (("Mary" NIL "mary" "example.com")) (("Mary" NIL "mary" "example.com")) (("Mary" NIL "mary" "example.com")) ((NIL NIL "joe" "example.com")) NIL NIL NIL "<plain@example.com>"))
      S: a4 OK ...
      C: a5 FETCH 1 BODY
      S: * 1 FETCH (BODY ("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 25 2))
      S: a5 OK ...
      C: a6 FETCH 1 BODYSTRUCTURE
      S: * 1 FETCH (BODYSTRUCTURE ("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 25 2 NIL NIL NIL NIL))
      S: a6 OK ...
    `,
  },
  {
    title: 'the macros ALL, FAST and FULL',
    inbox: [PLAIN],
    script: String.raw`
      C: a1 FETCH 1 FAST
      S: * 1 FETCH (FLAGS (\Recent) INTERNALDATE "..." RFC822.SIZE ${PLAIN.length})
      S: a1 OK ...
      C: a2 FETCH 1 all
      S: * 1 FETCH (FLAGS (\Recent) INTERNALDATE "..." RFC822.SIZE ${PLAIN.length} ENVELOPE (...))
      S: a2 OK ...
      C: a3 FETCH 1 FULL
      S: * 1 FETCH (FLAGS (\Recent) INTERNALDATE "..." RFC822.SIZE ${PLAIN.length} ENVELOPE (...) BODY (...))
      S: a3 OK ...
    `,
  },
  {
    title: 'the structure of a message with parts',
    inbox: [NESTED],
    script: `
      C: a1 FETCH 1 BODY
      S: * 1 FETCH (BODY (("text" "plain" ("charset" "utf-8") "<one>" NIL "7bit" 3 0)("image" "png" ("name" "dot.png") NIL NIL "base64" 4)("message" "rfc822" NIL NIL NIL "7bit" {size} (NIL "Inner" ((NIL NIL "joe" "example.com")) ((NIL NIL "joe" "example.com")) ((NIL NIL "joe" "example.com")) NIL NIL NIL NIL NIL) (("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 10 0)("text" "html" ("charset" "us-ascii") NIL NIL "7bit" 12 0) "alternative") ...) "mixed"))
      S: a1 OK ...
      C: a2 FETCH 1 BODYSTRUCTURE
      S: * 1 FETCH (BODYSTRUCTURE (("text" "plain" ("charset" "utf-8") "<one>" NIL "7bit" 3 0 NIL NIL NIL NIL)... "mixed" ("boundary" "outer") NIL NIL NIL))
      S: a2 OK ...
    `,
  },
  {
    title: 'sections of a part of text, of a part that is a message, and of a part in it',
    inbox: [NESTED],
    script: `
      C: a1 FETCH 1 BODY.PEEK[1]
      S: * 1 FETCH (BODY[1] {3}
      S: One)
      S: a1 OK ...
      C: a2 FETCH 1 BODY.PEEK[2.MIME]
      S: * 1 FETCH (BODY[2.MIME] {...}
      S: Content-Type: image/png; name=dot.png
      S: Content-Transfer-Encoding: base64
      S:
      S: )
      S: a2 OK ...
      C: a3 FETCH 1 BODY.PEEK[3.HEADER]
      S: * 1 FETCH (BODY[3.HEADER] {...}
      S: From: joe@example.com
      S: Subject: Inner
      S: Content-Type: multipart/alternative; boundary=inner
      S:
      S: )
      S: a3 OK ...
      C: a5 FETCH 1 (BODY.PEEK[3.1] BODY.PEEK[3.2])
      S: * 1 FETCH (BODY[3.1] {10}
      S: Inner text BODY[3.2] {12}
      S: <p>Inner</p>)
      S: a5 OK ...
      C: a6 FETCH 1 BODY.PEEK[3.HEADER.FIELDS (SUBJECT)]
      S: * 1 FETCH (BODY[3.HEADER.FIELDS (SUBJECT)] {18}
      S: Subject: Inner
      S:
      S: )
      S: a6 OK ...
    `,
  },
  {
    title: 'where a multipart inside a multipart ends',
    inbox: [NESTED],
    script: `
      C: a1 FETCH 1 BODY.PEEK[3.TEXT]
      S: * 1 FETCH (BODY[3.TEXT] {...}
      S: --inner
      S: Content-Type: text/plain
      S:
      S: Inner text
      S: --inner
      S: Content-Type: text/html
      S:
      S: <p>Inner</p>
      P: --inner--)
      D: --inner--
      D: )
      S: a1 OK ...
    `,
    differs: 'RFC 2046 §5.1.1: the CRLF before a delimiter line belongs to the delimiter.',
  },
  {
    title: 'header fields by name, in the order of the message, and all others',
    inbox: [NESTED],
    script: `
      C: a1 FETCH 1 BODY.PEEK[HEADER.FIELDS (SUBJECT FROM X-NONE)]
      S: * 1 FETCH (BODY[HEADER.FIELDS (SUBJECT FROM X-NONE)] {43}
      S: From: mary@example.com
      S: Subject: Nested
      S:
      S: )
      S: a1 OK ...
      C: a2 FETCH 1 BODY.PEEK[HEADER.FIELDS.NOT (CONTENT-TYPE SUBJECT)]
      S: * 1 FETCH (BODY[HEADER.FIELDS.NOT (CONTENT-TYPE SUBJECT)] {45}
      S: From: mary@example.com
      S: MIME-Version: 1.0
      S:
      S: )
      S: a2 OK ...
      C: a3 FETCH 1 BODY.PEEK[HEADER.FIELDS (X-NONE)]
      S: * 1 FETCH (BODY[HEADER.FIELDS (X-NONE)] {2}
      S:
      S: )
      S: a3 OK ...
    `,
  },
  {
    title: 'what FETCH calls HEADER.FIELDS when the names were not in capitals',
    inbox: [letter('one')],
    script: `
      C: a1 FETCH 1 BODY.PEEK[HEADER.FIELDS (Subject)]
      P: * 1 FETCH (BODY[HEADER.FIELDS (Subject)] {16}
      D: * 1 FETCH (BODY[HEADER.FIELDS (SUBJECT)] {16}
      S: Subject: one
      S:
      S: )
      S: a1 OK ...
    `,
    differs: 'RFC 3501 §7.4.2 leaves it open; a client finds its question most easily as it wrote it.',
  },
  {
    title: 'a section that the message does not have',
    inbox: [letter('one')],
    script: `
      C: a1 FETCH 1 BODY.PEEK[2]
      P: * 1 FETCH (BODY[2] NIL)
      D: * 1 FETCH (BODY[2] {0}
      D: )
      S: a1 OK ...
      C: a2 FETCH 1 BODY.PEEK[1.HEADER]
      P: * 1 FETCH (BODY[1.HEADER] NIL)
      D: * 1 FETCH (BODY[1.HEADER] {0}
      D: )
      S: a2 OK ...
    `,
    differs: 'RFC 3501 §4.5: NIL is what is not there, the empty string is there and empty.',
  },
  {
    title: 'a part below a part that has none',
    inbox: [NESTED],
    script: `
      C: a1 FETCH 1 BODY.PEEK[1.1]
      P: * 1 FETCH (BODY[1.1] NIL)
      D: * 1 FETCH (BODY[1.1] {3}
      D: One)
      S: a1 OK ...
    `,
    differs: 'RFC 3501 §6.4.5: only a message has a part 1 that is itself; a part of text has none.',
  },
  {
    title: 'partials: from an octet on, at most so many; beyond the end nothing',
    inbox: [letter('one')],
    script: `
      C: a1 FETCH 1 BODY.PEEK[]<0.7>
      S: * 1 FETCH (BODY[]<0> {7}
      S: Subject)
      S: a1 OK ...
      C: a2 FETCH 1 BODY.PEEK[]<9.3>
      S: * 1 FETCH (BODY[]<9> {3}
      S: one)
      S: a2 OK ...
      C: a3 FETCH 1 BODY.PEEK[TEXT]<0.100>
      S: * 1 FETCH (BODY[TEXT]<0> {3}
      S: x
      S: )
      S: a3 OK ...
      C: a4 FETCH 1 BODY.PEEK[]<1000.100>
      S: * 1 FETCH (BODY[]<1000> {0}
      S: )
      S: a4 OK ...
    `,
  },
  {
    title: 'a partial of no octets, and one without a count',
    inbox: [letter('one')],
    script: `
      C: a1 FETCH 1 BODY.PEEK[]<0.0>
      P: a1 BAD ...
      D: * 1 FETCH (BODY[]<0> {0}
      D: )
      D: a1 OK ...
      C: a2 FETCH 1 BODY.PEEK[]<17>
      P: a2 BAD ...
      D: * 1 FETCH (BODY[]<17> {2}
      D:
      D: )
      D: a2 OK ...
    `,
    differs: 'RFC 3501 §9: a partial has a count, an nz-number.',
  },
  {
    title: 'RFC822 and its kin',
    inbox: [letter('one'), letter('two')],
    script: String.raw`
      C: a1 FETCH 1 RFC822.HEADER
      S: * 1 FETCH (RFC822.HEADER {16}
      S: Subject: one
      S:
      S: )
      S: a1 OK ...
      C: a2 FETCH 1 FLAGS
      S: * 1 FETCH (FLAGS (\Recent))
      S: a2 OK ...
      C: a3 FETCH 2 RFC822.TEXT
      S: ...
      S: a3 OK ...
      C: a4 FETCH 2 FLAGS
      S: * 2 FETCH (FLAGS (\Seen \Recent))
      S: a4 OK ...
      C: a5 FETCH 2 RFC822
      S: * 2 FETCH (RFC822 {19}
      S: Subject: two
      S:
      S: x
      S: )
      S: a5 OK ...
    `,
  },
  {
    title: 'BODY[] that sets \\Seen tells so',
    inbox: [letter('one'), letter('two')],
    script: String.raw`
      C: a1 FETCH 1 BODY.PEEK[TEXT]
      S: * 1 FETCH (BODY[TEXT] {3}
      S: x
      S: )
      S: a1 OK ...
      C: a2 UID FETCH 1 BODY[TEXT]
      S: * 1 FETCH (...FLAGS (\Seen \Recent)...BODY[TEXT] {3}
      S: x
      S: )
      S: a2 OK ...
      C: a3 FETCH 1 BODY[TEXT]
      S: * 1 FETCH (BODY[TEXT] {3}
      S: x
      S: )
      S: a3 OK ...
    `,
  },
  {
    title: 'sets of numbers and of UIDs',
    inbox: [letter('one'), { flags: '\\Deleted', octets: letter('two') }, letter('three'), letter('four')],
    script: `
      C: a1 EXPUNGE
      S: * 2 EXPUNGE
      S: ...
      S: a1 OK ...
      C: a2 FETCH 1:* (UID)
      S: * 1 FETCH (UID 1)
      S: * 2 FETCH (UID 3)
      S: * 3 FETCH (UID 4)
      S: a2 OK ...
      C: a3 FETCH * (UID)
      S: * 3 FETCH (UID 4)
      S: a3 OK ...
      C: a4 FETCH *:2 (UID)
      S: * 2 FETCH (UID 3)
      S: * 3 FETCH (UID 4)
      S: a4 OK ...
      C: a5 FETCH 3,1 (UID)
      S: * 1 FETCH (UID 1)
      S: * 3 FETCH (UID 4)
      S: a5 OK ...
      C: a6 UID FETCH 2 (FLAGS)
      S: a6 OK ...
      C: a7 UID FETCH 9:* (UID)
      S: * 3 FETCH (UID 4)
      S: a7 OK ...
      C: a8 UID FETCH 4294967295,1 (UID)
      S: * 1 FETCH (UID 1)
      S: a8 OK ...
    `,
  },
  {
    title: 'FETCH that cannot be',
    inbox: [letter('one')],
    script: `
      C: a1 FETCH 2 FLAGS
      S: a1 BAD ...
      C: a2 FETCH 0 FLAGS
      S: a2 BAD ...
      C: a3 FETCH nonsense FLAGS
      S: a3 BAD ...
      C: a4 FETCH 1
      S: a4 BAD ...
      C: a5 NOOP
      S: a5 OK ...
      C: a6 FETCH 1 NONSENSE
      S: a6 BAD ...
      C: a7 FETCH 1 (FLAGS
      S: a7 BAD ...
      C: a8 FETCH 1 BODY[NONSENSE]
      S: a8 BAD ...
      C: a9 FETCH 1 BODY[HEADER.FIELDS]
      S: a9 BAD ...
      C: b1 NOOP
      S: b1 OK ...
    `,
  },
  {
    title: 'numbers and sections that cannot be',
    inbox: [letter('one')],
    script: `
      C: a1 FETCH 1:2:3 FLAGS
      S: a1 BAD ...
      C: a2 FETCH ,1 FLAGS
      S: a2 BAD ...
      C: a3 FETCH 4294967296 FLAGS
      S: a3 BAD ...
      C: a4 UID FETCH 4294967296 FLAGS
      S: a4 BAD ...
      C: a5 UID FETCH 0 FLAGS
      S: a5 BAD ...
      C: a6 FETCH 1 BODY[TEXT
      S: a6 BAD ...
      C: a7 FETCH 1 BODY[MIME]
      S: a7 BAD ...
      C: a8 FETCH 1 BODY[TEXT.1]
      S: a8 BAD ...
      C: a9 FETCH 1 BODY[HEADER.FIELDS ()]
      S: a9 BAD ...
      C: b1 NOOP
      S: b1 OK ...
      C: b2 FETCH 1 (ALL)
      S: b2 BAD ...
      C: b3 FETCH 1 ALL FLAGS
      S: b3 BAD ...
      C: b4 FETCH 1 (FLAGS)(UID)
      S: b4 BAD ...
      C: b5 FETCH 1 "FLAGS"
      S: b5 BAD ...
      C: b6 FETCH 1 (UID FLAGS UID)
      S: * 1 FETCH (UID 1 FLAGS (\\Recent))
      S: b6 OK ...
    `,
  },
  {
    title: 'part numbers of zero, two spaces, and a comma at the end of a set',
    inbox: [letter('one')],
    script: `
      C: a1 FETCH 1 BODY.PEEK[1.0]
      P: a1 BAD ...
      D: * 1 FETCH (BODY[1.0] {0}
      D: )
      D: a1 OK ...
      C: a2 FETCH  1 (UID)
      P: a2 BAD ...
      D: * 1 FETCH (UID 1)
      D: a2 OK ...
      C: a3 FETCH 1, (UID)
      P: a3 BAD ...
      D: * 1 FETCH (UID 1)
      D: a3 OK ...
    `,
    differs: 'RFC 3501 §9: the grammar has none of these.',
  },
  {
    title: 'FETCH of a range that ends beyond the last message',
    inbox: [letter('one')],
    script: `
      C: a1 FETCH 1:9 (UID)
      S: a1 BAD ...
    `,
  },
  {
    title: 'FETCH in an empty mailbox',
    script: `
      C: a1 FETCH 1 FLAGS
      S: a1 BAD ...
      C: a2 UID FETCH 1:* (FLAGS)
      S: a2 OK ...
      C: a3 FETCH 1:* (FLAGS)
      P: a3 OK ...
      D: a3 BAD ...
    `,
    differs:
      'RFC 3501 §9 has BAD as a "should"; a program that asks for all messages of an empty mailbox made no mistake, and shows none to its user.',
  },
];
