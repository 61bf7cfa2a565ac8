import { expect, test } from 'vitest';
import type { ImapClient } from './testing/imap-client.ts';
import { MailServer } from './testing/mail-server.ts';

const server = new MailServer();

const ITEMS =
  '(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE BODY BODY.PEEK[HEADER.FIELDS (Subject)] BODY.PEEK[HEADER])';

/** Makes the database say something else of all messages of an account: who still says the same had it in memory. */
const CHANGE_FACTS = `update contents set envelope = convert_to('("changed")', 'UTF8'), body_structure = convert_to('("changed")', 'UTF8')
                       where account_id = $1`;

/** Untagged responses, without what changes. */
async function fetchAll(client: ImapClient, items = ITEMS, which = '1:*'): Promise<readonly string[]> {
  const { untagged } = await client.command(`UID FETCH ${which} ${items}`);
  return untagged;
}

test('a second FETCH of what never changes says the same, and needs no database', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  for (let n = 1; n <= 100; n++) await mary.append('INBOX', `Subject: number ${n}\r\n\r\ntext ${n}\r\n`);
  await mary.command('EXAMINE INBOX');
  const before = await fetchAll(mary);
  expect(before.length).toBeGreaterThanOrEqual(100);
  await server.changeRows(account, CHANGE_FACTS);
  expect(await fetchAll(mary)).toEqual(before);

  await using other = await server.logIn(account); // shares the arrays, and so what is known
  await other.command('EXAMINE INBOX');
  expect(await fetchAll(other)).toEqual(before);
  expect(await fetchAll(other, '(ENVELOPE)', '7')).toEqual([
    '* 7 FETCH (UID 7 ENVELOPE (NIL "number 7" NIL NIL NIL NIL NIL NIL NIL NIL))',
  ]);
});

test('so does one of a large message, whose octets are not in the database, but for its text', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await mary.append(
    'INBOX',
    `Subject: large\r\n\r\n${'x'.repeat(78)}\r\n`.concat(`${'y'.repeat(78)}\r\n`.repeat(3_000)),
  );
  await mary.command('EXAMINE INBOX');
  const before = await fetchAll(mary);
  const fields = await fetchAll(mary, 'BODY.PEEK[HEADER.FIELDS (Subject)]');
  expect(before.join()).toContain('ENVELOPE (NIL "large"');
  expect(fields).toEqual(['* 1 FETCH (UID 1 BODY[HEADER.FIELDS (Subject)] {18}', 'Subject: large', '', ')']);
  await server.changeRows(account, CHANGE_FACTS);
  expect(await fetchAll(mary)).toEqual(before);
  expect(await fetchAll(mary, 'BODY.PEEK[HEADER.FIELDS (Subject)]')).toEqual(fields);
  expect(await fetchAll(mary, '(ENVELOPE BODY.PEEK[TEXT]<0.3>)')).toEqual([
    '* 1 FETCH (UID 1 ENVELOPE ("changed") BODY[TEXT]<0> {3}',
    'xxx)',
  ]);
});

test('what came, went or changed its flags since is told as it is, in the order of UIDs', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using other = await server.logIn(account);
  for (let n = 1; n <= 60; n++) await mary.append('INBOX', `Subject: number ${n}\r\n\r\ntext\r\n`);
  await mary.command('SELECT INBOX');
  await fetchAll(mary, '(FLAGS ENVELOPE)', '1:9,20:60'); // leaves some out
  await other.command('SELECT INBOX');
  await other.command('UID STORE 5,30:32 +FLAGS.SILENT (\\Deleted \\Flagged)');
  await other.command('UID EXPUNGE 30:32');
  for (let n = 61; n <= 64; n++) await other.append('INBOX', `Subject: number ${n}\r\n\r\ntext\r\n`);
  await mary.command('NOOP');
  const answers = (await fetchAll(mary, '(FLAGS ENVELOPE)')).filter((line) => line.includes('ENVELOPE'));
  const present = Array.from({ length: 64 }, (_, i) => i + 1).filter((uid) => uid < 30 || uid > 32);
  expect(answers.map((line) => Number(/UID (\d+)/.exec(line)?.[1]))).toEqual(present);
  expect(answers.map((line) => Number(/"number (\d+)"/.exec(line)?.[1]))).toEqual(present);
  expect(answers.map((line) => Number(/^\* (\d+) /.exec(line)?.[1]))).toEqual(present.map((_, i) => i + 1));
  expect(answers[4]).toMatch(/FLAGS \(\\Flagged \\Deleted( \\Recent)?\)/);
});

test('a message whose removal is not told yet comes from its tombstone, with its old number', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using other = await server.logIn(account);
  for (let n = 1; n <= 3; n++) await mary.append('INBOX', `Subject: number ${n}\r\n\r\ntext\r\n`);
  await mary.command('SELECT INBOX');
  await fetchAll(mary, '(ENVELOPE)');
  await other.command('SELECT INBOX');
  await other.command('STORE 2 +FLAGS.SILENT (\\Deleted)');
  await other.command('EXPUNGE');
  const { untagged } = await mary.command('FETCH 1:3 (ENVELOPE)');
  const envelopes = untagged.filter((line) => line.includes('ENVELOPE'));
  expect(envelopes.map((line) => /^\* (\d+) FETCH .*"number (\d+)"/.exec(line)?.slice(1))).toEqual([
    ['1', '1'],
    ['2', '2'],
    ['3', '3'],
  ]);
});

test('a mailbox of the same name, and another account, show nothing of what is known', async () => {
  await using mary = await server.logIn();
  await using eve = await server.logIn();
  for (const [client, subject] of [
    [mary, 'first'],
    [eve, 'of eve'],
  ] as const) {
    await client.command('CREATE Box');
    await client.append('Box', `Subject: ${subject}\r\n\r\ntext\r\n`);
    await client.command('SELECT Box');
    expect((await fetchAll(client, '(ENVELOPE)')).join()).toContain(`"${subject}"`);
  }
  await mary.command('CLOSE');
  await mary.command('DELETE Box');
  await mary.command('CREATE Box');
  await mary.append('Box', 'Subject: second\r\n\r\ntext\r\n');
  await mary.command('SELECT Box');
  expect((await fetchAll(mary, '(ENVELOPE)')).filter((line) => line.includes('ENVELOPE'))).toEqual([
    '* 1 FETCH (UID 1 ENVELOPE (NIL "second" NIL NIL NIL NIL NIL NIL NIL NIL))',
  ]);
});

test('after the database went back in time nothing is known any more', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await mary.append('INBOX', 'Subject: before\r\n\r\ntext\r\n');
  await mary.command('SELECT INBOX');
  await fetchAll(mary, '(ENVELOPE)');
  await server.changeRows(account, 'update accounts set rewound_at = now(), modseq = modseq + 1 where account_id = $1');
  expect((await mary.command('NOOP')).untagged.join()).toContain('BYE');
  await server.changeRows(account, 'update accounts set rewound_at = null where account_id = $1');
  await server.changeRows(account, CHANGE_FACTS); // the UID is another message's now
  await using again = await server.logIn(account);
  await again.command('SELECT INBOX');
  expect((await fetchAll(again, '(ENVELOPE)')).join()).toContain('ENVELOPE ("changed")');
});
