import { expect, test } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();

test('MOVE tells the new UIDs, then that the messages are gone: RFC 6851 §4.3', async () => {
  await using mary = await server.logIn();
  await mary.append('INBOX', 'Subject: one\r\n\r\n', '\\Seen $Label');
  await mary.append('INBOX', 'Subject: two\r\n\r\n', '\\Deleted');
  await mary.append('INBOX', 'Subject: three\r\n\r\n', '\\Flagged');
  await mary.append('INBOX', 'Subject: four\r\n\r\n');
  await mary.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 MOVE 1,3 Archive
    S: * OK [COPYUID {uidvalidity} 1,3 1:2] Moved
    S: * 3 EXPUNGE
    S: * 1 EXPUNGE
    S: a2 OK Moved
    C: a3 UID MOVE 1:4 Archive
    S: * OK [COPYUID {uidvalidity} 2,4 3:4] Moved
    S: * 2 EXPUNGE
    S: * 1 EXPUNGE
    S: a3 OK Moved
    C: a4 UID FETCH 1:* FLAGS
    S: a4 OK ...
    C: a5 SELECT Archive
    S: ...
    S: * 4 EXISTS
    S: * 4 RECENT
    S: ...
    S: * OK [UIDVALIDITY {uidvalidity}] ...
    S: ...
    S: a5 OK ...
    C: a6 FETCH 1:* (UID FLAGS)
    S: * 1 FETCH (UID 1 FLAGS (\Seen \Recent $Label))
    S: * 2 FETCH (UID 2 FLAGS (\Flagged \Recent))
    S: * 3 FETCH (UID 3 FLAGS (\Deleted \Recent))
    S: * 4 FETCH (UID 4 FLAGS (\Recent))
    S: a6 OK ...
  `;
});

test('MOVE within a mailbox gives its messages new UIDs: RFC 6851 §3.3', async () => {
  await using mary = await server.logIn();
  await mary.append('INBOX', 'Subject: one\r\n\r\n', '\\Seen');
  await mary.append('INBOX', 'Subject: two\r\n\r\n');
  await mary.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 MOVE 1 INBOX
    S: * OK [COPYUID {uidvalidity} 1 3] Moved
    S: * 1 EXPUNGE
    S: * 2 EXISTS
    S: * 2 RECENT
    S: a2 OK Moved
    C: a3 FETCH 1:* (UID FLAGS)
    S: * 1 FETCH (UID 2 FLAGS (\Recent))
    S: * 2 FETCH (UID 3 FLAGS (\Seen \Recent))
    S: a3 OK ...
  `;
});

test('MOVE that cannot be', async () => {
  await using mary = await server.logIn();
  await mary.append('INBOX', 'Subject: one\r\n\r\n');
  await mary.dialogue`
    C: a1 MOVE 1 Archive
    S: a1 BAD Select a mailbox first...
    C: a2 EXAMINE INBOX
    S: ...
    S: a2 OK ...
    C: a3 MOVE 1 Archive
    S: a3 NO [CANNOT] ...
    C: a4 UID MOVE 1 Archive
    S: a4 NO [CANNOT] ...
    C: a5 SELECT INBOX
    S: ...
    S: a5 OK ...
    C: a6 MOVE 1 Nothing
    S: a6 NO [TRYCREATE] ...
    C: a7 UID MOVE 1 Nothing
    S: a7 NO [TRYCREATE] ...
    C: a8 MOVE 2 Archive
    S: a8 BAD No message of that number...
    C: a9 UID MOVE 7 Archive
    S: a9 OK No such message: nothing moved
    C: b1 MOVE 1
    S: b1 BAD ...
    C: b2 UID MOVE 1 Archive more
    S: b2 BAD ...
    C: b3 STATUS INBOX (MESSAGES)
    S: * STATUS INBOX (MESSAGES 1)
    S: b3 OK ...
    C: b4 UID MOVE * Archive
    S: * OK [COPYUID {uidvalidity} 1 1] Moved
    S: * 1 EXPUNGE
    S: b4 OK Moved
  `;
});

test('of messages that another connection removed MOVE moves the others', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using other = await server.logIn(account);
  for (const subject of ['one', 'two', 'three', 'four']) await mary.append('INBOX', `Subject: ${subject}\r\n\r\n`);
  await mary.command('SELECT INBOX');
  await other.command('SELECT INBOX');
  await other.command('MOVE 2 Trash');
  await mary.dialogue`
    C: a1 MOVE 1:3 Archive
    S: * OK [COPYUID {uidvalidity} 1,3 1:2] Moved
    S: * 3 EXPUNGE
    S: * 2 EXPUNGE
    S: * 1 EXPUNGE
    S: a1 NO [EXPUNGEISSUED] ...
  `;
  await other.dialogue`
    C: a1 UID MOVE 1:4 Archive
    S: * OK [COPYUID {uidvalidity} 4 3] Moved
    S: * 3 EXPUNGE
    S: * 2 EXPUNGE
    S: * 1 EXPUNGE
    S: a1 OK Moved
  `;
  await mary.dialogue`
    C: b1 UID MOVE 4 Archive
    S: * 1 EXPUNGE
    S: b1 OK Moved
    C: b2 STATUS Archive (MESSAGES)
    S: * STATUS Archive (MESSAGES 3)
    S: b2 OK ...
    C: b3 STATUS Trash (MESSAGES)
    S: * STATUS Trash (MESSAGES 1)
    S: b3 OK ...
  `;
});

test('who watches the source or the target hears of a move at once, in this process and in another', async () => {
  const account = await server.addAccount();
  await using second = await server.startProcess();
  await using mary = await server.logIn(account);
  for (const flags of ['\\Seen', '$Label', '']) await mary.append('INBOX', 'Subject: one\r\n\r\n', flags);
  await mary.command('SELECT INBOX');
  const ports = [server.postel.ports.imap, second.port];
  await using sourceNear = await server.logIn(account, ports[0]);
  await using sourceFar = await server.logIn(account, ports[1]);
  await using targetNear = await server.logIn(account, ports[0]);
  await using targetFar = await server.logIn(account, ports[1]);
  for (const watcher of [sourceNear, sourceFar, targetNear, targetFar]) {
    await watcher.command(watcher === sourceNear || watcher === sourceFar ? 'SELECT INBOX' : 'SELECT Archive');
    await watcher.dialogue`
      C: a1 IDLE
      S: + idling
    `;
  }
  await mary.command('UID MOVE 1:2 Archive');
  for (const watcher of [sourceNear, sourceFar]) {
    await watcher.dialogue`
      S: * 2 EXPUNGE
      S: * 1 EXPUNGE
      C: DONE
      S: a1 OK ...
      C: a2 FETCH 1:* UID
      S: * 1 FETCH (UID 3)
      S: a2 OK ...
    `;
  }
  for (const watcher of [targetNear, targetFar]) {
    await watcher.dialogue`
      S: * 2 EXISTS
      S: * {recent} RECENT
      C: DONE
      S: a1 OK ...
      C: a2 UID SEARCH KEYWORD $label
      S: * SEARCH 2
      S: a2 OK ...
    `;
  }
});

test('a message that was moved stays readable by its old number until another connection is told', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using other = await server.logIn(account);
  await mary.append('INBOX', 'Subject: one\r\n\r\nText\r\n', '\\Flagged');
  await mary.append('INBOX', 'Subject: two\r\n\r\nText\r\n');
  await mary.command('SELECT INBOX');
  await other.command('SELECT INBOX');
  await other.command('MOVE 1 Archive');
  await mary.dialogue`
    C: a1 FETCH 1 (UID FLAGS BODY.PEEK[TEXT])
    S: * 1 FETCH (UID 1 FLAGS (\Flagged \Recent) BODY[TEXT] {6}
    S: Text
    S: )
    S: a1 OK ...
    C: a2 SEARCH ALL
    S: * SEARCH 1 2
    S: a2 OK ...
    C: a3 STORE 1 +FLAGS (\Seen)
    S: a3 NO [EXPUNGEISSUED] ...
    C: a4 NOOP
    S: * 1 EXPUNGE
    S: a4 OK ...
  `;
});

test('a target that goes while messages move is TRYCREATE; what is gone from the source is in the target', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using other = await server.logIn(account);
  for (let i = 0; i < 10; i++) {
    await mary.command('CREATE Old');
    await mary.append('INBOX', `Subject: ${i}\r\n\r\n`);
    await mary.command('SELECT INBOX');
    const [moved] = await Promise.all([mary.command('MOVE * Old'), other.command('DELETE Old')]);
    expect(moved.tagged).toMatch(/^(OK|NO \[TRYCREATE\]) /);
    expect(moved.untagged.length).toBe(moved.tagged.startsWith('OK') ? 2 : 0);
  }
});

test('many messages move in several steps: what was moved before one fails is told, and the rest stays', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using other = await server.logIn(account);
  await mary.append('INBOX', 'Subject: many\r\n\r\n');
  await mary.command('SELECT INBOX');
  for (let count = 1; count < 16_384; count *= 2) await mary.command('COPY 1:* INBOX');
  await mary.append('INBOX', 'Subject: last\r\n\r\n', 'more');
  for (let first = 0; first < 1_000; first += 100) {
    const keywords = Array.from({ length: 100 }, (_, i) => `k${first + i}`).join(' ');
    await mary.append('Archive', 'Subject: full\r\n\r\n', keywords);
  }
  await other.command('SELECT INBOX');

  /** A slow machine says in between how far it is. */
  const moved = async () => {
    const { tagged, untagged } = await mary.command('MOVE 1:* Archive');
    return { tagged, untagged: untagged.filter((line) => !line.startsWith('* OK [INPROGRESS ')) };
  };
  const halfway = await moved();
  expect(halfway.tagged).toMatch(/^NO \[LIMIT\]/);
  expect(halfway.untagged[0]).toMatch(/^\* OK \[COPYUID \d+ 1:10000 11:10010\] Moved$/);
  expect(halfway.untagged.slice(1)).toEqual(Array.from({ length: 10_000 }, (_, i) => `* ${10_000 - i} EXPUNGE`));
  await mary.command('UID STORE 16385 -FLAGS.SILENT (more)');
  const whole = await moved();
  expect(whole.tagged).toMatch(/^OK /);
  expect(whole.untagged[0]).toMatch(/^\* OK \[COPYUID \d+ 10001:16385 10011:16395\] Moved$/);
  expect(whole.untagged).toHaveLength(1 + 6_385);
  const { untagged } = await other.command('NOOP');
  expect(untagged.filter((line) => line.endsWith(' EXPUNGE'))).toHaveLength(16_385);
  await mary.dialogue`
    C: a1 STATUS INBOX (MESSAGES)
    S: * STATUS INBOX (MESSAGES 0)
    S: a1 OK ...
    C: a2 STATUS Archive (MESSAGES UIDNEXT)
    S: * STATUS Archive (MESSAGES 16395 UIDNEXT 16396)
    S: a2 OK ...
  `;
});
