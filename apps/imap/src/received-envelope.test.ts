/** The envelope that a message came in (docs/imap.md, X-POSTEL-ENVELOPE). */
import { LineClient, type TestAccount } from '@postel/testkit';
import { expect, test } from 'vitest';
import type { ImapClient } from './testing/imap-client.ts';
import { MailServer } from './testing/mail-server.ts';

const server = new MailServer();
const { ports, ca } = server.postel;

class SmtpClient extends LineClient {
  endsAnswer(line: string): boolean {
    return line[3] !== '-';
  }

  /** Says each, and a message at last. */
  async say(...commands: readonly string[]): Promise<void> {
    for (const command of [...commands, 'DATA', 'Subject: x\r\n\r\n.']) {
      this.send(`${command}\r\n`);
      for (let line: string | null = '250-'; line !== null && !this.endsAnswer(line); ) {
        line = await this.line();
        expect(line, command).toMatch(/^[23]/);
      }
    }
  }
}

async function selected(mary: TestAccount): Promise<ImapClient> {
  const client = await server.logIn(mary);
  await client.command('SELECT INBOX');
  return client;
}

test('of mail from another server all is told that it said, and of what was appended nothing', async () => {
  const mary = await server.addAccount();
  await using smtp = await SmtpClient.connect(ports.mx);
  await smtp.line();
  const detail = mary.address.replace('@', '+list@');
  await smtp.say(
    'EHLO mx.elsewhere.example',
    'MAIL FROM:<bob@elsewhere.example> BODY=8BITMIME SMTPUTF8',
    `RCPT TO:<${detail}>`,
    `RCPT TO:<${mary.address}>`,
  );
  await using client = await selected(mary);
  await client.append('INBOX', 'Subject: appended');
  await client.command('NOOP');
  const recipients = `(FORWARD-PATH "${detail}") (FORWARD-PATH "${mary.address}")`;
  await client.dialogue`
    C: a1 FETCH 1:2 (X-POSTEL-ENVELOPE UID)
    S: * 1 FETCH (X-POSTEL-ENVELOPE (REVERSE-PATH "bob@elsewhere.example" RECIPIENTS (${recipients}) PROTOCOL "UTF8SMTP" CLIENT-ADDRESS "127.0.0.1" CLIENT-NAME "mx.elsewhere.example" BODY "8BITMIME" RESULTS "localhost; iprev=..." SMTPUTF8 YES) UID 1)
    S: * 2 FETCH (X-POSTEL-ENVELOPE NIL UID 2)
    S: a1 OK ...
    C: a2 UID FETCH 1 (x-postel-envelope)
    S: * 1 FETCH (UID 1 X-POSTEL-ENVELOPE (...))
    S: a2 OK ...
  `;
});

test('of what somebody here submitted neither their account is told nor where they are', async () => {
  const mary = await server.addAccount();
  await using smtp = await SmtpClient.connectTls(ports.submissions, { ca });
  await smtp.line();
  await smtp.say(
    'EHLO home.example',
    `AUTH PLAIN ${Buffer.from(`\0${mary.name}\0${mary.password}`).toString('base64')}`,
    `MAIL FROM:<${mary.address}> AUTH=mary@elsewhere.example ENVID=a+20b RET=HDRS REQUIRETLS`,
    `RCPT TO:<${mary.address}> NOTIFY=FAILURE,DELAY ORCPT=rfc822;Mary+20@elsewhere.example`,
  );
  await using client = await selected(mary);
  const recipient = `(FORWARD-PATH "${mary.address}" NOTIFY "FAILURE,DELAY" ORCPT "rfc822;Mary+20@elsewhere.example")`;
  await client.dialogue`
    C: a1 FETCH 1 X-POSTEL-ENVELOPE
    S: * 1 FETCH (X-POSTEL-ENVELOPE (REVERSE-PATH "${mary.address}" RECIPIENTS (${recipient}) PROTOCOL "ESMTPSA" TLS-VERSION "TLSv1.3" TLS-CIPHER "{cipher}" AUTH "" RET "HDRS" ENVID "a+20b" REQUIRETLS YES))
    S: a1 OK ...
  `;
});

test('nor if they said HELO, of which no transmission type tells that they logged in', async () => {
  const mary = await server.addAccount();
  await using smtp = await SmtpClient.connectTls(ports.submissions, { ca });
  await smtp.line();
  await smtp.say(
    'EHLO home.example',
    `AUTH PLAIN ${Buffer.from(`\0${mary.name}\0${mary.password}`).toString('base64')}`,
    'HELO home.example',
    `MAIL FROM:<${mary.address}>`,
    `RCPT TO:<${mary.address}>`,
  );
  await using client = await selected(mary);
  const { untagged } = await client.command('FETCH 1 X-POSTEL-ENVELOPE');
  expect(untagged[0]).toMatch(/PROTOCOL "SMTP" TLS-VERSION/);
});

test('it is announced after the login, as X- capabilities are nobody`s before', async () => {
  await using stranger = await server.connect();
  expect((await stranger.command('CAPABILITY')).untagged[0]).not.toContain('X-POSTEL');
  await using mary = await server.logIn();
  expect((await mary.command('CAPABILITY')).untagged[0]).toMatch(/ X-POSTEL-ENVELOPE$/);
});
