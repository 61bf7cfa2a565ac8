/** APPEND of literal8: RFC 3516 §4.4, §6. */
import { expect, test } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();

test('a literal8 without NUL is stored as it is', async () => {
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 APPEND INBOX ~{53}
    S: + ...
    C: Content-Transfer-Encoding: binary
    C: Subject: one
    C:
    C: ab
    S: a1 OK [APPENDUID ...] ...
    C: a2 APPEND INBOX ~{3+}
    C: abc ~{3+}
    C: def
    S: a2 OK [APPENDUID ... 2:3] ...
    C: a3 SELECT INBOX
    S: ...
    S: a3 OK ...
    C: a4 FETCH 1 (BODY.PEEK[HEADER.FIELDS (Content-Transfer-Encoding)])
    S: * 1 FETCH (BODY[HEADER.FIELDS (Content-Transfer-Encoding)] {37}
    S: Content-Transfer-Encoding: binary
    S:
    S: )
    S: a4 OK ...
    C: a5 APPEND ~{5+}
    C: INBOX {3+}
    C: abc
    S: a5 BAD ...
  `;
});

test('a part with NUL is put in base64, others stay as they are, and BINARY gives all as it came', async () => {
  await using mary = await server.logIn();
  const data = `\0${'binary '.repeat(20)}\r\n\xff`;
  const message = [
    'Content-Type: multipart/mixed; boundary=b',
    'Content-Transfer-Encoding: binary',
    '',
    '--b',
    'Content-Transfer-Encoding: binary',
    '',
    'no such octet',
    '--b',
    'Content-Type: image/png',
    'Content-Transfer-Encoding:',
    '  binary',
    'X-Last: field',
    '',
    data,
    '--b',
    '',
    `more\0`,
    '--b--',
    'end',
  ].join('\r\n');
  mary.send(`a1 APPEND INBOX ~{${message.length}+}\r\n${message}\r\n`);
  await mary.dialogue`
    S: a1 OK ...
    C: a2 SELECT INBOX
    S: ...
    S: a2 OK ...
    C: a3 FETCH 1 BODY.PEEK[]
    S: * 1 FETCH (BODY[] {...}
    S: Content-Type: multipart/mixed; boundary=b
    S: Content-Transfer-Encoding: binary
    S:
    S: --b
    S: Content-Transfer-Encoding: binary
    S:
    S: no such octet
    S: --b
    S: Content-Transfer-Encoding: base64
    S: Content-Type: image/png
    S: X-Last: field
    S:
    S: ${Buffer.from(data, 'latin1').toString('base64', 0, 57)}
    S: ${Buffer.from(data, 'latin1').toString('base64', 57, 114)}
    S: ${Buffer.from(data, 'latin1').toString('base64', 114)}
    S: --b
    S: Content-Transfer-Encoding: base64
    S:
    S: ${Buffer.from('more\0').toString('base64')}
    S: --b--
    S: end)
    S: a3 OK ...
    C: a4 FETCH 1 (BINARY.SIZE[1] BINARY.SIZE[2] BINARY.SIZE[3] BODYSTRUCTURE)
    S: * 1 FETCH (BINARY.SIZE[1] 13 BINARY.SIZE[2] ${data.length} BINARY.SIZE[3] 5 BODYSTRUCTURE (... "base64" ...))
    S: a4 OK ...
  `;
  mary.send('a5 FETCH 1 BINARY.PEEK[2]\r\n');
  expect(await mary.line()).toBe(`* 1 FETCH (BINARY[2] ~{${data.length}}`);
  expect((await mary.octets(data.length)).toString('latin1')).toBe(data);
});

test('a large message of one part with NUL goes and comes the same way', async () => {
  await using mary = await server.logIn();
  const data = Buffer.alloc(1_000_000, 'abc\0def\r\n');
  mary.send(
    Buffer.concat([
      Buffer.from(`a1 APPEND INBOX ~{${data.length + 14}+}\r\nSubject: x\r\n\r\n`),
      data,
      Buffer.from('\r\n'),
    ]),
  );
  await mary.dialogue`
    S: a1 OK ...
    C: a2 SELECT INBOX
    S: ...
    S: a2 OK ...
    C: a3 FETCH 1 BINARY.SIZE[1]
    S: * 1 FETCH (BINARY.SIZE[1] 1000000)
    S: a3 OK ...
  `;
  mary.send('a4 FETCH 1 BINARY.PEEK[1]\r\n');
  expect(await mary.line()).toBe('* 1 FETCH (BINARY[1] ~{1000000}');
  expect((await mary.octets(data.length)).equals(data)).toBe(true);
});

test('RFC 6855 §4: UTF8 is refused before its octets come, unless it is enabled', async () => {
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 APPEND INBOX UTF8 (~{3}
    S: a1 BAD UTF8 comes with ENABLE...
    C: a2 APPEND INBOX CATENATE (UTF8 (~{3}
    S: a2 BAD UTF8 comes with ENABLE...
    C: a3 APPEND INBOX UTF8 ({3}
    S: a3 BAD Expected a literal8...
  `;
});

test('RFC 6855 §4: once it is enabled, UTF8 is a message, or a part of one', async () => {
  await using mary = await server.logIn();
  const header = `Subject: ${'\xc3\xbc'}`;
  await mary.dialogue`
    C: a1 ENABLE UTF8=ACCEPT
    S: ...
    S: a1 OK ...
    C: a2 APPEND INBOX (\Seen) UTF8 (~{15+}
    C: ${header}
    C:
    C: ) CATENATE (UTF8 (~{13+}
    C: ${header}
    C: ) TEXT {2}
    S: + ...
    C:
    C: )
    S: a2 OK [APPENDUID ... 1:2] ...
    C: a3 SELECT INBOX
    S: ...
    S: a3 OK ...
    C: a4 FETCH 1:2 BODY.PEEK[]
    S: * 1 FETCH (BODY[] {15}
    S: ${header}
    S:
    S: )
    S: * 2 FETCH (BODY[] {15}
    S: ${header}
    S:
    S: )
    S: a4 OK ...
  `;
});

test.each([
  ['in a header', 'Subject: \0\r\n\r\nabc'],
  ['between parts', 'Content-Type: multipart/mixed; boundary=b\r\n\r\n\0\r\n--b\r\n\r\nabc\r\n--b--'],
  ['in what is base64 already', 'Content-Transfer-Encoding: base64\r\n\r\nabc\0'],
  ['in quoted-printable', 'Content-Transfer-Encoding: Quoted-Printable\r\n\r\nabc\0'],
  ['behind a header that begins within a field', ' folded\r\n\r\nabc\0'],
  ['in what has an encoding unknown here', 'Content-Transfer-Encoding: x-secret\r\n\r\nabc\0'],
])('NUL %s is [UNKNOWN-CTE], and nothing is stored', async (_, message) => {
  await using mary = await server.logIn();
  mary.send(`a1 APPEND INBOX {3+}\r\nabc ~{${message.length}+}\r\n${message}\r\n`);
  await mary.dialogue`
    S: a1 NO [UNKNOWN-CTE] ...
    C: a2 STATUS INBOX (MESSAGES)
    S: * STATUS INBOX (MESSAGES 0)
    S: a2 OK ...
  `;
});
