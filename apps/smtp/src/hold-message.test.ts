/** FUTURERELEASE: RFC 4865, over the wire. */
import { StorageError } from '@postel/storage';
import { expect, test } from 'vitest';
import { HELD, HOLD_SECONDS } from './limits.ts';
import { type OwnServer, startOwnServer } from './testing/own-server.ts';
import type { SmtpClient } from './testing/smtp-client.ts';

const TOMORROW = new Date(Date.now() + 86_400_000 + 60_000);

async function addJohn({ directory }: OwnServer): Promise<void> {
  await directory.addAccount({ name: 'john', address: 'john@localhost', password: null });
}

/** Sends a message to john; gives the answer to it. */
async function send(client: SmtpClient, parameters: string, ...recipients: readonly string[]): Promise<string> {
  expect(await client.command(`MAIL FROM:<mary@localhost>${parameters}`)).toMatch(/^250 /);
  for (const to of recipients.length > 0 ? recipients : ['<john@localhost>']) {
    expect(await client.command(`RCPT TO:${to}`)).toMatch(/^250 /);
  }
  expect(await client.command('DATA')).toMatch(/^354 /);
  client.send('From: mary@localhost\r\nSubject: later\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n\r\ntext\r\n');
  return await client.command('.');
}

const johns = async (server: OwnServer) => await server.messages('john@localhost');

test('a message is accepted, and delivered when its time has come', async () => {
  await using server = await startOwnServer();
  await addJohn(server);
  await using client = await server.logIn();
  await client.dialogue`
    C: MAIL FROM:<mary@localhost> HOLDFOR=86400
    S: 250 2.1.0 ...
    C: RCPT TO:<john@localhost>
    S: 250 2.1.5 ...
    C: DATA
    S: 354 ...
    C: From: mary@localhost
    C: Date: Mon, 23 Nov 2026 10:00:00 +0000
    C: Subject: later
    C:
    C: text
    C: .
    S: 250 2.0.0 Accepted as ..., held until 20...Z
  `;
  expect(await johns(server)).toEqual([]);
  const [held] = await server.sql`select account, request, reverse_path, forward_paths from mail.held`;
  expect(held).toEqual({
    account: 'mary',
    request: 'for;86400',
    reverse_path: 'mary@localhost',
    forward_paths: '{john@localhost}',
  });
  await server.store.arrivals.releaseHeld();
  expect(await johns(server)).toEqual([]);
  await server.store.arrivals.releaseHeld(TOMORROW);
  const [message, ...others] = await johns(server);
  expect(others).toEqual([]);
  expect(message?.prefix).toMatch(/^Return-Path: <mary@localhost>\r\nReceived: from localhost /);
  // Nobody says that it was written later than it was: RFC 4865 §6, item 7.
  expect(message?.content.toString()).toContain('Date: Mon, 23 Nov 2026 10:00:00 +0000\r\n');
  expect(message?.arrival).toMatchObject({ reversePath: 'mary@localhost', details: { sender: 'mary' } });
});

test('HOLDUNTIL names a time, and one that is over holds nothing', async () => {
  await using server = await startOwnServer();
  await addJohn(server);
  await using client = await server.logIn();
  const until = `${TOMORROW.toISOString().slice(0, 19)}Z`;
  expect(await send(client, ` HOLDUNTIL=${until}`)).toContain(`, held until ${until.replace('Z', '.000Z')}`);
  expect(await server.sql`select request from held_messages`).toEqual([{ request: `until;${until}` }]);
  expect(await send(client, ' HOLDUNTIL=2026-01-01T00:00:00Z')).not.toContain('held');
  expect(await johns(server)).toHaveLength(1);
});

test('what is wrong with a time to come is told at MAIL', async () => {
  await using server = await startOwnServer();
  await using client = await server.logIn();
  await client.dialogue`
    C: MAIL FROM:<mary@localhost> HOLDFOR=0
    S: 501 5.5.4 ...
    C: MAIL FROM:<mary@localhost> HOLDFOR=${HOLD_SECONDS + 1}
    S: 501 5.5.4 A message is not held so long: EHLO says how long...
    C: MAIL FROM:<mary@localhost> HOLDUNTIL=2999-01-01T00:00:00Z
    S: 501 5.5.4 A message is not held so long: EHLO says how long...
    C: MAIL FROM:<mary@localhost> HOLDFOR=60 HOLDUNTIL=2026-11-24T00:00:00Z
    S: 501 5.5.4 A message is held by HOLDFOR or by HOLDUNTIL, not by both...
    C: MAIL FROM:<mary@localhost> HOLDFOR=60 HOLDFOR=60
    S: 501 5.5.4 ...
    C: MAIL FROM:<mary@localhost> HOLDFOR=${HOLD_SECONDS}
    S: 250 2.1.0 ...
  `;
});

test.each(['mx', 'lmtp'] as const)('hardening 59: %s neither offers nor knows it', async (kind) => {
  await using server = await startOwnServer({}, { kind });
  await using client = await server.connect();
  expect(await client.command(`${kind === 'lmtp' ? 'LHLO' : 'EHLO'} client.example`)).not.toContain('FUTURERELEASE');
  while ((await client.reply().catch(() => ['']))[0]?.startsWith('250-') === true);
  expect(await client.command('MAIL FROM:<somebody@example.com> HOLDFOR=60')).toMatch(/^555 5\.5\.4 /);
});

test('an account has only so much held: told at MAIL where that is known, and else at the end', async () => {
  await using server = await startOwnServer();
  await addJohn(server);
  const { accountId = 0 } = (await server.directory.identify('mary')) ?? {};
  await using client = await server.logIn();
  const fill = async (messages: number, octets: number) => {
    await server.sql`
      insert into held_messages (account_id, message_id, release_at, request, reverse_path, size_octets)
      select ${accountId}, gen_random_uuid(), now() + interval '1 day', 'for;86400', '', ${octets}::bigint
        from generate_series(1, ${messages}::integer)`;
  };
  await fill(1, HELD.octets - 50);
  expect(await client.command('MAIL FROM:<mary@localhost> HOLDFOR=60 SIZE=51')).toMatch(/^552 5\.7\.16 /);
  expect(await send(client, ' HOLDFOR=60')).toMatch(/^552 5\.7\.16 /);
  expect(await send(client, '')).toMatch(/^250 /);
  await server.sql`delete from held_messages`;
  await fill(HELD.messages, 0);
  expect(await client.command('MAIL FROM:<mary@localhost> HOLDFOR=60')).toMatch(/^552 5\.7\.16 /);
  expect(await johns(server)).toHaveLength(1);
});

test('each recipient gets one copy, by an alias and a detail too, and Sent has its own by then', async () => {
  await using server = await startOwnServer();
  await addJohn(server);
  await server.directory.aliases.add('team@localhost', ['mary@localhost', 'john@localhost']);
  await server.directory.submission.change('mary', { keepsSent: true });
  await using client = await server.logIn();
  expect(await send(client, ' HOLDFOR=60', '<john+x@localhost>', '<team@localhost>')).toMatch(/^250 .* held until/);
  expect(await server.messages()).toEqual([]);
  await server.store.arrivals.releaseHeld(TOMORROW);
  expect(await johns(server)).toHaveLength(1);
  expect((await johns(server))[0]?.prefix).toContain('\tfor <john+x@localhost>;');
  expect(await server.messages()).toHaveLength(1); // by the alias
  const sent = await server.sql`
    select m.flags from messages as m join mailboxes as b using (account_id, mailbox_id) where b.name = 'Sent'`;
  expect(sent).toEqual([{ flags: 1 }]);
});

test('a message counts for the limits of its account when it is accepted', async () => {
  await using server = await startOwnServer();
  await addJohn(server);
  await server.directory.submission.change('mary', { messagesADay: 1 });
  await using client = await server.logIn();
  expect(await send(client, ' HOLDFOR=60')).toMatch(/^250 /);
  expect(await client.command('MAIL FROM:<mary@localhost>')).toMatch(/^450 4\.7\.1 /);
  await server.store.arrivals.releaseHeld(TOMORROW);
  expect(await johns(server)).toHaveLength(1);
});

test('what cannot be kept is not accepted', async () => {
  await using server = await startOwnServer();
  await addJohn(server);
  await using client = await server.logIn();
  server.store.arrivals.holdMessage = () => Promise.reject(new StorageError('unavailable', 'no database'));
  expect(await send(client, ' HOLDFOR=60')).toMatch(/^451 4\.3\.0 /);
  server.store.arrivals.holdMessage = () => Promise.reject(new StorageError('disk-full', 'no room'));
  expect(await send(client, ' HOLDFOR=60')).toMatch(/^452 4\.3\.1 /);
});

test('chunks are held too, and a message without an end is not', async () => {
  await using server = await startOwnServer();
  await addJohn(server);
  await using client = await server.logIn();
  await client.dialogue`
    C: MAIL FROM:<mary@localhost> HOLDFOR=60
    S: 250 ...
    C: RCPT TO:<john@localhost>
    S: 250 ...
    C: BDAT 24
    C: From: mary@localhost
    C:
    S: 250 ...
    C: RSET
    S: 250 ...
  `;
  expect(await server.sql`select from held_messages`).toHaveLength(0);
  await client.dialogue`
    C: MAIL FROM:<mary@localhost> HOLDFOR=60
    S: 250 ...
    C: RCPT TO:<john@localhost>
    S: 250 ...
    C: BDAT 24 LAST
    C: From: mary@localhost
    C:
    S: 250 2.0.0 Accepted as ..., held until ...
  `;
  await server.store.arrivals.releaseHeld(TOMORROW);
  expect(await johns(server)).toHaveLength(1);
});
