/** What is kept of the envelope that a message came in, and what it does: DSN, REQUIRETLS, MAIL AUTH=. */
import { NetworkList } from '@postel/directory';
import type { TestAccount } from '@postel/testkit';
import { describe, expect, test } from 'vitest';
import { MailServer } from './testing/mail-server.ts';
import { type OwnServer, startOwnServer } from './testing/own-server.ts';
import { SmtpClient } from './testing/smtp-client.ts';

const server = new MailServer();

/** Sends commands that are answered by 2yz, and a message. */
async function send(client: SmtpClient, ...commands: readonly string[]): Promise<void> {
  for (const command of commands) expect(await client.command(command), command).toMatch(/^2/);
  expect(await client.command('DATA')).toMatch(/^354 /);
  client.send('Subject: kept\r\n\r\ntext\r\n.\r\n');
  expect(await client.reply()).toEqual([expect.stringMatching(/^250 /)]);
}

async function loggedInByKey(mary: TestAccount): Promise<SmtpClient> {
  const { key, cert } = await server.postel.addKey(mary);
  const client = await SmtpClient.connectTls(server.postel.ports.submissions, { ca: server.postel.ca, key, cert });
  await client.reply();
  await client.command('EHLO client.example');
  return client;
}

test('all that a client said is kept with the message', async () => {
  const mary = await server.addAccount();
  await using client = await loggedInByKey(mary);
  const detail = mary.address.replace('@', '+lists@');
  await send(
    client,
    `MAIL FROM:<${mary.address}> BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=QQ+20314159 REQUIRETLS AUTH=mary+2Bdetail@example.com`,
    `RCPT TO:<${detail}> NOTIFY=failure,delay ORCPT=rfc822;${mary.address}`,
    `RCPT TO:<${mary.address}> NOTIFY=NEVER`,
  );
  const [message] = await server.messages(mary);
  expect(message?.arrival).toEqual({
    receivedAt: expect.any(Number),
    reversePath: mary.address,
    forwardPath: detail,
    protocol: 'UTF8SMTPSA',
    clientAddress: '127.0.0.1',
    clientName: 'client.example',
    details: {
      id: expect.stringMatching(/^[0-9a-f]{10}-1$/),
      sender: mary.name,
      submitter: 'mary+detail@example.com',
      tls: { version: 'TLSv1.3', cipher: expect.stringMatching(/^TLS_/) },
      body: '8BITMIME',
      isUtf8: true,
      requiresTls: true,
      envelopeId: 'QQ+20314159',
      returnContent: 'HDRS',
      releaseRequest: null,
      recipients: [
        { forwardPath: detail, notify: ['FAILURE', 'DELAY'], originalRecipient: `rfc822;${mary.address}` },
        { forwardPath: mary.address, notify: ['NEVER'], originalRecipient: null },
      ],
      results: null,
    },
  });
});

test('of a client that says nothing, nothing is kept', async () => {
  const mary = await server.addAccount();
  await using client = await server.connectMx();
  await send(client, 'HELO mx.elsewhere.example', 'MAIL FROM:<>', `RCPT TO:<${mary.address}>`);
  const [message] = await server.messages(mary);
  expect(message?.arrival).toMatchObject({
    reversePath: '',
    protocol: 'SMTP',
    details: {
      sender: null,
      submitter: null,
      tls: null,
      body: null,
      isUtf8: false,
      requiresTls: false,
      envelopeId: null,
      returnContent: null,
      releaseRequest: null,
      recipients: [{ forwardPath: mary.address, notify: null, originalRecipient: null }],
    },
  });
});

describe('MAIL AUTH=: RFC 4954 §5', () => {
  async function submitterOf(own: OwnServer, parameter: string): Promise<string | null | undefined> {
    await using client = await own.logIn();
    const { address } = own.account;
    await send(client, `MAIL FROM:<${address}>${parameter}`, `RCPT TO:<${address}>`);
    return (await own.messages()).at(-1)?.arrival?.details.submitter;
  }

  test('is kept from networks that are listed, also when it says that nobody knows', async () => {
    await using own = await startOwnServer({ submitterNetworks: new NetworkList(['127.0.0.0/8']) });
    expect(await submitterOf(own, ' AUTH=e+3Dmc2@example.com')).toBe('e=mc2@example.com');
    expect(await submitterOf(own, ' AUTH=<>')).toBe('');
    expect(await submitterOf(own, '')).toBe(null);
  });

  test('is as if it were <> from anybody else, and never made up', async () => {
    await using own = await startOwnServer();
    expect(await submitterOf(own, ' AUTH=mary@localhost')).toBe('');
    expect(await submitterOf(own, '')).toBe(null);
  });

  test('is no parameter where nobody logs in', async () => {
    await using client = await server.connectMx();
    await client.command('EHLO mx.elsewhere.example');
    expect(await client.command('MAIL FROM:<a@elsewhere.example> AUTH=<>')).toMatch(/^555 5\.5\.4 /);
  });
});

test('REQUIRETLS is offered and taken under TLS alone', async () => {
  const mary = await server.addAccount();
  await using client = await server.connectMx();
  const required = 'MAIL FROM:<a@elsewhere.example> REQUIRETLS';
  await client.dialogue`
    C: EHLO mx.elsewhere.example
    S: ...
    C: ${required}
    S: 530 5.7.10 ...
    C: STARTTLS
    S: 220 ...
  `;
  await client.startTls({ ca: server.postel.ca });
  await send(client, 'EHLO mx.elsewhere.example', required, `RCPT TO:<${mary.address}>`);
  const [message] = await server.messages(mary);
  expect(message?.arrival?.details).toMatchObject({ requiresTls: true, tls: { version: 'TLSv1.3' } });
});

describe('DSN', () => {
  test('is offered on submission; on MX its parameters are none, so that the sender`s own server tells', async () => {
    await using client = await server.connectMx();
    await client.command('EHLO mx.elsewhere.example');
    expect(await client.command('MAIL FROM:<a@elsewhere.example> RET=FULL')).toMatch(/^555 5\.5\.4 /);
    expect(await client.command('MAIL FROM:<a@elsewhere.example> ENVID=1')).toMatch(/^555 5\.5\.4 /);
    expect(await client.command('MAIL FROM:<a@elsewhere.example>')).toMatch(/^250 /);
    expect(await client.command('RCPT TO:<postel@localhost> NOTIFY=NEVER')).toMatch(/^555 5\.5\.4 /);
    expect(await client.command('RCPT TO:<postel@localhost>')).toMatch(/^250 /);
  });

  test('who asks is told of the delivery, once for all recipients, and who does not is not', async () => {
    const [mary, john] = [await server.addAccount('mary'), await server.addAccount('john')];
    await using client = await server.logIn(mary);
    await send(
      client,
      `MAIL FROM:<${mary.address}> ENVID=a+2Bb`,
      `RCPT TO:<${john.address}> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Johnny;+20@example.com`,
      `RCPT TO:<${mary.address}> NOTIFY=SUCCESS`,
      'RCPT TO:<postel@localhost> NOTIFY=FAILURE',
    );
    expect(await server.messages(john)).toHaveLength(1);
    const [own, notification, ...more] = await server.messages(mary);
    expect(own?.content.toString()).toContain('Subject: kept');
    expect(more).toEqual([]);
    expect(notification?.prefix).toBe('Return-Path: <>\r\n');
    expect(notification?.arrival).toMatchObject({ reversePath: '', forwardPath: mary.address, protocol: 'local' });
    const text = notification?.content.toString() ?? '';
    expect(text).toContain('\r\nContent-Type: multipart/report; report-type=delivery-status; boundary="');
    expect(text).toContain('\r\nOriginal-Envelope-Id: a+b\r\nReporting-MTA: dns; localhost\r\nArrival-Date: ');
    const fields = (path: string) => `Final-Recipient: rfc822; ${path}\r\nAction: delivered\r\nStatus: 2.1.5\r\n\r\n`;
    expect(text).toContain(
      `\r\n\r\nOriginal-Recipient: rfc822; Johnny; @example.com\r\n${fields(john.address)}${fields(mary.address)}--`,
    );
    expect(text).toContain('\r\nContent-Type: text/rfc822-headers\r\n');
    expect(text).toMatch(/\r\n\r\nSubject: kept\r\n\r\n\r\n--[0-9a-f-]{36}--\r\n$/);
  });

  test('hardening 57: nobody is told of what came from the null reverse-path', async () => {
    const mary = await server.addAccount();
    await using client = await server.logIn(mary);
    await client.dialogue`
      C: MAIL FROM:<>
      S: 250 ...
      C: RCPT TO:<${mary.address}> NOTIFY=SUCCESS
      S: 250 ...
      C: DATA
      S: 354 ...
      C: From: ${mary.address}
      C:
      C: .
      S: 250 ...
    `;
    expect(await server.messages(mary)).toHaveLength(1);
  });

  test('hardening 59: no parameter puts a line of its own into a DSN, and none is longer than it may be', async () => {
    const mary = await server.addAccount();
    await using client = await server.logIn(mary);
    for (const parameter of ['ENVID=a+0D+0AX-Injected:+20yes', `ENVID=${'x'.repeat(101)}`, 'ENVID=+00', 'RET=+46ULL']) {
      expect(await client.command(`MAIL FROM:<${mary.address}> ${parameter}`), parameter).toMatch(/^501 5\.5\.4 /);
    }
    expect(await client.command(`MAIL FROM:<${mary.address}>`)).toMatch(/^250 /);
    for (const parameter of [
      'ORCPT=rfc822;a+0D+0AAction:+20failed',
      `ORCPT=rfc822;${'x'.repeat(500)}`,
      'NOTIFY=SUCCESS+2CNEVER',
      `NOTIFY=${'SUCCESS,'.repeat(100)}FAILURE`.concat('X'),
    ]) {
      expect(await client.command(`RCPT TO:<${mary.address}> ${parameter}`), parameter).toMatch(/^501 5\.5\.4 /);
    }
  });
});
