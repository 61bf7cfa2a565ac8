/** CONDSTORE (RFC 7162 §3.1) in every command that it touches. */
import { expect, test } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();
const LETTER = 'Subject: one\r\n\r\n';

test('SELECT and EXAMINE tell HIGHESTMODSEQ, and CLOSED of the mailbox before', async () => {
  await using mary = await server.logIn();
  await mary.append('INBOX', LETTER);
  await mary.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: * OK [UIDNEXT 2] ...
    S: * OK [MAILBOXID ...
    S: * OK [HIGHESTMODSEQ {modseq}] ...
    S: a1 OK [READ-WRITE] ...
    C: a2 EXAMINE INBOX (CONDSTORE)
    S: * OK [CLOSED] ...
    S: * FLAGS ...
    S: ...
    S: * OK [HIGHESTMODSEQ {modseq}] ...
    S: a2 OK [READ-ONLY] ...
    C: a3 FETCH 1 (MODSEQ)
    S: * 1 FETCH (MODSEQ ({modseq}))
    S: a3 OK Fetched
    C: a4 SELECT Nothing (CONDSTORE)
    S: * OK [CLOSED] ...
    S: a4 NO [NONEXISTENT] ...
    C: a5 SELECT INBOX
    S: * FLAGS ...
    S: ...
    S: a5 OK ...
    C: a6 UNSELECT
    S: a6 OK Closed
  `;
});

test.for([
  'SELECT INBOX ()',
  'SELECT INBOX (UNKNOWN)',
  'SELECT INBOX CONDSTORE',
  'SELECT INBOX (CONDSTORE CONDSTORE)',
  'SELECT INBOX (CONDSTORE) more',
  'SELECT INBOX (QRESYNC (1 1))',
])('%s is malformed, and the mailbox stays selected', async (command) => {
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 ${command}
    S: a2 BAD ...
    C: a3 CHECK
    S: a3 OK ...
  `;
});

test.for([
  ['ENABLE CONDSTORE', '* ENABLED CONDSTORE'],
  ['STATUS INBOX (HIGHESTMODSEQ)', null],
  ['LIST "" INBOX RETURN (STATUS (HIGHESTMODSEQ))', null],
  ['FETCH 1 MODSEQ', null],
  ['FETCH 1 FLAGS (CHANGEDSINCE 1000000)', null],
  ['SEARCH MODSEQ 1', null],
  ['SORT (ARRIVAL) UTF-8 MODSEQ 1', null],
  ['STORE 1 (UNCHANGEDSINCE 1000000) +FLAGS.SILENT (\\Seen)', null],
] as const)('RFC 7162 §3.1: %s enables CONDSTORE, and says HIGHESTMODSEQ once', async ([command, first]) => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using other = await server.logIn(account);
  await mary.append('INBOX', LETTER);
  await other.command('SELECT INBOX');
  const { before } = await mary.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: * OK [HIGHESTMODSEQ {before}] ...
    S: ...
    S: a1 OK ...
  `;
  await other.command('STORE 1 +FLAGS (\\Flagged)');
  await mary.dialogue`
    C: a2 NOOP
    S: * 1 FETCH (UID 1 FLAGS (\Flagged))
    S: a2 OK Done
  `;
  const { untagged } = await mary.command(command);
  const codes = untagged.filter((line) => line.startsWith('* OK [HIGHESTMODSEQ'));
  expect(codes).toHaveLength(1);
  expect(untagged[first === null ? 0 : 1]).toBe(codes[0]);
  const told = Number(/MODSEQ (\d+)/.exec(codes[0] ?? '')?.[1]);
  expect(told).toBeGreaterThan(Number(before));
  await other.command('STORE 1 -FLAGS (\\Flagged)');
  await mary.dialogue`
    C: a3 NOOP
    S: * 1 FETCH (UID 1 FLAGS (...) MODSEQ ({after}))
    S: a3 OK Done
    C: a4 ENABLE CONDSTORE
    S: * ENABLED
    S: a4 OK ...
  `;
});

test('STATUS and LIST tell HIGHESTMODSEQ, which changes of flags and removals raise and other mailboxes do not', async () => {
  await using mary = await server.logIn();
  await mary.append('INBOX', LETTER);
  await mary.command('CREATE Other');
  const modSeq = async () => {
    const { untagged } = await mary.command('STATUS INBOX (HIGHESTMODSEQ)');
    return Number(/^\* STATUS INBOX \(HIGHESTMODSEQ (\d+)\)$/.exec(untagged[0] ?? '')?.[1]);
  };
  const first = await modSeq();
  await mary.append('Other', LETTER);
  expect(await modSeq()).toBe(first);
  await mary.command('SELECT INBOX');
  await mary.command('STORE 1 +FLAGS (\\Deleted)');
  const second = await modSeq();
  expect(second).toBeGreaterThan(first);
  await mary.command('STORE 1 +FLAGS (\\Deleted)'); // as it is
  expect(await modSeq()).toBe(second);
  await mary.command('CLOSE');
  const third = await modSeq();
  expect(third).toBeGreaterThan(second);
  await mary.dialogue`
    C: a1 LIST "" INBOX RETURN (STATUS (HIGHESTMODSEQ MESSAGES))
    S: * LIST ...
    S: * STATUS INBOX (HIGHESTMODSEQ ${third} MESSAGES 0)
    S: a1 OK ...
  `;
});

test('FETCH CHANGEDSINCE tells messages with a higher modseq, and MODSEQ with them', async () => {
  await using mary = await server.logIn();
  for (let i = 0; i < 4; i++) await mary.append('INBOX', LETTER);
  const { second } = await mary.dialogue`
    C: a1 SELECT INBOX (CONDSTORE)
    S: ...
    S: * OK [HIGHESTMODSEQ {all}] ...
    S: ...
    S: a1 OK ...
    C: a2 FETCH 1:* (FLAGS) (CHANGEDSINCE {all})
    S: a2 OK Fetched
    C: a3 STORE 2 +FLAGS (\Seen)
    S: * 2 FETCH (UID 2 FLAGS (\Seen \Recent) MODSEQ ({second}))
    S: a3 OK Stored
    C: a4 FETCH 1:* FLAGS (CHANGEDSINCE {all})
    S: * 2 FETCH (FLAGS (\Seen \Recent) MODSEQ ({second}))
    S: a4 OK Fetched
    C: a5 UID FETCH 2:3 (MODSEQ FLAGS) (changedsince {all})
    S: * 2 FETCH (UID 2 MODSEQ ({second}) FLAGS (\Seen \Recent))
    S: a5 OK Fetched
    C: a6 FETCH 3:* FLAGS (CHANGEDSINCE {all})
    S: a6 OK Fetched
    C: a7 FETCH 1:* FLAGS (CHANGEDSINCE {second})
    S: a7 OK Fetched
    C: a8 FETCH 1:* UID (CHANGEDSINCE 9223372036854775807)
    S: a8 OK Fetched
    C: a9 FETCH 1:* UID (CHANGEDSINCE 0)
    S: * 1 FETCH (UID 1 MODSEQ (...))
    S: * 2 FETCH (UID 2 MODSEQ ({second}))
    S: * 3 FETCH (UID 3 MODSEQ (...))
    S: * 4 FETCH (UID 4 MODSEQ ({all}))
    S: a9 OK Fetched
    C: b1 FETCH 2 (BODY.PEEK[HEADER] MODSEQ)
    S: * 2 FETCH (BODY[HEADER] {16}
    S: ...
    S:  MODSEQ ({second}))
    S: b1 OK Fetched
    C: b2 FETCH 5 FLAGS (CHANGEDSINCE 1)
    S: b2 BAD No message of that number...
  `;
  expect(Number(second)).toBeGreaterThan(0);
});

test.for([
  'FETCH 1 FLAGS (CHANGEDSINCE)',
  'FETCH 1 FLAGS (CHANGEDSINCE 9223372036854775808)',
  'FETCH 1 FLAGS (CHANGEDSINCE 1 CHANGEDSINCE 2)',
  'FETCH 1 FLAGS (UNCHANGEDSINCE 1)',
  'FETCH 1 FLAGS (CHANGEDSINCE 1 VANISHED)',
  'UID FETCH 1 FLAGS (CHANGEDSINCE 1 VANISHED)',
  'STORE 1 (UNCHANGEDSINCE) FLAGS ()',
  'STORE 1 (UNCHANGEDSINCE -1) FLAGS ()',
  'STORE 1 (CHANGEDSINCE 1) FLAGS ()',
  'STORE 1 (UNCHANGEDSINCE 1)FLAGS ()',
  'SEARCH MODSEQ',
  'SEARCH MODSEQ "/flags/\\\\seen" 1',
  'SEARCH MODSEQ "/flags/\\\\seen" some 1',
  'SEARCH MODSEQ "/comment" all 1',
])('%s is BAD', async (command) => {
  await using mary = await server.logIn();
  await mary.append('INBOX', LETTER);
  await mary.command('SELECT INBOX');
  const { untagged, tagged } = await mary.command(command);
  expect(tagged).toMatch(/^BAD /);
  expect(untagged).toEqual([]);
});

test('RFC 7162 §3.2.4: a FETCH that sets \\Seen tells UID, flags and modseq, once', async () => {
  await using mary = await server.logIn();
  await mary.append('INBOX', 'Subject: one\r\n\r\nText\r\n');
  await mary.append('INBOX', 'Subject: two\r\n\r\nText\r\n');
  await mary.dialogue`
    C: a1 SELECT INBOX (CONDSTORE)
    S: ...
    S: a1 OK ...
    C: a2 FETCH 1 BODY[TEXT]
    S: * 1 FETCH (UID 1 FLAGS (\Seen \Recent) MODSEQ ({modseq}) BODY[TEXT] {6}
    S: ...
    S: )
    S: a2 OK Fetched
    C: a3 UID FETCH 2 (FLAGS BODY[TEXT])
    S: * 2 FETCH (MODSEQ ({after}) UID 2 FLAGS (\Seen \Recent) BODY[TEXT] {6}
    S: ...
    S: )
    S: a3 OK Fetched
    C: a4 FETCH 1 BODY[TEXT]
    S: * 1 FETCH (BODY[TEXT] {6}
    S: ...
    S: )
    S: a4 OK Fetched
    C: a5 FETCH 1:2 MODSEQ
    S: * 1 FETCH (MODSEQ ({modseq}))
    S: * 2 FETCH (MODSEQ ({after}))
    S: a5 OK Fetched
  `;
});

test('a silent STORE tells the modseq, and no flags, to whom has enabled CONDSTORE', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using other = await server.logIn(account);
  for (let i = 0; i < 3; i++) await mary.append('INBOX', LETTER);
  await mary.command('SELECT INBOX (CONDSTORE)');
  await other.command('SELECT INBOX');
  await other.command('STORE 3 +FLAGS (\\Flagged)');
  await mary.dialogue`
    C: a1 STORE 1:2 +FLAGS.SILENT (\Seen)
    S: * 3 FETCH (UID 3 FLAGS (\Flagged \Recent) MODSEQ ({other}))
    S: * 1 FETCH (UID 1 MODSEQ ({mine}))
    S: * 2 FETCH (UID 2 MODSEQ ({mine}))
    S: a1 OK Stored
    C: a2 STORE 1 +FLAGS.SILENT (\Seen)
    S: a2 OK Stored
    C: a3 STORE 1 +FLAGS (\Seen)
    S: * 1 FETCH (UID 1 FLAGS (\Seen \Recent) MODSEQ ({mine}))
    S: a3 OK Stored
  `;
  await other.dialogue`
    C: b1 STORE 1 -FLAGS.SILENT (\Seen)
    S: * 1 FETCH (UID 1 FLAGS (\Seen))
    S: * 2 FETCH (UID 2 FLAGS (\Seen))
    S: b1 OK Stored
  `;
});

test('STORE UNCHANGEDSINCE changes what nobody changed since, and names and tells the rest', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using other = await server.logIn(account);
  for (let i = 0; i < 5; i++) await mary.append('INBOX', LETTER);
  await mary.append('INBOX', LETTER, '\\Deleted');
  await mary.append('INBOX', LETTER);
  await other.command('SELECT INBOX');
  await other.command('EXPUNGE');
  const { known } = await mary.dialogue`
    C: a1 SELECT INBOX (CONDSTORE)
    S: ...
    S: * OK [HIGHESTMODSEQ {known}] ...
    S: ...
    S: a1 OK ...
  `;
  await other.command('STORE 2,6 +FLAGS (\\Flagged)');
  await mary.dialogue`
    C: a2 UID STORE 1,2,7,99 (UNCHANGEDSINCE ${known ?? ''}) +FLAGS.SILENT (\Deleted)
    S: * 2 FETCH (UID 2 FLAGS (\Flagged) MODSEQ ({others}))
    S: * 6 FETCH (UID 7 FLAGS (\Flagged) MODSEQ ({others}))
    S: * 1 FETCH (UID 1 MODSEQ ({mine}))
    S: * 2 FETCH (UID 2 FLAGS (\Flagged) MODSEQ ({others}))
    S: * 6 FETCH (UID 7 FLAGS (\Flagged) MODSEQ ({others}))
    S: a2 OK [MODIFIED 2,7] ...
    C: a3 STORE 6,3:4,1 (UNCHANGEDSINCE ${known ?? ''}) +FLAGS (\Seen)
    S: * 1 FETCH (UID 1 FLAGS (\Deleted) MODSEQ ({mine}))
    S: * 3 FETCH (UID 3 FLAGS (\Seen) MODSEQ ({seen}))
    S: * 4 FETCH (UID 4 FLAGS (\Seen) MODSEQ ({seen}))
    S: * 6 FETCH (UID 7 FLAGS (\Flagged) MODSEQ ({others}))
    S: a3 OK [MODIFIED 1,6] ...
    C: a4 STORE 2 (UNCHANGEDSINCE {others}) FLAGS (\Answered)
    S: * 2 FETCH (UID 2 FLAGS (\Answered) MODSEQ ({answered}))
    S: a4 OK Stored
    C: a5 STORE 5 (UNCHANGEDSINCE 0) +FLAGS (\Seen)
    S: * 5 FETCH (UID 5 FLAGS () MODSEQ (...))
    S: a5 OK [MODIFIED 5] ...
    C: a6 STORE 5 (UNCHANGEDSINCE 0) +FLAGS.SILENT ($MDNSent)
    S: * 5 FETCH (UID 5 FLAGS () MODSEQ (...))
    S: a6 OK [MODIFIED 5] ...
    C: a7 UID STORE 5 (unchangedsince 9223372036854775807) +FLAGS.SILENT ($MDNSent)
    S: * 5 FETCH (UID 5 MODSEQ (...))
    S: a7 OK Stored
    C: a8 UID STORE 99 (UNCHANGEDSINCE 1) +FLAGS (\Seen)
    S: a8 OK Stored
    C: a9 STORE 7 (UNCHANGEDSINCE 1) +FLAGS (\Seen)
    S: a9 BAD ...
  `;
});

test('RFC 7162 §3.1.3: a conditional STORE among messages that are gone names what has changed in its NO', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using other = await server.logIn(account);
  for (let i = 0; i < 4; i++) await mary.append('INBOX', LETTER);
  const { known } = await mary.dialogue`
    C: a1 SELECT INBOX (CONDSTORE)
    S: ...
    S: * OK [HIGHESTMODSEQ {known}] ...
    S: ...
    S: a1 OK ...
  `;
  await other.command('SELECT INBOX');
  await other.command('STORE 2 +FLAGS (\\Answered)');
  await other.command('STORE 3:4 +FLAGS.SILENT (\\Deleted)');
  await other.command('EXPUNGE');
  await mary.dialogue`
    C: a2 STORE 1:4 (UNCHANGEDSINCE ${known ?? ''}) +FLAGS (\Seen)
    S: * 1 FETCH (UID 1 FLAGS (\Seen \Recent) MODSEQ ({seen}))
    S: * 2 FETCH (UID 2 FLAGS (\Answered \Recent) MODSEQ ({answered}))
    S: * OK [HIGHESTMODSEQ {held}] ...
    S: a2 NO [MODIFIED 2] ...
    C: a3 STORE 3:4 (UNCHANGEDSINCE ${known ?? ''}) +FLAGS (\Seen)
    S: a3 NO [EXPUNGEISSUED] ...
    C: a4 NOOP
    S: * 4 EXPUNGE
    S: * 3 EXPUNGE
    S: a4 OK [HIGHESTMODSEQ {seen}] Done
  `;
});

test('SEARCH MODSEQ finds messages with that modseq or a higher one, and tells the highest of them', async () => {
  await using mary = await server.logIn();
  for (let i = 0; i < 4; i++) await mary.append('INBOX', LETTER);
  await mary.dialogue`
    C: a1 SELECT INBOX (CONDSTORE)
    S: ...
    S: a1 OK ...
    C: a2 STORE 2 +FLAGS (\Seen)
    S: * 2 FETCH (UID 2 FLAGS (\Seen \Recent) MODSEQ ({second}))
    S: a2 OK Stored
    C: a3 STORE 1,3 +FLAGS (\Flagged)
    S: * 1 FETCH (UID 1 FLAGS (\Flagged \Recent) MODSEQ ({both}))
    S: * 3 FETCH (UID 3 FLAGS (\Flagged \Recent) MODSEQ ({both}))
    S: a3 OK Stored
    C: a4 SEARCH MODSEQ {second}
    S: * SEARCH 1 2 3 (MODSEQ {both})
    S: a4 OK Searched
    C: a5 UID SEARCH NOT MODSEQ {both} MODSEQ "/flags/\\seen" all {second}
    S: * SEARCH 2 (MODSEQ {second})
    S: a5 OK Searched
    C: a6 SEARCH MODSEQ "/flags/$x" shared 9223372036854775807
    S: * SEARCH
    S: a6 OK Searched
    C: a7 SEARCH OR NOT MODSEQ {second} SEEN
    S: * SEARCH 2 4 (MODSEQ {second})
    S: a7 OK Searched
    C: a8 SEARCH MODSEQ 0 UNFLAGGED
    S: * SEARCH 2 4 (MODSEQ {second})
    S: a8 OK Searched
    C: a9 SEARCH SEEN
    S: * SEARCH 2
    S: a9 OK Searched
    C: b1 SEARCH RETURN (MIN COUNT) MODSEQ {second}
    S: * ESEARCH (TAG "b1") MIN 1 COUNT 3 MODSEQ {both}
    S: b1 OK Searched
    C: b2 SEARCH RETURN (ALL) MODSEQ 9223372036854775807
    S: * ESEARCH (TAG "b2")
    S: b2 OK Searched
  `;
});

test('hardening 51: of two connections that store on the same condition one wins, and the other is told', async () => {
  const account = await server.addAccount();
  await using second = await server.startProcess();
  await using mary = await server.logIn(account);
  await using other = await server.logIn(account, second.port);
  const racers = [mary, other];
  const MESSAGES = 20;
  for (let i = 0; i < MESSAGES; i++) await mary.append('INBOX', LETTER);
  for (const racer of racers) await racer.command('SELECT INBOX (CONDSTORE)');
  const wins = [0, 0];
  for (let round = 0; round < 10; round++) {
    const { untagged } = await mary.command('UID FETCH 1:* (MODSEQ)');
    const known = untagged.map((line) => /UID (\d+) MODSEQ \((\d+)\)/.exec(line) ?? []);
    expect(known).toHaveLength(MESSAGES);
    for (const [, uid, modSeq] of known) {
      const answers = await Promise.all(
        racers.map((racer, i) =>
          racer.command(`UID STORE ${uid} (UNCHANGEDSINCE ${modSeq}) FLAGS ($By${i}In${round % 2})`),
        ), // never as it is
      );
      const lost = answers.map(({ tagged }) => tagged.startsWith(`OK [MODIFIED ${uid}] `));
      expect([...lost].sort(), answers.map(({ tagged }) => tagged).join()).toEqual([false, true]);
      const winner = lost.indexOf(false);
      wins[winner] = (wins[winner] ?? 0) + 1;
      await mary.command('NOOP');
      const told = (await mary.command(`UID FETCH ${uid} FLAGS`)).untagged.at(-1);
      expect(told).toContain(`$By${winner}In`);
      expect(told).not.toContain(`$By${1 - winner}In`);
    }
  }
  expect(wins.reduce((sum, won) => sum + won)).toBe(10 * MESSAGES);
}, 60_000);
