/** Sessions that lose what they logged in with. */
import type { TestAccount } from '@postel/testkit';
import { expect, test } from 'vitest';
import { MailServer } from './testing/mail-server.ts';
import { SmtpClient } from './testing/smtp-client.ts';

const server = new MailServer();
const { ports, ca } = server.postel;
const END_MS = 5_000;

const changePassword = ({ name }: TestAccount) =>
  server.postel.useDirectory((directory) => directory.setPassword(name, 'another password'));

test('hardening 26: a session that waits ends at once', async () => {
  const mary = await server.addAccount();
  await using client = await server.logIn(mary);
  const begunAt = performance.now();
  await changePassword(mary);
  expect(await client.closed()).toEqual([expect.stringMatching(/^421 4\.7\.0 .*log in again \([0-9a-f]{10}\)$/)]);
  expect(performance.now() - begunAt).toBeLessThan(END_MS);
});

test('hardening 26: a disabled account ends the session of its key', async () => {
  const mary = await server.addAccount();
  const { key, cert } = await server.postel.addKey(mary);
  await using client = await SmtpClient.connectTls(ports.submissions, { ca, key, cert });
  await client.reply();
  await client.command('EHLO client.example');
  expect(await client.command(`MAIL FROM:<${mary.address}>`)).toMatch(/^250 /);
  expect(await client.command('RSET')).toMatch(/^250 /);
  await server.postel.useDirectory((directory) => directory.setDisabled(mary.name, true));
  expect(await client.closed()).toEqual([expect.stringMatching(/^421 4\.7\.0 The account was disabled or removed/)]);
});

test('hardening 26: a removed key ends its session', async () => {
  const mary = await server.addAccount();
  const certificate = await server.postel.addKey(mary);
  const { key, cert } = certificate;
  await using client = await SmtpClient.connectTls(ports.submissions, { ca, key, cert });
  await client.reply();
  await client.command('EHLO client.example');
  expect(await client.command('AUTH EXTERNAL =')).toMatch(/^235 /);
  await server.postel.removeKey(certificate);
  expect(await client.closed()).toEqual([expect.stringMatching(/^421 4\.7\.0 /)]);
});

test('hardening 26: the message in hand may still come, and nothing after it', async () => {
  const mary = await server.addAccount('mary');
  const joe = await server.addAccount('joe');
  await using client = await server.logIn(mary);
  await using witness = await server.logIn(mary);
  await client.dialogue`
    C: MAIL FROM:<${mary.address}>
    C: RCPT TO:<${joe.address}>
    C: DATA
    S: 250 ...
    S: 250 ...
    S: 354 ...
  `;
  await changePassword(mary);
  await witness.closed();
  client.send(`Subject: the last\r\n\r\n.\r\nMAIL FROM:<${mary.address}>\r\n`);
  await client.dialogue`
    S: 250 2.0.0 ...
    S: 421 4.7.0 ...
    S: (closed)
  `;
  expect(await server.messages(joe)).toHaveLength(1);
});

test('hardening 26: a message that does not end in time is not taken', async () => {
  const mary = await server.addAccount('mary');
  const joe = await server.addAccount('joe');
  await using client = await server.logIn(mary);
  await client.dialogue`
    C: MAIL FROM:<${mary.address}>
    C: RCPT TO:<${joe.address}>
    C: DATA
    S: 250 ...
    S: 250 ...
    S: 354 ...
  `;
  client.send('Subject: half of\r\n');
  const begunAt = performance.now();
  await changePassword(mary);
  expect(await client.closed()).toEqual([expect.stringMatching(/^421 4\.7\.0 /)]);
  expect(performance.now() - begunAt).toBeLessThan(END_MS);
  expect(await server.messages(joe)).toEqual([]);
});
