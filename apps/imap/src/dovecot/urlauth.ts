import type { SharedTranscript } from '../testing/shared-transcript.ts';

export const urlauth: readonly SharedTranscript[] = [
  {
    title: 'keys of authorized URLs',
    state: 'logged-in',
    script: `
      C: a1 RESETKEY INBOX
      S: a1 OK [URLMECH INTERNAL] ...
      C: a2 RESETKEY INBOX INTERNAL
      S: a2 OK [URLMECH INTERNAL] ...
      C: a3 RESETKEY INBOX XSAMPLE
      S: a3 NO ...
      C: a4 RESETKEY Nowhere
      S: a4 NO ...
      C: a5 RESETKEY
      S: a5 OK ...
    `,
  },
  {
    title: 'what is no URL to authorize',
    state: 'logged-in',
    script: `
      C: a1 GENURLAUTH nonsense INTERNAL
      S: a1 BAD ...
      C: a2 GENURLAUTH "imap://nobody@example.com/INBOX/;uid=1;urlauth=authuser" INTERNAL
      S: a2 BAD ...
      C: a3 GENURLAUTH "imap://nobody@example.com/INBOX/;uid=1;urlauth=authuser"
      S: a3 BAD ...
      C: a4 URLFETCH
      S: a4 BAD ...
    `,
  },
  {
    title: 'a URL that is not good',
    state: 'logged-in',
    script: `
      C: a1 URLFETCH nonsense
      P: * URLFETCH "nonsense" NIL
      D: * URLFETCH nonsense NIL
      D: * NO Failed to fetch URLAUTH...
      S: a1 OK ...
    `,
    differs: 'RFC 4467 §7: NIL is all that is told of a URL that is not good; why would help those who try.',
  },
];
