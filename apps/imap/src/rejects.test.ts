/** The mailbox Rejects, as mail programs see it: to be read like others, and filled by nobody but the server. */
import { expect, test } from 'vitest';
import { keepReject } from './testing/keep-reject.ts';
import { MailServer } from './testing/mail-server.ts';

const server = new MailServer();
const OCTETS = 'X-Postel-Rejected: test\r\nSubject: 1\r\n\r\n'.length;

/** With one message in INBOX, and one in Rejects. */
async function start() {
  const account = await server.addAccount();
  const mary = await server.logIn(account);
  await mary.dialogue`
    C: s1 APPEND INBOX {10+}
    C: 0123456789
    S: s1 OK ...
  `;
  await keepReject(server.postel, account.name, 'Subject: 1\r\n\r\n');
  return { account, mary };
}

test('it is there like others, and its messages have no part in the quota', async () => {
  const { account, mary } = await start();
  await server.postel.setQuota(account, { octets: 1_024, messages: 1 });
  await mary.dialogue`
    C: a1 LIST (SUBSCRIBED) "" Rejects
    S: * LIST (\HasNoChildren \Subscribed) "/" Rejects
    S: a1 OK ...
    C: a2 STATUS Rejects (MESSAGES UNSEEN SIZE)
    S: * STATUS Rejects (MESSAGES 1 UNSEEN 1 SIZE ${OCTETS})
    S: a2 OK ...
    C: a3 GETQUOTAROOT Rejects
    S: * QUOTAROOT Rejects
    S: a3 OK ...
    C: a4 GETQUOTAROOT INBOX
    S: * QUOTAROOT INBOX "User quota"
    S: * QUOTA "User quota" (STORAGE 1 1 MESSAGE 1 1)
    S: a4 OK ...
    C: a5 SELECT Rejects
    S: ...
    S: a5 OK [READ-WRITE] ...
    C: a6 FETCH 1 (FLAGS BODY.PEEK[HEADER.FIELDS (X-POSTEL-REJECTED)])
    S: * 1 FETCH (FLAGS (...) BODY[HEADER.FIELDS (X-POSTEL-REJECTED)] {27}
    S: X-Postel-Rejected: test
    S:
    S: )
    S: a6 OK ...
    C: a7 SEARCH SUBJECT 1
    S: * SEARCH 1
    S: a7 OK ...
    C: a8 MOVE 1 INBOX
    S: a8 NO [OVERQUOTA] ...
    C: a9 STORE 1 +FLAGS.SILENT (\Deleted)
    S: a9 OK ...
    C: b1 EXPUNGE
    S: * 1 EXPUNGE
    S: b1 OK ...
    C: b2 GETQUOTA "User quota"
    S: * QUOTA "User quota" (STORAGE 1 1 MESSAGE 1 1)
    S: b2 OK ...
  `;
});

test('whoever waits in it hears of the next copy', async () => {
  const { account, mary } = await start();
  await mary.dialogue`
    C: a1 SELECT Rejects
    S: ...
    S: a1 OK [READ-WRITE] ...
    C: a2 IDLE
    S: + ...
  `;
  await keepReject(server.postel, account.name, 'Subject: 2\r\n\r\n');
  await mary.dialogue`
    S: * 2 EXISTS
    S: * 2 RECENT
    C: DONE
    S: a2 OK ...
  `;
});

test('nobody puts anything into it, and nothing has it as its place', async () => {
  const { account, mary } = await start();
  const other = await server.addAccount('other');
  await using peter = await server.logIn(other);
  await mary.dialogue`
    C: a1 APPEND Rejects {10}
    S: a1 NO [CANNOT] ...
    C: a2 SELECT INBOX
    S: ...
    S: a2 OK ...
    C: a3 COPY 1 Rejects
    S: a3 NO [CANNOT] ...
    C: a4 MOVE 1 Rejects
    S: a4 NO [CANNOT] ...
    C: a5 REPLACE 1 Rejects {10}
    S: a5 NO [CANNOT] ...
    C: a6 SETMETADATA Rejects (/private/specialuse "\\Sent")
    S: a6 NO [USEATTR] ...
    C: a7 SETMETADATA Rejects (/private/specialuse NIL /private/comment "junk")
    S: a7 OK ...
    C: a8 CREATE Rejects
    S: a8 NO [ALREADYEXISTS] ...
    C: a9 SETACL Rejects ${other.name} lri
    S: a9 OK ...
  `;
  await peter.dialogue`
    C: a1 APPEND "Other Users/${account.name}/Rejects" {10}
    S: a1 NO [CANNOT] ...
    C: a2 EXAMINE "Other Users/${account.name}/Rejects"
    S: ...
    S: * 1 EXISTS
    S: ...
    S: a2 OK ...
    C: a3 COPY 1 INBOX
    S: a3 OK ...
    C: a4 GETQUOTA "User quota"
    S: * QUOTA "User quota" ()
    S: a4 OK ...
  `;
  const { untagged } = await mary.command('STATUS Rejects (MESSAGES)');
  expect(untagged).toEqual(['* STATUS Rejects (MESSAGES 1)']);
});

test('renamed it is a mailbox like others, and deleted it is gone', async () => {
  const { account, mary } = await start();
  await mary.dialogue`
    C: a1 RENAME Rejects Kept
    S: a1 OK ...
    C: a2 GETQUOTAROOT Kept
    S: * QUOTAROOT Kept "User quota"
    S: ...
    S: a2 OK ...
    C: a3 APPEND Kept {10+}
    C: 0123456789
    S: a3 OK ...
  `;
  await keepReject(server.postel, account.name, 'Subject: 2\r\n\r\n');
  await mary.dialogue`
    C: a4 STATUS Rejects (MESSAGES)
    S: * STATUS Rejects (MESSAGES 1)
    S: a4 OK ...
    C: a5 DELETE Rejects
    S: a5 OK ...
    C: a6 STATUS Kept (MESSAGES)
    S: * STATUS Kept (MESSAGES 2)
    S: a6 OK ...
    C: a7 STATUS Rejects (MESSAGES)
    S: a7 NO [NONEXISTENT] ...
  `;
});
