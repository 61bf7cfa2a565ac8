import type { SharedTranscript } from '../testing/shared-transcript.ts';

export const quota: readonly SharedTranscript[] = [
  {
    title: 'the quota root of a mailbox that is there, and of one that is not',
    state: 'logged-in',
    script: `
      C: a1 GETQUOTAROOT INBOX
      S: * QUOTAROOT INBOX "User quota"
      S: * QUOTA "User quota" (STORAGE 0 1048576 MESSAGE 0 1000)
      S: a1 OK ...
      C: a2 GETQUOTAROOT "nothing there"
      S: * QUOTAROOT "nothing there" "User quota"
      S: * QUOTA "User quota" (STORAGE 0 1048576 MESSAGE 0 1000)
      S: a2 OK ...
    `,
  },
  {
    title: 'the use of a quota: messages, copies, and what was expunged',
    state: 'logged-in',
    script: String.raw`
      C: a1 APPEND INBOX {16+}
      C: Subject: one
      C:
      C:
      S: a1 OK ...
      C: a2 SELECT INBOX
      S: ...
      S: a2 OK ...
      C: a3 COPY 1 Sent
      S: a3 OK ...
      C: a4 GETQUOTA "User quota"
      S: * QUOTA "User quota" (STORAGE 1 1048576 MESSAGE 2 1000)
      S: a4 OK ...
      C: a5 STORE 1 +FLAGS.SILENT (\Deleted)
      S: a5 OK ...
      C: a6 CLOSE
      S: a6 OK ...
      C: a7 GETQUOTA "User quota"
      S: * QUOTA "User quota" (STORAGE 1 1048576 MESSAGE 1 1000)
      S: a7 OK ...
    `,
  },
  {
    title: 'a quota root that is none, and limits that are not for users to set',
    state: 'logged-in',
    script: `
      C: a1 GETQUOTA nothing
      P: a1 NO [NONEXISTENT] ...
      D: a1 NO Quota root doesn't exist...
      C: a2 GETQUOTA
      S: a2 BAD ...
      C: a3 SETQUOTA "User quota" (STORAGE 5)
      P: a3 NO [NOPERM] ...
      D: a3 NO Quota can be changed only by admin...
    `,
    differs: 'RFC 5530 §3: NONEXISTENT and NOPERM tell a program what the text tells a person.',
  },
];
