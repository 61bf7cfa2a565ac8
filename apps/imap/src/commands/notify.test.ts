import { deflateRawSync } from 'node:zlib';
import { openDatabase } from '@postel/storage';
import type { TestAccount } from '@postel/testkit';
import { expect, test } from 'vitest';
import { WATCHED_MAILBOXES } from '../limits.ts';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();
const MESSAGE = 'Subject: one\r\n\r\nText\r\n';

/** Mary, who watches, and a second connection of hers, by which things happen. */
async function twoClients(account?: TestAccount) {
  const mary = account ?? (await server.addAccount());
  return { account: mary, watching: await server.logIn(mary), other: await server.logIn(mary) };
}

test('NOTIFY: what it may be', async () => {
  const { watching } = await twoClients();
  await using mary = watching;
  for (const [args, answer] of [
    ['', 'BAD'],
    ['SOME', 'BAD'],
    ['SET', 'BAD'],
    ['SET ()', 'BAD'],
    ['SET STATUS', 'BAD'],
    ['SET (personal)', 'BAD'],
    ['SET (personal ())', 'BAD'],
    ['SET (elsewhere (MailboxName))', 'BAD'],
    ['SET (subtree () (MailboxName))', 'BAD'],
    ['SET (personal (MessageNew))', 'BAD MessageNew and MessageExpunge come together'],
    ['SET (personal (MessageExpunge))', 'BAD MessageNew and MessageExpunge come together'],
    ['SET (personal (FlagChange))', 'BAD FlagChange comes with MessageNew'],
    ['SET (selected (MailboxName))', 'BAD Of the selected mailbox only its messages can be watched'],
    ['SET (selected NONE) (selected-delayed NONE)', 'BAD The selected mailbox stands there twice'],
    ['SET (personal (MessageNew (uid) MessageExpunge))', 'BAD Only of the selected mailbox messages can be fetched'],
    ['SET (selected (MessageNew (nonsense) MessageExpunge))', 'BAD'],
    [
      'SET (selected (MessageNew MessageExpunge FlagChange AnnotationChange))',
      'NO [BADEVENT (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange MailboxMetadataChange ServerMetadataChange)]',
    ],
    ['SET (personal (Thunder))', 'NO [BADEVENT ('],
    [
      `SET (mailboxes (${Array.from({ length: 1_001 }, (_, i) => i).join(' ')}) (MailboxName))`,
      'NO [NOTIFICATIONOVERFLOW]',
    ],
    [`SET ${Array(101).fill('(personal NONE)').join(' ')}`, 'NO [NOTIFICATIONOVERFLOW]'],
    ['NONE', 'OK'],
    ['none', 'OK'],
    ['set status (Personal none)', 'OK'],
    ['SET (mailboxes (INBOX "Not there") (MessageNew MessageExpunge FlagChange)) (inboxes (MailboxName))', 'OK'],
    ['SET (selected-delayed (messageexpunge MESSAGENEW (uid flags body.peek[header.fields (from)])))', 'OK'],
  ] as const) {
    expect({ args, tagged: (await mary.command(`NOTIFY ${args}`)).tagged }).toEqual({
      args,
      tagged: expect.stringContaining(answer),
    });
  }
  await using client = await server.connect();
  expect((await client.command('NOTIFY NONE')).tagged).toMatch(/^BAD Log in first/);
});

test('messages in other mailboxes are told by STATUS, while no command is in progress and in IDLE', async () => {
  const { watching, other } = await twoClients();
  await using mary = watching;
  await using second = other;
  for (const name of ['Lists', 'Lists/Lemonade', 'misc']) await second.command(`CREATE ${name}`);
  await second.append('Lists/Lemonade', MESSAGE);
  await mary.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 NOTIFY SET STATUS (selected (MessageNew MessageExpunge)) (subtree Lists (MessageNew MessageExpunge FlagChange)) (mailboxes INBOX (MessageNew MessageExpunge))
    S: * STATUS Lists (MESSAGES 0 UIDNEXT 1 UIDVALIDITY {lists} UNSEEN 0 HIGHESTMODSEQ {a})
    S: * STATUS Lists/Lemonade (MESSAGES 1 UIDNEXT 2 UIDVALIDITY {lemonade} UNSEEN 1 HIGHESTMODSEQ {b})
    S: a2 OK ...
  `;
  await second.append('misc', MESSAGE);
  await second.append('Lists/Lemonade', MESSAGE, '\\Seen');
  await mary.dialogue`
    S: * STATUS Lists/Lemonade (MESSAGES 2 UIDNEXT 3 UIDVALIDITY {u})
  `;
  await second.command('SELECT Lists/Lemonade');
  await second.command('STORE 1 +FLAGS (\\Flagged)'); // no change that STATUS could tell without CONDSTORE
  await second.command('STORE 1 +FLAGS (\\Seen)');
  await mary.dialogue`
    S: * STATUS Lists/Lemonade (UIDVALIDITY {u} UNSEEN 0)
    C: a3 IDLE
    S: + idling
  `;
  await second.command('STORE 2 +FLAGS (\\Deleted)');
  await second.command('EXPUNGE');
  await mary.dialogue`
    S: * STATUS Lists/Lemonade (MESSAGES 1 UIDNEXT 3 UIDVALIDITY {u})
  `;
  await second.append('INBOX', MESSAGE);
  await mary.dialogue`
    S: * 1 EXISTS
    S: * 1 RECENT
    C: DONE
    S: a3 OK ...
    C: a4 NOTIFY NONE
    S: a4 OK ...
  `;
  await second.append('Lists/Lemonade', MESSAGE);
  await second.append('INBOX', MESSAGE);
  await mary.dialogue`
    C: a5 NOOP
    S: a5 OK ...
    C: a6 NOTIFY SET (selected (MessageNew MessageExpunge))
    S: * 2 EXISTS
    S: * 2 RECENT
    S: ...
    S: a6 OK ...
  `;
});

test('selected: arrivals with what was asked for, flags and removals at once', async () => {
  const { watching, other } = await twoClients();
  await using mary = watching;
  await using second = other;
  await second.append('INBOX', MESSAGE);
  await second.command('SELECT INBOX');
  await mary.dialogue`
    C: a1 NOTIFY SET (selected (MessageNew (uid flags body.peek[header.fields (subject)]) MessageExpunge FlagChange))
    S: a1 OK ...
    C: a2 SELECT INBOX
    S: ...
    S: a2 OK ...
  `;
  await second.append('INBOX', 'Subject: two\r\n\r\nText\r\n');
  await mary.dialogue`
    S: * 2 EXISTS
    S: * {recent} RECENT
    S: * 2 FETCH (UID 2 FLAGS (...) BODY[HEADER.FIELDS (subject)] {16}
    S: Subject: two
    S: 
    S: )
  `;
  await second.command('NOOP');
  await second.command('STORE 1 +FLAGS (\\Deleted)');
  await mary.dialogue`
    S: * 1 FETCH (UID 1 FLAGS (\Deleted...))
  `;
  await second.command('EXPUNGE');
  await mary.dialogue`
    S: * 1 EXPUNGE
    C: a3 UID FETCH 2 UID
    S: * 1 FETCH (UID 2)
    S: a3 OK ...
  `;
});

test('arrivals are fetched behind the EXISTS that counts them, and once, however fast they come', async () => {
  const { account, watching, other } = await twoClients();
  await using mary = watching;
  await using second = other;
  await using third = await server.logIn(account);
  await mary.command('SELECT INBOX');
  await mary.command('NOTIFY SET (selected (MessageNew (uid) MessageExpunge))');
  const each = 50;
  const appending = [second, third].map(async (client) => {
    for (let i = 0; i < each; i++) await client.append('INBOX', MESSAGE);
  });
  const told: { readonly uid: number; readonly isCounted: boolean }[] = [];
  let exists = 0;
  while (told.length < 2 * each) {
    const [, number, response, uid] =
      /^\* (\d+) (EXISTS|RECENT|FETCH \(UID (\d+)\))$/.exec((await mary.line()) ?? '') ?? [];
    if (response === 'EXISTS') exists = Number(number);
    if (uid !== undefined) told.push({ uid: Number(uid), isCounted: Number(number) <= exists });
  }
  await Promise.all(appending);
  expect(told).toEqual(told.map((_, i) => ({ uid: i + 1, isCounted: true })));
});

test('selected-delayed: removals wait for a command that may tell them; without FlagChange flags are not told', async () => {
  const { watching, other } = await twoClients();
  await using mary = watching;
  await using second = other;
  for (let i = 0; i < 3; i++) await second.append('INBOX', MESSAGE);
  await second.command('SELECT INBOX');
  await mary.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 NOTIFY SET (selected-delayed (MessageNew MessageExpunge))
    S: a2 OK ...
  `;
  await second.command('STORE 1 +FLAGS (\\Deleted)');
  await second.command('EXPUNGE');
  await second.append('INBOX', MESSAGE);
  await mary.dialogue`
    S: * 4 EXISTS
    S: * {recent} RECENT
    C: a3 FETCH 2 UID
    S: * 2 FETCH (UID 2)
    S: a3 OK ...
    C: a4 NOOP
    S: * 1 EXPUNGE
    S: a4 OK ...
  `;
});

test('without selected nothing is told of the selected mailbox but what its own commands do', async () => {
  const { watching, other } = await twoClients();
  await using mary = watching;
  await using second = other;
  for (let i = 0; i < 2; i++) await second.append('INBOX', MESSAGE);
  await mary.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 NOTIFY SET (personal (MessageNew MessageExpunge))
    S: a2 OK ...
  `;
  await second.append('INBOX', MESSAGE);
  await mary.dialogue`
    C: a3 NOOP
    S: a3 OK ...
    C: a4 STORE 2 +FLAGS (\Deleted)
    S: * 2 FETCH (UID 2 FLAGS (\Deleted...))
    S: a4 OK ...
    C: a5 EXPUNGE
    S: * 2 EXPUNGE
    S: a5 OK ...
    C: a6 UNSELECT
    S: a6 OK ...
  `;
  await second.append('INBOX', MESSAGE);
  await mary.dialogue`
    S: ...
    S: * STATUS INBOX (MESSAGES 3 UIDNEXT 5 UIDVALIDITY ...)
  `;
});

test('what comes while IDLE ends is told behind it', async () => {
  const { watching, other } = await twoClients();
  await using mary = watching;
  await using second = other;
  const long = `Subject: long\r\n\r\n${`${'x'.repeat(998)}\r\n`.repeat(20_000)}`;
  await mary.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 NOTIFY SET (selected (MessageNew (body.peek[]) MessageExpunge))
    S: a2 OK ...
    C: a3 IDLE
    S: + idling
  `;
  await second.append('INBOX', long);
  await mary.dialogue`
    S: * 1 EXISTS
    C: DONE
  `;
  await second.append('INBOX', MESSAGE); // the long one is still being told
  while (!(await mary.line())?.endsWith(`{${long.length}}`));
  await mary.octets(long.length);
  await mary.dialogue`
    S: )
    S: a3 OK ...
    S: * 2 EXISTS
  `;
});

test('RFC 5465 §3.1, §5: SET tells all that has come so far, also where nothing is to be told from then on', async () => {
  const { watching, other } = await twoClients();
  await using mary = watching;
  await using second = other;
  for (let i = 0; i < 2; i++) await second.append('INBOX', MESSAGE);
  for (const client of [mary, second]) await client.command('SELECT INBOX');
  await mary.command('ENABLE QRESYNC');
  const change = async (uid: number) => {
    await second.command(`UID STORE ${uid} +FLAGS (\\Deleted)`);
    await second.command('EXPUNGE');
    await second.command(`UID STORE ${uid + 1} +FLAGS (\\Flagged)`);
    await second.append('INBOX', MESSAGE);
  };
  await change(1);
  await mary.dialogue`
    C: a1 NOTIFY SET (selected NONE)
    S: * VANISHED 1
    S: * 2 EXISTS
    S: * ... RECENT
    S: * 1 FETCH (UID 2 FLAGS (\Flagged...) MODSEQ ...)
    S: a1 OK [HIGHESTMODSEQ {snapshot}] ...
  `;
  await change(2);
  await mary.dialogue`
    C: a2 NOOP
    S: a2 OK Done
    C: a3 NOTIFY NONE
    S: a3 OK Nothing is told
    C: a4 NOTIFY SET (personal (MessageNew MessageExpunge))
    S: * VANISHED 2
    S: * 2 EXISTS
    S: * ... RECENT
    S: * 1 FETCH (UID 3 FLAGS (\Flagged...) MODSEQ ...)
    S: a4 OK [HIGHESTMODSEQ {later}] ...
  `;
});

test('without selected REPLACE tells what it removes, as EXPUNGE and MOVE do', async () => {
  await using mary = await server.logIn();
  for (let i = 0; i < 2; i++) await mary.append('INBOX', MESSAGE);
  await mary.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 NOTIFY NONE
    S: a2 OK ...
    C: a3 REPLACE 1 INBOX {3+}
    C: new
    S: * OK [APPENDUID {validity} 3] ...
    S: * 1 EXPUNGE
    S: a3 OK ...
    C: a4 UID REPLACE 2 INBOX {3+}
    C: new
    S: * OK [APPENDUID {validity} 4] ...
    S: * 1 EXPUNGE
    S: a4 OK ...
  `;
});

test('names: created, deleted, renamed; the one above too, but not what the client does itself', async () => {
  const { watching, other } = await twoClients();
  await using mary = watching;
  await using second = other;
  await mary.command('NOTIFY SET (personal (MailboxName))');
  await mary.command('CREATE own');
  await second.command('CREATE Lists');
  await mary.dialogue`
    S: * LIST (\HasNoChildren) "/" Lists
  `;
  await second.command('CREATE Lists/a');
  await mary.dialogue`
    S: * LIST (\HasChildren) "/" Lists
    S: * LIST (\HasNoChildren) "/" Lists/a
  `;
  await second.command('RENAME Lists Tables');
  await mary.dialogue`
    S: * LIST (\HasChildren) "/" Tables ("OLDNAME" (Lists))
  `;
  await second.command('RENAME Tables/a &U,BTFw-');
  await mary.dialogue`
    S: * LIST (\HasNoChildren) "/" &U,BTFw- ("OLDNAME" (Tables/a))
  `;
  await second.command('DELETE Tables');
  await mary.dialogue`
    S: * LIST (\NonExistent \HasNoChildren) "/" Tables
  `;
  await mary.command('RENAME own ours');
  await mary.command('DELETE ours');
  await second.command('CREATE last');
  expect(await mary.line()).toMatch(/^\* LIST \(.*\) "\/" last$/);
});

test('subscriptions, and mailboxes watched because they are subscribed to', async () => {
  const { watching, other } = await twoClients();
  await using mary = watching;
  await using second = other;
  await second.command('CREATE one');
  await mary.command('NOTIFY SET (personal (SubscriptionChange)) (subscribed (MessageNew MessageExpunge))');
  await mary.command('SUBSCRIBE INBOX');
  await second.append('one', MESSAGE);
  await second.command('SUBSCRIBE one');
  await mary.dialogue`
    S: * LIST (\HasNoChildren \Subscribed) "/" one
  `;
  await second.append('one', MESSAGE);
  await mary.dialogue`
    S: * STATUS one (MESSAGES 2 UIDNEXT 3 UIDVALIDITY {u} UNSEEN 2)
  `;
  await second.command('UNSUBSCRIBE one');
  await mary.dialogue`
    S: * LIST (\HasNoChildren) "/" one
  `;
  await second.command('SUBSCRIBE nothing');
  await mary.dialogue`
    S: * LIST (\NonExistent \HasNoChildren \Subscribed) "/" nothing
  `;
});

test('metadata of mailboxes and of the server', async () => {
  const { watching, other } = await twoClients();
  await using mary = watching;
  await using second = other;
  await second.command('CREATE one');
  await mary.command('NOTIFY SET (mailboxes one (MailboxMetadataChange ServerMetadataChange))');
  await second.command('SETMETADATA INBOX (/private/comment "not watched")');
  await second.command('SETMETADATA one (/private/comment "mine" /shared/comment "ours")');
  await mary.dialogue`
    S: * METADATA one /private/comment /shared/comment
  `;
  await second.command('SETMETADATA "" (/private/comment "server")');
  await mary.dialogue`
    S: * METADATA "" /private/comment
  `;
  await mary.command('SETMETADATA one (/private/comment "by myself")');
  await second.command('SETMETADATA one (/private/comment NIL)');
  await mary.dialogue`
    S: * METADATA one /private/comment
  `;
});

test('changes of another process are told', async () => {
  const { watching, account } = await twoClients();
  await using mary = watching;
  await using imap = await server.startProcess();
  await using far = await server.logIn(account, imap.port);
  await mary.command('NOTIFY SET (personal (MailboxName MessageNew MessageExpunge))');
  await far.command('CREATE far');
  expect(await mary.line()).toMatch(/^\* LIST .* far$/);
  await far.append('far', MESSAGE);
  expect(await mary.line()).toMatch(/^\* STATUS far \(MESSAGES 1 /);
});

test('news never stands in the middle of something else', async () => {
  const { watching, other } = await twoClients();
  await using mary = watching;
  await using second = other;
  await second.command('CREATE busy');
  for (let i = 0; i < 5; i++) await second.append('INBOX', `Subject: ${i}\r\n\r\n${'x'.repeat(90_000)}`);
  await mary.command(
    'NOTIFY SET (selected (MessageNew (uid body.peek[]) MessageExpunge)) (personal (MessageNew MessageExpunge))',
  );
  await mary.command('SELECT INBOX');
  let isOver = false;
  const happening = (async () => {
    for (let i = 0; i < 60; i++)
      await second.append(i % 2 === 0 ? 'busy' : 'INBOX', `Subject: ${i}\r\n\r\n${'y'.repeat(20_000)}`);
    isOver = true;
  })();
  const answers = new Set<string>();
  let sent = 0;
  while (!isOver || answers.size < sent) {
    if (!isOver && sent - answers.size < 3) mary.send(`f${sent++} UID FETCH 1:5 (BODY.PEEK[])\r\n`);
    const line = (await mary.line()) ?? '(closed)';
    const literal = /\{(\d+)\}$/.exec(line);
    if (literal !== null) {
      await mary.octets(Number(literal[1]));
      expect(await mary.line()).toBe(')');
    } else if (/^f\d+ OK /.test(line)) answers.add(line);
    else expect(line).toMatch(/^\* (\d+ (EXISTS|RECENT)|STATUS busy \(.*\)|\d+ FETCH \(UID \d+ FLAGS \(.*\)\))$/);
  }
  await happening;
});

test('a literal that the client is about to send is asked for between two pieces of news', async () => {
  const { watching, other } = await twoClients();
  await using mary = watching;
  await using second = other;
  await second.command('CREATE busy');
  await mary.command('NOTIFY SET (personal (MessageNew MessageExpunge))');
  mary.send('a1 STATUS {4}\r\n');
  expect(await mary.line()).toMatch(/^\+ /);
  await second.append('busy', MESSAGE);
  expect(await mary.line()).toMatch(/^\* STATUS busy /);
  mary.send('busy (MESSAGES)\r\n');
  expect(await mary.line()).toBe('* STATUS busy (MESSAGES 1)');
  expect(await mary.line()).toMatch(/^a1 OK /);
});

test('RFC 8437 §4.1: UNAUTHENTICATE ends it', async () => {
  const { watching, other, account } = await twoClients();
  await using mary = watching;
  await using second = other;
  await mary.command('NOTIFY SET (personal (MailboxName))');
  await mary.dialogue`
    C: a1 UNAUTHENTICATE
    S: a1 OK ...
    C: a2 LOGIN ${account.name} ${account.password}
    S: a2 OK ...
  `;
  await second.command('CREATE one');
  await mary.dialogue`
    C: a3 NOOP
    S: a3 OK ...
  `;
});

test('news is compressed as all else', async () => {
  const { watching, other } = await twoClients();
  await using mary = watching;
  await using second = other;
  await mary.command('COMPRESS DEFLATE');
  mary.startCompression();
  await mary.command('NOTIFY SET (personal (MailboxName))');
  await second.command('CREATE one');
  expect(await mary.line()).toMatch(/^\* LIST .* one$/);
  mary.socket.write(deflateRawSync('x')); // the last
});

test('a mailbox that is deleted while it is selected and watched ends the connection with BYE', async () => {
  const { watching, other } = await twoClients();
  await using mary = watching;
  await using second = other;
  await second.command('CREATE one');
  await mary.command('NOTIFY SET (selected (MessageNew MessageExpunge))');
  await mary.command('SELECT one');
  await second.command('DELETE one');
  expect((await mary.closed()).at(-1)).toMatch(/^\* BYE The mailbox was deleted/);
});

test('an account with too many mailboxes is not watched; nor one that gets them, or too many names at once', async () => {
  const { watching, other, account } = await twoClients();
  await using mary = watching;
  await using second = other;
  await mary.command('NOTIFY SET (personal (MailboxName))');
  const database = openDatabase(server.postel.database, { applicationName: 'notify test', maxConnections: 1 });
  try {
    await database.sql`
      insert into mailboxes (account_id, mailbox_id, name, uidvalidity, create_seq, mod_seq, highest_mod_seq)
      select a.account_id, a.next_object_id + 1000 + n, 'many ' || n, 1000 + n, a.modseq + 1, a.modseq + 1, a.modseq + 1
        from accounts as a, generate_series(1, ${WATCHED_MAILBOXES}::bigint) as n where a.name = ${account.name}::text`;
    await database.sql`
      update accounts set modseq = modseq + 1, next_object_id = next_object_id + 1001 + ${WATCHED_MAILBOXES}::bigint,
             used_mailboxes = used_mailboxes + ${WATCHED_MAILBOXES}::bigint where name = ${account.name}::text`;
  } finally {
    await database.close();
  }
  expect(await mary.line()).toMatch(/^\* OK \[NOTIFICATIONOVERFLOW\] /);
  await second.command('CREATE one');
  await mary.dialogue`
    C: a1 NOOP
    S: a1 OK ...
    C: a2 NOTIFY SET (personal (MailboxName))
    S: a2 NO [NOTIFICATIONOVERFLOW] ...
    C: a3 NOTIFY SET (selected (MessageNew MessageExpunge))
    S: a3 OK ...
  `;
});
