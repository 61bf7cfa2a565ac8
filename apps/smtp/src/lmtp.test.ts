/** LMTP, RFC 2033: what differs from SMTP. */
import { StorageError } from '@postel/storage';
import { expect, test } from 'vitest';
import { FAULTS, UNKNOWN_RECIPIENTS } from './limits.ts';
import { MailServer } from './testing/mail-server.ts';
import { startOwnServer } from './testing/own-server.ts';
import { SmtpClient } from './testing/smtp-client.ts';

test('one reply for each recipient, in their order, also for one named twice', async () => {
  const server = new MailServer();
  const [mary, john] = [await server.addAccount('mary'), await server.addAccount('john')];
  await using client = await SmtpClient.connect(server.postel.ports.lmtp);
  await client.dialogue`
    S: 220 localhost LMTP Postel
    C: LHLO mx.example
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
    C: MAIL FROM:<sender@elsewhere.example>
    C: RCPT TO:<${mary.address}>
    C: RCPT TO:<nobody@strict.localhost>
    C: RCPT TO:<${john.address}>
    C: RCPT TO:<${mary.address}>
    C: DATA
    S: 250 2.1.0 OK
    S: 250 2.1.5 OK
    S: 550 5.1.1 ...
    S: 250 2.1.5 OK
    S: 250 2.1.5 OK
    S: 354 ...
    C: Subject: x
    C:
    C: ..text
    C: .
    C: NOOP
    S: 250 2.0.0 Accepted as {id}
    S: 250 2.0.0 Accepted as {id}
    S: 250 2.0.0 Accepted as {id}
    S: 250 2.0.0 OK
    C: QUIT
    S: 221 2.0.0 ...
    S: (closed)
  `;
  for (const account of [mary, john]) {
    const messages = await server.messages(account);
    expect(messages).toHaveLength(1);
    expect(messages[0]?.content.toString()).toBe('Subject: x\r\n\r\n.text\r\n');
    expect(messages[0]?.prefix).toContain(
      'Received: from mx.example ([127.0.0.1])\r\n\tby localhost (Postel)\r\n\twith LMTP id ',
    );
    expect(messages[0]?.prefix).toContain(`\tfor <${account.address}>; `);
  }
});

test('LHLO is the only greeting', async () => {
  const server = new MailServer();
  await using client = await server.connectLmtp();
  await client.dialogue`
    C: EHLO mx.example
    S: 500 5.5.1 ...
    C: HELO mx.example
    S: 500 5.5.1 ...
    C: MAIL FROM:<>
    S: 503 5.5.1 Say LHLO first...
    C: AUTH PLAIN
    S: 503 5.5.1 ...
    C: LHLO
    S: 501 ...
    C: HELP
    S: 214-2.0.0 ...
    S: 214 2.0.0 See RFC 2033
  `;
});

test('DATA without a valid recipient is refused, as often as it comes', async () => {
  const server = new MailServer();
  await using client = await server.connectLmtp();
  await client.command('LHLO mx.example');
  for (let i = 0; i < 2 * FAULTS; i++) {
    await client.dialogue`
      C: MAIL FROM:<>
      C: RCPT TO:<nobody@strict.localhost>
      C: RCPT TO:<somebody@example.com>
      C: DATA
      S: 250 ...
      S: 550 5.1.1 ...
      S: 550 5.7.1 ...
      S: 503 5.5.1 ...
    `;
  }
});

test('DATA without a valid recipient has one code, also where a recipient is refused for now', async () => {
  await using own = await startOwnServer({}, { kind: 'lmtp' });
  await own.sql`update accounts set is_disabled = true`;
  await using client = await own.connect();
  await client.dialogue`
    C: MAIL FROM:<>
    C: RCPT TO:<mary@localhost>
    C: DATA
    S: 250 ...
    S: 450 4.2.1 ...
    S: 503 5.5.1 ...
  `;
});

test('STARTTLS and SMTPUTF8 show in the trace', async () => {
  const server = new MailServer();
  const account = await server.addAccount();
  await using client = await server.connectLmtp();
  await client.command('STARTTLS');
  await client.startTls({ ca: server.postel.ca });
  await client.command('LHLO mx.example');
  for (const parameters of ['', ' SMTPUTF8']) {
    await client.dialogue`
      C: MAIL FROM:<>${parameters}
      C: RCPT TO:<${account.address}>
      C: DATA
      S: 250 ...
      S: 250 ...
      S: 354 ...
      C: .
      S: 250 ...
    `;
  }
  const [one, two] = await server.messages(account);
  expect(one?.prefix).toMatch(/\twith LMTPS \(TLSv1\.3 \w+\) id /);
  expect(two?.prefix).toMatch(/\twith UTF8LMTPS \(TLSv1\.3 \w+\) id /);
});

/** A server whose account mary has room for 5,000 octets at most; john has a quota of that, john2 none. */
async function startWithQuota() {
  const own = await startOwnServer({}, { kind: 'lmtp' });
  for (const name of ['john', 'jane']) {
    await own.directory.addAccount({ name, address: `${name}@localhost`, password: 'long password' });
  }
  await own.sql`update accounts set quota_octets = 100000, used_octets = 95000 where name = 'mary'`;
  await own.sql`update accounts set quota_octets = 5000 where name = 'john'`;
  return own;
}

test('what fails for one recipient is said for that one', async () => {
  await using own = await startWithQuota();
  await using client = await own.connect();
  client.send('MAIL FROM:<>\r\n');
  for (const name of ['mary', 'jane', 'john', 'mary']) client.send(`RCPT TO:<${name}@localhost>\r\n`);
  client.send('DATA\r\n');
  for (const code of ['250', '250', '250', '250', '250', '354']) {
    expect(await client.reply()).toEqual([expect.stringMatching(`^${code} `)]);
  }
  client.send(`${'x'.repeat(998)}\r\n`.repeat(6));
  client.send('.\r\n');
  for (const reply of [/^452 4\.2\.2 /, /^250 2\.0\.0 /, /^552 5\.2\.2 /, /^452 4\.2\.2 /]) {
    expect(await client.reply()).toEqual([expect.stringMatching(reply)]);
  }
  expect(await own.messages('jane@localhost')).toHaveLength(1);
  for (const name of ['mary', 'john']) expect(await own.messages(`${name}@localhost`)).toEqual([]);
  expect(await client.command('NOOP')).toBe('250 2.0.0 OK');
});

test('an account removed after RCPT', async () => {
  await using own = await startWithQuota();
  await using client = await own.connect();
  await client.dialogue`
    C: MAIL FROM:<>
    C: RCPT TO:<john@localhost>
    C: RCPT TO:<jane@localhost>
    C: DATA
    S: 250 ...
    S: 250 ...
    S: 250 ...
    S: 354 ...
  `;
  await own.directory.removeAccount('john');
  await client.dialogue`
    C: .
    S: 550 5.1.1 ...
    S: 250 2.0.0 ...
  `;
});

test('what is wrong with the message is said for every recipient', async () => {
  const server = new MailServer();
  const account = await server.addAccount();
  await using client = await server.connectLmtp();
  await client.command('LHLO mx.example');
  for (const [message, reply] of [
    ['a\nb\r\n.\r\n', '550 5.6.11 ...'],
    [`${'Received: x\r\n'.repeat(101)}\r\n.\r\n`, '554 5.4.6 ...'],
  ] as const) {
    await client.dialogue`
      C: MAIL FROM:<>
      C: RCPT TO:<${account.address}>
      C: RCPT TO:<postmaster>
      C: DATA
      S: 250 ...
      S: 250 ...
      S: 250 ...
      S: 354 ...
    `;
    client.send(message);
    await client.dialogue`
      S: ${reply}
      S: ${reply}
      C: NOOP
      S: 250 ...
    `;
  }
  expect(await server.messages(account)).toEqual([]);
});

test('hardening 5: what stands in the packet behind STARTTLS is never executed', async () => {
  const server = new MailServer();
  await using client = await server.connectLmtp();
  await client.command('LHLO client.example');
  client.send('STARTTLS\r\nLHLO injected.example\r\nMAIL FROM:<injected@example.com>\r\n');
  expect(await client.reply()).toEqual(['220 2.0.0 Start TLS']);
  await client.startTls({ ca: server.postel.ca });
  expect(await client.command('MAIL FROM:<>')).toMatch(/^503 5\.5\.1 Say LHLO first/);
});

test('where nobody knows whether a message was stored, nothing is said of it', async () => {
  await using own = await startWithQuota();
  const { store } = own;
  const unknown = new StorageError('outcome-unknown', 'the connection broke');
  await using broken = await startOwnServer(
    {
      directory: own.directory,
      store: {
        receive: (limit) => store.arrivals.receive(limit),
        requireDiskRoom: () => Promise.resolve(),
        waitingUse: () => Promise.resolve(new Map()),
        keepWaiting: () => Promise.reject(unknown),
        async deliverToEach(content, deliveries) {
          const outcomes = await store.arrivals.deliverToEach(content, deliveries);
          return outcomes.map((outcome, i) => (i === 1 ? { status: 'rejected' as const, reason: unknown } : outcome));
        },
      },
    },
    { kind: 'lmtp' },
  );
  await using client = await broken.connect();
  await client.dialogue`
    C: MAIL FROM:<>
    C: RCPT TO:<jane@localhost>
    C: RCPT TO:<john@localhost>
    C: RCPT TO:<mary@localhost>
    C: DATA
    S: 250 ...
    S: 250 ...
    S: 250 ...
    S: 250 ...
    S: 354 ...
    C: .
    S: 250 2.0.0 ...
    S: (closed)
  `;
});

test('the server in front knows its addresses from elsewhere: it may ask for many that do not exist', async () => {
  await using own = await startOwnServer({}, { kind: 'lmtp' });
  await using client = await own.connect();
  await client.command('MAIL FROM:<>');
  for (let i = 0; i < 2 * UNKNOWN_RECIPIENTS; i++) {
    expect(await client.command(`RCPT TO:<nobody-${i}@localhost>`)).toMatch(/^550 5\.1\.1 /);
  }
});
