import { test } from 'vitest';
import type { ImapClient } from '../testing/imap-client.ts';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();

async function selectWith(client: ImapClient, ...flags: readonly string[]): Promise<void> {
  for (const some of flags) await client.append('INBOX', 'Subject: one\r\n\r\n', some);
  await client.command('SELECT INBOX');
}

test('EXPUNGE removes what bears \\Deleted, and tells each by the number that it has then', async () => {
  await using mary = await server.logIn();
  await selectWith(mary, '\\Deleted', '', '\\Deleted', '\\Deleted', '');
  await mary.dialogue`
    C: a1 EXPUNGE
    S: * 4 EXPUNGE
    S: * 3 EXPUNGE
    S: * 1 EXPUNGE
    S: a1 OK ...
    C: a2 UID FETCH 1:* FLAGS
    S: * 1 FETCH (UID 2 FLAGS (\Recent))
    S: * 2 FETCH (UID 5 FLAGS (\Recent))
    S: a2 OK ...
    C: a3 EXPUNGE
    S: a3 OK ...
  `;
});

test('UID EXPUNGE removes of these only what it names', async () => {
  await using mary = await server.logIn();
  await selectWith(mary, '\\Deleted', '', '\\Deleted', '\\Deleted');
  await mary.dialogue`
    C: a1 UID EXPUNGE 2:3,9
    S: * 3 EXPUNGE
    S: a1 OK ...
    C: a2 UID EXPUNGE *
    S: * 3 EXPUNGE
    S: a2 OK ...
    C: a3 UID EXPUNGE
    S: a3 BAD ...
    C: a4 UID EXPUNGE nonsense
    S: a4 BAD ...
    C: a5 EXPUNGE 1
    S: a5 BAD ...
    C: a6 UID EXPUNGE $
    S: a6 OK ...
  `;
});

test('CLOSE removes without a word, UNSELECT removes nothing; both leave no mailbox selected', async () => {
  await using mary = await server.logIn();
  await selectWith(mary, '\\Deleted', '');
  await mary.dialogue`
    C: a1 UNSELECT
    S: a1 OK ...
    C: a2 CLOSE
    S: a2 BAD Select a mailbox first...
    C: a3 UNSELECT
    S: a3 BAD Select a mailbox first...
    C: a4 STATUS INBOX (MESSAGES)
    S: * STATUS INBOX (MESSAGES 2)
    S: a4 OK ...
    C: a5 SELECT INBOX
    S: ...
    S: a5 OK ...
    C: a6 CLOSE
    S: a6 OK ...
    C: a7 STATUS INBOX (MESSAGES)
    S: * STATUS INBOX (MESSAGES 1)
    S: a7 OK ...
    C: a8 CHECK
    S: a8 BAD Select a mailbox first...
  `;
});

test('what another connection removes is told in NOOP, CHECK and UID commands, never in FETCH, STORE and SEARCH', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using other = await server.logIn(account);
  await selectWith(mary, '', '', '', '', '');
  await other.command('SELECT INBOX');
  const remove = async (uid: number) => {
    await other.command(`UID STORE ${uid} +FLAGS.SILENT (\\Deleted)`);
    await other.command('EXPUNGE');
  };
  await remove(1);
  await mary.dialogue`
    C: a1 FETCH 2 (UID)
    S: * 2 FETCH (UID 2)
    S: a1 OK ...
    C: a2 SEARCH UID 2:*
    S: * SEARCH 2 3 4 5
    S: a2 OK ...
    C: a3 STORE 5 +FLAGS (\Flagged)
    S: * 5 FETCH (UID 5 FLAGS (\Flagged \Recent))
    S: a3 OK ...
    C: a4 SEARCH FLAGGED
    S: * SEARCH 5
    S: a4 OK ...
    C: a5 NOOP
    S: * 1 EXPUNGE
    S: a5 OK ...
    C: a6 FETCH 4 (UID)
    S: * 4 FETCH (UID 5)
    S: a6 OK ...
  `;
  await remove(2);
  await mary.dialogue`
    C: b1 CHECK
    S: * 1 EXPUNGE
    S: b1 OK ...
  `;
  await remove(3);
  await mary.dialogue`
    C: c1 UID FETCH 4 (FLAGS)
    S: * 1 EXPUNGE
    S: * 1 FETCH (UID 4 FLAGS (\Recent))
    S: c1 OK ...
  `;
  await remove(4);
  await mary.dialogue`
    C: d1 UID SEARCH ALL
    S: * SEARCH 4 5
    S: * 1 EXPUNGE
    S: d1 OK ...
  `;
  await remove(5);
  await mary.dialogue`
    C: e1 UID STORE 5 +FLAGS (\Seen)
    S: * 1 EXPUNGE
    S: e1 OK ...
    C: e2 FETCH 1 FLAGS
    S: e2 BAD No message of that number...
  `;
});

test('rule 11: a message that another connection removed stays readable by its old number until that is told', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using other = await server.logIn(account);
  await mary.append('INBOX', 'Subject: one\r\n\r\nText\r\n', '\\Flagged $Old');
  await mary.append('INBOX', 'Subject: two\r\n\r\nText\r\n');
  await mary.command('SELECT INBOX');
  await other.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 STORE 1 +FLAGS (\Deleted)
    S: ...
    S: a2 OK ...
    C: a3 EXPUNGE
    S: * 1 EXPUNGE
    S: a3 OK ...
  `;
  await mary.dialogue`
    C: a1 FETCH 1:2 (FLAGS)
    S: * 1 FETCH (FLAGS (\Flagged \Deleted \Recent $Old))
    S: * 2 FETCH (FLAGS (\Recent))
    S: a1 OK ...
    C: a2 FETCH 1 (UID RFC822.SIZE BODY.PEEK[HEADER.FIELDS (Subject)])
    S: * 1 FETCH (UID 1 RFC822.SIZE 22 BODY[HEADER.FIELDS (Subject)] {16}
    S: Subject: one
    S:
    S: )
    S: a2 OK ...
    C: a3 FETCH 1 BODY[TEXT]
    S: * 1 FETCH (BODY[TEXT] {6}
    S: Text
    S: )
    S: a3 OK ...
    C: a4 STORE 1 +FLAGS (\Seen)
    S: a4 NO [EXPUNGEISSUED] ...
    C: a5 STORE 1:2 +FLAGS.SILENT (\Seen)
    S: a5 OK [EXPUNGEISSUED] ...
    C: a6 STORE 1:2 +FLAGS (\Answered)
    S: * 2 FETCH (UID 2 FLAGS (\Answered \Seen \Recent))
    S: a6 NO [EXPUNGEISSUED] ...
    C: a7 SEARCH SEEN
    S: * SEARCH 2
    S: a7 OK ...
    C: a8 EXPUNGE
    S: * 1 EXPUNGE
    S: a8 OK ...
  `;
});

test('who leaves a mailbox without CLOSE removes nothing: SELECT, EXAMINE, a SELECT that fails, LOGOUT', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await selectWith(mary, '\\Deleted', '');
  for (const leave of ['SELECT Archive', 'SELECT INBOX', 'EXAMINE INBOX', 'SELECT Nothing']) {
    await mary.command('SELECT INBOX');
    await mary.command(leave);
  }
  await mary.command('SELECT INBOX');
  await mary.command('LOGOUT');
  await using again = await server.logIn(account);
  await again.dialogue`
    C: a1 STATUS INBOX (MESSAGES)
    S: * STATUS INBOX (MESSAGES 2)
    S: a1 OK ...
    C: a2 SELECT INBOX
    S: ...
    S: a2 OK ...
    C: a3 STORE 1 -FLAGS.SILENT (\Deleted)
    S: a3 OK ...
    C: a4 CLOSE
    S: a4 OK ...
    C: a5 STATUS INBOX (MESSAGES)
    S: * STATUS INBOX (MESSAGES 2)
    S: a5 OK ...
  `;
});

test('EXPUNGE and CLOSE leave alone what this connection has not been told of', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using other = await server.logIn(account);
  await selectWith(mary, '\\Deleted');
  await other.append('INBOX', 'Subject: two\r\n\r\n', '\\Deleted');
  await mary.dialogue`
    C: a1 EXPUNGE
    S: * 1 EXPUNGE
    S: * 1 EXISTS
    S: * 1 RECENT
    S: a1 OK ...
  `;
  await other.append('INBOX', 'Subject: three\r\n\r\n', '\\Deleted');
  await mary.command('CLOSE');
  await mary.dialogue`
    C: b1 STATUS INBOX (MESSAGES)
    S: * STATUS INBOX (MESSAGES 1)
    S: b1 OK ...
  `;
});
