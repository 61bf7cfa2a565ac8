import { expect, test } from 'vitest';
import { type OwnServer, startOwnServer } from './testing/own-server.ts';
import type { SmtpClient } from './testing/smtp-client.ts';

const MARY = 'mary@localhost';

/** @returns the last reply */
async function send(client: SmtpClient, ...recipients: readonly string[]): Promise<string> {
  const begun = await client.command(`MAIL FROM:<${MARY}>`);
  if (!begun.startsWith('250')) return begun;
  for (const recipient of recipients) expect(await client.command(`RCPT TO:<${recipient}>`)).toMatch(/^250 /);
  await client.command('DATA');
  return await client.command('Subject: x\r\n\r\ntext\r\n.');
}

const dayIsOver = ({ sql }: OwnServer) => sql`update submission_counts set since = now() - interval '1 day'`;

test('so many messages a day, told at MAIL, and anew when the day is over', async () => {
  await using server = await startOwnServer();
  await server.directory.submission.change('mary', { messagesADay: 2 });
  await using client = await server.logIn();
  expect(await send(client, MARY)).toMatch(/^250 /);
  expect(await send(client, MARY)).toMatch(/^250 /);
  expect(await send(client, MARY)).toMatch(
    /^450 4\.7\.1 This account may send 2 messages a day: go on at \d{4}-\d\d-\d\d \d\d:\d\d UTC/,
  );
  expect(await server.messages()).toHaveLength(2);
  await dayIsOver(server);
  expect(await send(client, MARY)).toMatch(/^250 /);
  expect(await server.directory.submission.read('mary')).toMatchObject({ messages: 1, messagesADay: 2 });
});

test('what other sessions have sent since MAIL counts', async () => {
  await using server = await startOwnServer();
  await server.directory.submission.change('mary', { messagesADay: 1 });
  await using one = await server.logIn();
  await using other = await server.logIn();
  await one.command(`MAIL FROM:<${MARY}>`);
  await one.command(`RCPT TO:<${MARY}>`);
  await one.command('DATA');
  expect(await send(other, MARY)).toMatch(/^250 /);
  expect(await one.command('Subject: x\r\n\r\ntext\r\n.')).toMatch(/^450 4\.7\.1 /);
  expect(await server.messages()).toHaveLength(1);
});

test('so many addresses a day that the account never sent to before', async () => {
  await using server = await startOwnServer();
  await server.directory.setCatchall('localhost', 'mary');
  await server.directory.submission.change('mary', { newRecipientsADay: 3 });
  await using client = await server.logIn();
  expect(await send(client, 'a@localhost', 'b@localhost', 'A@LOCALHOST')).toMatch(/^250 /);
  expect(await send(client, 'c@localhost', 'd@localhost')).toMatch(/^450 4\.7\.1 .* 3 addresses a day/);
  expect(await send(client, 'a@localhost', 'c@localhost')).toMatch(/^250 /);
  expect(await send(client, 'a@localhost', 'b@localhost', 'c@localhost')).toMatch(/^250 /);
  expect(await send(client, 'd@localhost')).toMatch(/^450 4\.7\.1 /);
  await dayIsOver(server);
  expect(await send(client, 'd@localhost')).toMatch(/^250 /);
  expect(await server.directory.submission.read('mary')).toMatchObject({ newRecipients: 1 });
});

test('no larger message, announced or not', async () => {
  await using server = await startOwnServer();
  await server.directory.submission.change('mary', { messageOctets: 10_000 });
  await using client = await server.logIn();
  expect(await client.command(`MAIL FROM:<${MARY}> SIZE=10001`)).toMatch(/^552 5\.3\.4 .* 10000 octets/);
  await client.command(`MAIL FROM:<${MARY}>`);
  await client.command(`RCPT TO:<${MARY}>`);
  await client.command('DATA');
  expect(await client.command(`Subject: x\r\n\r\n${`${'x'.repeat(98)}\r\n`.repeat(100)}.`)).toMatch(/^552 5\.3\.4 /);
  expect(await send(client, MARY)).toMatch(/^250 /);
});

test('an account without limits is not counted', async () => {
  await using server = await startOwnServer();
  await using client = await server.logIn();
  expect(await send(client, MARY)).toMatch(/^250 /);
  expect(await server.sql`select from submission_counts`).toHaveLength(0);
  expect(await server.directory.submission.read('mary')).toMatchObject({ messages: 0, resetsAt: null });
});
