/** FETCH BINARY: RFC 3516, RFC 9051 §6.4.5. */
import { expect, test } from 'vitest';
import type { ImapClient } from '../testing/imap-client.ts';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();

const lines = (...text: readonly string[]) => text.map((line) => `${line}\r\n`).join('');

/** Data without a pattern, but the same in each run. */
function octets(length: number): Buffer {
  const data = Buffer.allocUnsafe(length);
  for (let i = 0, state = 1; i < length; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    data[i] = state >>> 16;
  }
  return data;
}

const base64 = (data: Buffer) => data.toString('base64').replace(/.{76}/g, '$&\r\n');

const mixed = (...parts: readonly string[]) =>
  lines(
    'Content-Type: multipart/mixed; boundary=b',
    'Content-Transfer-Encoding: base64', // which means nothing of a multipart
    '',
    ...parts.flatMap((part) => ['--b', part]),
    '--b--',
  );

test('parts are told without their encoding, in a literal8 only if there is NUL', async () => {
  await using mary = await server.logIn();
  await mary.append(
    'INBOX',
    mixed(
      'Content-Transfer-Encoding: BASE64\r\n\r\naGVs\r\nbG8=',
      'Content-Transfer-Encoding: base64\r\n\r\nAAEC',
      'Content-Transfer-Encoding: quoted-printable\r\n\r\ncaf=C3=A9 =\r\nau lait',
      'Content-Transfer-Encoding: 8bit\r\n\r\n\xff\xfe=00',
      '\r\nplain',
      'Content-Transfer-Encoding: base64\r\n\r\n',
      'Content-Type: message/rfc822\r\n\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8=',
    ),
  );
  await mary.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 FETCH 1 (BINARY.PEEK[1] BINARY.PEEK[2] BINARY.PEEK[3])
    S: * 1 FETCH (BINARY[1] {5}
    S: hello BINARY[2] ~{3}
    S: ${'\0\x01\x02'} BINARY[3] {13}
    S: ${'caf\xc3\xa9 au lait'})
    S: a2 OK ...
    C: a3 FETCH 1 (BINARY.PEEK[4] BINARY.PEEK[5] BINARY.PEEK[6])
    S: * 1 FETCH (BINARY[4] {5}
    S: ${'\xff\xfe=00'} BINARY[5] {5}
    S: plain BINARY[6] {0}
    S: )
    S: a3 OK ...
    C: a4 FETCH 1 (BINARY.SIZE[1] BINARY.SIZE[2] BINARY.SIZE[3] BINARY.SIZE[4] BINARY.SIZE[5] BINARY.SIZE[6])
    S: * 1 FETCH (BINARY.SIZE[1] 5 BINARY.SIZE[2] 3 BINARY.SIZE[3] 13 BINARY.SIZE[4] 5 BINARY.SIZE[5] 5 BINARY.SIZE[6] 0)
    S: a4 OK ...
    C: a5 FETCH 1 (BINARY.PEEK[7] BINARY.PEEK[7.1] BINARY.SIZE[7])
    S: * 1 FETCH (BINARY[7] {45}
    S: Content-Transfer-Encoding: base64
    S:
    S: aGVsbG8= BINARY[7.1] {5}
    S: hello BINARY.SIZE[7] 45)
    S: a5 OK ...
    C: a6 FETCH 1 (BINARY.PEEK[8] BINARY.SIZE[8] BINARY.PEEK[1.1])
    S: * 1 FETCH (BINARY[8] NIL BINARY.SIZE[8] 0 BINARY[1.1] NIL)
    S: a6 OK ...
    C: a7 FETCH 1 BINARY[1]<1.3>
    S: * 1 FETCH (FLAGS (\Seen \Recent) BINARY[1]<1> {3}
    S: ell)
    S: a7 OK ...
    C: a8 FETCH 1 (binary.peek[1]<4.100> BINARY.PEEK[1]<5.1> BINARY.PEEK[2]<1.9> BINARY.PEEK[1]<9007199254740991.1>)
    S: * 1 FETCH (BINARY[1]<4> {1}
    S: o BINARY[1]<5> {0}
    S:  BINARY[2]<1> {2}
    S: ${'\x01\x02'} BINARY[1]<9007199254740991> {0}
    S: )
    S: a8 OK ...
  `;
});

test('a message of one part has it as 1; the whole message has no encoding', async () => {
  await using mary = await server.logIn();
  await mary.append('INBOX', 'Content-Transfer-Encoding: base64\r\n\r\naGVsbG8=');
  await mary.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 UID FETCH 1 (BINARY[1])
    S: * 1 FETCH (FLAGS (\Seen \Recent) UID 1 BINARY[1] {5}
    S: hello)
    S: a2 OK ...
    C: a3 FETCH 1 (BINARY.PEEK[] BINARY.SIZE[])
    S: * 1 FETCH (BINARY[] {45}
    S: Content-Transfer-Encoding: base64
    S:
    S: aGVsbG8= BINARY.SIZE[] 45)
    S: a3 OK ...
    C: a4 FETCH 1 BINARY[TEXT]
    S: a4 BAD ...
    C: a5 FETCH 1 BINARY.SIZE[1]<0.1>
    S: a5 BAD ...
    C: a6 FETCH 1 BINARY[0]
    S: a6 BAD ...
    C: a7 FETCH 1 BINARY
    S: a7 BAD ...
  `;
});

test('an encoding that is none is [UNKNOWN-CTE], of the messages that have it', async () => {
  await using mary = await server.logIn();
  await mary.append('INBOX', 'Content-Transfer-Encoding: x-secret\r\n\r\ntext');
  await mary.append('INBOX', 'Content-Transfer-Encoding: base64\r\n\r\naGVsbG8=');
  await mary.append('INBOX', `Content-Transfer-Encoding: x-secret\r\n\r\n${'text'.repeat(50_000)}`);
  await mary.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 FETCH 1:3 BINARY.SIZE[1]
    S: * 2 FETCH (BINARY.SIZE[1] 5)
    S: a2 NO [UNKNOWN-CTE] ...
    C: a3 FETCH 3 (BINARY.PEEK[1]<0.1>)
    S: a3 NO [UNKNOWN-CTE] ...
    C: a4 FETCH 1 BINARY.PEEK[]
    S: * 1 FETCH (BINARY[] {43}
    S: Content-Transfer-Encoding: x-secret
    S:
    S: text)
    S: a4 OK ...
  `;
});

test('damaged encodings are read as far as they can be', async () => {
  await using mary = await server.logIn();
  await mary.append(
    'INBOX',
    mixed(
      'Content-Transfer-Encoding: base64\r\n\r\na!GV-s_bG8',
      'Content-Transfer-Encoding: quoted-printable\r\n\r\na=ZZ=3D=4',
    ),
  );
  await mary.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 FETCH 1 (BINARY.PEEK[1] BINARY.SIZE[1] BINARY.PEEK[2] BINARY.SIZE[2])
    S: * 1 FETCH (BINARY[1] {5}
    S: hello BINARY.SIZE[1] 5 BINARY[2] {7}
    S: a=ZZ==4 BINARY.SIZE[2] 7)
    S: a2 OK ...
  `;
});

test('a large part comes whole, in pieces that follow one another, and in pieces in any order', async () => {
  await using mary = await server.logIn();
  const data = octets(1_000_000);
  await mary.append(
    'INBOX',
    mixed('\r\nHello', `Content-Transfer-Encoding: base64\r\n\r\n${base64(data)}`, `\r\n${'text\r\n'.repeat(50_000)}`),
  );
  await mary.command('SELECT INBOX');
  expect(await fetchBinary(mary, 'BINARY.PEEK[2]')).toEqual({
    header: '* 1 FETCH (BINARY[2] ~{1000000}',
    octets: data,
  });
  const sizes = await mary.command('FETCH 1 (BINARY.SIZE[1] BINARY.SIZE[2] BINARY.SIZE[3])');
  expect(sizes.untagged).toEqual(['* 1 FETCH (BINARY.SIZE[1] 5 BINARY.SIZE[2] 1000000 BINARY.SIZE[3] 300000)']);
  for (let at = 0; at < data.length; at += 90_001) {
    expect((await fetchBinary(mary, `BINARY.PEEK[2]<${at}.90001>`)).octets).toEqual(data.subarray(at, at + 90_001));
  }
  for (const at of [999_999, 0, 500_000, 499_990, 500_020, 1_000_000, 3]) {
    const { octets } = await fetchBinary(mary, `BINARY.PEEK[2]<${at}.20>`);
    expect(octets).toEqual(data.subarray(at, at + 20));
  }
  const { header, octets: text } = await fetchBinary(mary, 'BINARY.PEEK[3]<100000.150000>');
  expect(header).toBe('* 1 FETCH (BINARY[3]<100000> {150000}');
  expect(text.toString()).toBe('text\r\n'.repeat(50_000).slice(100_000, 250_000));
});

test('a part that is quoted-printable, and large, is cut anywhere', async () => {
  await using mary = await server.logIn();
  const text = Array.from({ length: 30_000 }, (_, i) => `${i} =C3=BC=\r\n \r\n`).join('');
  const decoded = Array.from({ length: 30_000 }, (_, i) => `${i} \xc3\xbc\r\n`).join('');
  await mary.append('INBOX', `Content-Transfer-Encoding: quoted-printable\r\n\r\n${text}`);
  await mary.command('SELECT INBOX');
  const { untagged } = await mary.command('FETCH 1 BINARY.SIZE[1]');
  expect(untagged).toEqual([`* 1 FETCH (BINARY.SIZE[1] ${decoded.length})`]);
  for (let at = 0; at < decoded.length; at += 40_001) {
    const { octets } = await fetchBinary(mary, `BINARY.PEEK[1]<${at}.40001>`);
    expect(octets.toString('latin1')).toBe(decoded.slice(at, at + 40_001));
  }
});

test.each(['BINARY.SIZE[1]', 'BODY.PEEK[HEADER.FIELDS (SUBJECT)]'])(
  'however much is decoded or looked through to say little, others get their turn: %s',
  async (item) => {
    await using imap = await server.startProcess();
    await using mary = await server.logIn(undefined, imap.port);
    await using other = await server.connect(imap.port);
    const field = `X-Field: ${'a value that nobody asks for '.repeat(30)}\r\n`;
    const encoding = 'Content-Transfer-Encoding: quoted-printable\r\n';
    const message = `${encoding}${field.repeat(70)}\r\n${'=41=42=43 and on and on=\r\n'.repeat(2_500)}`;
    for (let count = 0; count < 8; count++) await mary.append('INBOX', message);
    await mary.command('SELECT INBOX');

    let isDone = false;
    const fetched = mary.command(`FETCH 1:8 (${Array(40).fill(item).join(' ')})`).finally(() => {
      isDone = true;
    });
    const begun = performance.now();
    let longestMs = 0;
    for (let at = begun; !isDone; ) {
      await other.command('NOOP');
      longestMs = Math.max(longestMs, performance.now() - at);
      at = performance.now();
    }
    expect((await fetched).tagged).toMatch(/^OK /);
    expect(longestMs).toBeLessThan((performance.now() - begun) / 4);
  },
);

/** FETCH of one item of the first message, whose value is a literal. */
async function fetchBinary(client: ImapClient, item: string): Promise<{ header: string; octets: Buffer }> {
  client.send(`b1 FETCH 1 ${item}\r\n`);
  const header = await client.line();
  const size = /\{(\d+)\}$/.exec(header ?? '')?.[1];
  if (header === null || size === undefined) throw client.failure('no literal came');
  const octets = Buffer.from(await client.octets(Number(size)));
  await client.dialogue`
    S: )
    S: b1 OK ...
  `;
  return { header, octets };
}
