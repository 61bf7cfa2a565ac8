/** CHUNKING and BINARYMIME: RFC 3030. */
import { DEFAULT_MESSAGE_OCTETS } from '@postel/config';
import type { TestAccount } from '@postel/testkit';
import { describe, expect, test } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';
import { startOwnServer } from '../testing/own-server.ts';
import type { SmtpClient } from '../testing/smtp-client.ts';

const FROM = 'MAIL FROM:<sender@elsewhere.example>';
const server = new MailServer();

/** Connected to MX, and past EHLO. */
async function greeted(): Promise<SmtpClient> {
  const client = await server.connectMx();
  await client.command('EHLO mx.elsewhere.example');
  return client;
}

/** Sends MAIL and RCPT. */
async function begin(client: SmtpClient, { address }: Pick<TestAccount, 'address'>, parameters = ''): Promise<void> {
  expect(await client.command(`${FROM}${parameters}`)).toMatch(/^250 /);
  expect(await client.command(`RCPT TO:<${address}>`)).toMatch(/^250 /);
}

/** Sends a chunk. @returns the reply to it */
async function chunk(client: SmtpClient, octets: string, last = ''): Promise<string> {
  client.send(`BDAT ${octets.length}${last}\r\n${octets}`);
  return (await client.reply()).at(-1) ?? '';
}

test('a message in chunks is stored as it came, dots and all', async () => {
  const account = await server.addAccount();
  await using client = await greeted();
  await begin(client, account);
  expect(await chunk(client, 'Subject: chunks\r\n\r\n.\r\n')).toBe('250 2.0.0 22 octets received');
  expect(await chunk(client, '..two\r')).toBe('250 2.0.0 6 octets received');
  expect(await chunk(client, '\nQUIT\r\n', ' LAST')).toMatch(/^250 2\.0\.0 Accepted as /);
  await begin(client, account);
  expect(await chunk(client, 'no end of line')).toMatch(/^250 /);
  expect(await chunk(client, '', ' LAST')).toMatch(/^250 2\.0\.0 Accepted as /);
  const messages = await server.messages(account);
  expect(messages.map(({ content }) => content.toString())).toEqual([
    'Subject: chunks\r\n\r\n.\r\n..two\r\nQUIT\r\n',
    'no end of line',
  ]);
  expect(messages[0]?.prefix).toMatch(/^Return-Path: <sender@elsewhere\.example>\r\nAuthentication-Results: /);
});

test('all may be sent at once, cut anywhere', async () => {
  const account = await server.addAccount();
  await using client = await greeted();
  const one = `${FROM}\r\nRCPT TO:<${account.address}>\r\nBDAT 14\r\nSubject: x\r\n\r\nbdat 6 last\r\ntext\r\n`;
  const octets = Buffer.from(one.repeat(20), 'latin1');
  for (let at = 0; at < octets.length; at += 7) client.send(octets.toString('latin1', at, at + 7));
  for (let i = 0; i < 20; i++) {
    for (const reply of [/^250 2\.1\.0 /, /^250 2\.1\.5 /, /^250 2\.0\.0 14 octets /, /^250 2\.0\.0 Accepted /]) {
      expect(await client.reply()).toEqual([expect.stringMatching(reply)]);
    }
  }
  const messages = await server.messages(account);
  expect(messages.map(({ content }) => content.toString())).toEqual(Array(20).fill('Subject: x\r\n\r\ntext\r\n'));
});

test('replies to what stands before a chunk do not wait for its octets', async () => {
  const account = await server.addAccount();
  await using client = await greeted();
  client.send(`${FROM}\r\nRCPT TO:<${account.address}>\r\nBDAT 6 LAST\r\n`);
  expect(await client.reply()).toEqual(['250 2.1.0 OK']);
  expect(await client.reply()).toEqual(['250 2.1.5 OK']);
  client.send('text\r\nBDAT 2\r\n');
  expect(await client.reply()).toEqual([expect.stringMatching(/^250 2\.0\.0 Accepted /)]);
  client.send('x\n');
  expect(await client.reply()).toEqual([expect.stringMatching(/^503 5\.5\.1 /)]);
});

describe('hardening 9: BDAT where it does not belong', () => {
  test('without MAIL, without recipients, behind the last chunk: the octets are no commands', async () => {
    const account = await server.addAccount();
    await using client = await greeted();
    const commands = `${FROM}\r\nRCPT TO:<${account.address}>\r\n`;
    expect(await chunk(client, commands)).toMatch(/^503 5\.5\.1 Say MAIL first/);
    expect(await chunk(client, '', ' LAST')).toMatch(/^503 5\.5\.1 /);
    expect(await client.command('DATA')).toMatch(/^503 5\.5\.1 /);
    expect(await client.command(FROM)).toMatch(/^250 /);
    expect(await chunk(client, commands, ' LAST')).toMatch(/^554 5\.5\.1 /);
    await begin(client, account);
    expect(await chunk(client, '\r\n', ' LAST')).toMatch(/^250 /);
    expect(await chunk(client, commands, ' LAST')).toMatch(/^503 5\.5\.1 /);
    expect(await client.command('NOOP')).toBe('250 2.0.0 OK');
    expect(await server.messages(account)).toHaveLength(1);
  });

  test('before EHLO, and before the login', async () => {
    await using mx = await server.connectMx();
    mx.send('BDAT 23 LAST\r\nEHLO injected.example\r\n');
    expect(await mx.closed()).toEqual([expect.stringMatching(/^554 5\.5\.1 Wait for each reply/)]);
    await using submission = await server.connect();
    expect(await chunk(submission, 'EHLO injected.example\r\n', ' LAST')).toMatch(/^503 5\.5\.1 Say EHLO first/);
    await submission.command('EHLO client.example');
    expect(await chunk(submission, 'QUIT\r\n', ' LAST')).toMatch(/^530 5\.7\.0 /);
    expect(await submission.command('NOOP')).toBe('250 2.0.0 OK');
  });

  test('not with DATA in one mail transaction, and no recipients behind the first chunk', async () => {
    const account = await server.addAccount();
    await using client = await greeted();
    await begin(client, account);
    expect(await chunk(client, 'Subject: x\r\n')).toMatch(/^250 /);
    expect(await client.command('DATA')).toMatch(/^503 5\.5\.1 /);
    expect(await client.command(`RCPT TO:<${account.address}>`)).toMatch(/^503 5\.5\.1 /);
    expect(await client.command(FROM)).toMatch(/^503 5\.5\.1 /);
    expect(await client.command('RSET')).toMatch(/^250 /);
    expect(await chunk(client, '\r\n', ' LAST')).toMatch(/^503 5\.5\.1 /);
    expect(await server.messages(account)).toEqual([]);
  });

  test.for([
    '',
    'x',
    '-1',
    '1 FIRST',
    '1  LAST x',
    '0x10',
    '1LAST',
    '9999999999999999',
    '4\tLAST',
    '4 LAST\0',
    `4${' '.repeat(2_050)}LAST`,
  ])('a chunk %j whose end cannot be found ends the connection', async (argument) => {
    await using client = await greeted();
    client.send(`BDAT ${argument}\r\nMAIL FROM:<injected@elsewhere.example>\r\n`);
    expect(await client.closed()).toEqual([expect.stringMatching(/^501 5\.5\.4 /)]);
  });

  test.each([
    ['ends in a bare LF', 'BDAT 6 LAST\n', '500 5.5.2 A line ends in CRLF'],
    ['ends in a bare LF and comes in two packets', 'BDAT 6', '500 5.5.2 A line ends in CRLF', ' LAST\n'],
    ['is longer than any', `BDAT 6 ${' '.repeat(14_000)}LAST\r\n`, '500 5.5.2 Line too long'],
  ])('a chunk whose line %s is no commands either', async (_, first, reply, second = '') => {
    const account = await server.addAccount();
    await using client = await greeted();
    await begin(client, account);
    client.send(first);
    client.send(`${second}RSET\r\nQUIT\r\n`);
    expect(await client.closed()).toEqual([expect.stringMatching(new RegExp(`^${reply}`))]);
  });

  test('a chunk that is too large to be passed over ends the connection', async () => {
    await using client = await greeted();
    client.send(`BDAT ${DEFAULT_MESSAGE_OCTETS + 1}\r\n`);
    expect(await client.closed()).toEqual([expect.stringMatching(/^552 5\.3\.4 /)]);
  });

  test('sizes that are wrong by one', async () => {
    const account = await server.addAccount();
    await using client = await greeted();
    await begin(client, account);
    client.send('BDAT 4 LAST\r\ntext\r\nNOOP\r\n');
    expect(await client.reply()).toEqual([expect.stringMatching(/^250 2\.0\.0 Accepted /)]);
    expect(await client.reply()).toEqual([expect.stringMatching(/^500 5\.5\.1 /)]); // the empty line
    expect(await client.reply()).toEqual(['250 2.0.0 OK']);
    await begin(client, account);
    client.send('BDAT 7 LAST\r\ntext\r\nNOOP\r\n');
    expect(await client.reply()).toEqual([expect.stringMatching(/^250 2\.0\.0 Accepted /)]);
    expect(await client.reply()).toEqual([expect.stringMatching(/^500 5\.5\.1 /)]); // OOP
    const messages = await server.messages(account);
    expect(messages.map(({ content }) => content.toString())).toEqual(['text', 'text\r\nN']);
  });
});

describe('hardening 8: chunks smuggle nothing', () => {
  test.for(['a\nb\r\n', 'a\rb\r\n', 'a\0\r\n', 'text\n.\nMAIL FROM:<x@y.example>\r\n', 'text\r'])(
    '%j is no text',
    async (text) => {
      const account = await server.addAccount();
      await using client = await greeted();
      for (let cut = 0; cut <= text.length; cut++) {
        await begin(client, account);
        const first = await chunk(client, text.slice(0, cut));
        const second = await chunk(client, text.slice(cut), ' LAST');
        const replies = [first, second].map((reply) => reply.slice(0, 9));
        if (replies[0] === '250 2.0.0') expect(replies[1]).toBe('550 5.6.1');
        else expect(replies).toEqual(['550 5.6.1', '503 5.5.1']);
      }
      expect(await server.messages(account)).toEqual([]);
    },
  );
});

test('a chunk that is refused ends the transaction; those that follow are passed over', async () => {
  await using own = await startOwnServer({ messageOctets: 100 }, { kind: 'mx' });
  await using client = await own.connect();
  client.send(
    `${FROM}\r\nRCPT TO:<${own.account.address}>\r\nBDAT 101\r\n${'x'.repeat(101)}BDAT 4\r\nRSETBDAT 0 LAST\r\n`,
  );
  for (const reply of [/^250 /, /^250 /, /^552 5\.3\.4 /, /^503 5\.5\.1 /, /^503 5\.5\.1 /]) {
    expect(await client.reply()).toEqual([expect.stringMatching(reply)]);
  }
  await begin(client, own.account);
  expect(await chunk(client, 'x'.repeat(60))).toMatch(/^250 /);
  expect(await chunk(client, 'x'.repeat(60), ' LAST')).toMatch(/^552 5\.3\.4 /);
  await begin(client, own.account);
  expect(await chunk(client, 'x'.repeat(100), ' LAST')).toMatch(/^250 /);
  expect(await own.messages()).toHaveLength(1);
});

test('a client that goes, or says RSET, in the middle of a message has sent nothing', async () => {
  const account = await server.addAccount();
  for (const leave of ['reset', 'halfClose'] as const) {
    await using client = await greeted();
    await begin(client, account);
    expect(await chunk(client, 'Subject: x\r\n')).toMatch(/^250 /);
    client.send('BDAT 100\r\nhalf of it');
    client[leave]();
    await client.closed();
  }
  expect(await server.messages(account)).toEqual([]);
});

test('a message of 3 MB in one chunk', async () => {
  const account = await server.addAccount();
  await using client = await greeted();
  await begin(client, account);
  const text = `${'x'.repeat(998)}\r\n`.repeat(3_000);
  expect(await chunk(client, text, ' LAST')).toMatch(/^250 /);
  const [message] = await server.messages(account);
  expect(message?.content.toString('latin1') === text).toBe(true);
});

test('chunks come too slowly when all of them together do', async () => {
  let nowMs = 0;
  await using own = await startOwnServer({ now: () => nowMs }, { kind: 'mx' });
  await using client = await own.connect();
  await begin(client, own.account);
  expect(await chunk(client, 'a')).toMatch(/^250 /);
  nowMs += 4 * 60_000;
  expect(await chunk(client, 'b')).toMatch(/^250 /);
  nowMs += 7 * 60_000;
  client.send('BDAT 1 LAST\r\nc');
  expect((await client.closed()).at(-1)).toMatch(/^421 4\.4\.2 Too slow/);
  expect(await own.messages()).toEqual([]);
});

describe('BINARYMIME', () => {
  test('comes by BDAT alone, and keeps every octet', async () => {
    const account = await server.addAccount();
    await using client = await greeted();
    await begin(client, account, ' BODY=BINARYMIME');
    expect(await client.command('DATA')).toMatch(/^503 5\.5\.1 A message with BODY=BINARYMIME comes by BDAT/);
    const message = 'Content-Transfer-Encoding: binary\r\n\r\n\x01\n.\n\r.\r\xff\x7f';
    expect(await chunk(client, message, ' LAST')).toMatch(/^250 /);
    const [stored] = await server.messages(account);
    expect(stored?.content.toString('latin1')).toBe(message);
  });

  test('NUL is put in base64, which IMAP can show', async () => {
    const account = await server.addAccount();
    await using client = await greeted();
    await begin(client, account, ' BODY=BINARYMIME');
    expect(await chunk(client, 'Content-Type: image/png\r\nContent-Transfer-Encoding: binary\r\n\r\na\0')).toMatch(
      /^250 /,
    );
    expect(await chunk(client, 'b\n', ' LAST')).toMatch(/^250 /);
    const [stored] = await server.messages(account);
    expect(stored?.content.toString('latin1')).toBe(
      `Content-Transfer-Encoding: base64\r\nContent-Type: image/png\r\n\r\n${Buffer.from('a\0b\n').toString('base64')}`,
    );
  });

  test.for([
    ['NUL in a header', 'Subject: \0\r\n\r\n'],
    ['a bare LF in a header', 'Subject: a\nFrom: b\r\n\r\n'],
    ['no header', '\0'],
    ['NUL in what has another encoding', 'Content-Transfer-Encoding: base64\r\n\r\n\0'],
  ] as const)('%s is refused', async ([, message]) => {
    const account = await server.addAccount();
    await using client = await greeted();
    await begin(client, account, ' BODY=BINARYMIME');
    expect(await chunk(client, message, ' LAST')).toMatch(/^550 5\.6\.11 /);
    expect(await server.messages(account)).toEqual([]);
  });
});

test('in LMTP the last chunk has a reply for each recipient, others have one', async () => {
  const [one, two] = [await server.addAccount(), await server.addAccount()];
  await using client = await server.connectLmtp();
  await client.command('LHLO mx.elsewhere.example');
  await begin(client, one);
  expect(await client.command(`RCPT TO:<${two.address}>`)).toMatch(/^250 /);
  expect(await chunk(client, 'Subject: x\r\n\r\n')).toMatch(/^250 2\.0\.0 14 octets/);
  client.send('BDAT 6 LAST\r\ntext\r\n');
  expect(await client.reply()).toEqual([expect.stringMatching(/^250 2\.0\.0 Accepted /)]);
  expect(await client.reply()).toEqual([expect.stringMatching(/^250 2\.0\.0 Accepted /)]);
  expect(await client.command('NOOP')).toBe('250 2.0.0 OK');
  for (const account of [one, two]) expect(await server.messages(account)).toHaveLength(1);
});
