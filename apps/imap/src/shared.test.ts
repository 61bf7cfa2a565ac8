/** Mailboxes of one account that others use: RFC 4314 §4, design.md §4 rule 13. */
import type { TestAccount } from '@postel/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ImapClient } from './testing/imap-client.ts';
import type { ImapProcess } from './testing/imap-process.ts';
import { MailServer } from './testing/mail-server.ts';

const server = new MailServer();
const END_MS = 5_000;

let second: ImapProcess;
beforeAll(async () => {
  second = await server.startProcess();
});
afterAll(() => second[Symbol.asyncDispose]());

const letter = (subject: string) => `Subject: ${subject}\r\n\r\ntext\r\n`;

/** Mary's mailbox Work has two messages, and John these rights to it. */
async function shared(rights: string) {
  const [mary, john] = [await server.addAccount('mary'), await server.addAccount('john')];
  const [hers, his] = [await server.logIn(mary), await server.logIn(john)];
  await done(hers, 'CREATE Work');
  for (const subject of ['one', 'two']) await hers.append('Work', letter(subject));
  const give = (letters: string, to: TestAccount = john) => done(hers, `SETACL Work ${to.name} ${letters}`);
  await give(rights);
  return {
    mary,
    john,
    hers,
    his,
    give,
    work: `"Other Users/${mary.name}/Work"`,
    async [Symbol.asyncDispose]() {
      await hers[Symbol.asyncDispose]();
      await his[Symbol.asyncDispose]();
    },
  };
}

async function done(client: ImapClient, command: string): Promise<readonly string[]> {
  const { tagged, untagged } = await client.command(command);
  if (!tagged.startsWith('OK ')) throw client.failure(`${command} was answered ${tagged}`);
  return untagged;
}

test('rule 13: both see the same messages, and what the one does the other is told', async () => {
  await using all = await shared('lrswite');
  const { hers, his, work } = all;
  await done(hers, 'SELECT Work');
  await his.dialogue`
    C: a1 SELECT ${work}
    S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft)
    S: * OK [PERMANENTFLAGS (\Answered \Flagged \Deleted \Seen \Draft \*)] ...
    S: * 2 EXISTS
    S: ...
    S: a1 OK [READ-WRITE] ...
    C: a2 STORE 1 +FLAGS (\Flagged $Mine)
    S: * FLAGS ...
    S: * 1 FETCH (UID 1 FLAGS (\Flagged $Mine))
    S: a2 OK ...
    C: a3 UID FETCH 2 (BODY[TEXT])
    S: * 2 FETCH (FLAGS (\Seen) UID 2 BODY[TEXT] {6}
    S: text
    S: ...
    S: a3 OK ...
    C: a4 STORE 1 +FLAGS.SILENT (\Deleted)
    S: a4 OK ...
    C: a5 EXPUNGE
    S: * 1 EXPUNGE
    S: a5 OK ...
  `;
  expect(await done(hers, 'NOOP')).toEqual(
    expect.arrayContaining(['* 1 EXPUNGE', '* 1 FETCH (UID 2 FLAGS (\\Seen \\Recent))']),
  );
});

test('RFC 4314 §5.2: who may change nothing selects read-only, and is told which flags are kept', async () => {
  await using all = await shared('lr');
  const { his, give, work } = all;
  await his.dialogue`
    C: a1 SELECT ${work}
    S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft)
    S: * OK [PERMANENTFLAGS ()] ...
    S: ...
    S: a1 OK [READ-ONLY] ...
    C: a2 STORE 1 +FLAGS (\Seen)
    S: a2 NO [NOPERM] ...
    C: a3 FETCH 1 BODY[HEADER.FIELDS (Subject)]
    S: ...
    S: a3 OK ...
    C: a4 EXPUNGE
    S: a4 NO [NOPERM] ...
    C: a5 CLOSE
    S: a5 OK ...
  `;
  for (const [letters, flags, code] of [
    ['lrs', '\\Seen', 'READ-WRITE'],
    ['lrt', '\\Deleted', 'READ-WRITE'],
    ['lrw', '\\Answered \\Flagged \\Draft \\*', 'READ-WRITE'],
    ['lri', '', 'READ-WRITE'],
    ['lrpkxa', '', 'READ-ONLY'],
  ]) {
    await give(letters ?? '');
    const { untagged, tagged } = await his.command(`SELECT ${work}`);
    expect(untagged.find((line) => line.includes('PERMANENTFLAGS'))).toContain(`(${flags})`);
    expect(tagged).toContain(`OK [${code}]`);
    await done(his, 'UNSELECT');
  }
});

test('RFC 4314 §4: STORE changes the flags that may be changed, and is refused if there is none', async () => {
  await using all = await shared('lrs');
  const { hers, his, give, work } = all;
  await done(hers, 'SELECT Work');
  await done(hers, 'STORE 1 FLAGS (\\Draft \\Deleted $Hers)');
  await done(hers, 'UNSELECT');
  await his.dialogue`
    C: a1 SELECT ${work}
    S: ...
    S: a1 OK ...
    C: a2 STORE 1 FLAGS (\Seen \Flagged $His)
    S: * 1 FETCH (UID 1 FLAGS (\Deleted \Seen \Draft $Hers))
    S: a2 OK ...
    C: a3 STORE 1 FLAGS.SILENT ()
    S: a3 OK ...
    C: a4 FETCH 1 FLAGS
    S: * 1 FETCH (FLAGS (\Deleted \Draft $Hers))
    S: a4 OK ...
    C: a5 STORE 1 -FLAGS (\Deleted $Hers)
    S: a5 NO [NOPERM] ...
    C: a6 STORE 1 FLAGS (\Flagged)
    S: a6 NO [NOPERM] ...
    C: a7 UNSELECT
    S: a7 OK ...
  `;
  await give('lrw');
  await his.dialogue`
    C: a1 SELECT ${work}
    S: ...
    S: a1 OK ...
    C: a2 STORE 1 FLAGS (\Seen \Flagged $His)
    S: ...
    S: * 1 FETCH (UID 1 FLAGS (\Flagged \Deleted $His))
    S: a2 OK ...
    C: a3 FETCH 2 BODY[]
    S: * 2 FETCH (BODY[] {{n}}
    S: ...
    S: a3 OK ...
    C: a4 FETCH 2 FLAGS
    S: * 2 FETCH (FLAGS ())
    S: a4 OK ...
    C: a5 STORE 1 FLAGS ()
    S: * 1 FETCH (UID 1 FLAGS (\Deleted))
    S: a5 OK ...
    C: a6 CLOSE
    S: a6 OK ...
    C: a7 STATUS ${work} (MESSAGES DELETED)
    S: * STATUS ${work} (MESSAGES 2 DELETED 1)
    S: a7 OK ...
  `;
});

test('RFC 4314 §4: what is appended or copied brings the flags that may be set', async () => {
  await using all = await shared('lrit');
  const { hers, his, work } = all;
  await his.append(work, letter('three'), '\\Seen \\Deleted \\Flagged $New');
  await his.append('INBOX', letter('four'), '\\Seen \\Deleted \\Draft $Old');
  await his.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 COPY 1 ${work}
    S: a2 OK [COPYUID {validity} 1 4] ...
    C: a3 SELECT ${work}
    S: ...
    S: a3 OK ...
    C: a4 FETCH 3:4 FLAGS
    S: * 3 FETCH (FLAGS (\Deleted \Recent))
    S: * 4 FETCH (FLAGS (\Deleted \Recent))
    S: a4 OK ...
    C: a5 COPY 1:4 INBOX
    S: a5 OK [COPYUID {mine} 1:4 2:5] ...
  `;
  expect(await done(hers, 'GETQUOTAROOT Work')).toHaveLength(2);
  await done(hers, 'SELECT Work');
  const { untagged } = await hers.command('FETCH 4 BODY[HEADER.FIELDS (Subject)]');
  expect(untagged.join('\n')).toContain('Subject: four');
});

test('MOVE to and from the mailbox of another is a move for both', async () => {
  await using all = await shared('lrswite');
  const { hers, his, work } = all;
  await his.append('INBOX', letter('three'), '\\Answered $Mine');
  await done(hers, 'SELECT Work');
  await his.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 MOVE 1 ${work}
    S: * OK [COPYUID {validity} 1 3] Moved
    S: * 1 EXPUNGE
    S: a2 OK ...
    C: a3 SELECT ${work}
    S: ...
    S: a3 OK ...
    C: a4 UID MOVE 1:2 INBOX
    S: * OK [COPYUID {mine} 1:2 2:3] Moved
    S: * 2 EXPUNGE
    S: * 1 EXPUNGE
    S: a4 OK ...
  `;
  const news = await done(hers, 'NOOP');
  expect(news).toEqual(expect.arrayContaining(['* 2 EXPUNGE', '* 1 EXPUNGE', '* 1 EXISTS']));
  expect(await done(hers, 'FETCH 1 FLAGS')).toContain('* 1 FETCH (FLAGS (\\Answered $Mine))');
});

test('RFC 6851 §4.2: MOVE needs what STORE, COPY and EXPUNGE need', async () => {
  await using all = await shared('lrte');
  const { his, give, work } = all;
  for (const letters of ['lrt', 'lre', 'lrswi']) {
    await give(letters);
    await done(his, `SELECT ${work}`);
    expect((await his.command('MOVE 1 INBOX')).tagged).toMatch(/^NO \[NOPERM\]/);
    await done(his, 'UNSELECT');
  }
  await give('lrte');
  await done(his, `SELECT ${work}`);
  expect((await his.command(`MOVE 1 ${work}`)).tagged).toMatch(/^NO \[NOPERM\]/);
  await done(his, 'MOVE 1 INBOX');
});

test('mailboxes below are made, renamed and deleted by who may; they get the rights of the one above', async () => {
  await using all = await shared('lrkx');
  const { mary, hers, his, work } = all;
  const other = `Other Users/${mary.name}`;
  await his.dialogue`
    C: a1 CREATE "${other}/Work/Plans/2026"
    S: a1 OK ...
    C: a2 MYRIGHTS "${other}/Work/Plans"
    S: * MYRIGHTS "${other}/Work/Plans" lrkxc
    S: a2 OK ...
    C: a3 RENAME "${other}/Work/Plans" "${other}/Work/Done"
    S: a3 OK ...
    C: a4 CREATE "${other}/Mine"
    S: a4 NO [NOPERM] ...
    C: a5 RENAME "${other}/Work/Done" "${other}/Done"
    S: a5 NO [NOPERM] ...
    C: a6 RENAME "${other}/Work/Done" Done
    S: a6 NO [CANNOT] ...
    C: a7 RENAME Archive "${other}/Work/Archive"
    S: a7 NO [CANNOT] ...
    C: a8 CREATE "${other}/Work/Sent" (USE (\Sent))
    S: a8 NO [USEATTR] ...
    C: a9 DELETE "${other}/Work/Done/2026"
    S: a9 OK ...
    C: b1 DELETE "${other}/Work/Done/2026"
    S: b1 NO [NONEXISTENT] ...
    C: b2 DELETE ${work}
    S: b2 OK ...
    C: b3 DELETE ${work}
    S: b3 NO [HASCHILDREN] ...
  `;
  expect(await done(hers, 'LIST "" Work*')).toEqual([
    '* LIST (\\Noselect \\HasChildren) "/" Work',
    '* LIST (\\HasNoChildren) "/" Work/Done',
  ]);
});

test('RENAME takes nothing along that may not be deleted, and no INBOX', async () => {
  await using all = await shared('lrkx');
  const { mary, john, hers, his, work } = all;
  await done(hers, 'CREATE Work/Secret');
  await done(hers, `DELETEACL Work/Secret ${john.name}`);
  await done(hers, `SETACL INBOX ${john.name} lrkx`);
  const renamed = `"Other Users/${mary.name}/INBOX/Work"`;
  expect((await his.command(`RENAME ${work} ${renamed}`)).tagged).toMatch(/^NO \[NOPERM\]/);
  const inbox = `"Other Users/${mary.name}/inbox"`;
  expect((await his.command(`RENAME ${inbox} "Other Users/${mary.name}/Work/New"`)).tagged).toMatch(/^NO \[CANNOT\]/);
  expect((await his.command(`DELETE ${inbox}`)).tagged).toMatch(/^NO \[CANNOT\]/);
  await done(hers, `SETACL Work/Secret ${john.name} x`);
  await done(his, `RENAME ${work} ${renamed}`);
  expect(await done(hers, 'LIST "" INBOX/*')).toHaveLength(2);
});

test("metadata: private entries are the reader's own, shared ones are for all, and for who may write to be set", async () => {
  await using all = await shared('lrw');
  const { hers, his, give, work } = all;
  await done(his, `SETMETADATA ${work} (/private/comment "his" /shared/comment "ours")`);
  await done(hers, 'SETMETADATA Work (/private/comment "hers")');
  expect(await done(his, `GETMETADATA ${work} (/private/comment /shared/comment)`)).toEqual([
    `* METADATA ${work} (/private/comment his /shared/comment ours)`.replace('his', '"his"').replace('ours', '"ours"'),
  ]);
  expect(await done(hers, 'GETMETADATA Work /private/comment')).toEqual(['* METADATA Work (/private/comment "hers")']);
  await give('lr');
  expect((await his.command(`SETMETADATA ${work} (/shared/comment "mine")`)).tagged).toMatch(/^NO \[NOPERM\]/);
  await done(his, `SETMETADATA ${work} (/private/comment "still his")`);
  expect((await his.command(`SETMETADATA ${work} (/private/specialuse "\\\\Sent")`)).tagged).toMatch(/^NO \[USEATTR\]/);
  const listed = await done(his, 'LIST "" "Other Users/*" RETURN (METADATA (/private/comment))');
  expect(listed).toContain(`* METADATA ${work} (/private/comment "still his")`);
});

test('ESEARCH finds what may be read in the mailboxes of others, and passes over what may not', async () => {
  await using all = await shared('lr');
  const { mary, john, hers, his, give, work } = all;
  const search = async (filter: string) =>
    (await done(his, `ESEARCH IN (${filter}) RETURN (COUNT) SUBJECT one`)).map((line) => line.includes(work));
  expect(await search(`mailboxes ${work}`)).toEqual([true]);
  expect(await search(`subtree "Other Users/${mary.name}"`)).toEqual([true]);
  expect(await search('personal')).toEqual([]);
  await done(his, `SUBSCRIBE ${work}`);
  expect(await search('subscribed')).toEqual([true]);
  await give('l');
  expect(await search(`subscribed mailboxes ${work}`)).toEqual([]);
  await done(hers, `DELETEACL Work ${john.name}`);
  expect(await search(`subscribed mailboxes ${work}`)).toEqual([]);
});

test.each([
  ['of this process', () => server.postel.ports.imap],
  ['of another process', () => second.port],
])('who loses a right to the selected mailbox loses the connection, in IDLE too: %s', async (_, port) => {
  await using all = await shared('lrs');
  const { john, give, work } = all;
  await using idle = await server.logIn(john, port());
  await using quiet = await server.logIn(john, port());
  await using elsewhere = await server.logIn(john, port());
  for (const client of [idle, quiet]) await done(client, `SELECT ${work}`);
  await done(elsewhere, 'SELECT INBOX');
  await idle.dialogue`
    C: a1 IDLE
    S: + idling
  `;
  await give('+w');
  await idle.dialogue`
    S: * OK [PERMANENTFLAGS ...
  `;
  await done(quiet, 'NOOP');
  await give('-s');
  const begun = performance.now();
  for (const client of [idle, quiet]) {
    expect(await client.line()).toMatch(/^\* BYE \[NOPERM\] Your rights to the mailbox have changed/);
    expect(await client.line()).toBe(null);
  }
  expect(performance.now() - begun).toBeLessThan(END_MS);
  await done(elsewhere, `SELECT ${work}`);
  await give('""');
  expect(await elsewhere.line()).toMatch(/^\* BYE \[NOPERM\]/);
});

test.each([
  ['of this process', () => server.postel.ports.imap],
  ['of another process', () => second.port],
])(
  'RFC 4314 §5.1.1, §5.2: who gains a right to the selected mailbox has it at once, and is told: %s',
  async (_, port) => {
    await using all = await shared('lr');
    const { john, give, work, hers } = all;
    await using idle = await server.logIn(john, port());
    await using quiet = await server.logIn(john, port());
    await using examining = await server.logIn(john, port());
    for (const client of [idle, quiet])
      expect((await client.command(`SELECT ${work}`)).tagged).toMatch(/^OK \[READ-ONLY\]/);
    await done(examining, `EXAMINE ${work}`);
    await idle.dialogue`
    C: a1 IDLE
    S: + idling
  `;
    await give('+ws');
    await idle.dialogue`
    S: * OK [READ-WRITE] ...
    S: * OK [PERMANENTFLAGS (\Answered \Flagged \Seen \Draft \*)] ...
  `;
    await give('+t');
    await idle.dialogue`
    S: * OK [PERMANENTFLAGS (\Answered \Flagged \Deleted \Seen \Draft \*)] ...
    C: DONE
    S: a1 OK ...
    C: a2 STORE 1 +FLAGS (\Deleted \Flagged)
    S: * 1 FETCH (UID 1 FLAGS (\Flagged \Deleted...))
    S: a2 OK ...
  `;
    const told: string[] = [];
    while (!told.some((line) => line.includes('PERMANENTFLAGS') && line.includes('\\Deleted')))
      told.push(...(await done(quiet, 'NOOP'))); // by the one behind which it was heard of
    expect(told.find((line) => line.startsWith('* OK'))).toMatch(/^\* OK \[READ-WRITE\] /);
    expect((await examining.command('STORE 2 +FLAGS (\\Flagged)')).tagged).toMatch(/^NO \[CANNOT\] .*read-only/);
    await Promise.all([give('+i'), done(hers, `SETACL Work ${john.name} +e`), give('+k')]);
    // However fast they come, none of them takes the one before away.
    while (!(await quiet.command('EXPUNGE')).tagged.startsWith('OK '));
  },
);

test('an account that is removed loses its rights for good: who gets its name has none of them', async () => {
  await using all = await shared('lr');
  const { mary, john, hers, work } = all;
  await server.postel.useDirectory((directory) => directory.removeAccount(john.name));
  expect(await done(hers, 'GETACL Work')).toEqual([`* ACL Work ${mary.name} lrswipkxteacd`]);
  await server.postel.useDirectory((directory) => directory.addAccount(john));
  await using again = await server.logIn(john);
  expect((await again.command(`SELECT ${work}`)).tagged).toMatch(/^NO \[NONEXISTENT\]/);
});

test('who may change the list may do so for the owner, and never takes anything from the owner', async () => {
  await using all = await shared('la');
  const { mary, john, hers, his, work } = all;
  const third = await server.addAccount('third');
  await done(his, `SETACL ${work} ${third.name} lr`);
  expect(await done(his, `GETACL ${work}`)).toEqual([
    `* ACL ${work} ${mary.name} lrswipkxteacd ${john.name} la ${third.name} lr`,
  ]);
  expect((await his.command(`SETACL ${work} ${mary.name} l`)).tagged).toMatch(/^NO \[CANNOT\]/);
  await done(his, `SETACL ${work} -${third.name} r`);
  await done(hers, 'SELECT Work');
});
