/** QRESYNC (RFC 7162 §3.2): what a client is told that comes back, and what keeps it from missing anything. */
import { expect, test } from 'vitest';
import type { ImapClient } from '../testing/imap-client.ts';
import { MailServer } from '../testing/mail-server.ts';
import { pruneAll } from '../testing/prune-all.ts';

const server = new MailServer();
const LETTER = 'Subject: one\r\n\r\n';

/** Who has enabled QRESYNC, in a mailbox with so many messages; and another connection there that has not. */
async function open(messages: number) {
  const account = await server.addAccount();
  const mary = await server.logIn(account);
  const other = await server.logIn(account);
  for (let i = 0; i < messages; i++) await mary.append('INBOX', LETTER);
  await mary.command('ENABLE QRESYNC');
  await other.command('SELECT INBOX');
  const { untagged } = await mary.command('SELECT INBOX');
  const told = (code: string) => Number(new RegExp(`\\[${code} (\\d+)\\]`).exec(untagged.join())?.[1]);
  return {
    account,
    mary,
    other,
    uidvalidity: told('UIDVALIDITY'),
    modSeq: told('HIGHESTMODSEQ'),
    async [Symbol.asyncDispose]() {
      await mary[Symbol.asyncDispose]();
      await other[Symbol.asyncDispose]();
    },
  };
}

/** Removes messages, and gives what HIGHESTMODSEQ is then. */
async function remove(client: ImapClient, uids: string): Promise<number> {
  await client.command(`UID STORE ${uids} +FLAGS.SILENT (\\Deleted)`);
  await client.command(`UID EXPUNGE ${uids}`);
  const { untagged } = await client.command('STATUS INBOX (HIGHESTMODSEQ)');
  return Number(/HIGHESTMODSEQ (\d+)\)$/.exec(untagged.at(-1) ?? '')?.[1]);
}

/** What SELECT tells of messages: VANISHED and FETCH. */
async function resync(client: ImapClient, parameter: string): Promise<readonly string[]> {
  const { untagged, tagged } = await client.command(`SELECT INBOX (QRESYNC (${parameter}))`);
  expect(tagged).toMatch(/^OK \[READ-WRITE\] /);
  return untagged.filter((line) => /^\* (VANISHED|\d+ FETCH)/.test(line)).map((line) => line.replace(/ FLAGS.*/, ''));
}

test('ENABLE QRESYNC enables CONDSTORE too, and says HIGHESTMODSEQ of the mailbox that is selected', async () => {
  await using mary = await server.logIn();
  await mary.append('INBOX', LETTER);
  await mary.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: * OK [HIGHESTMODSEQ {modseq}] ...
    S: a1 OK ...
    C: a2 ENABLE QRESYNC CONDSTORE
    S: * ENABLED QRESYNC CONDSTORE
    S: * OK [HIGHESTMODSEQ {modseq}] ...
    S: a2 OK ...
    C: a3 STORE 1 +FLAGS.SILENT (\Seen)
    S: * 1 FETCH (UID 1 MODSEQ ({seen}))
    S: a3 OK Stored
    C: a4 ENABLE CONDSTORE
    S: * ENABLED
    S: a4 OK ...
  `;
});

test('removals are told by VANISHED, of all of them at once, and HIGHESTMODSEQ in the tagged OK', async () => {
  await using opened = await open(9);
  const { mary, other } = opened;
  await mary.command('CREATE Archive');
  await mary.dialogue`
    C: a1 STORE 2:4,7 +FLAGS (\Deleted)
    S: ...
    S: a1 OK Stored
    C: a2 EXPUNGE
    S: * VANISHED 2:4,7
    S: a2 OK [HIGHESTMODSEQ {expunged}] Expunged
    C: a3 EXPUNGE
    S: a3 OK Expunged
    C: a4 STORE 1 +FLAGS.SILENT (\Deleted)
    S: * 1 FETCH (UID 1 MODSEQ (...))
    S: a4 OK Stored
    C: a5 UID EXPUNGE 1:2
    S: * VANISHED 1
    S: a5 OK [HIGHESTMODSEQ {second}] Expunged
    C: a6 MOVE 1 Archive
    S: * OK [COPYUID ...] Moved
    S: * VANISHED 5
    S: a6 OK [HIGHESTMODSEQ {third}] Moved
  `;
  await remove(other, '6');
  await mary.dialogue`
    C: a7 NOOP
    S: * VANISHED 6
    S: a7 OK [HIGHESTMODSEQ {fourth}] Done
    C: a8 STATUS INBOX (HIGHESTMODSEQ MESSAGES)
    S: * STATUS INBOX (HIGHESTMODSEQ {fourth} MESSAGES 2)
    S: a8 OK ...
    C: a9 STORE 1 +FLAGS.SILENT (\Deleted)
    S: * 1 FETCH (UID 8 MODSEQ (...))
    S: a9 OK Stored
    C: b1 CLOSE
    S: b1 OK Closed
  `;
});

test.for([
  ['EXPUNGE', 'RFC 7162 §3.2.7'],
  ['UID EXPUNGE 2', 'RFC 7162 §3.2.9'],
  ['MOVE 2 Archive', 'RFC 6851 §4.4'],
])('%s (%s): HIGHESTMODSEQ stands in the tagged OK also where a FETCH has told as much', async ([command]) => {
  await using opened = await open(3);
  const { account, mary, other } = opened;
  await using watching = await server.logIn(account);
  await watching.command('SELECT INBOX');
  await mary.command('CREATE Archive');
  await mary.command('STORE 2 +FLAGS (\\Deleted)');
  {
    await using _ = await server.hold(account);
    // What waits is done in one transaction, so that who is answered first is told both.
    for (const [client, text] of [
      [other, 'a1 STORE 1 +FLAGS (\\Answered)'],
      [mary, `b1 ${command}`],
      [watching, 'c1 STORE 1 +FLAGS (\\Flagged)'],
    ] as const) {
      client.send(`${text}\r\n`);
      await using neighbour = await server.logIn(account);
      // Each a question to the database, and more of them than a command asks before it waits.
      for (let n = 0; n < 6; n++) await neighbour.command('STATUS INBOX (MESSAGES)');
    }
  }
  const { highest } = await mary.dialogue`
    S: ...
    S: b1 OK [HIGHESTMODSEQ {highest}] ...
  `;
  const told = mary.history.flatMap((line) => /^S: \* 1 FETCH .*MODSEQ \((\d+)\)/.exec(line)?.[1] ?? []);
  expect(mary.history).toContain('S: * VANISHED 2');
  expect(told).not.toEqual([]);
  // Which of the last two came first is for the database to say: a MOVE asks it more before it waits.
  expect(Number(highest)).toBeGreaterThanOrEqual(Math.max(...told.map(Number)));
});

test('RFC 7162 §3.2.8: CLOSE says nothing of HIGHESTMODSEQ, and a resync from before it tells what it removed', async () => {
  await using opened = await open(3);
  const { mary, uidvalidity, modSeq } = opened;
  await mary.dialogue`
    C: a1 STORE 2 +FLAGS (\Deleted)
    S: * 2 FETCH (UID 2 FLAGS (\Deleted...) MODSEQ ({deleted}))
    S: a1 OK Stored
    C: a2 CLOSE
    S: a2 OK Closed
    C: a3 SELECT INBOX (QRESYNC (${uidvalidity} {deleted}))
    S: * FLAGS ...
    S: ...
    S: * 2 EXISTS
    S: ...
    S: * OK [HIGHESTMODSEQ ...] ...
    S: * VANISHED (EARLIER) 2
    S: a3 OK [READ-WRITE] ...
  `;
  expect(modSeq).toBeGreaterThan(0);
});

test('who idles is told HIGHESTMODSEQ with what vanished', async () => {
  await using opened = await open(3);
  const { mary, other } = opened;
  await mary.dialogue`
    C: a1 IDLE
    S: + idling
  `;
  const modSeq = await remove(other, '2');
  await mary.dialogue`
    S: ...
    S: * VANISHED 2
    S: * OK [HIGHESTMODSEQ ${modSeq}] ...
    C: DONE
    S: a1 OK Idled
  `;
});

test('SELECT with QRESYNC tells what vanished, then what changed, of the UIDs asked for', async () => {
  await using opened = await open(10);
  const { mary, other, uidvalidity, modSeq } = opened;
  await remove(other, '2:3,8');
  await other.command('UID STORE 4,9 +FLAGS (\\Flagged)');
  await other.append('INBOX', LETTER, '\\Seen');
  await mary.dialogue`
    C: a1 SELECT INBOX (QRESYNC (${uidvalidity} ${modSeq}))
    S: * OK [CLOSED] ...
    S: * FLAGS ...
    S: * OK [PERMANENTFLAGS ...
    S: * 8 EXISTS
    S: * 0 RECENT
    S: * OK [UNSEEN 1] ...
    S: * OK [UIDVALIDITY ${uidvalidity}] ...
    S: * OK [UIDNEXT 12] ...
    S: * OK [MAILBOXID ...
    S: * OK [HIGHESTMODSEQ {now}] ...
    S: * VANISHED (EARLIER) 2:3,8
    S: * 2 FETCH (UID 4 FLAGS (\Flagged...) MODSEQ ({flagged}))
    S: * 6 FETCH (UID 9 FLAGS (\Flagged...) MODSEQ ({flagged}))
    S: * 8 FETCH (UID 11 FLAGS (\Seen) MODSEQ ({now}))
    S: a1 OK [READ-WRITE] ...
  `;
  const { untagged } = await mary.command('STATUS INBOX (HIGHESTMODSEQ)');
  const now = Number(/(\d+)\)$/.exec(untagged[0] ?? '')?.[1]);
  const known = `${uidvalidity} ${modSeq}`;
  expect(await resync(mary, `${known} 1:8`)).toEqual(['* VANISHED (EARLIER) 2:3,8', '* 2 FETCH (UID 4']);
  expect(await resync(mary, `${known} 3,9:10`)).toEqual(['* VANISHED (EARLIER) 3', '* 6 FETCH (UID 9']);
  expect(await resync(mary, `${known} 5:7`)).toEqual([]);
  expect(await resync(mary, `${known} 4000000000:4294967295`)).toEqual([]);
  expect(await resync(mary, `${uidvalidity} ${now}`)).toEqual([]);
  expect(await resync(mary, `${uidvalidity} ${now - 1}`)).toEqual(['* 8 FETCH (UID 11']);
});

test('UID FETCH with VANISHED tells what vanished before it tells what changed', async () => {
  await using opened = await open(6);
  const { mary, other, modSeq } = opened;
  await remove(other, '2,6');
  await other.command('UID STORE 4 +FLAGS (\\Flagged)');
  await mary.command('NOOP');
  await remove(other, '3'); // not told yet: not earlier
  await mary.dialogue`
    C: a1 UID FETCH 1:* (FLAGS) (CHANGEDSINCE ${modSeq} VANISHED)
    S: * VANISHED (EARLIER) 2,6
    S: * VANISHED 3
    S: * 2 FETCH (UID 4 FLAGS (\Flagged...) MODSEQ ({flagged}))
    S: a1 OK [HIGHESTMODSEQ {now}] Fetched
    C: a2 UID FETCH 3:5 (UID) (VANISHED CHANGEDSINCE ${modSeq})
    S: * VANISHED (EARLIER) 3
    S: * 2 FETCH (UID 4 MODSEQ ({flagged}))
    S: a2 OK Fetched
    C: a3 UID FETCH 1:* FLAGS (CHANGEDSINCE {now} VANISHED)
    S: a3 OK Fetched
    C: a4 FETCH 1:* FLAGS (CHANGEDSINCE ${modSeq} VANISHED)
    S: a4 BAD ...
    C: a5 UID FETCH 1:* FLAGS (VANISHED)
    S: a5 BAD ...
  `;
});

test.for([
  '(QRESYNC)',
  '(QRESYNC 1)',
  '(QRESYNC (1))',
  '(QRESYNC (0 1))',
  '(QRESYNC (4294967296 1))',
  '(QRESYNC (1 9223372036854775808))',
  '(QRESYNC (1 -1))',
  '(QRESYNC (1 1 *))',
  '(QRESYNC (1 1 1:*))',
  '(QRESYNC (1 1 $))',
  '(QRESYNC (1 1 0))',
  '(QRESYNC (1 1 1,))',
  '(QRESYNC (1 1 1:2 (1)))',
  '(QRESYNC (1 1 1:2 (1 *)))',
  '(QRESYNC (1 1 1:2 (1 1) (2 2)))',
  '(QRESYNC (1 1 (1 1) 1:2))',
  '(QRESYNC (1 1) QRESYNC (1 1))',
])('SELECT INBOX %s is malformed', async (parameters) => {
  await using mary = await server.logIn();
  await mary.command('ENABLE QRESYNC');
  const { untagged, tagged } = await mary.command(`SELECT INBOX ${parameters}`);
  expect(tagged).toMatch(/^BAD /);
  expect(untagged).toEqual([]);
});

test('hardening 50: a wrong UIDVALIDITY makes it an ordinary SELECT', async () => {
  await using opened = await open(3);
  const { mary, other, uidvalidity, modSeq } = opened;
  await remove(other, '2');
  expect(await resync(mary, `${uidvalidity + 1} ${modSeq} 1:3`)).toEqual([]);
  expect(await resync(mary, `${uidvalidity - 1} 0`)).toEqual([]);
});

test('hardening 50: modseq 0, a modseq of the future, and huge sets of UIDs get all that there is', async () => {
  await using opened = await open(5);
  const { mary, other, uidvalidity } = opened;
  const modSeq = await remove(other, '2,5');
  const all = ['* VANISHED (EARLIER) 2,5', '* 1 FETCH (UID 1', '* 2 FETCH (UID 3', '* 3 FETCH (UID 4'];
  expect(await resync(mary, `${uidvalidity} 0`)).toEqual(all);
  expect(await resync(mary, `${uidvalidity} 1 1:4294967295`)).toEqual(all);
  expect(await resync(mary, `${uidvalidity} ${modSeq + 1000}`)).toEqual(all);
  expect(await resync(mary, `${uidvalidity} 9223372036854775807 1:4294967295`)).toEqual(all);
  const many = Array.from({ length: 1_500 }, (_, i) => 2 * i + 1).join();
  expect(await resync(mary, `${uidvalidity} 0 ${many}`)).toEqual(['* VANISHED (EARLIER) 5', all[1], all[2]]);
});

test('hardening 50: a resync from before what was pruned is told every removal, less what the client shows to know', async () => {
  await using opened = await open(10);
  const { account, other, uidvalidity, modSeq } = opened;
  await remove(other, '2:3,6');
  await pruneAll(server.postel, account.name);
  const pruned = await remove(other, '8');
  const now = await remove(other, '10');
  await other.command('UID STORE 5 +FLAGS (\\Flagged)');
  await using fresh = await server.startProcess(); // one that remembers nothing
  await using mary = await server.logIn(account, fresh.port);
  await mary.command('ENABLE QRESYNC');

  const gone = '* VANISHED (EARLIER) 2:3,6,8,10';
  const changed = '* 3 FETCH (UID 5';
  expect(await resync(mary, `${uidvalidity} ${modSeq}`)).toEqual([gone, changed]);
  expect(await resync(mary, `${uidvalidity} ${modSeq} 1:6`)).toEqual(['* VANISHED (EARLIER) 2:3,6', changed]);
  expect(await resync(mary, `${uidvalidity} ${pruned}`)).toEqual(['* VANISHED (EARLIER) 10', changed]);
  expect(await resync(mary, `${uidvalidity} ${now}`)).toEqual([changed]);
  // Numbers are now 1 to 5 of UIDs 1, 4, 5, 7 and 9.
  const match = (numbers: string, uids: string, known = '1:10') =>
    resync(mary, `${uidvalidity} ${modSeq} ${known} (${numbers} ${uids})`);
  expect(await match('1', '1')).toEqual([gone, changed]);
  expect(await match('1:2', '1,4')).toEqual(['* VANISHED (EARLIER) 6,8,10', changed]);
  expect(await match('1,3:4', '1,5,7')).toEqual(['* VANISHED (EARLIER) 8,10', changed]);
  expect(await match('5', '9')).toEqual(['* VANISHED (EARLIER) 10', changed]);
  expect(await match('5', '9', '1:9')).toEqual([changed]);
  expect(await match('2,6', '2,10')).toEqual([gone, changed]);
  // Of lies no more is believed than up to the first.
  expect(await match('1,2,5', '1,3,9')).toEqual([gone, changed]);
  expect(await match('1:2', '1')).toEqual([gone, changed]);
  expect(await match('1', '1:10')).toEqual([gone, changed]);
  expect(await match('1:4294967295', '1:4294967295')).toEqual([gone, changed]);
  expect(await match('4294967295', '4294967295')).toEqual([gone, changed]);
  // Without a set of UIDs too.
  expect(await resync(mary, `${uidvalidity} ${modSeq} (4 7)`)).toEqual(['* VANISHED (EARLIER) 8,10', changed]);
  await mary.dialogue`
    C: a1 UID FETCH 1:* (UID) (CHANGEDSINCE ${modSeq} VANISHED)
    S: * VANISHED (EARLIER) 2:3,6,8,10
    S: * 3 FETCH (UID 5 MODSEQ (...))
    S: a1 OK Fetched
  `;
});

test('a VANISHED of many UIDs goes in several lines', async () => {
  await using opened = await open(1);
  const { mary, other, uidvalidity, modSeq } = opened;
  const appends = Array.from({ length: 1_500 }, (_, n) => `x${n} APPEND INBOX {4+}\r\na\r\n\r\n`);
  other.send(appends.join(''));
  await other.answer('x1499');
  const odd = Array.from({ length: 750 }, (_, i) => 2 * i + 3).join();
  await mary.command('NOOP');
  await remove(other, odd);
  const { untagged } = await mary.command('NOOP');
  const vanished = untagged.filter((line) => line.startsWith('* VANISHED '));
  expect(vanished).toHaveLength(2);
  expect(vanished.map((line) => line.slice('* VANISHED '.length)).join()).toBe(odd);
  const told = await resync(mary, `${uidvalidity} ${modSeq} 1:2000`);
  expect(
    told
      .slice(0, 2)
      .map((line) => line.slice('* VANISHED (EARLIER) '.length))
      .join(),
  ).toBe(odd);
}, 60_000);

test('RFC 7162 §3.2, §6: while a removal is held back, no answer takes the client past it', async () => {
  await using opened = await open(8);
  const { mary, other, uidvalidity } = opened;
  const removed = await remove(other, '4');
  await other.command('UID STORE 7 +FLAGS (\\Flagged)');
  const held = removed - 1;
  await mary.dialogue`
    C: a1 STORE 1:2 +FLAGS.SILENT (\Seen)
    S: * 7 FETCH (UID 7 FLAGS (\Flagged...) MODSEQ (...))
    S: * 1 FETCH (UID 1 MODSEQ (...))
    S: * 2 FETCH (UID 2 MODSEQ (...))
    S: a1 OK [HIGHESTMODSEQ ${held}] Stored
    C: a2 STORE 4 +FLAGS (\Seen)
    S: a2 NO [EXPUNGEISSUED] ...
    C: a3 STORE 3:4 (UNCHANGEDSINCE 1) +FLAGS.SILENT (\Seen)
    S: * 3 FETCH (UID 3 FLAGS (...) MODSEQ (...))
    S: a3 OK [MODIFIED 3] ...
    C: a4 FETCH 1:2 (MODSEQ)
    S: * 1 FETCH (MODSEQ (...))
    S: * 2 FETCH (MODSEQ (...))
    S: a4 OK [HIGHESTMODSEQ ${held}] Fetched
    C: a5 FETCH 4 (UID MODSEQ)
    S: * 4 FETCH (UID 4 MODSEQ (${removed}))
    S: a5 OK [HIGHESTMODSEQ ${held}] Fetched
    C: a6 SEARCH MODSEQ ${removed + 1}
    S: * SEARCH 1 2 7 (MODSEQ {highest})
    S: * OK [HIGHESTMODSEQ ${held}] ...
    S: a6 OK [EXPUNGEISSUED] Searched
    C: a7 SEARCH RETURN (ALL) MODSEQ ${removed + 1}
    S: * ESEARCH (TAG "a7") ALL 1:2,7 MODSEQ {highest}
    S: * OK [HIGHESTMODSEQ ${held}] ...
    S: a7 OK [EXPUNGEISSUED] Searched
    C: a8 FETCH 5 BODY[TEXT]
    S: * 5 FETCH (UID 5 FLAGS (\Seen...) MODSEQ (...) BODY[TEXT] {0}
    S: )
    S: a8 OK [HIGHESTMODSEQ ${held}] Fetched
    C: a9 STORE 4:5 +FLAGS (\Answered)
    S: * 5 FETCH (UID 5 FLAGS (\Answered \Seen...) MODSEQ (...))
    S: * OK [HIGHESTMODSEQ ${held}] ...
    S: a9 NO [EXPUNGEISSUED] ...
  `;
  mary.reset();
  await using again = await server.logIn(opened.account);
  await again.command('ENABLE QRESYNC');
  const told = await resync(again, `${uidvalidity} ${held}`);
  expect(told).toEqual(['* VANISHED (EARLIER) 4', ...[1, 2, 4, 6].map((n) => expect.stringContaining(`* ${n} FETCH`))]);
});

test('when the removal is told, HIGHESTMODSEQ goes on', async () => {
  await using opened = await open(4);
  const { mary, other } = opened;
  const removed = await remove(other, '4');
  await mary.dialogue`
    C: a1 STORE 1 +FLAGS (\Seen)
    S: * 1 FETCH (UID 1 FLAGS (\Seen...) MODSEQ ({seen}))
    S: a1 OK [HIGHESTMODSEQ ${removed - 1}] Stored
    C: a2 UID STORE 1 +FLAGS.SILENT (\Flagged)
    S: * VANISHED 4
    S: * 1 FETCH (UID 1 MODSEQ ({flagged}))
    S: a2 OK Stored
  `;
  await remove(other, '3');
  await mary.dialogue`
    C: a3 FETCH 1 MODSEQ
    S: * 1 FETCH (MODSEQ (...))
    S: a3 OK ...
    C: a4 COPY 3 Nothing
    S: a4 NO [TRYCREATE] ...
    C: a5 NOOP
    S: * VANISHED 3
    S: a5 OK [HIGHESTMODSEQ {now}] Done
  `;
});
