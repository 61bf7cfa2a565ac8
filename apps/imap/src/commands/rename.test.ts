import { expect, test } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();

test('RFC 3501 §6.3.5: a mailbox is renamed, and those below it, also where it has no mailbox of its own', async () => {
  await using mary = await server.logIn();
  for (const name of ['blurdybloop', 'foo/bar']) await mary.command(`CREATE ${name}`);
  await mary.dialogue`
    C: A681 DELETE foo
    S: A681 OK ...
    C: A682 LIST "" (blurd* foo*)
    S: * LIST (\HasNoChildren) "/" blurdybloop
    S: * LIST (\NonExistent \HasChildren) "/" foo
    S: * LIST (\HasNoChildren) "/" foo/bar
    S: A682 OK ...
    C: A683 RENAME blurdybloop sarasoop
    S: A683 OK Renamed
    C: A684 RENAME foo zowie
    S: A684 OK Renamed
    C: A685 LIST "" (s* z* foo* blurd*)
    S: * LIST (\HasNoChildren) "/" sarasoop
    S: * LIST (\NonExistent \HasChildren) "/" zowie
    S: * LIST (\HasNoChildren) "/" zowie/bar
    S: A685 OK ...
    C: A686 RENAME zowie/bar baz/rag/zowie/
    S: A686 OK ...
    C: A687 LIST "" *a*
    S: ...
    S: * LIST (\HasChildren) "/" baz
    S: * LIST (\HasChildren) "/" baz/rag
    S: * LIST (\HasNoChildren) "/" baz/rag/zowie
    S: * LIST (\HasNoChildren) "/" sarasoop
    S: A687 OK ...
  `;
});

test('RFC 3501 §6.3.5: RENAME of INBOX moves its messages and leaves what is below it', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using idle = await server.logIn(account);
  await mary.command('CREATE INBOX/bar');
  await mary.append('INBOX', 'Subject: one\r\n\r\n', '\\Seen $Junk');
  await mary.append('INBOX', 'Subject: two\r\n\r\n');
  await idle.command('SELECT INBOX');
  await idle.dialogue`
    C: i1 IDLE
    S: + ...
  `;
  await mary.dialogue`
    C: Z431 SELECT INBOX
    S: ...
    S: * OK [UIDVALIDITY {inbox}]...
    S: ...
    S: Z431 OK ...
    C: Z433 RENAME inbox old-mail
    S: * 2 EXPUNGE
    S: * 1 EXPUNGE
    S: Z433 OK Renamed
    C: Z434 LIST "" (INBOX* old*)
    S: * LIST (\HasChildren) "/" INBOX
    S: * LIST (\HasNoChildren) "/" INBOX/bar
    S: * LIST (\HasNoChildren) "/" old-mail
    S: Z434 OK ...
    C: Z435 STATUS INBOX (MESSAGES UIDNEXT UIDVALIDITY)
    S: * STATUS INBOX (MESSAGES 0 UIDNEXT 3 UIDVALIDITY {inbox})
    S: Z435 OK ...
    C: Z436 EXAMINE old-mail
    S: * OK [CLOSED] ...
    S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft $Junk)
    S: ...
    S: * 2 EXISTS
    S: ...
    S: Z436 OK ...
    C: Z437 FETCH 1:2 (UID FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])
    S: * 1 FETCH (UID 1 FLAGS (\Seen \Recent $Junk) BODY[HEADER.FIELDS (SUBJECT)] {16}
    S: Subject: one
    S: 
    S: )
    S: * 2 FETCH (UID 2 FLAGS (\Recent) ...
    S: Subject: two
    S: 
    S: )
    S: Z437 OK ...
  `;
  await idle.dialogue`
    S: * 2 EXPUNGE
    S: * 1 EXPUNGE
    C: DONE
    S: i1 OK ...
  `;
});

test('sessions that have a renamed mailbox selected go on, and it keeps UIDVALIDITY and special use', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using other = await server.logIn(account);
  await other.append('Sent', 'Subject: one\r\n\r\n');
  await mary.dialogue`
    C: a1 SELECT Sent
    S: ...
    S: * OK [UIDVALIDITY {uidvalidity}]...
    S: ...
    S: a1 OK ...
  `;
  await other.dialogue`
    C: a1 RENAME Sent "Post/Gesendet"
    S: a1 OK ...
    C: a2 LIST "" Post/*
    S: * LIST (\HasNoChildren \Sent) "/" Post/Gesendet
    S: a2 OK ...
  `;
  await other.append('Post/Gesendet', 'Subject: two\r\n\r\n');
  const { untagged } = await other.command('STATUS Post/Gesendet (UIDVALIDITY)');
  const { uidvalidity } = await mary.dialogue`
    C: a2 NOOP
    S: * 2 EXISTS
    S: ...
    S: a2 OK ...
    C: a3 STORE 1 +FLAGS (\Flagged)
    S: * 1 FETCH (UID 1 FLAGS (\Flagged \Recent))
    S: a3 OK ...
    C: a4 SELECT Post/Gesendet
    S: ...
    S: * OK [UIDVALIDITY {uidvalidity}]...
    S: ...
    S: a4 OK ...
  `;
  expect(untagged).toEqual([`* STATUS Post/Gesendet (UIDVALIDITY ${uidvalidity})`]);
});

test('what cannot be renamed, and what nothing can be renamed to', async () => {
  await using mary = await server.logIn();
  await mary.command('CREATE a/b');
  await mary.dialogue`
    C: a1 RENAME nothing b
    S: a1 NO [NONEXISTENT]...
    C: a2 RENAME a Sent
    S: a2 NO [ALREADYEXISTS]...
    C: a3 RENAME a inbox
    S: a3 NO [ALREADYEXISTS]...
    C: a4 RENAME a a
    S: a4 NO [ALREADYEXISTS]...
    C: a5 RENAME a a/b/c
    S: a5 NO [CANNOT]...
    C: a6 RENAME a "b*"
    S: a6 NO [CANNOT]...
    C: a7 RENAME a b//c
    S: a7 NO [CANNOT]...
    C: a8 RENAME a ""
    S: a8 NO [CANNOT]...
    C: a9 RENAME "" b
    S: a9 NO [NONEXISTENT]...
    C: b1 RENAME a
    S: b1 BAD ...
    C: b2 RENAME INBOX Sent
    S: b2 NO [ALREADYEXISTS]...
    C: b3 RENAME INBOX INBOX/old
    S: b3 OK ...
    C: b5 LIST "" a*
    S: * LIST (\HasChildren) "/" a
    S: * LIST (\HasNoChildren) "/" a/b
    S: b5 OK ...
  `;
});

test('a renamed mailbox is shown to clients that list what is subscribed', async () => {
  await using mary = await server.logIn();
  await mary.command('CREATE a/b');
  await mary.dialogue`
    C: a1 SUBSCRIBE a/b
    S: a1 OK ...
    C: a2 RENAME a x
    S: a2 OK ...
    C: a3 LSUB "" *b
    S: * LSUB () "/" a/b
    S: * LSUB () "/" x/b
    S: a3 OK ...
    C: a4 UNSUBSCRIBE a/b
    S: a4 OK ...
    C: a5 LIST (SUBSCRIBED) "" *b
    S: * LIST (\HasNoChildren \Subscribed) "/" x/b
    S: a5 OK ...
  `;
});

test('a message on its way to a mailbox that is renamed meanwhile is in it', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using other = await server.logIn(account);
  await mary.command('CREATE a');
  await mary.dialogue`
    C: a1 APPEND a {16}
    S: + ...
  `;
  await other.dialogue`
    C: b1 STATUS a (UIDVALIDITY)
    S: * STATUS a (UIDVALIDITY {uidvalidity})
    S: b1 OK ...
    C: b2 RENAME a b
    S: b2 OK ...
    C: b3 CREATE a
    S: b3 OK ...
  `;
  await mary.dialogue`
    C: Subject: one
    C: 
    C: 
    S: a1 OK [APPENDUID {uidvalidity} 1] ...
    C: a2 STATUS b (MESSAGES UIDVALIDITY)
    S: * STATUS b (MESSAGES 1 UIDVALIDITY {uidvalidity})
    S: a2 OK ...
    C: a3 STATUS a (MESSAGES)
    S: * STATUS a (MESSAGES 0)
    S: a3 OK ...
  `;
});
