import { expect, test } from 'vitest';
import type { ImapClient } from '../testing/imap-client.ts';
import { MailServer } from '../testing/mail-server.ts';
import { NESTED, PLAIN } from '../testing/sample-messages.ts';

const server = new MailServer();

async function withMessages(...messages: readonly string[]): Promise<ImapClient> {
  const mary = await server.logIn();
  for (const message of messages) await mary.append('INBOX', message);
  await mary.command('SELECT INBOX');
  return mary;
}

/** What FETCH gives for one section: null for NIL. */
async function fetchSection(
  client: ImapClient,
  item: string,
  name = item.replace('.PEEK', ''),
): Promise<string | null> {
  client.send(`s FETCH 1 ${item}\r\n`);
  const line = (await client.line()) ?? '';
  const size = /\{(\d+)\}$/.exec(line)?.[1];
  const octets = size === undefined ? null : (await client.octets(Number(size))).toString('latin1');
  if (octets !== null) expect(await client.line()).toBe(')');
  expect(line).toBe(`* 1 FETCH (${name} ${octets === null ? 'NIL)' : `{${octets.length}}`}`);
  await client.answer('s');
  return octets;
}

test('every item that is no section, in the order asked for, and the same twice once', async () => {
  await using mary = await withMessages(PLAIN);
  await mary.dialogue`
    C: a1 FETCH 1 (UID FLAGS RFC822.SIZE)
    S: * 1 FETCH (UID 1 FLAGS (\Recent) RFC822.SIZE ${PLAIN.length})
    S: a1 OK ...
    C: a2 FETCH 1 (RFC822.SIZE uid UID)
    S: * 1 FETCH (RFC822.SIZE ${PLAIN.length} UID 1)
    S: a2 OK ...
    C: a3 FETCH 1 INTERNALDATE
    S: * 1 FETCH (INTERNALDATE "{day}-{month}-{year} {time} +0000")
    S: a3 OK ...
    C: a4 FETCH 1 ENVELOPE
    S: * 1 FETCH (ENVELOPE ("Mon, 7 Feb 1994 21:52:25 -0800" "Plain" (("Mary" NIL "mary" "example.com")) ... "<plain@example.com>"))
    S: a4 OK ...
    C: a5 FETCH 1 BODY
    S: * 1 FETCH (BODY ("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 25 2))
    S: a5 OK ...
    C: a6 FETCH 1 BODYSTRUCTURE
    S: * 1 FETCH (BODYSTRUCTURE ("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 25 2 NIL NIL NIL NIL))
    S: a6 OK ...
  `;
});

test('the macros ALL, FAST and FULL stand alone', async () => {
  await using mary = await withMessages(PLAIN);
  await mary.dialogue`
    C: a1 FETCH 1 FAST
    S: * 1 FETCH (FLAGS (\Recent) INTERNALDATE "..." RFC822.SIZE ${PLAIN.length})
    S: a1 OK ...
    C: a2 FETCH 1 all
    S: * 1 FETCH (FLAGS (\Recent) INTERNALDATE "..." RFC822.SIZE ${PLAIN.length} ENVELOPE (...))
    S: a2 OK ...
    C: a3 FETCH 1 FULL
    S: * 1 FETCH (FLAGS (\Recent) INTERNALDATE "..." RFC822.SIZE ${PLAIN.length} ENVELOPE (...) BODY (...))
    S: a3 OK ...
    C: a4 FETCH 1 (FAST)
    S: a4 BAD Unknown FETCH item...
  `;
});

test('sections of a message without parts', async () => {
  await using mary = await withMessages(PLAIN);
  const header = PLAIN.slice(0, PLAIN.indexOf('First'));
  const text = 'First line\r\nSecond line\r\n';
  expect(await fetchSection(mary, 'BODY.PEEK[]')).toBe(PLAIN);
  expect(await fetchSection(mary, 'BODY.PEEK[HEADER]')).toBe(header);
  expect(await fetchSection(mary, 'BODY.PEEK[TEXT]')).toBe(text);
  expect(await fetchSection(mary, 'BODY.PEEK[1]')).toBe(text);
  expect(await fetchSection(mary, 'BODY.PEEK[1.MIME]')).toBe(header);
  for (const missing of ['2', '1.1', '1.HEADER', '1.TEXT', '2.MIME']) {
    expect(await fetchSection(mary, `BODY.PEEK[${missing}]`), missing).toBeNull();
  }
});

test('sections of a message with parts', async () => {
  await using mary = await withMessages(NESTED);
  const inner = NESTED.slice(NESTED.indexOf('From: joe'), NESTED.indexOf('\r\n--outer--'));
  const innerHeader = inner.slice(0, inner.indexOf('--inner'));
  for (const [section, octets] of [
    ['1', 'One'],
    ['1.MIME', 'Content-Type: text/plain; charset=utf-8\r\nContent-ID: <one>\r\n\r\n'],
    ['2', 'AAAA'],
    ['2.MIME', 'Content-Type: image/png; name=dot.png\r\nContent-Transfer-Encoding: base64\r\n\r\n'],
    ['3', inner],
    ['3.MIME', 'Content-Type: message/rfc822\r\n\r\n'],
    ['3.HEADER', innerHeader],
    ['3.TEXT', inner.slice(innerHeader.length)],
    ['3.HEADER.FIELDS (Subject)', 'Subject: Inner\r\n\r\n'],
    ['3.HEADER.FIELDS.NOT (Subject Content-Type)', 'From: joe@example.com\r\n\r\n'],
    ['3.1', 'Inner text'],
    ['3.1.MIME', 'Content-Type: text/plain\r\n\r\n'],
    ['3.2', '<p>Inner</p>'],
    ['1.HEADER', null],
    ['1.1', null],
    ['3.3', null],
    ['4', null],
    ['3.HEADER.FIELDS.NOT (From Subject Content-Type)', '\r\n'],
    ['2.HEADER.FIELDS (Subject)', null],
    ['HEADER.FIELDS (subject FROM)', 'From: mary@example.com\r\nSubject: Nested\r\n\r\n'],
    ['HEADER.FIELDS (X-None)', '\r\n'],
    ['HEADER.FIELDS.NOT (Content-Type)', 'From: mary@example.com\r\nSubject: Nested\r\nMIME-Version: 1.0\r\n\r\n'],
  ] as const) {
    expect(await fetchSection(mary, `BODY.PEEK[${section}]`), section).toBe(octets);
  }
});

test('who reads a message that another connection has read gets the same, from memory, and the flags as they are now', async () => {
  await using imap = await server.startProcess();
  const account = await server.addAccount();
  await using mary = await server.logIn(account, imap.port);
  await using other = await server.logIn(account, imap.port);
  await mary.append('INBOX', NESTED);
  await mary.command('SELECT INBOX');
  await other.command('SELECT INBOX');
  const fetched = async (source: string) =>
    new RegExp(`"value":(\\d+),"labels":{"source":"${source}"}`).exec(JSON.stringify(await imap.app.metrics()))?.[1];
  const sections = ['BODY.PEEK[]', 'BODY.PEEK[TEXT]', 'BODY.PEEK[1]', 'BODY.PEEK[9]', 'RFC822.HEADER'];
  for (const item of sections) expect(await fetchSection(mary, item)).toBe(await fetchSection(other, item));
  expect([await fetched('database'), await fetched('memory')]).toEqual(['5', '5']);
  expect(await fetchSection(mary, 'BODY.PEEK[]<0.10>', 'BODY[]<0>')).toBe(NESTED.slice(0, 10));
  expect(await fetchSection(other, 'BODY.PEEK[]<0.9>', 'BODY[]<0>')).toBe(NESTED.slice(0, 9));
  await other.command('STORE 1 +FLAGS.SILENT (\\Flagged)');
  const { untagged } = await mary.command('FETCH 1 (BODY[9] FLAGS)');
  expect(untagged.at(-1)).toBe('* 1 FETCH (BODY[9] NIL FLAGS (\\Flagged \\Seen \\Recent))');
});

test('partials: from an octet on, at most so many; beyond the end, nothing', async () => {
  await using mary = await withMessages(PLAIN);
  for (const [item, octets, name] of [
    ['BODY.PEEK[]<0.5>', PLAIN.slice(0, 5), 'BODY[]<0>'],
    ['BODY.PEEK[]<5.7>', PLAIN.slice(5, 12), 'BODY[]<5>'],
    ['BODY.PEEK[TEXT]<20.1000>', 'ine\r\n', 'BODY[TEXT]<20>'],
    ['BODY.PEEK[TEXT]<25.10>', '', 'BODY[TEXT]<25>'],
    ['BODY.PEEK[]<4294967295.4294967295>', '', 'BODY[]<4294967295>'],
    ['BODY.PEEK[HEADER.FIELDS (Subject)]<2.3>', 'bje', 'BODY[HEADER.FIELDS (Subject)]<2>'],
    ['BODY.PEEK[HEADER.FIELDS (Subject)]<99.3>', '', 'BODY[HEADER.FIELDS (Subject)]<99>'],
    ['BODY.PEEK[7]<0.5>', null, 'BODY[7]<0>'],
  ] as const) {
    expect(await fetchSection(mary, item, name), item).toBe(octets);
  }
});

test('RFC822 and its kin, of which two set \\Seen', async () => {
  await using mary = await withMessages(PLAIN, PLAIN, PLAIN);
  const header = PLAIN.slice(0, PLAIN.indexOf('First'));
  expect(await fetchSection(mary, 'RFC822.HEADER')).toBe(header);
  await mary.dialogue`
    C: a1 FETCH 1 FLAGS
    S: * 1 FETCH (FLAGS (\Recent))
    S: a1 OK ...
    C: a2 FETCH 2 RFC822.TEXT
    S: * 2 FETCH (FLAGS (\Seen \Recent) RFC822.TEXT {25}
    S: First line
    S: Second line
    S: )
    S: a2 OK ...
    C: a3 FETCH 3 RFC822
    S: * 3 FETCH (FLAGS (\Seen \Recent) RFC822 {${PLAIN.length}}
    S: ...
    S: )
    S: a3 OK ...
  `;
});

test('BODY[] sets \\Seen and says so, BODY.PEEK[] does not; not even BODY[] under EXAMINE', async () => {
  await using mary = await withMessages('A: b\r\n\r\nx');
  await mary.dialogue`
    C: a1 FETCH 1 BODY.PEEK[TEXT]
    S: * 1 FETCH (BODY[TEXT] {1}
    S: x)
    S: a1 OK ...
    C: a2 EXAMINE INBOX
    S: ...
    S: a2 OK ...
    C: a3 FETCH 1 (BODY[TEXT] FLAGS)
    S: * 1 FETCH (BODY[TEXT] {1}
    S: x FLAGS ())
    S: a3 OK ...
    C: a4 SELECT INBOX
    S: ...
    S: a4 OK ...
    C: a5 UID FETCH 1 (BODY[TEXT] FLAGS)
    S: * 1 FETCH (UID 1 BODY[TEXT] {1}
    S: x FLAGS (\Seen))
    S: a5 OK ...
    C: a6 FETCH 1 BODY[TEXT]
    S: * 1 FETCH (BODY[TEXT] {1}
    S: x)
    S: a6 OK ...
  `;
});

test('sets of numbers and of UIDs', async () => {
  await using mary = await withMessages(PLAIN, PLAIN, PLAIN, PLAIN);
  await mary.command('STORE 2 +FLAGS.SILENT (\\Deleted)');
  await mary.command('EXPUNGE');
  for (const [command, numbers] of [
    ['FETCH 1:*', '1 2 3'],
    ['FETCH *', '3'],
    ['FETCH *:2', '2 3'],
    ['FETCH 3,1', '1 3'],
    ['FETCH 2,1:2', '1 2'],
    ['FETCH *:*', '3'],
    ['FETCH 3:1,2', '1 2 3'],
    ['FETCH *,1', '1 3'],
    ['FETCH 9:*', '3'],
    ['uid fetch 4:1', '1 2 3'],
    ['UID FETCH 1:3', '1 2'],
    ['UID FETCH 2', ''],
    ['UID FETCH 4:*', '3'],
    ['UID FETCH 9:*', '3'],
    ['UID FETCH 9', ''],
    ['UID FETCH 4294967295,1', '1'],
  ] as const) {
    const { untagged, tagged } = await mary.command(`${command} (UID)`);
    expect(untagged.map((line) => line.split(' ')[1]).join(' '), command).toBe(numbers);
    expect(tagged).toMatch(/^OK /);
  }
});

test('flags of many messages, some with keywords or gone to another connection', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  for (let i = 0; i < 40; i++) await mary.append('INBOX', PLAIN);
  await mary.command('SELECT INBOX');
  await mary.command('STORE 2,17:18,40 FLAGS.SILENT ($Forwarded \\Seen)');
  await using other = await server.logIn(account);
  await other.command('SELECT INBOX');
  await other.command('STORE 5 +FLAGS.SILENT (\\Deleted)');
  await other.command('EXPUNGE');
  const flags = (number: number) => ([2, 17, 18, 40].includes(number) ? '\\Seen \\Recent $Forwarded' : '\\Recent');
  const first = await mary.command('FETCH 1:40 (FLAGS)');
  const untagged = first.untagged.filter((line) => !line.startsWith('* FLAGS '));
  const told = Array.from({ length: 40 }, (_, i) => i + 1);
  expect(untagged).toEqual(
    told.map((number) => `* ${number} FETCH (FLAGS (${number === 5 ? '\\Deleted \\Recent' : flags(number)}))`),
  );
  const again = await mary.command('UID FETCH 16:20 (FLAGS)');
  expect(again.untagged).toEqual([
    '* 5 EXPUNGE',
    ...[16, 17, 18, 19, 20].map((uid) => `* ${uid - 1} FETCH (UID ${uid} FLAGS (${flags(uid)}))`),
  ]);
});

test('RFC 9394 §3.3: some of the messages that a set of UIDs names', async () => {
  await using mary = await withMessages(PLAIN, PLAIN, PLAIN, PLAIN, PLAIN);
  await mary.command('STORE 2 +FLAGS.SILENT (\\Deleted)');
  await mary.command('EXPUNGE');
  for (const [part, uids] of [
    ['1:2', '1 3'],
    ['2:1', '1 3'],
    ['-1:-2', '4 5'],
    ['-2:-1', '4 5'],
    ['3:9', '4 5'],
    ['-4:-4294967295', '1'],
    ['5:9', ''],
    ['-5:-5', ''],
  ] as const) {
    const { untagged, tagged } = await mary.command(`UID FETCH 1:* (UID) (PARTIAL ${part})`);
    expect(untagged.map((line) => /UID (\d+)/.exec(line)?.[1]).join(' '), part).toBe(uids);
    expect(tagged).toMatch(/^OK /);
  }
  await mary.dialogue`
    C: a1 UID FETCH 2:4 BODY[]<0.1> (PARTIAL -1:-1)
    S: * 3 FETCH (FLAGS (\Seen \Recent) UID 4 BODY[]<0> {1}
    S: ...
    S: a1 OK ...
    C: a2 UID SEARCH SEEN
    S: * SEARCH 4
    S: a2 OK ...
    C: a3 UID FETCH 1:* (UID) (PARTIAL 1:*)
    S: a3 BAD ...
    C: a4 UID FETCH 1:* (UID) (PARTIAL 0:1)
    S: a4 BAD ...
    C: a5 UID FETCH 1:* (UID) (PARTIAL 1:1 PARTIAL 2:2)
    S: a5 BAD ...
    C: a6 FETCH 1:* (UID) (PARTIAL 1:1)
    S: a6 BAD ...
  `;
});

test('FETCH that cannot be', async () => {
  await using mary = await withMessages(PLAIN);
  for (const args of [
    '2 FLAGS',
    '0 FLAGS',
    '1:2 FLAGS',
    '$:1 FLAGS',
    '1',
    '1 ',
    '1 ()',
    '1 NONSENSE',
    '1 (FLAGS',
    '1 FLAGS UID',
    ' 1 FLAGS',
    '1  FLAGS',
    '1 (FLAGS  UID)',
    '1 (FLAGS UID )',
    '1,,1 FLAGS',
    '1: FLAGS',
    ':1 FLAGS',
    '1:1:1 FLAGS',
    ',1 FLAGS',
    '-1 FLAGS',
    '4294967296 FLAGS',
    '1 (ALL)',
    '1 ALL FLAGS',
    '1 BODY.PEEK',
    '1 RFC822.PEEK',
    '1 BODY[1',
    '1 BODY[1.0]',
    '1 BODY[1.MIME.1]',
    '1 BODY[TEXT.1]',
    '1 BODY[HEADER.FIELDS ("a b")]',
    '1 BODY[]<0.1',
    '1 BODY[]<.1>',
    '1 BODY[',
    '1 BODY[NONSENSE]',
    '1 BODY[0]',
    '1 BODY[MIME]',
    '1 BODY[1.]',
    '1 BODY[HEADER.FIELDS]',
    '1 BODY[HEADER.FIELDS ()]',
    '1 BODY[]<0>',
    '1 BODY[]<0.0>',
    '1 BODY[]<-1.5>',
    '1 BODYSTRUCTURE[]',
    '1 CONSTRUCTOR',
    `1 (${Array(101).fill('BODY[]').join(' ')})`,
    '1 FLAGS (UNCHANGEDSINCE 1)',
    '1 FLAGS ()',
    '1 FLAGS (PARTIAL 1:2)',
  ]) {
    expect((await mary.command(`FETCH ${args}`)).tagged, args.slice(0, 60)).toMatch(/^BAD /);
    await mary.command('NOOP'); // twenty such in a row end the connection
  }
});

test('flags that BODY[] changes come once, with it, and what another connection changes meanwhile comes after it', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using other = await server.logIn(account);
  await mary.append('INBOX', 'A: b\r\n\r\nx', '$Label');
  await mary.append('INBOX', 'A: b\r\n\r\nx', '\\Seen');
  await mary.append('INBOX', 'A: b\r\n\r\nx');
  await mary.command('SELECT INBOX');
  await other.command('SELECT INBOX');
  await other.command('STORE 3 +FLAGS (\\Seen $New)');
  await mary.dialogue`
    C: a1 FETCH 1:3 (UID BODY[TEXT])
    S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft $Label $New)
    S: * 3 FETCH (UID 3 FLAGS (\Seen \Recent $New))
    S: * 1 FETCH (FLAGS (\Seen \Recent $Label) UID 1 BODY[TEXT] {1}
    S: x)
    S: * 2 FETCH (UID 2 BODY[TEXT] {1}
    S: x)
    S: * 3 FETCH (UID 3 BODY[TEXT] {1}
    S: x)
    S: a1 OK ...
    C: a2 NOOP
    S: a2 OK ...
  `;
  await other.dialogue`
    C: a1 NOOP
    S: * 1 FETCH (UID 1 FLAGS (\Seen $Label))
    S: a1 OK ...
  `;
});

test('the parts of the message in RFC 3501 §6.4.5, and what each is called', async () => {
  const part = (type: string, ...body: readonly string[]) => [`Content-Type: ${type}`, '', ...body];
  const multipart = (type: string, boundary: string, ...parts: readonly (readonly string[])[]) =>
    part(
      `multipart/${type}; boundary=${boundary}`,
      ...parts.flatMap((lines) => [`--${boundary}`, ...lines]),
      `--${boundary}--`,
    );
  const mixed = (name: string, ...more: readonly (readonly string[])[]) => [
    `Subject: ${name}`,
    ...multipart(
      'mixed',
      name,
      part('text/plain', `${name} text`),
      part('application/octet-stream', `${name} data`),
      ...more,
    ),
  ];
  const alternative = multipart('alternative', 'alt', part('text/plain', 'plain'), part('text/richtext', 'rich'));
  const second = ['Subject: second', ...multipart('mixed', 'second', part('text/plain', 'second text'), alternative)];
  const fourth = multipart('mixed', 'fourth', part('image/gif', 'picture'), part('message/rfc822', ...second));
  await using mary = await withMessages(mixed('top', part('message/rfc822', ...mixed('first')), fourth).join('\r\n'));
  for (const [section, octets] of [
    ['1', 'top text'],
    ['2', 'top data'],
    ['3.HEADER.FIELDS (Subject)', 'Subject: first\r\n\r\n'],
    ['3.TEXT', mixed('first').slice(3).join('\r\n')],
    ['3.1', 'first text'],
    ['3.2', 'first data'],
    ['4', fourth.slice(2).join('\r\n')],
    ['4.1', 'picture'],
    ['4.1.MIME', 'Content-Type: image/gif\r\n\r\n'],
    ['4.2', second.join('\r\n')],
    ['4.2.HEADER', `${second.slice(0, 3).join('\r\n')}\r\n`],
    ['4.2.TEXT', second.slice(3).join('\r\n')],
    ['4.2.1', 'second text'],
    ['4.2.2', alternative.slice(2).join('\r\n')],
    ['4.2.2.1', 'plain'],
    ['4.2.2.2', 'rich'],
    ['4.2.2.2.MIME', 'Content-Type: text/richtext\r\n\r\n'],
    ['4.2.2.3', null],
    ['4.3', null],
    ['4.HEADER', null],
    ['4.TEXT', null],
    ['5', null],
    ['4294967295', null],
  ] as const) {
    expect(await fetchSection(mary, `BODY.PEEK[${section}]`), section).toBe(octets);
  }
});

test('the parts of a digest are messages, and so is the one part of a message that is nothing else', async () => {
  const inner = 'Subject: two\r\nContent-Type: multipart/mixed; boundary=e\r\n\r\n--e\r\n\r\nleaf\r\n--e--';
  const digest = `Content-Type: multipart/digest; boundary=d\r\n\r\n--d\r\n\r\nSubject: one\r\n\r\nOne\r\n--d\r\n\r\n${inner}\r\n--d\r\nContent-Type: text/plain\r\n\r\nnone\r\n--d--\r\n`;
  await using mary = await withMessages(digest);
  for (const [section, octets] of [
    ['1', 'Subject: one\r\n\r\nOne'],
    ['1.MIME', '\r\n'],
    ['1.HEADER', 'Subject: one\r\n\r\n'],
    ['1.TEXT', 'One'],
    ['1.1', 'One'],
    ['1.2', null],
    ['2.HEADER.FIELDS (Subject)', 'Subject: two\r\n\r\n'],
    ['2.1', 'leaf'],
    ['3', 'none'],
    ['3.HEADER', null],
  ] as const) {
    expect(await fetchSection(mary, `BODY.PEEK[${section}]`), section).toBe(octets);
  }
  await using joe = await withMessages(`Subject: outer\r\nContent-Type: message/rfc822\r\n\r\n${inner}\r\n`);
  for (const [section, octets] of [
    ['1', `${inner}\r\n`],
    ['1.MIME', 'Subject: outer\r\nContent-Type: message/rfc822\r\n\r\n'],
    ['1.HEADER.FIELDS (Subject)', 'Subject: two\r\n\r\n'],
    ['1.1', 'leaf'],
    ['2', null],
  ] as const) {
    expect(await fetchSection(joe, `BODY.PEEK[${section}]`), section).toBe(octets);
  }
});

test('the blank line belongs to every header, but for a message that has none', async () => {
  for (const [message, header, fields, text] of [
    ['Subject: x\r\n\r\n', 'Subject: x\r\n\r\n', '\r\n', ''],
    ['Subject: x\r\n', 'Subject: x\r\n', '', ''],
    ['\r\nx', '\r\n', '\r\n', 'x'],
    ['Subject: x\r\n y\r\nX-None : z\r\n\r\nx', 'Subject: x\r\n y\r\nX-None : z\r\n\r\n', 'X-None : z\r\n\r\n', 'x'],
  ] as const) {
    await using mary = await withMessages(message);
    expect(await fetchSection(mary, 'BODY.PEEK[HEADER]')).toBe(header);
    expect(await fetchSection(mary, 'BODY.PEEK[HEADER.FIELDS (X-None)]')).toBe(fields);
    expect(await fetchSection(mary, 'BODY.PEEK[TEXT]')).toBe(text);
    expect(await fetchSection(mary, 'BODY.PEEK[1]')).toBe(text);
  }
});

test('names of header fields in every form of an astring, in any case', async () => {
  await using mary = await withMessages(PLAIN);
  await mary.dialogue`
    C: a1 fetch 1 body.peek[header.fields ({7}
    S: + ...
    C: sUbJect "to" {2+}
    C: cc)]<0.9>
    S: * 1 FETCH (BODY[HEADER.FIELDS (sUbJect to cc)]<0> {9}
    S: To: joe@e)
    S: a1 OK ...
  `;
});

test('numbers and UIDs of an empty mailbox', async () => {
  await using mary = await withMessages();
  for (const [command, answer] of [
    ['FETCH 1:* FLAGS', /^OK /],
    ['FETCH * FLAGS', /^OK /],
    ['FETCH 1 FLAGS', /^BAD No message/],
    ['UID FETCH 1:* FLAGS', /^OK /],
    ['UID FETCH 1 FLAGS', /^OK /],
    ['STORE 1:* FLAGS ()', /^OK /],
    ['UID STORE 1:* FLAGS ()', /^OK /],
    ['COPY 1:* Archive', /^OK /],
    ['MOVE 1:* Archive', /^OK /],
    ['EXPUNGE', /^OK /],
    ['UID EXPUNGE 1:*', /^OK /],
    ['CLOSE', /^OK /],
  ] as const) {
    const { untagged, tagged } = await mary.command(command);
    expect(tagged, command).toMatch(answer);
    expect(untagged, command).toEqual([]);
  }
});

test('a message in a blob: every section, and all of its octets', async () => {
  const filler = `${'All work and no play makes Jack a dull boy.\r\n'.repeat(8_000)}`;
  const message = NESTED.replace('Inner text', filler.trimEnd());
  await using mary = await withMessages(message);
  expect(message.length).toBeGreaterThan(300_000);
  expect(await fetchSection(mary, 'BODY.PEEK[]')).toBe(message);
  expect(await fetchSection(mary, 'BODY.PEEK[3.1]')).toBe(filler.trimEnd());
  expect(await fetchSection(mary, 'BODY.PEEK[3.2]')).toBe('<p>Inner</p>');
  expect(await fetchSection(mary, 'BODY.PEEK[HEADER.FIELDS (Subject)]')).toBe('Subject: Nested\r\n\r\n');
  expect(await fetchSection(mary, 'BODY.PEEK[3.HEADER.FIELDS (Subject)]')).toBe('Subject: Inner\r\n\r\n');
  expect(await fetchSection(mary, 'BODY.PEEK[]<300000.100>', 'BODY[]<300000>')).toBe(message.slice(300_000, 300_100));
  expect(await fetchSection(mary, 'BODY.PEEK[9]')).toBeNull();
  expect(await fetchSection(mary, 'BODY.PEEK[]<9000000.100>', 'BODY[]<9000000>')).toBe('');
});

test('a large message in chunks, while others change and expunge it, and another takes its number', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using other = await server.logIn(account);
  const [one, two] = ['1', '2'].map((digit) => `Subject: ${digit}\r\n\r\n${digit.repeat(300_000)}`);
  await mary.append('INBOX', one ?? '');
  await mary.append('INBOX', two ?? '');
  await mary.command('SELECT INBOX');
  await other.command('SELECT INBOX');
  const chunk = (offset: number) => fetchSection(mary, `BODY.PEEK[]<${offset}.1000>`, `BODY[]<${offset}>`);
  expect(await chunk(0)).toBe(one?.slice(0, 1000));
  await other.command('STORE 1 +FLAGS.SILENT (\\Flagged)');
  expect((await mary.command('FETCH 1 (FLAGS RFC822.SIZE)')).untagged.at(-1)).toContain('\\Flagged');
  expect(await chunk(1000)).toBe(one?.slice(1000, 2000));
  expect(await fetchSection(mary, 'BODY.PEEK[TEXT]<0.3>', 'BODY[TEXT]<0>')).toBe('111');
  expect(await fetchSection(mary, 'BODY.PEEK[HEADER.FIELDS (Subject)]<0.10>', 'BODY[HEADER.FIELDS (Subject)]<0>')).toBe(
    'Subject: 1',
  );
  expect((await mary.command('FETCH 1 ENVELOPE')).untagged.at(-1)).toContain('ENVELOPE (NIL "1"');
  await other.command('STORE 1 +FLAGS.SILENT (\\Deleted)');
  await other.command('EXPUNGE');
  await mary.command('FETCH 2 FLAGS'); // hears of it, and keeps the number
  expect(await fetchSection(mary, 'BODY.PEEK[]<2000.1000>', 'BODY[]<2000>')).toBe(one?.slice(2000, 3000));
  await mary.command('NOOP');
  expect(await chunk(3000)).toBe(two?.slice(3000, 4000));
});

test('a blob that is missing costs its message alone: the others are told, and the lines stay whole', async () => {
  const account = await server.addAccount();
  await using elsewhere = await server.startProcess({ blobDirectory: '/nonexistent' });
  await using mary = await server.logIn(account);
  await mary.append('INBOX', 'Subject: small\r\n\r\nx');
  await mary.append('INBOX', `Subject: large\r\n\r\n${'x'.repeat(200_000)}`);
  await mary.append('INBOX', 'Subject: small\r\n\r\nx');
  await using client = await server.logIn(account, elsewhere.port);
  await client.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 FETCH 1:3 (UID BODY.PEEK[HEADER.FIELDS (Subject)])
    S: * 1 FETCH (UID 1 BODY[HEADER.FIELDS (Subject)] {18}
    S: Subject: small
    S:
    S: )
    S: * 3 FETCH (UID 3 BODY[HEADER.FIELDS (Subject)] {18}
    S: Subject: small
    S:
    S: )
    S: a2 NO [UNAVAILABLE] ...
    C: a3 FETCH 2 BODY.PEEK[]
    S: a3 NO [UNAVAILABLE] ...
    C: a4 FETCH 2 (RFC822.SIZE)
    S: * 2 FETCH (RFC822.SIZE 200018)
    S: a4 OK ...
  `;
});

test('two connections see at once what the other changed', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using other = await server.logIn(account);
  await mary.append('INBOX', PLAIN);
  await mary.command('SELECT INBOX');
  await other.command('SELECT INBOX');
  for (const flag of ['\\Seen', '\\Flagged', '\\Answered', '\\Draft', '$Label']) {
    await mary.command(`STORE 1 +FLAGS.SILENT (${flag})`);
    expect((await other.command('FETCH 1 FLAGS')).untagged.at(-1)).toContain(flag);
    await other.command(`STORE 1 -FLAGS.SILENT (${flag})`);
    expect((await mary.command('FETCH 1 FLAGS')).untagged.at(-1)).not.toContain(flag);
  }
});
