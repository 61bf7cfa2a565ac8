import type { SharedTranscript } from '../testing/shared-transcript.ts';
import { letter } from './letters.ts';

export const storeExpunge: readonly SharedTranscript[] = [
  {
    title: 'STORE adds, removes and replaces flags; .SILENT says nothing',
    inbox: [letter('one'), letter('two')],
    script: String.raw`
      C: a1 UID STORE 1 +FLAGS (\Flagged)
      S: * 1 FETCH (UID 1 FLAGS (\Flagged \Recent))
      S: a1 OK ...
      C: a2 UID STORE 1 FLAGS (\Seen \Answered)
      S: * 1 FETCH (UID 1 FLAGS (\Answered \Seen \Recent))
      S: a2 OK ...
      C: a3 UID STORE 1 -FLAGS \Seen
      S: * 1 FETCH (UID 1 FLAGS (\Answered \Recent))
      S: a3 OK ...
      C: a4 STORE 1:2 +FLAGS.SILENT (\Draft)
      S: a4 OK ...
      C: a5 STORE 1:2 -FLAGS.SILENT (\Answered)
      S: a5 OK ...
      C: a6 FETCH 1:2 FLAGS
      S: * 1 FETCH (FLAGS (\Draft \Recent))
      S: * 2 FETCH (FLAGS (\Draft \Recent))
      S: a6 OK ...
      C: a7 STORE 2 FLAGS ()
      S: * 2 FETCH (...FLAGS (\Recent))
      S: a7 OK ...
      C: a8 UID STORE 9 +FLAGS (\Seen)
      S: a8 OK ...
    `,
  },
  {
    title: 'the UID in the FETCH response to STORE by number',
    inbox: [letter('one')],
    script: String.raw`
      C: a1 STORE 1 +FLAGS (\Seen)
      P: * 1 FETCH (UID 1 FLAGS (\Seen \Recent))
      D: * 1 FETCH (FLAGS (\Seen \Recent))
      S: a1 OK ...
    `,
    differs:
      'RFC 3501 §7.4.2 permits more than was asked for, and RFC 7162 §3.2.4 asks for it: a client that missed a number is not misled.',
  },
  {
    title: 'STORE of flags that the message has already',
    inbox: [{ flags: '\\Seen', octets: letter('one') }],
    script: String.raw`
      C: a1 UID STORE 1 +FLAGS (\Seen)
      P: * 1 FETCH (UID 1 FLAGS (\Seen \Recent))
      S: a1 OK ...
    `,
    differs: 'RFC 3501 §6.4.6: without .SILENT the new value is told, be it the old one.',
  },
  {
    title: 'a new keyword is told of before the first message that bears it',
    inbox: [letter('one')],
    script: String.raw`
      C: a1 UID STORE 1 +FLAGS ($New)
      S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft $New)
      S: ...
      S: * 1 FETCH (UID 1 FLAGS (\Recent $New))
      S: a1 OK ...
      C: a2 SEARCH KEYWORD $New
      S: * SEARCH 1
      S: a2 OK ...
      C: a3 SEARCH KEYWORD $new
      S: * SEARCH 1
      S: a3 OK ...
    `,
  },
  {
    title: 'PERMANENTFLAGS with a new keyword',
    inbox: [letter('one')],
    script: String.raw`
      C: a1 UID STORE 1 +FLAGS ($New)
      S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft $New)
      D: * OK [PERMANENTFLAGS (\Answered \Flagged \Deleted \Seen \Draft $New \*)] ...
      S: * 1 FETCH (UID 1 FLAGS (\Recent $New))
      S: a1 OK ...
    `,
    differs: 'RFC 3501 §7.1: PERMANENTFLAGS is of SELECT, where \\* said already that any keyword is kept.',
  },
  {
    title: 'a keyword that no message bears is none of the mailbox',
    inbox: [letter('one')],
    script: String.raw`
      C: a1 STORE 1 -FLAGS.SILENT ($None)
      D: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft $None)
      D: * OK [PERMANENTFLAGS ...
      S: a1 OK ...
    `,
    differs: 'RFC 3501 §7.2.6: FLAGS are those that apply in this mailbox; asking for one does not make it one.',
  },
  {
    title: 'STORE that cannot be',
    inbox: [letter('one')],
    script: String.raw`
      C: a1 STORE 2 +FLAGS (\Seen)
      S: a1 BAD ...
      C: a2 STORE 1 +FLAGS (\Nonsense)
      S: a2 BAD ...
      C: a3 STORE 1 FLAG (\Seen)
      S: a3 BAD ...
      C: a5 STORE 1 +FLAGS (\*)
      S: a5 BAD ...
      C: a6 STORE 1 +FLAGS (\Seen
      S: a6 BAD ...
    `,
  },
  {
    title: 'STORE without flags',
    inbox: [letter('one')],
    script: `
      C: a1 STORE 1 +FLAGS
      P: a1 BAD ...
      D: a1 OK ...
    `,
    differs: 'RFC 3501 §9: the flags are not optional.',
  },
  {
    title: 'STORE with \\Recent',
    inbox: [letter('one')],
    script: String.raw`
      C: a1 STORE 1 +FLAGS.SILENT (\Recent \Seen)
      P: a1 OK ...
      D: a1 BAD ...
    `,
    differs:
      'RFC 3501 §2.3.2: a client cannot change it. Programs give back the flags that FETCH told them; the others of the list are set.',
  },
  {
    title: 'EXPUNGE tells each removal by the number that the message has then',
    inbox: ['one', 'two', 'three', 'four'].map((subject) => ({
      flags: subject === 'three' ? '' : '\\Deleted',
      octets: letter(subject),
    })),
    script: String.raw`
      C: a1 UID EXPUNGE 2
      S: * 2 EXPUNGE
      S: ...
      S: a1 OK ...
      C: a2 EXPUNGE
      S: * {first} EXPUNGE
      S: * {second} EXPUNGE
      S: ...
      S: a2 OK ...
      C: a3 UID FETCH 1:* (FLAGS)
      S: * 1 FETCH (UID 3 FLAGS (\Recent))
      S: a3 OK ...
      C: a4 EXPUNGE
      S: a4 OK ...
    `,
  },
  {
    title: 'EXPUNGE tells from the last to the first: no number shifts meanwhile',
    inbox: [
      { flags: '\\Deleted', octets: letter('one') },
      { flags: '\\Deleted', octets: letter('two') },
    ],
    script: `
      C: a1 EXPUNGE
      S: * 2 EXPUNGE
      S: * 1 EXPUNGE
      S: ...
      S: a1 OK ...
    `,
  },
  {
    title: 'RECENT after EXPUNGE',
    inbox: [{ flags: '\\Deleted', octets: letter('one') }, letter('two')],
    script: `
      C: a1 EXPUNGE
      S: * 1 EXPUNGE
      D: * 1 RECENT
      S: a1 OK ...
    `,
    differs: 'RFC 3501 §7.3.2 asks for RECENT when it grows; a client counts removals itself.',
  },
  {
    title: 'UID EXPUNGE and EXPUNGE that cannot be',
    script: `
      C: a1 UID EXPUNGE
      S: a1 BAD ...
      C: a2 UID EXPUNGE nonsense
      S: a2 BAD ...
      C: a3 UID EXPUNGE 7
      S: a3 OK ...
    `,
  },
];
