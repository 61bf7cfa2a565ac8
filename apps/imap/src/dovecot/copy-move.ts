import type { SharedTranscript } from '../testing/shared-transcript.ts';
import { letter } from './letters.ts';

export const copyMove: readonly SharedTranscript[] = [
  {
    title: 'COPY keeps flags and date, and COPYUID tells what became what',
    inbox: [
      { flags: '\\Seen $Label', octets: letter('one') },
      letter('two'),
      { flags: '\\Flagged', octets: letter('three') },
    ],
    script: String.raw`
      C: a1 FETCH 1 INTERNALDATE
      S: * 1 FETCH (INTERNALDATE "{date}")
      S: a1 OK ...
      C: a2 CREATE Box
      S: a2 OK ...
      C: a3 COPY 1,3 Box
      S: a3 OK [COPYUID {uidvalidity} 1,3 1:2] ...
      C: a4 UID COPY 2 Box
      S: a4 OK [COPYUID {uidvalidity} 2 3] ...
      C: a5 UNSELECT
      S: a5 OK ...
      C: a6 SELECT Box
      S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft $Label)
      S: ...
      S: * 3 EXISTS
      S: * 3 RECENT
      S: ...
      S: * OK [UIDVALIDITY {uidvalidity}] ...
      S: ...
      S: a6 OK ...
      C: a7 FETCH 1:* (UID FLAGS)
      S: * 1 FETCH (UID 1 FLAGS (\Seen \Recent $Label))
      S: * 2 FETCH (UID 2 FLAGS (\Flagged \Recent))
      S: * 3 FETCH (UID 3 FLAGS (\Recent))
      S: a7 OK ...
      C: a8 FETCH 1 INTERNALDATE
      S: * 1 FETCH (INTERNALDATE "{date}")
      S: a8 OK ...
    `,
  },
  {
    title: 'COPY to what is not there, of what is not there, and to no name',
    inbox: [letter('one')],
    script: `
      C: a1 COPY 1 Nothing
      S: a1 NO [TRYCREATE] ...
      C: a2 UID COPY 1 Nothing
      S: a2 NO [TRYCREATE] ...
      C: a3 COPY 2 Sent
      S: a3 BAD ...
      C: a4 UID COPY 9 Sent
      S: a4 OK ...
      C: a5 COPY 1
      S: a5 BAD ...
      C: a6 COPY nonsense Sent
      S: a6 BAD ...
      C: a7 COPY 1 ""
      S: a7 NO ...
    `,
  },
  {
    title: 'COPY to the selected mailbox tells of the copies',
    inbox: [{ flags: '\\Answered', octets: letter('one') }],
    script: String.raw`
      C: a1 COPY 1 INBOX
      S: * 2 EXISTS
      S: * 2 RECENT
      S: a1 OK [COPYUID {uidvalidity} 1 2] ...
      C: a2 FETCH 2 (UID FLAGS)
      S: * 2 FETCH (UID 2 FLAGS (\Answered \Recent))
      S: a2 OK ...
    `,
  },
  {
    title: 'COPY from a mailbox opened read-only',
    inbox: [letter('one')],
    state: 'logged-in',
    script: `
      C: a1 EXAMINE INBOX
      S: ...
      S: a1 OK ...
      C: a2 COPY 1 Sent
      S: a2 OK [COPYUID {uidvalidity} 1 1] ...
    `,
  },
  {
    title: 'MOVE tells COPYUID before the removals',
    inbox: [letter('one'), { flags: '\\Flagged', octets: letter('two') }, letter('three')],
    script: String.raw`
      C: a1 MOVE 2 Sent
      S: * OK [COPYUID {uidvalidity} 2 1] ...
      S: * 2 EXPUNGE
      S: ...
      S: a1 OK ...
      C: a2 UID MOVE 1,3 Sent
      S: * OK [COPYUID {uidvalidity} 1,3 2:3] ...
      S: * 2 EXPUNGE
      S: * 1 EXPUNGE
      S: ...
      S: a2 OK ...
      C: a3 UNSELECT
      S: a3 OK ...
      C: a4 SELECT Sent
      S: ...
      S: a4 OK ...
      C: a5 FETCH 1:* (UID FLAGS)
      S: * 1 FETCH (UID 1 FLAGS (\Flagged \Recent))
      S: * 2 FETCH (UID 2 FLAGS (\Recent))
      S: * 3 FETCH (UID 3 FLAGS (\Recent))
      S: a5 OK ...
    `,
  },
  {
    title: 'MOVE to what is not there, and of what is not there',
    inbox: [letter('one')],
    script: `
      C: a1 MOVE 1 Nothing
      S: a1 NO [TRYCREATE] ...
      C: a2 MOVE 2 Sent
      S: a2 BAD ...
      C: a3 UID MOVE 9 Sent
      S: a3 OK ...
      C: a4 FETCH 1 (UID)
      S: * 1 FETCH (UID 1)
      S: a4 OK ...
    `,
  },
  {
    title: 'MOVE from a mailbox opened read-only',
    inbox: [letter('one')],
    state: 'logged-in',
    script: `
      C: a1 EXAMINE INBOX
      S: ...
      S: a1 OK ...
      C: a2 MOVE 1 Sent
      P: a2 NO [CANNOT] ...
      D: * OK [COPYUID {uidvalidity} 1 1] ...
      D: * 1 EXPUNGE
      D: * 0 RECENT
      D: a2 OK ...
    `,
    differs: 'RFC 3501 §6.3.2: no change is permitted to a mailbox opened with EXAMINE.',
  },
  {
    title: 'what MOVE took is told to the other connection',
    inbox: [letter('one'), letter('two')],
    script: `
      C: a1 MOVE 1 Sent
      S: * OK [COPYUID ...
      S: * 1 EXPUNGE
      S: ...
      S: a1 OK ...
      C2: a1 NOOP
      S2: * 1 EXPUNGE
      S2: ...
      S2: a1 OK ...
      C2: a2 STATUS Sent (MESSAGES)
      S2: * STATUS Sent (MESSAGES 1)
      S2: a2 OK ...
    `,
  },
];
