/** Extensions that change what a mailbox holds, and tell of it: MULTIAPPEND, CATENATE, BINARY, SAVEDATE, PREVIEW. */
import type { SharedTranscript } from '../testing/shared-transcript.ts';

const TWO_PARTS = [
  'Subject: two parts',
  'Content-Type: multipart/mixed; boundary=b',
  '',
  '--b',
  'Content-Type: text/plain; charset=utf-8',
  'Content-Transfer-Encoding: quoted-printable',
  '',
  'caf=C3=A9 =',
  'au lait',
  '--b',
  'Content-Type: application/octet-stream',
  'Content-Transfer-Encoding: base64',
  '',
  'AAECAw==',
  '--b--',
  '',
].join('\r\n');

export const changing: readonly SharedTranscript[] = [
  {
    title: 'MULTIAPPEND: messages with flags and dates of their own',
    script: String.raw`
      C: a1 APPEND INBOX (\Seen) {16}
      S: + ...
      C: Subject: one
      C:
      C:  "17-Jul-1996 02:44:25 -0700" {16}
      S: + ...
      C: Subject: two
      C:
      C:  ($Label) {18+}
      C: Subject: three
      C:
      C:
      S: ...
      S: * 3 EXISTS
      S: ...
      S: a1 OK [APPENDUID {uidvalidity} 1:3] ...
      C: a2 FETCH 1:3 (FLAGS RFC822.SIZE)
      S: ...
      S: * 1 FETCH (FLAGS (\Seen \Recent) RFC822.SIZE 16)
      S: * 2 FETCH (FLAGS (\Recent) RFC822.SIZE 16)
      S: ...
      S: * 3 FETCH (FLAGS (\Recent $Label) RFC822.SIZE 18)
      S: a2 OK ...
    `,
  },
  {
    title: 'MULTIAPPEND: nothing is stored if one of the messages is none',
    state: 'logged-in',
    script: `
      C: a1 APPEND INBOX {16}
      S: + ...
      C: Subject: one
      C:
      C:  {0+}
      C:
      S: a1 NO ...
      C: a2 STATUS INBOX (MESSAGES)
      S: * STATUS INBOX (MESSAGES 0)
      S: a2 OK ...
    `,
  },
  {
    title: 'CATENATE: a message of parts of another and of new text',
    inbox: [TWO_PARTS],
    script: `
      C: a1 STATUS INBOX (UIDVALIDITY)
      S: * STATUS INBOX (UIDVALIDITY {uidvalidity})
      S: a1 OK ...
      C: a2 APPEND Sent CATENATE (URL "/INBOX;UIDVALIDITY={uidvalidity}/;UID=1/;SECTION=HEADER" TEXT {7}
      S: + ...
      C: --b
      C:
      C:  URL "/INBOX/;UID=1/;SECTION=2" TEXT {7+}
      C:
      C: --b--)
      S: a2 OK [APPENDUID ... 1] ...
      C: a3 SELECT Sent
      S: ...
      S: a3 OK ...
      C: a4 FETCH 1 BODY.PEEK[]
      S: * 1 FETCH (BODY[] {87}
      S: Subject: two parts
      S: Content-Type: multipart/mixed; boundary=b
      S:
      S: --b
      S:
      S: AAECAw==
      S: --b--)
      S: a4 OK ...
    `,
  },
  {
    title: 'CATENATE: a URL that names nothing is BADURL, and nothing is stored',
    inbox: [TWO_PARTS],
    script: `
      C: a1 APPEND Sent CATENATE (URL "/INBOX/;UID=2")
      S: a1 NO [BADURL /INBOX/;UID=2] ...
      C: a2 APPEND Sent CATENATE (URL "/Nothing/;UID=1")
      S: a2 NO [BADURL /Nothing/;UID=1] ...
      C: a3 APPEND Sent CATENATE (URL "/INBOX;UIDVALIDITY=1/;UID=1")
      S: a3 NO [BADURL /INBOX;UIDVALIDITY=1/;UID=1] ...
      C: a4 STATUS Sent (MESSAGES)
      S: * STATUS Sent (MESSAGES 0)
      S: a4 OK ...
    `,
  },
  {
    title: 'BINARY: parts without their encoding, whole and in pieces',
    inbox: [TWO_PARTS],
    script: `
      C: a1 FETCH 1 (BINARY.SIZE[1] BINARY.SIZE[2])
      S: * 1 FETCH (BINARY.SIZE[1] 13 BINARY.SIZE[2] 4)
      S: a1 OK ...
      C: a2 FETCH 1 BINARY.PEEK[1]
      P: * 1 FETCH (BINARY[1] {13}
      D: * 1 FETCH (BINARY[1] ~{13}
      S: ${'caf\xc3\xa9'} au lait)
      S: a2 OK ...
      C: a3 FETCH 1 BINARY.PEEK[2]
      S: * 1 FETCH (BINARY[2] ~{4}
      S: ${'\0\x01\x02\x03'})
      S: a3 OK ...
      C: a4 FETCH 1 BINARY.PEEK[1]<6.2>
      P: * 1 FETCH (BINARY[1]<6> {2}
      D: * 1 FETCH (BINARY[1]<6> ~{2}
      S: au)
      S: a4 OK ...
    `,
    differs: 'RFC 3516 §4.3: a literal8 tells that there is NUL, so that a client need not look.',
  },
  {
    title: 'BINARY sets \\Seen, and BINARY.PEEK does not',
    inbox: [TWO_PARTS],
    script: String.raw`
      C: a1 FETCH 1 (BINARY.PEEK[2]<0.2>)
      S: * 1 FETCH (BINARY[2]<0> ~{2}
      S: ${'\0\x01'})
      S: a1 OK ...
      C: a2 FETCH 1 FLAGS
      S: * 1 FETCH (FLAGS (\Recent))
      S: a2 OK ...
      C: a3 FETCH 1 (FLAGS BINARY[2]<0.2>)
      S: * 1 FETCH (FLAGS (\Seen \Recent) BINARY[2]<0> ~{2}
      S: ${'\0\x01'})
      S: a3 OK ...
    `,
  },
  {
    title: 'an encoding that is none: UNKNOWN-CTE',
    inbox: ['Content-Transfer-Encoding: x-secret\r\n\r\ntext\r\n'],
    script: `
      C: a1 FETCH 1 (UID BINARY.PEEK[1])
      D: * 1 FETCH (UID 1)
      S: a1 NO [UNKNOWN-CTE] ...
    `,
    differs: 'RFC 3516 §4.3: the request fails. A response without what was asked for would say nothing.',
  },
  {
    title: 'a literal8 with NUL comes back by BINARY',
    script: `
      C: a1 APPEND INBOX ~{42+}
      C: Content-Transfer-Encoding: binary
      C:
      C: a${'\0'}b
      C:
      S: ...
      S: a1 OK ...
      C: a2 FETCH 1 BINARY.PEEK[1]
      S: * 1 FETCH (BINARY[1] ~{5}
      S: a${'\0'}b
      S: )
      S: a2 OK ...
      C: a3 FETCH 1 BODY.PEEK[TEXT]
      S: * 1 FETCH (BODY[TEXT] {...}
      S: YQBiDQo=...
      S: ...
    `,
  },
  {
    title: 'SAVEDATE is when a message was saved',
    state: 'logged-in',
    script: `
      C: a1 APPEND INBOX "17-Jul-1996 02:44:25 +0000" {3+}
      C: x
      C:
      S: a1 OK ...
      C: a2 SELECT INBOX
      S: ...
      S: a2 OK ...
      C: a3 SEARCH SAVEDBEFORE 1-Jan-2020
      S: * SEARCH
      S: a3 OK ...
      C: a4 SEARCH SAVEDSINCE 1-Jan-2020 SAVEDATESUPPORTED
      S: * SEARCH 1
      S: a4 OK ...
    `,
  },
  {
    title: 'PREVIEW is the beginning of the text',
    inbox: [
      'Subject: x\r\n\r\n> quoted\r\n\r\nHello,   world\r\n',
      'Subject: y\r\nContent-Type: image/png\r\n\r\nabc\r\n',
    ],
    script: `
      C: a1 FETCH 1 PREVIEW
      S: * 1 FETCH (PREVIEW "Hello, world")
      S: a1 OK ...
      C: a2 FETCH 1 (PREVIEW (LAZY))
      S: * 1 FETCH (PREVIEW "Hello, world")
      S: a2 OK ...
      C: a3 FETCH 2 (PREVIEW)
      S: * 2 FETCH (PREVIEW "")
      S: a3 OK ...
    `,
  },
];
