/** SEARCH=FUZZY: RFC 6203. */
import { expect, test } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();

const letter = (subject: string, body = '') =>
  `From: Mary Smith <mary@example.com>\r\nSubject: ${subject}\r\n\r\n${body}`;

async function withMessages(...messages: readonly string[]) {
  const mary = await server.logIn();
  for (const message of messages) await mary.append('INBOX', Buffer.from(message).toString('latin1'));
  await mary.command('SELECT INBOX');
  return {
    mary,
    async find(keys: string) {
      const { untagged, tagged } = await mary.command(`SEARCH ${Buffer.from(keys).toString('latin1')}`);
      if (!tagged.startsWith('OK ')) throw mary.failure(`SEARCH was answered ${tagged}`);
      return untagged[0]?.slice('* SEARCH'.length).trim();
    },
    async [Symbol.asyncDispose]() {
      await mary[Symbol.asyncDispose]();
    },
  };
}

test('words in any order, with another ending, or misspelled', async () => {
  await using box = await withMessages(
    letter('Say hello to everybody', 'We went swimming.'),
    letter('Meeting', 'Please say hello'),
    letter('Nothing', 'else'),
    letter('Приветствия', 'всем'),
    letter('日本語の手紙', 'x'),
  );
  const { find } = box;
  expect(await find('FUZZY TEXT "Helo"')).toBe('1 2');
  expect(await find('FUZZY TEXT "ehllo"')).toBe('1 2');
  expect(await find('FUZZY TEXT "hallo"')).toBe('1 2');
  expect(await find('FUZZY TEXT "helllo"')).toBe('1 2');
  expect(await find('FUZZY TEXT "hxxlo"')).toBe('');
  expect(await find('FUZZY BODY helo')).toBe('2');
  expect(await find('FUZZY SUBJECT "everybody hello"')).toBe('1');
  expect(await find('SUBJECT "everybody hello"')).toBe('');
  expect(await find('FUZZY BODY swimmer')).toBe('1');
  expect(await find('FUZZY SUBJECT meetings')).toBe('2');
  expect(await find('FUZZY SUBJECT mezing')).toBe('');
  expect(await find('FUZZY FROM "smyth mary"')).toBe('1 2 3 4 5');
  expect(await find('FUZZY HEADER subject "приветствие"')).toBe('4');
  expect(await find('FUZZY TEXT "手紙"')).toBe('5');
  expect(await find('FUZZY TEXT "no such words"')).toBe('');
});

test('what has no words, and keys without texts, mean what they mean', async () => {
  await using box = await withMessages(letter('a.b [c]', 'x'), letter('a b', 'hello'));
  const { find } = box;
  expect(await find('FUZZY SUBJECT "["')).toBe('1');
  expect(await find('FUZZY SUBJECT ""')).toBe('1 2');
  expect(await find('FUZZY SUBJECT ".*"')).toBe('');
  expect(await find('FUZZY SUBJECT "a.*b(c"')).toBe('1');
  expect(await find('FUZZY 1')).toBe('1');
  expect(await find('FUZZY (OR SEEN UID 2)')).toBe('2');
  expect(await find('FUZZY NOT TEXT helo')).toBe('1');
  expect(await find('FUZZY FUZZY BODY helo')).toBe('2');
  expect(await find('OR FUZZY BODY helo SUBJECT "[c]"')).toBe('1 2');
  expect((await box.mary.command('SEARCH FUZZY')).tagged).toMatch(/^BAD /);
});

test('RELEVANCY is told, and sorted by', async () => {
  await using box = await withMessages(
    letter('other', 'a hallo in the body'),
    letter('hello', 'x'),
    letter('other', 'a hello in the body'),
    letter('other', 'nothing'),
    letter('hallo', 'x'),
  );
  await box.mary.dialogue`
    C: a1 SEARCH RETURN (RELEVANCY ALL) FUZZY TEXT "hello"
    S: * ESEARCH (TAG "a1") ALL 1:3,5 RELEVANCY (8 100 80 20)
    S: a1 OK ...
    C: a2 SORT (RELEVANCY) UTF-8 FUZZY TEXT "hello"
    S: * SORT 2 3 5 1
    S: a2 OK ...
    C: a3 UID SORT RETURN (PARTIAL 1:2 RELEVANCY COUNT) (RELEVANCY) UTF-8 FUZZY TEXT "hello"
    S: * ESEARCH (TAG "a3") UID COUNT 4 PARTIAL (1:2 2:3) RELEVANCY (100 80)
    S: a3 OK ...
    C: a4 SORT (REVERSE RELEVANCY) UTF-8 FUZZY TEXT "hello"
    S: * SORT 1 5 3 2
    S: a4 OK ...
    C: a5 SEARCH RETURN (RELEVANCY) TEXT hello
    S: a5 BAD RELEVANCY is of searches with FUZZY...
    C: a6 SORT (RELEVANCY) UTF-8 TEXT hello
    S: a6 BAD RELEVANCY is of searches with FUZZY...
    C: a7 ESEARCH IN (mailboxes INBOX) RETURN (RELEVANCY MIN) FUZZY SUBJECT hello
    S: * ESEARCH (TAG "a7" MAILBOX INBOX UIDVALIDITY {uidvalidity}) UID MIN 2 RELEVANCY (100)
    S: a7 OK ...
    C: a8 SEARCH RETURN (RELEVANCY COUNT) OR FUZZY SUBJECT hello 4
    S: * ESEARCH (TAG "a8") COUNT 3 RELEVANCY (100 100 20)
    S: a8 OK ...
    C: a9 SORT RETURN (UPDATE COUNT) (RELEVANCY) UTF-8 FUZZY SUBJECT hello
    S: * ESEARCH (TAG "a9") COUNT 2
    S: * NO [NOUPDATE "a9"] ...
    S: a9 OK ...
  `;
});

test('keys that are all to match have each their share in the relevancy, and nothing found has none', async () => {
  await using box = await withMessages(
    letter('hello', 'the meeting'),
    letter('hallo', 'the meeting'),
    letter('hello', 'the meeeting'),
    letter('hello', 'nothing'),
  );
  await box.mary.command('STORE 3 FLAGS (\\Flagged)');
  await box.mary.dialogue`
    C: a1 SEARCH RETURN (RELEVANCY ALL) FUZZY (SUBJECT hello BODY meeting)
    S: * ESEARCH (TAG "a1") ALL 1:3 RELEVANCY (100 60 60)
    S: a1 OK ...
    C: a2 SEARCH RETURN (RELEVANCY ALL) FUZZY SUBJECT hello BODY meeting
    S: * ESEARCH (TAG "a2") ALL 1:2 RELEVANCY (100 20)
    S: a2 OK ...
    C: a3 UID SEARCH RETURN (RELEVANCY MIN MAX) FUZZY SUBJECT hello UNFLAGGED
    S: * ESEARCH (TAG "a3") UID MIN 1 MAX 4 RELEVANCY (100 100)
    S: a3 OK ...
    C: a4 SEARCH RETURN (RELEVANCY PARTIAL -1:-2) FUZZY SUBJECT hello
    S: * ESEARCH (TAG "a4") PARTIAL (-1:-2 3:4) RELEVANCY (100 100)
    S: a4 OK ...
    C: a5 SEARCH RETURN (RELEVANCY ALL COUNT) FUZZY SUBJECT absent
    S: * ESEARCH (TAG "a5") COUNT 0 RELEVANCY ()
    S: a5 OK ...
    C: a6 SORT RETURN (PARTIAL 1:10 RELEVANCY) (RELEVANCY) UTF-8 FUZZY SUBJECT absent
    S: * ESEARCH (TAG "a6") PARTIAL (1:10 NIL) RELEVANCY ()
    S: a6 OK ...
    C: a7 SORT (REVERSE ARRIVAL RELEVANCY) UTF-8 FUZZY SUBJECT hello
    S: * SORT 4 3 2 1
    S: a7 OK ...
    C: a8 SEARCH RETURN (SAVE) FUZZY SUBJECT hallo
    S: a8 OK ...
    C: a9 SEARCH RETURN (ALL RELEVANCY) $ FUZZY BODY meetings
    S: * ESEARCH (TAG "a9") ALL 1:2 RELEVANCY (60 60)
    S: a9 OK ...
  `;
});

test('hardening 34: long words and many take no long time', async () => {
  await using box = await withMessages(letter('x', 'hello world '.repeat(20_000)), letter('x', 'a'.repeat(200_000)));
  const startedAt = performance.now();
  expect(await box.find(`FUZZY TEXT "${'a'.repeat(900)}"`)).toBe('2');
  expect(await box.find(`FUZZY TEXT "${Array.from({ length: 60 }, (_, n) => `hallo${n}`).join(' ')}"`)).toBe('');
  expect(performance.now() - startedAt).toBeLessThan(20_000);
});
