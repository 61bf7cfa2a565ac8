import type { SharedTranscript } from '../testing/shared-transcript.ts';
import { letter } from './letters.ts';

export const mailboxes: readonly SharedTranscript[] = [
  {
    title: 'SELECT and EXAMINE describe the mailbox',
    state: 'logged-in',
    script: String.raw`
      C: a1 APPEND INBOX (\Seen) {16+}
      C: Subject: one
      C:
      C:
      S: a1 OK [APPENDUID {uidvalidity} 1] ...
      C: a2 APPEND INBOX (\Flagged $Junk) {16+}
      C: Subject: two
      C:
      C:
      S: a2 OK [APPENDUID {uidvalidity} 2] ...
      C: a3 SELECT inbox
      S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft $Junk)
      S: * OK [PERMANENTFLAGS (\Answered \Flagged \Deleted \Seen \Draft $Junk \*)] ...
      S: * 2 EXISTS
      S: * 2 RECENT
      S: * OK [UNSEEN 2] ...
      S: * OK [UIDVALIDITY {uidvalidity}] ...
      S: * OK [UIDNEXT 3] ...
      S: ...
      S: a3 OK [READ-WRITE] ...
      C: a4 UNSELECT
      S: a4 OK ...
      C: a5 EXAMINE "InBox"
      S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft $Junk)
      S: * OK [PERMANENTFLAGS ()] ...
      S: * 2 EXISTS
      S: * 0 RECENT
      S: * OK [UNSEEN 2] ...
      S: * OK [UIDVALIDITY {uidvalidity}] ...
      S: * OK [UIDNEXT 3] ...
      S: ...
      S: a5 OK [READ-ONLY] ...
    `,
  },
  {
    title: 'SELECT of another mailbox while one is selected',
    script: `
      C: a1 SELECT Sent
      S: * OK [CLOSED] ...
      S: * FLAGS ...
      S: ...
      S: a1 OK [READ-WRITE] ...
    `,
  },
  {
    title: 'a SELECT that fails leaves no mailbox selected',
    state: 'logged-in',
    script: `
      C: a1 SELECT INBOX
      S: ...
      S: a1 OK ...
      C: a2 UNSELECT
      S: a2 OK ...
      C: a3 EXAMINE Nothing
      S: a3 NO ...
      C: a4 CHECK
      S: a4 BAD ...
    `,
  },
  {
    title: 'SELECT and STATUS of a mailbox that is not there',
    state: 'logged-in',
    script: `
      C: a1 SELECT Nothing
      P: a1 NO [NONEXISTENT] ...
      D: a1 NO Mailbox doesn't exist...
      C: a2 STATUS Nothing (MESSAGES)
      P: a2 NO [NONEXISTENT] ...
      D: a2 NO Mailbox doesn't exist...
    `,
    differs: 'RFC 5530 §3: NONEXISTENT tells a program what the text tells a person.',
  },
  {
    title: 'EXAMINE changes nothing',
    inbox: [letter('one'), { flags: '\\Deleted', octets: letter('two') }],
    state: 'logged-in',
    script: `
      C: a1 EXAMINE INBOX
      S: ...
      S: a1 OK [READ-ONLY] ...
      C: a2 FETCH 1 BODY[TEXT]
      S: * 1 FETCH (BODY[TEXT] {3}
      S: x
      S: )
      S: a2 OK ...
      C: a3 STATUS INBOX (RECENT UNSEEN)
      S: * STATUS INBOX (RECENT 2 UNSEEN 2)
      S: a3 OK ...
      C: a4 CLOSE
      S: a4 OK ...
      C: a5 STATUS INBOX (MESSAGES)
      S: * STATUS INBOX (MESSAGES 2)
      S: a5 OK ...
    `,
  },
  {
    title: 'STORE and EXPUNGE under EXAMINE',
    inbox: [{ flags: '\\Deleted', octets: letter('one') }],
    state: 'logged-in',
    script: String.raw`
      C: a1 EXAMINE INBOX
      S: ...
      S: a1 OK [READ-ONLY] ...
      C: a2 STORE 1 +FLAGS (\Flagged)
      P: a2 NO [CANNOT] ...
      D: a2 OK ...
      C: a3 EXPUNGE
      P: a3 NO [CANNOT] ...
      D: a3 OK ...
      C: a4 STATUS INBOX (MESSAGES)
      S: * STATUS INBOX (MESSAGES 1)
      S: a4 OK ...
    `,
    differs:
      'RFC 3501 §6.3.2 permits no change, and §7.1.2 has NO for what failed: an OK lets the client believe that it worked.',
  },
  {
    title: 'STATUS of every item, in the order asked for',
    inbox: [{ flags: '\\Seen', octets: letter('one') }, letter('two')],
    state: 'logged-in',
    script: `
      C: a1 STATUS INBOX (MESSAGES RECENT UIDNEXT UNSEEN)
      S: * STATUS INBOX (MESSAGES 2 RECENT 2 UIDNEXT 3 UNSEEN 1)
      S: a1 OK ...
      C: a2 STATUS INBOX (uidvalidity)
      S: * STATUS INBOX (UIDVALIDITY {uidvalidity})
      S: a2 OK ...
      C: a3 STATUS INBOX (NONSENSE)
      S: a3 BAD ...
      C: a4 STATUS INBOX ()
      S: a4 BAD ...
    `,
  },
  {
    title: 'what STATUS calls INBOX when the client writes it otherwise',
    state: 'logged-in',
    script: `
      C: a1 STATUS inbox (MESSAGES)
      P: * STATUS INBOX (MESSAGES 0)
      D: * STATUS inbox (MESSAGES 0)
      S: a1 OK ...
      C: a2 CREATE inbox/Sub
      S: a2 OK ...
      C: a3 STATUS inbox/Sub (MESSAGES)
      P: * STATUS INBOX/Sub (MESSAGES 0)
      D: * STATUS inbox/Sub (MESSAGES 0)
      S: a3 OK ...
    `,
    differs: 'RFC 3501 §5.1: INBOX is one name whatever its letters; answers have the one that LIST has.',
  },
  {
    title: 'STATUS with its items in another order',
    state: 'logged-in',
    script: `
      C: a1 STATUS INBOX (UNSEEN MESSAGES)
      P: * STATUS INBOX (UNSEEN 0 MESSAGES 0)
      D: * STATUS INBOX (MESSAGES 0 UNSEEN 0)
      S: a1 OK ...
    `,
    differs: 'RFC 3501 §7.2.4 leaves the order open; the one asked for surprises nobody.',
  },
  {
    title: 'CREATE makes what is missing above, and a delimiter at the end is not part of the name',
    state: 'logged-in',
    script: String.raw`
      C: a1 CREATE Work/2024/May
      S: a1 OK ...
      C: a2 LIST "" Work/2024/%
      S: * LIST (\HasNoChildren) "/" Work/2024/May
      S: a2 OK ...
      C: a3 CREATE Work/2024/May
      S: a3 NO [ALREADYEXISTS] ...
      C: a4 CREATE inbox
      S: a4 NO [ALREADYEXISTS] ...
      C: a5 CREATE Notes/
      S: a5 OK ...
      C: a6 LIST "" Notes%
      S: * LIST (...\HasNoChildren) "/" Notes
      S: a6 OK ...
    `,
  },
  {
    title: 'what CREATE made above the mailbox asked for',
    state: 'logged-in',
    script: String.raw`
      C: a1 CREATE Work/2024
      S: a1 OK ...
      C: a2 LIST "" Work
      P: * LIST (\HasChildren) "/" Work
      D: * LIST (\Noselect \HasChildren) "/" Work
      S: a2 OK ...
    `,
    differs:
      'RFC 3501 §6.3.3: superior names are created, as mailboxes. A client may put mail there and sees no name that it cannot open.',
  },
  {
    title: 'CREATE of a name with the delimiter at its end',
    state: 'logged-in',
    script: String.raw`
      C: a1 CREATE Notes/
      S: a1 OK ...
      C: a2 LIST "" Notes
      P: * LIST (\HasNoChildren) "/" Notes
      D: * LIST (\Noselect \HasNoChildren) "/" Notes
      S: a2 OK ...
    `,
    differs:
      'RFC 3501 §6.3.3: the client announces that it will create names under this one; what is created is the name without it.',
  },
  {
    title: 'names that cannot be',
    state: 'logged-in',
    script: String.raw`
      C: a1 CREATE ""
      S: a1 NO [CANNOT] ...
      C: a2 CREATE "a//b"
      S: a2 NO [CANNOT] ...
      C: a3 CREATE "/a"
      S: a3 NO [CANNOT] ...
      C: a4 CREATE "a&b"
      S: a4 NO ...
      C: a5 CREATE Gr&APwA3w-e
      S: a5 OK ...
      C: a6 LIST "" Gr*
      S: * LIST (\HasNoChildren) "/" Gr&APwA3w-e
      S: a6 OK ...
      C: a7 CREATE "with space"
      S: a7 OK ...
      C: a8 LIST "" with*
      S: * LIST (\HasNoChildren) "/" "with space"
      S: a8 OK ...
    `,
  },
  {
    title: 'names with the wildcards of LIST',
    state: 'logged-in',
    script: `
      C: a1 CREATE "a%b"
      P: a1 NO [CANNOT] ...
      D: a1 OK ...
      C: a2 CREATE a*b
      P: a2 BAD ...
      D: a2 OK ...
    `,
    differs:
      'RFC 3501 §5.1 discourages them, §9 has no such atom: LIST could not ask for the one mailbox without the others.',
  },
  {
    title: 'DELETE: not INBOX, not what is not there, not one with others below it',
    state: 'logged-in',
    script: `
      C: a1 DELETE INBOX
      S: a1 NO ...
      C: a2 DELETE Nothing
      S: a2 NO [NONEXISTENT] ...
      C: a3 CREATE Work
      C: a4 CREATE Work/Old
      S: a3 OK ...
      S: a4 OK ...
      C: a5 DELETE Work/Old
      S: a5 OK ...
      C: a6 DELETE Work
      S: a6 OK ...
      C: a7 LIST "" Work*
      S: a7 OK ...
    `,
  },
  {
    title: 'DELETE of a mailbox with others below it leaves the name',
    state: 'logged-in',
    script: String.raw`
      C: a1 CREATE Work
      C: a2 CREATE Work/Old
      S: a1 OK ...
      S: a2 OK ...
      C: a3 DELETE Work
      S: a3 OK ...
      C: a4 LIST "" Work*
      S: * LIST (\Noselect \HasChildren) "/" Work
      S: * LIST (\HasNoChildren) "/" Work/Old
      S: a4 OK ...
      C: a5 SELECT Work
      S: a5 NO ...
      C: a6 DELETE Work
      S: a6 NO ...
      C: a7 APPEND Work {3}
      S: a7 NO ...
      C: a8 CREATE Work
      S: a8 OK ...
      C: a9 LIST "" Work
      S: * LIST (\HasChildren) "/" Work
      S: a9 OK ...
    `,
  },
  {
    title: 'a deleted mailbox that comes again has another UIDVALIDITY',
    state: 'logged-in',
    script: `
      C: a1 CREATE Box
      S: a1 OK ...
      C: a2 APPEND Box {3+}
      C: x
      C:
      S: a2 OK [APPENDUID {before} 1] ...
      C: a3 DELETE Box
      S: a3 OK ...
      C: a4 CREATE Box
      S: a4 OK ...
      C: a5 STATUS Box (MESSAGES UIDNEXT)
      S: * STATUS Box (MESSAGES 0 UIDNEXT 1)
      S: a5 OK ...
    `,
  },
  {
    title: 'LIST: patterns, references, and the delimiter',
    state: 'logged-in',
    script: String.raw`
      C: a1 CREATE a/b/c
      S: a1 OK ...
      C: a2 LIST "" ""
      S: * LIST (\Noselect) "/" ""
      S: a2 OK ...
      C: a3 LIST "" a/b/%
      S: * LIST (\HasNoChildren) "/" a/b/c
      S: a3 OK ...
      C: a4 LIST a/b/ *
      S: * LIST (\HasNoChildren) "/" a/b/c
      S: a4 OK ...
      C: a5 LIST "" a/%
      S: * LIST (...\HasChildren) "/" a/b
      S: a5 OK ...
      C: a6 LIST "" %/%/%
      S: * LIST (\HasNoChildren) "/" a/b/c
      S: a6 OK ...
      C: a7 LIST "" nothing*
      S: a7 OK ...
      C: a8 LIST "" iNbOx
      S: * LIST (\HasNoChildren) "/" INBOX
      S: a8 OK ...
      C: a9 LIST "" Dra%
      S: * LIST (\HasNoChildren \Drafts) "/" Drafts
      S: a9 OK ...
    `,
  },
  {
    title: 'INBOX has mailboxes below it, whatever its letters',
    state: 'logged-in',
    script: String.raw`
      C: a1 CREATE INBOX/Sub
      S: a1 OK ...
      C: a2 LIST "" inbox/%
      S: * LIST (\HasNoChildren) "/" INBOX/Sub
      S: a2 OK ...
      C: a3 LIST "" INBOX
      S: * LIST (\HasChildren) "/" INBOX
      S: a3 OK ...
      C: a4 STATUS INBOX/Sub (MESSAGES)
      S: * STATUS INBOX/Sub (MESSAGES 0)
      S: a4 OK ...
      C: a5 DELETE iNBOX/Sub
      S: a5 OK ...
    `,
  },
  {
    title: 'LIST with options: what is subscribed, what has a special use, STATUS with it',
    state: 'logged-in',
    script: String.raw`
      C: a1 CREATE Work/Old
      S: a1 OK ...
      C: a2 SUBSCRIBE Work/Old
      S: a2 OK ...
      C: a3 LIST (SUBSCRIBED) "" Work*
      S: * LIST (...\Subscribed...) "/" Work/Old
      S: a3 OK ...
      C: a4 LIST "" (Work/% nothing) RETURN (SUBSCRIBED CHILDREN)
      S: * LIST (...\Subscribed...) "/" Work/Old
      S: a4 OK ...
      C: a5 LIST "" Work/Old RETURN (STATUS (MESSAGES UNSEEN))
      S: * LIST (...) "/" Work/Old
      S: * STATUS Work/Old (MESSAGES 0 UNSEEN 0)
      S: a5 OK ...
      C: a6 LIST (SPECIAL-USE) "" D%
      S: * LIST (...\Drafts) "/" Drafts
      S: a6 OK ...
      C: a7 LIST "" Tra% RETURN (SPECIAL-USE)
      S: * LIST (...\Trash) "/" Trash
      S: a7 OK ...
      C: a8 LIST (REMOTE) "" Work/Old
      S: * LIST (...) "/" Work/Old
      S: a8 OK ...
      C: a9 LIST (NONSENSE) "" *
      S: a9 BAD ...
      C: b1 LIST "" * RETURN (NONSENSE)
      S: b1 BAD ...
      C: b2 LIST (RECURSIVEMATCH) "" *
      S: b2 BAD ...
      C: b3 DELETE Work/Old
      S: b3 OK ...
      C: b4 LIST (SUBSCRIBED) "" Work*
      S: * LIST (...\NonExistent...) "/" Work/Old
      S: b4 OK ...
    `,
  },
  {
    title: 'the attributes of LIST with options',
    state: 'logged-in',
    script: String.raw`
      C: a1 CREATE Box
      S: a1 OK ...
      C: a2 LIST () "" Box
      P: * LIST (\HasNoChildren) "/" Box
      D: * LIST () "/" Box
      S: a2 OK ...
    `,
    differs: 'RFC 5258 §4: these attributes may be told in any response.',
  },
  {
    title: 'how RECURSIVEMATCH tells of what is below',
    state: 'logged-in',
    script: String.raw`
      C: a1 CREATE Work
      C: a2 CREATE Work/Old
      C: a3 SUBSCRIBE Work/Old
      S: a1 OK ...
      S: a2 OK ...
      S: a3 OK ...
      C: a4 LIST (SUBSCRIBED RECURSIVEMATCH) "" Wor%
      P: * LIST (\HasChildren) "/" Work ("CHILDINFO" ("SUBSCRIBED"))
      D: * LIST () "/" Work (CHILDINFO ("SUBSCRIBED"))
      S: a4 OK ...
    `,
    differs: 'RFC 5258 §6 allows both; quotes as in the examples of §5.',
  },
  {
    title: 'LIST without a pattern, and XLIST',
    state: 'logged-in',
    script: String.raw`
      C: a1 LIST "" ()
      P: a1 BAD ...
      D: a1 OK ...
      C: a2 XLIST "" Drafts
      P: a2 BAD ...
      D: * LIST (\HasNoChildren \Drafts) "/" Drafts
      D: a2 OK ...
    `,
    differs: 'RFC 5258 §6: the grammar asks for a pattern. XLIST is in no RFC; RFC 6154 §2 took its place.',
  },
  {
    title: 'SUBSCRIBE, LSUB and UNSUBSCRIBE',
    state: 'logged-in',
    script: String.raw`
      C: a1 CREATE Work/Old
      S: a1 OK ...
      C: a2 LSUB "" Work*
      S: a2 OK ...
      C: a3 SUBSCRIBE Work/Old
      S: a3 OK ...
      C: a4 SUBSCRIBE Work/Old
      S: a4 OK ...
      C: a5 LSUB "" Work/*
      S: * LSUB () "/" Work/Old
      S: a5 OK ...
      C: a6 LSUB "" Wor%
      S: * LSUB (\Noselect) "/" Work
      S: a6 OK ...
      C: a7 LSUB Work/ %
      S: * LSUB () "/" Work/Old
      S: a7 OK ...
      C: a8 UNSUBSCRIBE Work/Old
      S: a8 OK ...
      C: a9 LSUB "" Work*
      S: a9 OK ...
      C: b1 LSUB "" Drafts
      S: * LSUB (...) "/" Drafts
      S: b1 OK ...
    `,
  },
  {
    title: 'a subscription outlives its mailbox',
    state: 'logged-in',
    script: `
      C: a1 CREATE Box
      S: a1 OK ...
      C: a2 SUBSCRIBE Box
      S: a2 OK ...
      C: a3 DELETE Box
      S: a3 OK ...
      C: a4 LSUB "" Bo%
      S: * LSUB (...) "/" Box
      S: a4 OK ...
      C: a5 UNSUBSCRIBE Box
      S: a5 OK ...
      C: a6 LSUB "" Bo%
      S: a6 OK ...
    `,
  },
  {
    title: 'RENAME takes along what is below, and the messages',
    state: 'logged-in',
    script: String.raw`
      C: a1 CREATE Old
      C: a2 CREATE Old/Sub
      S: a1 OK ...
      S: a2 OK ...
      C: a3 APPEND Old/Sub {3+}
      C: x
      C:
      S: a3 OK [APPENDUID {uidvalidity} 1] ...
      C: a4 RENAME Old New
      S: a4 OK ...
      C: a5 LIST "" Old*
      S: a5 OK ...
      C: a6 STATUS New/Sub (MESSAGES UIDVALIDITY)
      S: * STATUS New/Sub (MESSAGES 1 UIDVALIDITY {uidvalidity})
      S: a6 OK ...
      C: a7 RENAME New/Sub Deep/Er/Sub
      S: a7 OK ...
      C: a8 LIST "" Deep/Er/%
      S: * LIST (\HasNoChildren) "/" Deep/Er/Sub
      S: a8 OK ...
    `,
  },
  {
    title: 'RENAME that cannot be',
    state: 'logged-in',
    script: `
      C: a1 RENAME Nothing Something
      S: a1 NO [NONEXISTENT] ...
      C: a2 CREATE One
      C: a3 CREATE Two
      S: a2 OK ...
      S: a3 OK ...
      C: a4 RENAME One Two
      S: a4 NO [ALREADYEXISTS] ...
      C: a5 RENAME One One/Below
      S: a5 NO ...
      C: a6 RENAME One INBOX
      S: a6 NO [ALREADYEXISTS] ...
      C: a7 RENAME One One
      S: a7 NO [ALREADYEXISTS] ...
      C: a8 RENAME One ""
      S: a8 NO [CANNOT] ...
      C: a9 RENAME One
      S: a9 BAD ...
    `,
  },
  {
    title: 'RENAME of INBOX moves its messages and leaves it empty',
    inbox: [letter('one'), letter('two')],
    state: 'logged-in',
    script: `
      C: a1 RENAME INBOX Old
      S: a1 OK ...
      C: a2 STATUS Old (MESSAGES)
      S: * STATUS Old (MESSAGES 2)
      S: a2 OK ...
      C: a3 STATUS INBOX (MESSAGES)
      S: * STATUS INBOX (MESSAGES 0)
      S: a3 OK ...
    `,
  },
  {
    title: 'CLOSE removes without a word, UNSELECT removes nothing',
    inbox: [{ flags: '\\Deleted', octets: letter('one') }, letter('two')],
    script: `
      C: a1 UNSELECT
      S: a1 OK ...
      C: a2 SELECT INBOX
      S: ...
      S: a2 OK ...
      C: a3 FETCH 1:2 (UID)
      S: * 1 FETCH (UID 1)
      S: * 2 FETCH (UID 2)
      S: a3 OK ...
      C: a4 CLOSE
      S: a4 OK ...
      C: a5 STATUS INBOX (MESSAGES)
      S: * STATUS INBOX (MESSAGES 1)
      S: a5 OK ...
      C: a6 CHECK
      S: a6 BAD ...
    `,
  },
  {
    title: 'a session that deletes the mailbox it has selected',
    state: 'logged-in',
    script: `
      C: a1 CREATE Box
      S: a1 OK ...
      C: a2 SELECT Box
      S: ...
      S: a2 OK ...
      C: a3 DELETE Box
      S: a3 OK ...
      C: a4 NOOP
      P: a4 OK ...
      D: * BYE ...
      D: (closed)
    `,
    differs:
      'RFC 3501 §6.3.4 says nothing of it; RFC 2180 §3.2 and §3.3 permit both. No mailbox is selected then, and the session goes on.',
  },
];
