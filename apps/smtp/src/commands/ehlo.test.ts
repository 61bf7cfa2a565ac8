import { expect, test } from 'vitest';
import { MailServer, plainResponse } from '../testing/mail-server.ts';
import { SmtpClient } from '../testing/smtp-client.ts';

test('EHLO in the clear announces what works there, and nothing else', async () => {
  const server = new MailServer();
  await using client = await SmtpClient.connect(server.postel.ports.submission);
  await client.dialogue`
    S: 220 localhost ESMTP ...
    C: EHLO client.example
    S: 250-localhost
    S: 250-PIPELINING
    S: 250-SIZE 104857600
    S: 250-8BITMIME
    S: 250-SMTPUTF8
    S: 250-ENHANCEDSTATUSCODES
    S: 250-CHUNKING
    S: 250-BINARYMIME
    S: 250-LIMITS RCPTMAX=1000
    S: 250-DSN
    S: 250-FUTURERELEASE 31622400 ...
    S: 250-STARTTLS
    S: 250 AUTH SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN
  `;
});

test('over TLS there is no STARTTLS, and after the login no AUTH', async () => {
  const server = new MailServer();
  const account = await server.addAccount();
  await using client = await server.connectTls();
  await client.dialogue`
    C: EHLO client.example
    S: 250-localhost
    S: 250-PIPELINING
    S: 250-SIZE 104857600
    S: 250-8BITMIME
    S: 250-SMTPUTF8
    S: 250-ENHANCEDSTATUSCODES
    S: 250-CHUNKING
    S: 250-BINARYMIME
    S: 250-LIMITS RCPTMAX=1000
    S: 250-DSN
    S: 250-FUTURERELEASE 31622400 ...
    S: 250-REQUIRETLS
    S: 250 AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN
    C: AUTH PLAIN ${plainResponse(account)}
    S: 235 2.7.0 ...
    C: EHLO client.example
    S: 250-localhost
    S: 250-PIPELINING
    S: 250-SIZE 104857600
    S: 250-8BITMIME
    S: 250-SMTPUTF8
    S: 250-ENHANCEDSTATUSCODES
    S: 250-CHUNKING
    S: 250-BINARYMIME
    S: 250-LIMITS RCPTMAX=1000
    S: 250-DSN
    S: 250-FUTURERELEASE 31622400 ...
    S: 250-REQUIRETLS
    S: 250 EXPN
    C: STARTTLS
    S: 503 5.5.1 ...
  `;
});

test('EHLO and HELO take names that are none, and no rubbish', async () => {
  const server = new MailServer();
  await using client = await server.connect();
  for (const name of [
    '[127.0.0.1]',
    '[IPv6:::1]',
    '[::1]',
    '[1.2.3]',
    '192.168.1.2',
    'my_pc',
    '(none)',
    'a'.repeat(255),
  ]) {
    expect(await client.command(`EHLO ${name}`), name).toMatch(/^250 /);
    expect(await client.command(`HELO ${name}`), name).toMatch(/^250 localhost$/);
  }
  for (const name of ['', 'two words', '<script>', 'a\x1b[2Jb', 'b\xfccher.example', 'a'.repeat(256)]) {
    expect(await client.command(`EHLO ${name}`), name).toMatch(/^501 /);
  }
});

test('EHLO ends a mail transaction and keeps the login', async () => {
  const server = new MailServer();
  const account = await server.addAccount();
  await using client = await server.logIn(account);
  await client.dialogue`
    C: MAIL FROM:<${account.address}>
    S: 250 2.1.0 ...
    C: EHLO client.example
    S: ...
    C: RCPT TO:<${account.address}>
    S: 503 5.5.1 ...
    C: MAIL FROM:<${account.address}>
    S: 250 2.1.0 ...
  `;
});
