/** SEARCH by what the store knows: texts, dates, sizes. By flags and numbers: search.test.ts. */
import { expect, test } from 'vitest';
import type { ImapClient } from '../testing/imap-client.ts';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();

/** Text as the line client sends it, a character an octet. */
const utf8 = (text: string) => Buffer.from(text).toString('latin1');
const lines = (...text: readonly string[]) => text.map((line) => `${line}\r\n`).join('');
const base64 = (text: string | Buffer) => Buffer.from(text).toString('base64');

async function numbers(client: ImapClient, keys: string): Promise<string> {
  const { untagged, tagged } = await client.command(`SEARCH ${keys}`);
  if (!tagged.startsWith('OK ')) throw client.failure(`SEARCH was answered ${tagged}`);
  expect(untagged).toHaveLength(1);
  return untagged[0]?.slice('* SEARCH'.length).trim() ?? '';
}

async function expectNumbers(client: ImapClient, expected: Readonly<Record<string, string>>): Promise<void> {
  for (const [keys, found] of Object.entries(expected)) expect(await numbers(client, keys), keys).toBe(found);
}

test('SEARCH by the fields of the header', async () => {
  await using mary = await server.logIn();
  await mary.append(
    'INBOX',
    lines(
      'From: "Smith, John" <jsmith@example.com>',
      'To: mary@example.com, joe@example.org',
      'Cc: Ann',
      ' <ann@example.net>',
      'Subject: The first',
      '  of them',
      'X-Empty:',
      '',
      'From: fred',
    ),
  );
  await mary.append('INBOX', lines('From: fred@example.com', 'Bcc: smith@example.com', 'Subject: second', '', 'text'));
  await mary.append('INBOX', lines('Subject: =?utf-8?q?third?= =?utf-8?b?IG9uZQ==?=', 'X-Empty: x', '', 'Smith'));
  await mary.command('SELECT INBOX');
  await expectNumbers(mary, {
    'FROM smith': '1',
    'FROM SMITH': '1',
    'FROM "smith, john"': '1',
    'FROM jsmith@EXAMPLE.com': '1',
    'FROM fred': '2',
    'FROM ""': '1 2',
    'TO joe@example': '1',
    'TO smith': '',
    'CC ann': '1',
    'CC "Ann <ann"': '1',
    'BCC smith': '2',
    'SUBJECT "first of them"': '1',
    'SUBJECT "third one"': '3',
    'SUBJECT second': '2',
    'SUBJECT e': '1 2 3',
    'HEADER Subject second': '2',
    'HEADER sUBJECT ""': '1 2 3',
    'HEADER X-Empty ""': '1 3',
    'HEADER X-Empty x': '3',
    'HEADER X-None ""': '',
    'HEADER "From" {4+}\r\nfred': '2',
    'NOT FROM smith': '2 3',
    'OR FROM smith BCC smith': '1 2',
    'NOT (OR FROM smith BCC smith)': '3',
    'FROM example SUBJECT second': '2',
    'UID 2:3 SUBJECT e': '2 3',
    'OR 1 SUBJECT second': '1 2',
    'NOT NOT SUBJECT second': '2',
    'NOT OR UNSEEN SUBJECT x': '',
    'OR (FROM smith NOT TO joe) (OR TEXT text BODY smith)': '2 3',
  });
  await mary.dialogue`
    C: a1 UID SEARCH CHARSET US-ASCII RETURN
    S: a1 BAD ...
    C: a2 UID SEARCH CHARSET UTF-8 HEADER Subject {6}
    S: + ...
    C: second
    S: * SEARCH 2
    S: a2 OK ...
  `;
});

test('SEARCH by text, decoded from every charset and encoding, in any case', async () => {
  await using mary = await server.logIn();
  const koi8 = Buffer.from([0xf0, 0xd2, 0xc9, 0xd7, 0xc5, 0xd4]); // Привет
  const iso2022 = Buffer.from('\x1b$BF|K\\8l\x1b(B', 'latin1'); // 日本語
  await mary.append('INBOX', lines(`Subject: =?koi8-r?B?${base64(koi8)}?=`, '', 'plain'));
  await mary.append('INBOX', lines(`Subject: =?ISO-2022-JP?B?${base64(iso2022)}?=`, '', 'plain'));
  await mary.append('INBOX', lines(utf8('Subject: Straße'), '', 'plain'));
  await mary.append(
    'INBOX',
    lines(
      'Subject: encoded',
      'Content-Type: text/plain; charset=utf-8',
      'Content-Transfer-Encoding: base64',
      '',
      base64('Съешь ещё этих мягких французских булок'),
    ),
  );
  await mary.append(
    'INBOX',
    lines(
      'Content-Type: multipart/mixed; boundary=b',
      '',
      'preamble',
      '--b',
      'Content-Type: text/html; charset=iso-8859-1',
      'Content-Transfer-Encoding: quoted-printable',
      '',
      '<p style=3D"color:red">Gr=FC=DFe <b>aus</b> K&ouml;ln</p><script>hidden()</script>',
      '--b',
      'Content-Type: image/png; name="=?utf-8?q?caf=C3=A9=2Epng?="',
      'Content-Transfer-Encoding: base64',
      '',
      'AAAA',
      '--b',
      'Content-Type: message/rfc822',
      '',
      'Subject: embedded',
      '',
      'inside',
      '--b--',
    ),
  );
  await mary.command('SELECT INBOX');
  await expectNumbers(mary, {
    [utf8('SUBJECT "привет"')]: '1',
    [utf8('CHARSET UTF-8 SUBJECT "ПРИВЕТ"')]: '1',
    [utf8('SUBJECT "日本"')]: '2',
    [utf8('TEXT "本語"')]: '2',
    [utf8('SUBJECT "STRASSE"')]: '3',
    [utf8('SUBJECT "straße"')]: '3',
    [utf8('SUBJECT "STRAẞE"')]: '3',
    [utf8('BODY "ФРАНЦУЗСКИХ"')]: '4',
    [utf8('TEXT "ещё этих"')]: '4',
    [utf8('BODY "grüsse AUS köln"')]: '5',
    [`TEXT {${Buffer.byteLength('Köln')}+}\r\n${utf8('Köln')}`]: '5',
    'BODY color': '',
    [utf8('BODY "café.PNG"')]: '5',
    'BODY embedded': '5',
    'SUBJECT embedded': '',
    'BODY inside': '5',
    'BODY AAAA': '',
    'BODY encoded': '',
    'TEXT encoded': '4',
    'TEXT plain': '1 2 3 4',
    'BODY ""': '1 2 3 4 5',
    'TEXT ""': '1 2 3 4 5',
    'HEADER Subject "=?koi8"': '',
  });
});

test('octets that are no UTF-8 are refused, and no guess is made', async () => {
  await using mary = await server.logIn();
  await mary.append('INBOX', lines('Subject: Gr\xfc\xdfe', '', 'Gr\xfc\xdfe'));
  await mary.command('SELECT INBOX');
  for (const charset of ['', 'CHARSET UTF-8 ', 'CHARSET US-ASCII ']) {
    expect((await mary.command(`SEARCH ${charset}TEXT "Gr\xfc\xdfe"`)).tagged).toMatch(
      /^BAD String is not valid UTF-8/,
    );
  }
  expect(await numbers(mary, 'TEXT Gr')).toBe('1');
});

test('hardening 34: no character of a string stands for another, and none escapes from it', async () => {
  await using mary = await server.logIn();
  for (const text of ['100%', '1000', 'a_b', 'axb', 'a\\b', "it's; --", '$1', '.*'])
    await mary.append('INBOX', lines(`Subject: ${text}`, '', text));
  await mary.command('SELECT INBOX');
  for (const key of ['SUBJECT', 'BODY', 'TEXT']) {
    await expectNumbers(mary, {
      [`${key} "%"`]: '1',
      [`${key} "100%"`]: '1',
      [`${key} "_"`]: '3',
      [`${key} "a_b"`]: '3',
      [`${key} "\\\\"`]: '5',
      [`${key} "'s; --"`]: '6',
      [`${key} "$1"`]: '7',
      [`${key} ".*"`]: '8',
      [`${key} "\\""`]: '',
    });
  }
  const nearly = `${'a'.repeat(999)}b`;
  await mary.append('INBOX', lines('Subject: long', '', ...Array(200).fill('a'.repeat(998))));
  await expectNumbers(mary, { [`TEXT ${nearly}`]: '', [`BODY ${nearly.slice(500, -1)}`]: '9' });
});

test('hardening 4: a thousand strings in one SEARCH are refused, and the connection goes on', async () => {
  await using mary = await server.logIn();
  await mary.command('SELECT INBOX');
  const literals = Array(1_000).fill('TEXT {1+}\r\nx').join(' ');
  expect((await mary.command(`SEARCH ${literals}`)).tagged).toMatch(/^NO \[LIMIT\] Too many search keys/);
  expect((await mary.command(`SEARCH TEXT {50000+}\r\n${'x'.repeat(50_000)}`)).tagged).toMatch(
    /^NO \[LIMIT\] A string/,
  );
  expect(await numbers(mary, 'ALL')).toBe('');
});

test('SEARCH by dates: the day of INTERNALDATE as FETCH shows it, the day of Date as its author wrote it', async () => {
  await using mary = await server.logIn();
  await mary.append('INBOX', lines('Date: Mon, 7 Feb 1994 21:52:25 -0800', '', ''), '', ' 7-Feb-1994 21:52:25 -0800');
  await mary.append('INBOX', lines('Date: 6 Feb 94 23:59 EST', '', ''), '', ' 7-Feb-1994 00:00:00 +0000');
  await mary.append('INBOX', lines('Date: today', '', ''), '', ' 7-Feb-1994 00:00:00 +0100');
  await mary.append('INBOX', lines('Subject: no date', '', ''), '', '31-Dec-1999 23:59:59 +0000');
  await mary.command('SELECT INBOX');
  const { untagged } = await mary.command('FETCH 1:4 INTERNALDATE');
  expect(untagged.map((line) => /"(.*) \d\d:/.exec(line)?.[1])).toEqual([
    ' 8-Feb-1994',
    ' 7-Feb-1994',
    ' 6-Feb-1994',
    '31-Dec-1999',
  ]);
  await expectNumbers(mary, {
    'ON 7-Feb-1994': '2',
    'ON "8-feb-1994"': '1',
    'BEFORE 7-Feb-1994': '3',
    'SINCE 7-Feb-1994': '1 2 4',
    'SINCE 7-Feb-1994 BEFORE 9-Feb-1994': '1 2',
    'NOT SINCE 7-Feb-1994': '3',
    'SENTON 7-Feb-1994': '1',
    'SENTON 6-Feb-1994': '2',
    'SENTBEFORE 7-Feb-1994': '2',
    'SENTSINCE 7-Feb-1994': '1',
    'SENTSINCE 1-Jan-1970': '1 2',
    'NOT SENTSINCE 1-Jan-1970': '3 4',
    'OR SENTON 7-Feb-1994 ON 31-Dec-1999': '1 4',
    'SINCE 1-Jan-0000 BEFORE 31-Dec-9999': '1 2 3 4',
  });
});

test('SEARCH by age, to the second (RFC 5032)', async () => {
  await using mary = await server.logIn();
  const date = (secondsAgo: number) => {
    const [, day, month, year, time] =
      /, (\d\d) (\w+) (\d+) ([\d:]+)/.exec(new Date(Date.now() - secondsAgo * 1000).toUTCString()) ?? [];
    return `${day}-${month}-${year} ${time} +0000`;
  };
  for (const age of [10, 3_600, 100_000]) await mary.append('INBOX', lines('Subject: x', '', ''), '', date(age));
  await mary.command('SELECT INBOX');
  await expectNumbers(mary, {
    'YOUNGER 3500': '1',
    'YOUNGER 4000': '1 2',
    'OLDER 3500': '2 3',
    'OLDER 1': '1 2 3',
    'YOUNGER 1': '',
    'OLDER 4294967295': '',
    'YOUNGER 4294967295': '1 2 3',
    'NOT OLDER 4000': '1 2',
    'OLDER 3500 YOUNGER 4000': '2',
    'OR YOUNGER 3500 OLDER 4000': '1 3',
  });
});

test('SEARCH by size counts as RFC822.SIZE does', async () => {
  await using mary = await server.logIn();
  for (const octets of [100, 200, 200_000]) await mary.append('INBOX', 'x'.repeat(octets));
  await mary.command('SELECT INBOX');
  await expectNumbers(mary, {
    'LARGER 100': '2 3',
    'LARGER 99': '1 2 3',
    'SMALLER 200': '1',
    'SMALLER 201': '1 2',
    'LARGER 100 SMALLER 200000': '2',
    'NOT LARGER 100': '1',
    'LARGER 200000': '',
    'SMALLER 9223372036854775807': '1 2 3',
  });
});

test('text is found in a message too large for its row, also at its end', async () => {
  await using mary = await server.logIn();
  await mary.append('INBOX', lines('Subject: large', '', ...Array(3_000).fill('x'.repeat(98)), 'the needle'));
  await mary.append('INBOX', lines('Subject: small', '', 'the needle'));
  await mary.command('SELECT INBOX');
  await expectNumbers(mary, { 'BODY "the needle"': '1 2', 'SUBJECT large': '1', 'TEXT needle LARGER 131072': '1' });
});

test('messages that another connection expunges meanwhile keep their numbers, and are found by what they say', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using other = await server.logIn(account);
  const all = Array.from({ length: 60 }, (_, n) => n + 1);
  for (const n of all) await mary.append('INBOX', lines(`Subject: hello ${n}`, '', ''), n % 2 === 0 ? '\\Deleted' : '');
  await mary.command('SELECT INBOX');
  await other.command('SELECT INBOX');
  const [found, gone] = await Promise.all([
    mary.command(`SEARCH ${'TEXT hello '.repeat(99)}TEXT hello`),
    other.command('EXPUNGE'),
  ]);
  expect(gone.untagged).toHaveLength(30);
  expect(found.untagged).toEqual([`* SEARCH ${all.join(' ')}`]);
  await mary.dialogue`
    C: a1 SEARCH SUBJECT "hello 6"
    S: * SEARCH 6 60
    S: a1 OK ...
    C: a2 SEARCH SUBJECT "hello 5" UNSEEN
    S: * SEARCH 5 51 53 55 57 59
    S: a2 OK ...
    C: a3 UID SEARCH SUBJECT "hello 60"
    S: * SEARCH 60
    S: * 60 EXPUNGE
    S: ...
    S: a3 OK ...
    C: a4 SEARCH SUBJECT "hello 5"
    S: * SEARCH 3 26 27 28 29 30
    S: a4 OK ...
  `;
});

test('a client that closes its side while a search goes on is told so, and hears what was found', async () => {
  await using mary = await server.logIn();
  for (let n = 0; n < 10; n++) await mary.append('INBOX', lines(`Subject: ${n}`, '', 'x '.repeat(30_000)));
  await mary.command('SELECT INBOX');
  mary.send(`a1 SEARCH ${'NOT TEXT "x y" '.repeat(99)}ALL\r\n`);
  mary.halfClose();
  await mary.dialogue`
    S: * OK [INPROGRESS ("a1" {done} 990)] Still at work
    S: * SEARCH 1 2 3 4 5 6 7 8 9 10
    S: a1 OK ...
    S: (closed)
  `;
});

test('another client is answered while a search goes on', async () => {
  await using mary = await server.logIn();
  for (let n = 0; n < 20; n++) await mary.append('INBOX', lines(`Subject: ${n}`, '', 'x '.repeat(30_000)));
  await mary.command('SELECT INBOX');
  await using peter = await server.logIn();
  let isAnswered = false;
  const search = mary.command(`SEARCH ${'NOT TEXT "x y" '.repeat(99)}ALL`).then((answer) => {
    isAnswered = true;
    return answer;
  });
  for (let n = 0; n < 5; n++) await peter.command('NOOP');
  expect(isAnswered).toBe(false);
  expect((await search).untagged).toEqual([`* SEARCH ${Array.from({ length: 20 }, (_, n) => n + 1).join(' ')}`]);
});
