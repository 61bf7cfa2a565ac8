import { expect, test } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();

test('STORE adds, removes and replaces flags, and tells what they are then', async () => {
  await using mary = await server.logIn();
  await mary.append('INBOX', 'Subject: one\r\n\r\n');
  await mary.append('INBOX', 'Subject: two\r\n\r\n', '\\Seen');
  await mary.dialogue`
    C: a0 SELECT INBOX
    S: ...
    S: a0 OK ...
    C: a1 STORE 1:2 +FLAGS (\Answered \Flagged)
    S: * 1 FETCH (UID 1 FLAGS (\Answered \Flagged \Recent))
    S: * 2 FETCH (UID 2 FLAGS (\Answered \Flagged \Seen \Recent))
    S: a1 OK ...
    C: a2 STORE 2 -FLAGS \answered \seen
    S: * 2 FETCH (UID 2 FLAGS (\Flagged \Recent))
    S: a2 OK ...
    C: a3 UID STORE 1 FLAGS (\Draft)
    S: * 1 FETCH (UID 1 FLAGS (\Draft \Recent))
    S: a3 OK ...
    C: a4 STORE * FLAGS ()
    S: * 2 FETCH (UID 2 FLAGS (\Recent))
    S: a4 OK ...
    C: a5 STORE 2 +FLAGS ()
    S: * 2 FETCH (UID 2 FLAGS (\Recent))
    S: a5 OK ...
    C: a6 STORE 1 +FLAGS (\Recent)
    S: * 1 FETCH (UID 1 FLAGS (\Draft \Recent))
    S: a6 OK ...
    C: a7 UID STORE 1:2 -FLAGS (\Seen)
    S: * 1 FETCH (UID 1 FLAGS (\Draft \Recent))
    S: * 2 FETCH (UID 2 FLAGS (\Recent))
    S: a7 OK ...
    C: a8 STORE 1:2 +FLAGS (\Draft)
    S: * 1 FETCH (UID 1 FLAGS (\Draft \Recent))
    S: * 2 FETCH (UID 2 FLAGS (\Draft \Recent))
    S: a8 OK ...
    C: a9 STORE 1:2 +FLAGS.SILENT (\Draft)
    S: a9 OK ...
  `;
});

test('a STORE that asks for silence gets it', async () => {
  await using mary = await server.logIn();
  await mary.append('INBOX', 'Subject: one\r\n\r\n', '$A');
  await mary.dialogue`
    C: a0 SELECT INBOX
    S: ...
    S: a0 OK ...
    C: a1 STORE 1 +FLAGS.SILENT (\Seen $B)
    S: a1 OK ...
    C: a2 UID STORE 1 -FLAGS.SILENT ($a)
    S: a2 OK ...
    C: a3 STORE 1 FLAGS.SILENT (\Flagged $b $C)
    S: a3 OK ...
    C: a4 FETCH 1 FLAGS
    S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft $B $C)
    S: * 1 FETCH (FLAGS (\Flagged \Recent $B $C))
    S: a4 OK ...
    C: a5 STORE 1 FLAGS.SILENT (\Flagged)
    S: a5 OK ...
    C: a6 NOOP
    S: a6 OK ...
  `;
});

test('silence is about the own change: what another connection changed in between is told', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using other = await server.logIn(account);
  await mary.append('INBOX', 'Subject: one\r\n\r\n');
  await mary.append('INBOX', 'Subject: two\r\n\r\n');
  await mary.command('SELECT INBOX');
  await other.command('SELECT INBOX');
  await other.command('STORE 1 +FLAGS (\\Flagged)');
  await mary.dialogue`
    C: a1 STORE 1:2 +FLAGS.SILENT (\Seen)
    S: * 1 FETCH (UID 1 FLAGS (\Flagged \Recent))
    S: a1 OK ...
  `;
  await other.dialogue`
    C: b1 NOOP
    S: * 1 FETCH (UID 1 FLAGS (\Flagged \Seen))
    S: * 2 FETCH (UID 2 FLAGS (\Seen))
    S: b1 OK ...
  `;
});

test('UID STORE and UID EXPUNGE find a message that another connection has just appended', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using other = await server.logIn(account);
  await mary.command('SELECT INBOX');
  await other.append('INBOX', 'Subject: one\r\n\r\n');
  await mary.dialogue`
    C: a1 UID STORE 1 +FLAGS (\Flagged)
    S: * 1 EXISTS
    S: ...
    S: * 1 FETCH (UID 1 FLAGS (\Flagged \Recent))
    S: a1 OK ...
  `;
  await other.append('INBOX', 'Subject: two\r\n\r\n', '\\Deleted');
  await mary.dialogue`
    C: a2 UID EXPUNGE 2
    S: * 2 EXISTS
    S: ...
    S: * 2 EXPUNGE
    S: a2 OK ...
  `;
});

test('rule 7: FLAGS comes before the first FETCH with a new keyword, in each connection, and again when one comes back', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using other = await server.logIn(account);
  await mary.append('INBOX', 'Subject: one\r\n\r\n');
  await mary.command('SELECT INBOX');
  await other.command('SELECT INBOX');
  await mary.dialogue`
    C: a1 STORE 1 +FLAGS ($Label1)
    S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft $Label1)
    S: * 1 FETCH (UID 1 FLAGS (\Recent $Label1))
    S: a1 OK ...
  `;
  await other.dialogue`
    C: a1 FETCH 1 FLAGS
    S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft $Label1)
    S: * 1 FETCH (UID 1 FLAGS ($Label1))
    S: * 1 FETCH (FLAGS ($Label1))
    S: a1 OK ...
    C: a2 STORE 1 FLAGS ($Label2)
    S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft $Label2)
    S: * 1 FETCH (UID 1 FLAGS ($Label2))
    S: a2 OK ...
    C: a3 SELECT INBOX
    S: * OK [CLOSED] ...
    S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft $Label2)
    S: ...
    S: a3 OK ...
    C: a4 STORE 1 FLAGS ($label1)
    S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft $Label1)
    S: * 1 FETCH (UID 1 FLAGS ($Label1))
    S: a4 OK ...
    C: a5 STORE 1 FLAGS ($LABEL1)
    S: * 1 FETCH (UID 1 FLAGS ($Label1))
    S: a5 OK ...
  `;
});

test('rule 7: any keyword is taken, $Important of RFC 8457 too, and leaves both lists when no message bears it any more', async () => {
  await using mary = await server.logIn();
  await mary.append('INBOX', 'Subject: one\r\n\r\n', '$Important $Forwarded');
  await mary.dialogue`
    C: a1 SELECT INBOX
    S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft $Important $Forwarded)
    S: * OK [PERMANENTFLAGS (\Answered \Flagged \Deleted \Seen \Draft $Important $Forwarded \*)] ...
    S: ...
    S: a1 OK ...
    C: a2 SEARCH KEYWORD $IMPORTANT UNKEYWORD $Junk
    S: * SEARCH 1
    S: a2 OK ...
    C: a3 STORE 1 -FLAGS.SILENT ($important)
    S: a3 OK ...
    C: a4 SELECT INBOX
    S: * OK [CLOSED] ...
    S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft $Forwarded)
    S: * OK [PERMANENTFLAGS (\Answered \Flagged \Deleted \Seen \Draft $Forwarded \*)] ...
    S: ...
    S: a4 OK ...
    C: a5 STORE 1 +FLAGS.SILENT (\Deleted)
    S: a5 OK ...
    C: a6 EXPUNGE
    S: * 1 EXPUNGE
    S: a6 OK ...
    C: a7 SELECT INBOX
    S: * OK [CLOSED] ...
    S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft)
    S: * OK [PERMANENTFLAGS (\Answered \Flagged \Deleted \Seen \Draft \*)] ...
    S: ...
    S: a7 OK ...
  `;
});

test('hardening 32: keywords named __proto__ and constructor are keywords', async () => {
  await using mary = await server.logIn();
  await mary.append('INBOX', 'Subject: one\r\n\r\n', '__proto__ constructor');
  await mary.dialogue`
    C: a0 SELECT INBOX
    S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft __proto__ constructor)
    S: ...
    S: a0 OK ...
    C: a1 STORE 1 +FLAGS (toString hasOwnProperty)
    S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft __proto__ constructor {a} {b})
    S: * 1 FETCH (UID 1 FLAGS (\Recent __proto__ constructor {a} {b}))
    S: a1 OK ...
    C: a2 SEARCH KEYWORD __proto__ KEYWORD tostring
    S: * SEARCH 1
    S: a2 OK ...
    C: a3 SEARCH KEYWORD valueOf
    S: * SEARCH
    S: a3 OK ...
    C: a4 STORE 1 -FLAGS (constructor)
    S: * 1 FETCH (UID 1 FLAGS (\Recent __proto__ {a} {b}))
    S: a4 OK ...
  `;
});

test('rule 7, hardening 33: a mailbox has at most 1,000 keywords, and then announces no new ones', async () => {
  await using mary = await server.logIn();
  await mary.append('INBOX', 'Subject: one\r\n\r\n');
  await mary.append('INBOX', 'Subject: two\r\n\r\n');
  await mary.command('SELECT INBOX');
  for (let from = 0; from < 1_000; from += 100) {
    const keywords = Array.from({ length: 100 }, (_, i) => `k${from + i}`).join(' ');
    const uid = await mary.append('INBOX', 'Subject: full\r\n\r\n');
    expect((await mary.command(`UID STORE ${uid} +FLAGS.SILENT (${keywords})`)).tagged).toMatch(/^OK /);
    expect((await mary.command(`UID STORE ${uid} +FLAGS.SILENT (k${(from + 100) % 1_000})`)).tagged).toMatch(
      /^NO \[LIMIT\] /,
    );
  }
  await mary.dialogue`
    C: a1 STORE 1 +FLAGS (more)
    S: a1 NO [LIMIT] ...
    C: a2 STORE 2 +FLAGS (k0)
    S: ...
    S: * 2 FETCH (UID 2 FLAGS (\Recent k0))
    S: a2 OK ...
  `;
  const { untagged } = await mary.command('SELECT INBOX');
  expect(untagged.find((line) => line.includes('PERMANENTFLAGS'))).toMatch(/ k999\)\] /);
  expect(untagged.join()).not.toContain('\\*');
});

test('STORE refuses numbers that are none, flags that are none, and keywords too long', async () => {
  await using mary = await server.logIn();
  await mary.append('INBOX', 'Subject: one\r\n\r\n');
  await mary.command('SELECT INBOX');
  for (const [args, answer] of [
    ['2 FLAGS (\\Seen)', /^BAD No message/],
    ['0 FLAGS (\\Seen)', /^BAD /],
    ['1:2 FLAGS (\\Seen)', /^BAD No message/],
    ['$:1 FLAGS (\\Seen)', /^BAD /],
    ['1 FLAGS (\\Nonsense)', /^BAD No such system flag/],
    ['1 FLAGS (\\*)', /^BAD /],
    ['1 FLAGS', /^BAD /],
    ['1 +FLAG (\\Seen)', /^BAD /],
    ['1 ++FLAGS (\\Seen)', /^BAD /],
    ['1 FLAGS.LOUD (\\Seen)', /^BAD /],
    ['1 FLAGS ("a")', /^BAD /],
    ['1 FLAGS (a]b)', /^BAD /],
    [`1 FLAGS (${'k'.repeat(256)})`, /^NO \[LIMIT\]/],
  ] as const) {
    expect((await mary.command(`STORE ${args}`)).tagged, args).toMatch(answer);
  }
  await mary.dialogue`
    C: a1 UID STORE 7:9 FLAGS (\Seen)
    S: a1 OK ...
    C: a2 STORE 5:* +FLAGS (\Seen)
    S: * 1 FETCH (UID 1 FLAGS (\Seen \Recent))
    S: a2 OK ...
  `;
});
