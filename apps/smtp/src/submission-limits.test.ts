import { expect, test } from 'vitest';
import { HELD } from './limits.ts';
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

test('limits that all accounts have, but for who has one of its own', async () => {
  await using server = await startOwnServer();
  const { submission } = server.directory;
  await submission.changeDefault({ messagesADay: 1, messageOctets: 10_000 });
  await using client = await server.logIn();
  expect(await client.command(`MAIL FROM:<${MARY}> SIZE=10001`)).toMatch(/^552 5\.3\.4 /);
  expect(await send(client, MARY)).toMatch(/^250 /);
  expect(await send(client, MARY)).toMatch(/^450 4\.7\.1 This account may send 1 messages a day/);
  await submission.change('mary', { messagesADay: null });
  expect(await send(client, MARY)).toMatch(/^250 /);
  expect(await submission.read('mary')).toMatchObject({
    messagesADay: null,
    messageOctets: 10_000,
    isOwn: { messagesADay: true, newRecipientsADay: false, messageOctets: false },
  });
  await submission.change('mary', { messagesADay: 'default' });
  expect(await send(client, MARY)).toMatch(/^450 4\.7\.1 /);
  await submission.changeDefault({ messagesADay: null });
  expect(await send(client, MARY)).toMatch(/^250 /);
});

test('a limit that a Postel of before has set is the account`s own', async () => {
  await using server = await startOwnServer();
  const { submission } = server.directory;
  await submission.changeDefault({ messagesADay: 1 });
  await server.sql`insert into submission_settings (account_id, messages_a_day) select account_id, 2 from accounts`;
  expect(await submission.read('mary')).toMatchObject({ messagesADay: 2, isOwn: { messagesADay: true } });
});

test('a message that is refused in the end counts once, when it comes again', async () => {
  await using server = await startOwnServer();
  const { directory, sql } = server;
  await directory.setCatchall('localhost', 'mary');
  await directory.submission.change('mary', { messagesADay: 2, newRecipientsADay: 2 });
  await using client = await server.logIn();
  expect(await send(client, 'a@localhost')).toMatch(/^250 /);
  const begin = async () => {
    await client.command(`MAIL FROM:<${MARY}>`);
    for (const name of ['a', 'b']) expect(await client.command(`RCPT TO:<${name}@localhost>`)).toMatch(/^250 /);
    await client.command('DATA');
  };
  for (let attempt = 1; attempt <= 3; attempt++) {
    await begin();
    await sql`update accounts set quota_messages = 1`;
    expect(await client.command('Subject: x\r\n\r\ntext\r\n.')).toMatch(/^452 4\.2\.2 /);
    await sql`update accounts set quota_messages = null`;
    expect(await directory.submission.read('mary')).toMatchObject({ messages: 1, newRecipients: 1 });
  }
  await begin();
  expect(await client.command('Subject: x\r\n\r\ntext\r\n.')).toMatch(/^250 /);
  expect(await directory.submission.read('mary')).toMatchObject({ messages: 2, newRecipients: 2 });
  expect(await sql`select address from known_recipients order by address`).toEqual([
    { address: 'a@localhost' },
    { address: 'b@localhost' },
  ]);
});

test('an address to which another message went meanwhile stays known, and counted, when the first is refused', async () => {
  await using server = await startOwnServer();
  const { directory, sql } = server;
  const { submission } = directory;
  await submission.change('mary', { messagesADay: 10, newRecipientsADay: 10 });
  const account = (await directory.identify('mary'))?.accountId;
  if (account === undefined) throw new Error('no account');
  const first = await submission.count(account, ['a@localhost', 'b@localhost']);
  if (first.type !== 'counted' || first.counted === null) throw new Error('not counted');
  expect(first.counted.fresh).toEqual(['a@localhost', 'b@localhost']);
  expect(await submission.count(account, ['a@localhost', 'c@localhost'])).toMatchObject({
    counted: { fresh: ['c@localhost'] },
  });
  await submission.takeBack(account, first.counted);
  expect(await submission.read('mary')).toMatchObject({ messages: 1, newRecipients: 2 });
  expect(await sql`select address from known_recipients order by address`).toEqual([
    { address: 'a@localhost' },
    { address: 'c@localhost' },
  ]);
});

test('a message that cannot be held is not counted', async () => {
  await using server = await startOwnServer();
  const { directory, sql } = server;
  await directory.submission.change('mary', { messagesADay: 2, newRecipientsADay: 2 });
  await using client = await server.logIn();
  expect(await client.command(`MAIL FROM:<${MARY}> HOLDFOR=86400`)).toMatch(/^250 /);
  expect(await client.command(`RCPT TO:<${MARY}>`)).toMatch(/^250 /);
  expect(await client.command('DATA')).toMatch(/^354 /);
  await sql`
    insert into held_messages (account_id, message_id, release_at, request, reverse_path, size_octets)
    select account_id, gen_random_uuid(), now() + interval '1 day', 'for;86400', ${MARY}, ${HELD.octets}::bigint from accounts`;
  expect(await client.command('Subject: x\r\n\r\ntext\r\n.')).toMatch(/^552 5\.7\.16 /);
  expect(await directory.submission.read('mary')).toMatchObject({ messages: 0, newRecipients: 0 });
  expect(await sql`select from known_recipients`).toHaveLength(0);
});

test('what was counted on a day that is over is not taken from the next', async () => {
  await using server = await startOwnServer();
  const { submission } = server.directory;
  await submission.change('mary', { messagesADay: 5, newRecipientsADay: 5 });
  const account = (await server.directory.identify('mary'))?.accountId;
  if (account === undefined) throw new Error('no account');
  const first = await submission.count(account, ['a@localhost']);
  if (first.type !== 'counted' || first.counted === null) throw new Error('not counted');
  await dayIsOver(server);
  await submission.count(account, ['b@localhost']);
  await submission.takeBack(account, first.counted);
  expect(await submission.read('mary')).toMatchObject({ messages: 1, newRecipients: 1 });
});
