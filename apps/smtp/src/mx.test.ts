/** Mail from other servers: what differs from submission. */
import { DEFAULT_MESSAGE_OCTETS } from '@postel/config';
import { type Directory, DirectoryError, openDirectory } from '@postel/directory';
import { openDatabase } from '@postel/storage';
import { describe, expect, test, vi } from 'vitest';
import {
  COMMANDS_WITHOUT_PROGRESS,
  HOPS,
  RECIPIENTS,
  UNKNOWN_RECIPIENTS,
  UNKNOWN_RECIPIENTS_AT_ONCE,
} from './limits.ts';
import { MailServer, plainResponse } from './testing/mail-server.ts';
import { startOwnServer } from './testing/own-server.ts';
import { SmtpClient } from './testing/smtp-client.ts';

const FROM = 'MAIL FROM:<sender@elsewhere.example>';

/** Sends a message; `message` with its end. @returns the reply to it */
async function send(client: SmtpClient, recipients: readonly string[], message: string, from = FROM): Promise<string> {
  client.send(`${from}\r\n${recipients.map((path) => `RCPT TO:<${path}>\r\n`).join('')}DATA\r\n`);
  for (const code of ['250', ...recipients.map(() => '250'), '354']) {
    expect(await client.reply()).toEqual([expect.stringMatching(`^${code} `)]);
  }
  client.send(message);
  return (await client.reply()).at(-1) ?? '';
}

/** Connected to MX, and past EHLO. */
async function greeted(server: MailServer): Promise<SmtpClient> {
  const client = await server.connectMx();
  await client.command('EHLO mx.elsewhere.example');
  return client;
}

test('a message comes in, with a trace of whence, and nothing added to it', async () => {
  const server = new MailServer();
  const account = await server.addAccount();
  await using client = await SmtpClient.connect(server.postel.ports.mx);
  await client.dialogue`
    S: 220 localhost ESMTP Postel
    C: EHLO mx.elsewhere.example
    S: 250-localhost
    S: 250-PIPELINING
    S: 250-SIZE 104857600
    S: 250-8BITMIME
    S: 250-SMTPUTF8
    S: 250-ENHANCEDSTATUSCODES
    S: 250-CHUNKING
    S: 250-BINARYMIME
    S: 250-LIMITS RCPTMAX=1000
    S: 250 STARTTLS
    C: MAIL FROM:<sender@elsewhere.example> SIZE=20 BODY=8BITMIME
    S: 250 2.1.0 OK
    C: RCPT TO:<${account.address}>
    S: 250 2.1.5 OK
    C: DATA
    S: 354 ...
    C: Subject: neither Date nor Message-ID
    C:
    C: text
    C: .
    S: 250 2.0.0 Accepted as {id}
    C: QUIT
    S: 221 2.0.0 ...
    S: (closed)
  `;
  const [message] = await server.messages(account);
  expect(message?.content.toString()).toBe('Subject: neither Date nor Message-ID\r\n\r\ntext\r\n');
  expect(message?.prefix.split('\r\n')).toEqual([
    'Return-Path: <sender@elsewhere.example>',
    'Authentication-Results: localhost;',
    '\tiprev=pass policy.iprev=127.0.0.1 (localhost);',
    // As the DNS of this machine says, if there is one.
    expect.stringMatching(/^\tspf=\w+ smtp\.mailfrom=elsewhere\.example;$/),
    '\tdkim=none;',
    '\tdmarc=permerror reason="no-author-domain";',
    '\tarc=none',
    expect.stringMatching(/^Received-SPF: \w+ \(localhost: .*elsewhere\.example.*\)$/),
    '\tclient-ip=127.0.0.1;',
    '\tenvelope-from="sender@elsewhere.example";',
    '\thelo=mx.elsewhere.example;',
    '\treceiver=localhost;',
    '\tidentity=mailfrom',
    'Received: from mx.elsewhere.example ([127.0.0.1])',
    '\tby localhost (Postel)',
    expect.stringMatching(/^\twith ESMTP id [0-9a-f]{10}-1$/),
    expect.stringMatching(new RegExp(`^\tfor <${account.address}>; \\w{3}, \\d+ \\w{3} \\d{4} [\\d:]{8} [+-]\\d{4}$`)),
    '',
  ]);
});

test('STARTTLS is there for those who can, and the trace tells of it', async () => {
  const server = new MailServer();
  const account = await server.addAccount();
  await using client = await greeted(server);
  expect(await client.command('STARTTLS')).toMatch(/^220 /);
  await client.startTls({ ca: server.postel.ca });
  await client.dialogue`
    C: MAIL FROM:<>
    S: 503 5.5.1 Say EHLO first...
    C: EHLO mx.elsewhere.example
    S: 250-localhost
    S: 250-PIPELINING
    S: 250-SIZE 104857600
    S: 250-8BITMIME
    S: 250-SMTPUTF8
    S: 250-ENHANCEDSTATUSCODES
    S: 250-CHUNKING
    S: 250-BINARYMIME
    S: 250-LIMITS RCPTMAX=1000
    S: 250 REQUIRETLS
  `;
  expect(await send(client, [account.address], 'Subject: x\r\n\r\n.\r\n', 'MAIL FROM:<>')).toMatch(/^250 /);
  const [message] = await server.messages(account);
  expect(message?.prefix).toMatch(/^Return-Path: <>\r\n/);
  expect(message?.prefix).toMatch(/\twith ESMTPS \(TLSv1\.3 TLS_AES_\w+\) id /);
});

test('hardening 5: what stands in the packet behind STARTTLS is never executed', async () => {
  const server = new MailServer();
  await using client = await greeted(server);
  client.send('STARTTLS\r\nEHLO injected.example\r\nMAIL FROM:<injected@example.com>\r\n');
  expect(await client.reply()).toEqual(['220 2.0.0 Start TLS']);
  await client.startTls({ ca: server.postel.ca });
  await client.dialogue`
    C: RCPT TO:<postel@localhost>
    S: 503 5.5.1 Say EHLO first...
  `;
});

test('HELO is enough, and then it was SMTP', async () => {
  const server = new MailServer();
  const account = await server.addAccount();
  await using client = await server.connectMx();
  expect(await client.command('HELO (none)')).toBe('250 localhost');
  for (const command of [FROM, `RCPT TO:<${account.address}>`, 'DATA']) await client.command(command);
  expect(await client.command('.')).toMatch(/^250 /);
  const [message] = await server.messages(account);
  expect(message?.prefix).toMatch(
    /Received: from \?none\? \(\[127\.0\.0\.1\]\)\r\n\tby localhost \(Postel\)\r\n\twith SMTP id /,
  );
});

test('senders have addresses that nobody here could have', async () => {
  const server = new MailServer();
  const account = await server.addAccount();
  await using client = await greeted(server);
  for (const path of [
    'us..er.@phone.example',
    'root@my_pc.localdomain',
    'user@[192.0.2.1]',
    '"a b"@elsewhere.example',
  ]) {
    expect(await send(client, [account.address], '.\r\n', `MAIL FROM:<${path}>`), path).toMatch(/^250 /);
  }
  expect((await server.messages(account)).map(({ prefix }) => /^Return-Path: <(.*)>/.exec(prefix)?.[1])).toEqual([
    'us..er.@phone.example',
    'root@my_pc.localdomain',
    'user@[192.0.2.1]',
    '"a b"@elsewhere.example',
  ]);
});

test('the scenarios of RFC 5321 appendix D.1, D.2 and D.4', async () => {
  const server = new MailServer();
  const [jones, brown] = [await server.addAccount('jones'), await server.addAccount('brown')];
  await using typical = await SmtpClient.connect(server.postel.ports.mx);
  await typical.dialogue`
    S: 220 ...
    C: EHLO bar.com
    S: 250-...
    S: ...
    S: 250 ...
    C: MAIL FROM:<Smith@bar.com>
    S: 250 ...
    C: RCPT TO:<${jones.address}>
    S: 250 ...
    C: RCPT TO:<Green@strict.localhost>
    S: 550 ...
    C: RCPT TO:<${brown.address}>
    S: 250 ...
    C: DATA
    S: 354 ...
    C: Blah blah blah...
    C: ...etc. etc. etc.
    C: .
    S: 250 ...
    C: QUIT
    S: 221 ...
    S: (closed)
  `;
  await using aborted = await greeted(server);
  await aborted.dialogue`
    C: VRFY Crispin
    S: 252 ...
    C: MAIL FROM:<Smith@bar.com>
    S: 250 ...
    C: RCPT TO:<${jones.address}>
    S: 250 ...
    C: RCPT TO:<Green@strict.localhost>
    S: 550 ...
    C: RSET
    S: 250 ...
    C: QUIT
    S: 221 ...
    S: (closed)
  `;
  for (const account of [jones, brown]) {
    const messages = await server.messages(account);
    // As the example has it, without the second dot that a client puts before its line (§4.5.2): one dot goes.
    expect(messages.map(({ content }) => content.toString())).toEqual(['Blah blah blah...\r\n..etc. etc. etc.\r\n']);
  }
});

test('nobody logs in here', async () => {
  const server = new MailServer();
  const account = await server.addAccount();
  await using client = await greeted(server);
  await client.dialogue`
    C: AUTH PLAIN ${plainResponse(account)}
    S: 503 5.5.1 ...
    C: ${FROM} AUTH=<>
    S: 555 5.5.4 ...
    C: HELP
    S: 214-2.0.0 ...
    S: 214 2.0.0 See RFC 5321
    C: LHLO client.example
    S: 500 5.5.1 ...
  `;
});

describe('RCPT', () => {
  test('takes what exists here, and nothing else', async () => {
    const server = new MailServer();
    const account = await server.addAccount();
    await using client = await greeted(server);
    await client.command(FROM);
    for (const [path, reply] of [
      [account.address, /^250 2\.1\.5 /],
      [account.address.toUpperCase(), /^250 /],
      [account.address.replace('@', '+list@'), /^250 /],
      [`@relay.example,@another.example:${account.address}`, /^250 /],
      ['anybody@localhost', /^250 /],
      ['PostMaster', /^250 /],
      ['postmaster@localhost', /^250 /],
      ['postmaster@strict.localhost', /^250 /],
      ['nobody@strict.localhost', /^550 5\.1\.1 /],
      ['somebody@example.com', /^550 5\.7\.1 /],
      [`${account.name}%localhost@example.com`, /^550 5\.7\.1 /],
      [`@localhost:somebody@example.com`, /^550 5\.7\.1 /],
      ['somebody@[127.0.0.1]', /^550 5\.7\.1 /],
      ['', /^501 5\.1\.3 /],
      ['nobody', /^501 5\.1\.3 /],
      [`${'a'.repeat(250)}@localhost`, /^501 5\.1\.3 /],
    ] as const) {
      expect(await client.command(`RCPT TO:<${path}>`), path).toMatch(reply);
    }
  });

  test('mail for a postmaster arrives, with a domain and without', async () => {
    await using own = await startOwnServer({ hostname: 'mail.example.com' }, { kind: 'mx' });
    await own.directory.addDomain('example.com');
    await using client = await own.connect();
    for (const path of ['postmaster', 'Postmaster@example.com', 'POSTMASTER@localhost']) {
      expect(await send(client, [path], '.\r\n'), path).toMatch(/^250 /);
    }
    expect(await own.messages()).toHaveLength(3);
  });

  test(`takes ${RECIPIENTS} recipients in one transaction and then says when to send to the others`, async () => {
    const server = new MailServer();
    const account = await server.addAccount();
    await using client = await greeted(server);
    client.send(`${FROM}\r\n${`RCPT TO:<${account.address}>\r\n`.repeat(RECIPIENTS + 1)}`);
    for (let i = 0; i <= RECIPIENTS; i++) expect(await client.reply()).toEqual([expect.stringMatching(/^250 /)]);
    expect(await client.reply()).toEqual([expect.stringMatching(/^452 4\.5\.3 /)]);
  });

  test('mail for a disabled account waits with its sender', async () => {
    await using own = await startOwnServer({}, { kind: 'mx' });
    await own.sql`update accounts set is_disabled = true`;
    await using client = await own.connect();
    await client.dialogue`
      C: ${FROM}
      C: RCPT TO:<mary@localhost>
      S: 250 ...
      S: 450 4.2.1 ...
    `;
  });

  test('DATA is refused for good only if all recipients are', async () => {
    let isDown = false;
    await using own = await startOwnServer({}, { kind: 'mx' });
    const { resolveRecipient } = own.directory;
    const directory: Directory = {
      ...own.directory,
      resolveRecipient: (mailbox) =>
        isDown
          ? Promise.reject(new DirectoryError('unavailable', 'The database does not answer'))
          : resolveRecipient(mailbox),
    };
    await using server = await startOwnServer({ directory }, { kind: 'mx' });
    await using client = await server.connect();
    await own.sql`update accounts set is_disabled = true`;
    await client.dialogue`
      C: ${FROM}
      C: RCPT TO:<mary@localhost>
      C: RCPT TO:<somebody@elsewhere.example>
      C: DATA
      S: 250 ...
      S: 450 4.2.1 ...
      S: 550 5.7.1 ...
      S: 451 4.3.0 No recipient can be accepted now...
      C: ${FROM}
      C: RCPT TO:<somebody@elsewhere.example>
      C: DATA
      S: 250 ...
      S: 550 5.7.1 ...
      S: 554 5.5.1 No valid recipients...
      C: ${FROM}
      S: 250 ...
    `;
    isDown = true;
    await client.dialogue`
      C: RCPT TO:<mary@localhost>
      C: DATA
      S: 451 4.3.0 Something is out of order...
      S: 451 4.3.0 No recipient can be accepted now...
    `;
  });

  test('hardening 58: whoever asks for many addresses that do not exist waits longer each time, and goes', async () => {
    const waits: number[] = [];
    const wait = async (ms: number) => {
      waits.push(ms);
    };
    await using own = await startOwnServer({ wait }, { kind: 'mx' });
    await using client = await own.connect();
    waits.length = 0; // that for the greeting
    client.send(`${FROM}\r\n`);
    for (let i = 0; i < UNKNOWN_RECIPIENTS; i++) client.send(`RCPT TO:<nobody-${i}@localhost>\r\n`);
    const lines = await client.closed();
    expect(lines.filter((line) => line.startsWith('550 5.1.1 '))).toHaveLength(UNKNOWN_RECIPIENTS - 1);
    expect(lines.at(-1)).toMatch(/^421 4\.7\.0 /);
    expect(waits).toHaveLength(UNKNOWN_RECIPIENTS - 1 - UNKNOWN_RECIPIENTS_AT_ONCE);
    expect(waits).toEqual(waits.toSorted((a, b) => a - b));
    expect(await own.messages()).toEqual([]);
  });
});

describe('quota', () => {
  /** A server whose account mary has a quota of 10,000 octets, of which 4,000 are used; john has none. */
  async function startWithQuota() {
    const own = await startOwnServer({}, { kind: 'mx' });
    await own.directory.addAccount({ name: 'john', address: 'john@localhost', password: 'johns password' });
    await own.sql`update accounts set quota_octets = 10000, used_octets = 4000 where name = 'mary'`;
    return own;
  }
  const body = (octets: number) => `${'x'.repeat(998)}\r\n`.repeat(octets / 1_000);

  test('a mailbox that is full refuses for now, and one that is too small for good', async () => {
    await using own = await startWithQuota();
    await using client = await own.connect();
    for (const [size, reply] of [
      ['', /^250 /],
      [' SIZE=5000', /^250 /],
      [' SIZE=6001', /^452 4\.2\.2 /],
      [' SIZE=10001', /^552 5\.2\.2 /],
    ] as const) {
      await client.command(`${FROM}${size}`);
      expect(await client.command('RCPT TO:<mary@localhost>'), size).toMatch(reply);
      await client.command('RSET');
    }
    await own.sql`update accounts set used_octets = 10000 where name = 'mary'`;
    await client.command(FROM);
    expect(await client.command('RCPT TO:<mary@localhost>')).toMatch(/^452 4\.2\.2 /);
    await own.sql`update accounts set used_octets = 0, quota_messages = 1, used_messages = 1 where name = 'mary'`;
    expect(await client.command('RCPT TO:<mary@localhost>')).toMatch(/^452 4\.2\.2 /);
  });

  test('a message of which nobody knew that it is too large is refused at its end', async () => {
    await using own = await startWithQuota();
    await using client = await own.connect();
    expect(await send(client, ['mary@localhost'], `${body(7_000)}.\r\n`)).toMatch(/^452 4\.2\.2 /);
    expect(await send(client, ['mary@localhost'], `${body(11_000)}.\r\n`)).toMatch(/^552 5\.2\.2 /);
    expect(await own.messages()).toEqual([]);
    expect(await send(client, ['mary@localhost'], `${body(1_000)}.\r\n`)).toMatch(/^250 /);
    expect(await own.messages()).toHaveLength(1);
  });

  test('an account with little room gets a transaction of its own, so that no other waits for it', async () => {
    await using own = await startWithQuota();
    await using client = await own.connect();
    await client.dialogue`
      C: ${FROM}
      S: 250 ...
      C: RCPT TO:<mary@localhost>
      S: 250 ...
      C: RCPT TO:<john@localhost>
      S: 452 4.5.3 ...
      C: RCPT TO:<mary+too@localhost>
      S: 250 ...
      C: RSET
      S: 250 ...
      C: ${FROM}
      S: 250 ...
      C: RCPT TO:<john@localhost>
      S: 250 ...
      C: RCPT TO:<mary@localhost>
      S: 452 4.5.3 ...
      C: RSET
      S: 250 ...
      C: ${FROM} SIZE=800
      S: 250 ...
      C: RCPT TO:<mary@localhost>
      S: 250 ...
      C: RCPT TO:<john@localhost>
      S: 250 ...
      C: RSET
      S: 250 ...
    `;
  });

  test('a mailbox filled up after RCPT: the others have the message, and its copy waits', async () => {
    await using own = await startWithQuota();
    await using client = await own.connect();
    await client.dialogue`
      C: ${FROM} SIZE=800
      C: RCPT TO:<john@localhost>
      C: RCPT TO:<mary@localhost>
      C: DATA
      S: 250 ...
      S: 250 ...
      S: 250 ...
      S: 354 ...
    `;
    await own.sql`update accounts set used_octets = 9999 where name = 'mary'`;
    client.send(`${body(3_000)}.\r\n`);
    expect(await client.reply()).toEqual([expect.stringMatching(/^250 /)]);
    expect(await own.messages('john@localhost')).toHaveLength(1);
    expect(await own.messages('mary@localhost')).toEqual([]);
    expect(await own.sql`select last_failure from waiting_deliveries`).toEqual([{ last_failure: 'over-quota' }]);
  });
});

test('a group whose MAIL is refused is answered to its end', async () => {
  const server = new MailServer();
  await using client = await greeted(server);
  client.send(
    `${FROM} SIZE=${DEFAULT_MESSAGE_OCTETS + 1}\r\n${'RCPT TO:<postel@localhost>\r\n'.repeat(RECIPIENTS)}DATA\r\n`,
  );
  expect(await client.reply()).toEqual([expect.stringMatching(/^552 5\.3\.4 /)]);
  for (let i = 0; i <= RECIPIENTS; i++) expect(await client.reply()).toEqual([expect.stringMatching(/^503 5\.5\.1 /)]);
  expect(await client.command('NOOP')).toBe('250 2.0.0 OK');
});

test('SIZE above the limit is refused at once', async () => {
  const server = new MailServer();
  await using client = await greeted(server);
  expect(await client.command(`${FROM} SIZE=${DEFAULT_MESSAGE_OCTETS}`)).toMatch(/^250 /);
  await client.command('RSET');
  expect(await client.command(`${FROM} SIZE=${DEFAULT_MESSAGE_OCTETS + 1}`)).toMatch(/^552 5\.3\.4 /);
});

test.for(['mx', 'lmtp', 'submission'] as const)('the largest message is a setting (%s)', async (kind) => {
  await using own = await startOwnServer({ messageOctets: 2_000 }, { kind });
  await using client = kind === 'submission' ? await own.logIn() : await own.connect();
  client.send(`${kind === 'lmtp' ? 'LHLO' : 'EHLO'} x\r\n`);
  expect(await client.reply()).toContain('250-SIZE 2000');
  const from = `MAIL FROM:<${own.account.address}>`;
  expect(await client.command(`${from} SIZE=2001`)).toMatch(/^552 5\.3\.4 /);
  for (const [octets, reply] of [
    [2_001, /^552 5\.3\.4 /],
    [2_000, /^250 /],
  ] as const) {
    await client.command(from);
    await client.command(`RCPT TO:<${own.account.address}>`);
    await client.command('DATA');
    client.send(`${'x'.repeat(octets - 2)}\r\n.\r\n`);
    expect(await client.reply()).toEqual([expect.stringMatching(reply)]);
  }
  expect(await own.messages()).toHaveLength(1);
});

test('hardening 57: a message that goes in circles is stopped', async () => {
  const server = new MailServer();
  const account = await server.addAccount();
  await using client = await greeted(server);
  const hops = (count: number) => `${'Received: from a by b; then\r\n'.repeat(count)}Subject: x\r\n\r\ntext\r\n.\r\n`;
  expect(await send(client, [account.address], hops(HOPS))).toMatch(/^250 /);
  expect(await send(client, [account.address], hops(HOPS + 1))).toMatch(/^554 5\.4\.6 /);
  expect(await client.command('NOOP')).toBe('250 2.0.0 OK');
  expect(await server.messages(account)).toHaveLength(1);
});

test('hardening 10: whoever talks before the greeting is not heard', async () => {
  const greeting = Promise.withResolvers<void>();
  await using own = await startOwnServer({ wait: () => greeting.promise }, { kind: 'mx' });
  await using client = await SmtpClient.connect(own.port);
  client.send('EHLO mx.elsewhere.example\r\n');
  await vi.waitFor(() => expect([...own.server.connections].map(({ hasOctets }) => hasOctets)).toEqual([true]));
  greeting.resolve();
  expect(await client.closed()).toEqual([expect.stringMatching(/^554 5\.5\.1 Wait for the greeting/)]);
});

test.for([
  'EHLO mx.elsewhere.example\r\nMAIL FROM:<a@elsewhere.example>\r\n',
  'HELO mx.elsewhere.example\r\nMAIL FROM:<a@elsewhere.example>\r\n',
  'NOOP\r\nEHLO mx.elsewhere.example\r\n',
  'STARTTLS\r\nEHLO mx.elsewhere.example\r\n',
])('hardening 10: %j in one packet: whoever has not read EHLO waits for each reply', async (commands) => {
  const server = new MailServer();
  await using client = await server.connectMx();
  client.send(commands);
  expect(await client.closed()).toEqual([expect.stringMatching(/^554 5\.5\.1 Wait for each reply/)]);
});

test('hardening 10: nor is PIPELINING for those who said HELO, but QUIT may stand behind the last dot', async () => {
  const server = new MailServer();
  const account = await server.addAccount();
  await using client = await server.connectMx();
  await client.command('HELO mx.elsewhere.example');
  for (const command of [FROM, `RCPT TO:<${account.address}>`, 'DATA']) await client.command(command);
  client.send('text\r\n.\r\nQUIT\r\n');
  expect(await client.closed()).toEqual([expect.stringMatching(/^250 /), expect.stringMatching(/^221 /)]);
  await using another = await server.connectMx();
  await another.command('HELO mx.elsewhere.example');
  another.send(`${FROM}\r\nRCPT TO:<${account.address}>\r\n`);
  expect(await another.closed()).toEqual([expect.stringMatching(/^554 5\.5\.1 Wait for each reply/)]);
});

test.for([
  'PROXY TCP4 192.0.2.1 192.0.2.2 56324 25\r\n',
  'PROXY UNKNOWN\r\n',
  `PROXY TCP6 ${'f'.repeat(2_000)}\r\n`,
  '\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x7f\0\0\x01\x7f\0\0\x01\x12\x34\0\x19\r\n',
])('hardening 13: %j of a proxy is no command, and says nothing of where a client is', async (header) => {
  await using own = await startOwnServer({}, { kind: 'mx' });
  await using early = await SmtpClient.connect(own.port);
  early.send(header);
  expect((await early.closed()).at(-1)).toMatch(/^5(?:54 5\.5\.1 Wait for the greeting|0\d )/);
  await using client = await own.connect();
  client.send(header);
  expect(await client.reply()).toEqual([expect.stringMatching(/^50[01] 5\.5\.[12] /)]);
  for (const { remoteAddress } of own.server.connections) expect(remoteAddress).toBe('127.0.0.1');
});

test('hardening 41: a domain is one, in whatever form it is written, and another that looks like it is not', async () => {
  const server = new MailServer();
  const account = await server.addAccount();
  const database = openDatabase(server.postel.database, { applicationName: 'smtp-test', maxConnections: 1 });
  const directory = openDirectory(database).as({ type: 'server', task: 'test' });
  const name = account.name.slice(-10);
  await directory.addDomain(`${name}.bücher.example`);
  await directory.addAddress(account.name, `mary@${name}.bücher.example`);
  await database.close();
  await using client = await greeted(server);
  await client.command('MAIL FROM:<> SMTPUTF8');
  const rcpt = (domain: string) => client.command(`RCPT TO:<mary@${Buffer.from(domain).toString('latin1')}>`);
  for (const domain of [
    `${name}.bücher.example`,
    `${name}.bu\u0308cher.example`,
    `${name}.BÜCHER.Example`,
    `${name}.xn--bcher-kva.example`,
    `${name}.XN--BCHER-KVA.EXAMPLE`,
    `${name}\u3002bücher.example`, // the ideographic full stop is a dot: UTS 46
  ]) {
    expect(await rcpt(domain), domain).toMatch(/^250 /);
  }
  for (const domain of [
    `${name}.bucher.example`,
    `${name}.büсher.example`, // a Cyrillic с
    `${name}.bücher.example\u200b.org`,
    `${name}.xn--bcher-kva.xn--example`,
    `${name}.xn--bcher-kva0.example`,
    `${name}.xn--.example`,
    `${name}.bücher.example.`,
  ]) {
    expect(await rcpt(domain), domain).toMatch(/^5(?:50|01) /);
  }
});

test('hardening 10: who sends a message in packets of its own while RCPT is being answered is not heard', async () => {
  const [asked, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let isHeld = false;
  const wait = async () => {
    if (!isHeld) return;
    asked.resolve();
    await answer.promise;
  };
  await using own = await startOwnServer({ wait }, { kind: 'mx' });
  await using client = await own.connect();
  isHeld = true;
  const unknown = 'RCPT TO:<nobody@localhost>\r\n'.repeat(UNKNOWN_RECIPIENTS_AT_ONCE + 1);
  client.send(`${FROM}\r\nRCPT TO:<${own.account.address}>\r\n${unknown}DATA\r\n`);
  await asked.promise;
  const [connection] = own.server.connections;
  const before = connection?.socket.bytesRead ?? 0;
  client.send('Subject: x\r\n\r\n.\r\n');
  await vi.waitFor(() => expect(connection?.socket.bytesRead).toBeGreaterThan(before));
  answer.resolve();
  expect((await client.closed()).at(-1)).toMatch(/^554 5\.5\.1 Wait/);
  expect(await own.messages()).toEqual([]);
});

test('the next transaction may stand in the packet with the final dot, many times over', async () => {
  const server = new MailServer();
  const account = await server.addAccount();
  await using client = await greeted(server);
  const envelope = `${FROM}\r\nRCPT TO:<${account.address}>\r\nDATA\r\n`;
  client.send(envelope);
  for (let i = 0; i < 3; i++) await client.reply();
  for (let i = 0; i < 120; i++) {
    client.send(`message ${i}\r\n.\r\n${envelope}`);
    for (const code of ['250', '250', '250', '354']) {
      expect(await client.reply()).toEqual([expect.stringMatching(`^${code} `)]);
    }
  }
  client.send('last\r\n.\r\nQUIT\r\n');
  expect(await client.closed()).toEqual([expect.stringMatching(/^250 /), '221 2.0.0 Goodbye']);
  expect(await server.messages(account)).toHaveLength(121);
});

test('metrics tell the listeners apart', async () => {
  const server = new MailServer();
  const account = await server.addAccount();
  await using client = await greeted(server);
  expect(await send(client, [account.address], '.\r\n')).toMatch(/^250 /);
  await client.command(FROM);
  await client.command('RCPT TO:<nobody@strict.localhost>');
  const metrics = await (await fetch(`http://127.0.0.1:${server.postel.ports.metrics}/metrics`)).text();
  const lines = metrics.split('\n').filter((line) => line.includes('listener="mx"'));
  for (const name of ['messages', 'message_octets', 'connections', 'refusals']) {
    const values = lines.filter((line) => line.startsWith(`postel_smtp_${name}_total{`));
    expect(values.join('\n'), name).toMatch(name === 'message_octets' ? /} \d/ : /} [1-9]/);
  }
});

test('whoever brings nothing cannot go on for ever', async () => {
  const server = new MailServer();
  await using client = await greeted(server);
  client.send('NOOP\r\n'.repeat(COMMANDS_WITHOUT_PROGRESS + 1));
  expect((await client.closed()).at(-1)).toMatch(/^421 4\.7\.0 /);
});

describe('SMTPUTF8', () => {
  /** What a client sends that speaks UTF-8. */
  const utf8 = (text: string) => Buffer.from(text).toString('latin1');

  test('addresses and header fields in UTF-8, in whatever form they are written', async () => {
    const server = new MailServer();
    const account = await server.addAccount('jurgen');
    const database = openDatabase(server.postel.database, { applicationName: 'smtp-test', maxConnections: 1 });
    const directory = openDirectory(database).as({ type: 'server', task: 'test' });
    const domain = `${account.name.slice(-10)}.münchen.example`;
    await directory.addDomain(domain);
    await directory.addAddress(account.name, `jürgen@${domain}`);
    await database.close();
    await using client = await greeted(server);
    const aLabels = `ju\u0308rgen@${domain.replace('münchen', 'XN--MNCHEN-3YA')}`;
    for (const path of [`jürgen@${domain}`, aLabels, `"jürgen"@${domain}`]) {
      const from = utf8('MAIL FROM:<gruß@bücher.example> SMTPUTF8');
      expect(await send(client, [utf8(path)], utf8('Subject: Grüße\r\n\r\n.\r\n'), from), path).toMatch(/^250 /);
    }
    const messages = await server.messages(account);
    expect(messages).toHaveLength(3);
    const prefix = Buffer.from(messages[0]?.prefix ?? '', 'latin1').toString();
    expect(prefix).toContain('Return-Path: <gruß@bücher.example>\r\n');
    expect(prefix).toContain('\twith UTF8SMTP id ');
    expect(prefix).toContain(`\tfor <jürgen@${domain}>; `);
    expect(messages[0]?.content.toString()).toBe('Subject: Grüße\r\n\r\n');
  });

  test('without the parameter an address is ASCII, and a header field may be anything all the same', async () => {
    const server = new MailServer();
    const account = await server.addAccount();
    await using client = await greeted(server);
    expect(await client.command(utf8('MAIL FROM:<gruß@example.com>'))).toMatch(/^550 5\.6\.7 /);
    expect(await client.command(FROM)).toMatch(/^250 /);
    expect(await client.command(utf8('RCPT TO:<jürgen@localhost>'))).toMatch(/^553 5\.6\.7 /);
    await client.command('RSET');
    expect(await send(client, [account.address], 'Subject: \xe4\xff\r\n\r\n.\r\n')).toMatch(/^250 /);
    const [message] = await server.messages(account);
    expect(message?.prefix).toContain('\twith ESMTP id ');
  });

  test('hardening 14: what is no UTF-8, or no text, is refused', async () => {
    const server = new MailServer();
    await using client = await greeted(server);
    for (const path of [
      '\xff@example.com',
      '\xc3@example.com',
      utf8('a\u202eb@example.com'),
      utf8('a\u0085@example.com'),
    ]) {
      expect(await client.command(`MAIL FROM:<${path}> SMTPUTF8`), JSON.stringify(path)).toMatch(/^501 5\.5\.2 /);
    }
    expect(await client.command(utf8('MAIL FROM:<a@xn--ü.example> SMTPUTF8'))).toMatch(/^501 5\.1\.7 /);
    expect(await client.command(utf8('NOOP ü'))).toMatch(/^501 5\.5\.2 /);
  });
});
