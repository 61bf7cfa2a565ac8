/** `postel undelete` and `postel purge` beside a server that runs, seen by a mail program over IMAP. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { sharedPostel, type TestAccount } from '@postel/testkit';
import { ImapFlow } from 'imapflow';
import { expect, test } from 'vitest';

const LAUNCHER = join(import.meta.dirname, '../../../../bin/postel.mjs');
const LARGE = `Subject: large\r\n\r\n${'A line of a message that is a file in the store.\r\n'.repeat(4_000)}`;

async function connect({ name, password }: TestAccount): Promise<ImapFlow & AsyncDisposable> {
  const { ports, ca } = sharedPostel();
  const auth = { user: name, pass: password };
  const client = new ImapFlow({ host: 'localhost', port: ports.imaps, secure: true, auth, tls: { ca }, logger: false });
  await client.connect();
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.logout() });
}

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function postel(...words: readonly string[]): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const args = [LAUNCHER, '--data', sharedPostel().dataDirectory, ...words];
  execFile(process.execPath, args, (error, stdout, stderr) => {
    resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
  });
  return promise;
}

/** Messages of the selected mailbox as a person sees them. */
async function seen(client: ImapFlow) {
  const messages = await client.fetchAll('1:*', { uid: true, flags: true, internalDate: true, source: true });
  return messages.map(({ uid, flags, internalDate, source }) => ({
    uid,
    flags: [...(flags ?? [])].filter((flag) => flag !== '\\Recent').sort(),
    date: new Date(internalDate ?? 0).getTime(),
    text: source?.toString(),
  }));
}

test('expunged messages come back, by the command, before the eyes of a session in IDLE', async () => {
  const account = await sharedPostel().addAccount('undelete');
  await using writer = await connect(account);
  await using watcher = await connect(account);
  const sent = new Date('2024-05-06T07:08:09Z');
  await writer.append('INBOX', 'Subject: first\r\n\r\nOne.\r\n', ['\\Seen', '\\Flagged', 'Important'], sent);
  await writer.append('INBOX', LARGE, ['\\Answered'], sent);
  await writer.append('INBOX', 'Subject: stays\r\n\r\n', [], sent);
  await writer.mailboxOpen('INBOX');
  const before = await seen(writer);

  await watcher.mailboxOpen('INBOX');
  const removals = untilEvents(watcher, 'expunge', 2);
  void watcher.idle();
  await writer.messageDelete('1:2');
  await removals;

  const arrivals = untilCount(watcher, 3);
  const { code, stdout } = await postel('undelete', account.name, '--all');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d +INBOX +\d+ B +2024-05-06 .* first$/m);
  expect(stdout).toMatch(/^Brought back 2 messages \(\d+ kB\)\.$/m);
  await arrivals;

  const [stays, first, large] = await seen(watcher);
  expect(stays).toEqual(before[2]);
  expect(first).toEqual({ ...before[0], uid: 4 });
  expect(large).toEqual({ ...before[1], uid: 5 });
  expect(large?.text).toBe(LARGE);
  expect((await postel('undelete', account.name)).stdout).toBe('No removed message that could be brought back.\n');
});

test('a deleted mailbox is there again, with its messages, and has a new UIDVALIDITY', async () => {
  const account = await sharedPostel().addAccount('deleted');
  await using client = await connect(account);
  await client.mailboxCreate('Work/Plans');
  await client.append('Work/Plans', 'From: Ann <ann@example.com>\r\nSubject: the plan\r\n\r\n', ['\\Seen']);
  const before = await client.mailboxOpen('Work/Plans');
  await client.mailboxClose();
  await client.mailboxDelete('Work/Plans');
  await client.mailboxDelete('Work');

  const overview = await postel('undelete', account.name);
  expect(overview).toMatchObject({ code: 0 });
  expect(overview.stdout).toMatch(/^Work\/Plans \(deleted\) +1 /m);
  expect(overview.stderr).toContain('Nothing was brought back yet');
  const listed = await postel('undelete', account.name, '--mailbox', 'Work/Plans', '--list');
  expect(listed.stdout).toMatch(/ Work\/Plans .* Ann +the plan$/m);
  expect((await client.list()).map(({ path }) => path)).not.toContain('Work/Plans');

  expect(await postel('undelete', account.name, '--mailbox', 'Work/Plans')).toMatchObject({ code: 0 });
  expect((await client.list()).map(({ path }) => path)).toEqual(expect.arrayContaining(['Work', 'Work/Plans']));
  const after = await client.mailboxOpen('Work/Plans');
  expect(after.uidValidity).toBeGreaterThan(before.uidValidity);
  expect(await seen(client)).toMatchObject([{ uid: 1, flags: ['\\Seen'] }]);
});

test('--since and --mailbox choose, and moved messages are not there to choose', async () => {
  const account = await sharedPostel().addAccount('choose');
  await using client = await connect(account);
  for (const subject of ['moved', 'removed']) await client.append('INBOX', `Subject: ${subject}\r\n\r\n`);
  await client.mailboxOpen('INBOX');
  await client.messageMove('1', 'Archive');
  await client.messageDelete('1');
  const list = async (...words: readonly string[]) =>
    (await postel('undelete', account.name, '--list', ...words)).stdout.split('\n').length - 2;
  expect(await list()).toBe(1);
  expect(await list('--since', '1h', '--mailbox', 'inbox')).toBe(1);
  expect(await list('--since', '2100-01-01')).toBe(0);
  expect(await list('--mailbox', 'Archive')).toBe(0);
});

test('what the quota has no room for stays removed, and the command says how much that is', async () => {
  const account = await sharedPostel().addAccount('full');
  await using client = await connect(account);
  for (const subject of ['one', 'two', 'six']) await client.append('INBOX', `Subject: ${subject}\r\n\r\n`);
  await client.mailboxOpen('INBOX');
  await client.messageDelete('1:3');
  await sharedPostel().setQuota(account, { messages: 2 });
  const refused = await postel('undelete', account.name, '--all');
  expect(refused).toMatchObject({ code: 1 });
  expect(refused.stderr).toMatch(
    /Brought back 2 messages \(32 B\) of 3\. .* quota; .* raise the quota, and say it again\./,
  );
  expect((await postel('undelete', account.name)).stdout).toMatch(/^INBOX +1 +16 B/m);
  await sharedPostel().setQuota(account, { messages: 3 });
  expect((await postel('undelete', account.name, '--all')).stdout).toMatch(/^Brought back 1 message \(16 B\)\.$/m);
});

test('purge asks, unless it is told not to; then nothing is left to bring back', async () => {
  const account = await sharedPostel().addAccount('purge');
  await using client = await connect(account);
  await client.append('INBOX', 'Subject: a secret\r\n\r\n');
  await client.mailboxOpen('INBOX');
  await client.messageDelete('1');

  const refused = await postel('purge', account.name);
  expect(refused).toMatchObject({ code: 1 });
  expect(refused.stderr).toContain('--yes');
  expect((await postel('purge', account.name, '--before', '1h', '--yes')).stdout).toBe(
    'No removed message of that time is kept.\n',
  );
  expect((await postel('undelete', account.name, '--mailbox', 'Ibox')).stdout).toBe(
    'No removed message of mailbox Ibox that could be brought back.\n',
  );
  const purged = await postel('purge', account.name, '--yes');
  expect(purged.code).toBe(0);
  expect(purged.stdout).toMatch(/^INBOX +1 /m);
  expect(purged.stdout).toMatch(/^Forgot 1 message; this made \d+ B free\.$/m);
  expect((await postel('undelete', account.name, '--all')).stdout).toBe(
    'No removed message that could be brought back.\n',
  );
});

test('what copies have, too, is not made free by a purge, which says why', async () => {
  const account = await sharedPostel().addAccount('purge-copy');
  await using client = await connect(account);
  await client.append('INBOX', 'Subject: twice\r\n\r\n');
  await client.mailboxOpen('INBOX');
  await client.messageCopy('1', 'Archive');
  await client.messageDelete('1');
  expect((await postel('purge', account.name, '--yes')).stdout).toContain(
    'Forgot 1 message; this made 0 B free: others, removed or not, have the same contents.\n',
  );
});

test('the retention of an account is said and changed', async () => {
  const account = await sharedPostel().addAccount('retention');
  const retention = async (...words: readonly string[]) =>
    (await postel('config', 'account', 'retention', account.name, ...words)).stdout;
  const byDefault = `Removed messages of account ${account.name} are kept for 7 days (default), without a limit (default). There are 0 B of them now.\n`;
  expect(await retention()).toBe(byDefault);
  expect(await retention('--days', '30', '--limit-mb', '500')).toContain('are kept for 30 days, at most 500.0 MB.');
  expect(await retention('--days', '0')).toContain('are not kept, at most 500.0 MB.');
  expect(await retention('--days', 'default', '--limit-mb', 'default')).toBe(byDefault);
});

test.for([
  [['undelete', 'nobody'], 1, 'There is no account "nobody"'],
  [['purge', 'nobody', '--yes'], 1, 'There is no account "nobody"'],
  [['config', 'account', 'retention', 'nobody', '--days', '1'], 1, 'nobody'],
  [['undelete'], 2, 'account missing'],
  [['undelete', 'mary', '--since', 'yesterday'], 2, '--since takes a moment'],
  [['undelete', 'mary', '--all', '--since', '2h'], 2, '--all is without'],
  [['purge', 'mary', '--before', '2'], 2, '--before takes a moment'],
  [['config', 'account', 'retention', 'mary', '--days', '-1'], 2, 'days'],
  [['config', 'account', 'retention', 'mary', '--limit-mb', '1.5'], 2, '--limit-mb takes a number'],
] as const)('%j ends with %i and says why', async ([words, code, message]) => {
  const outcome = await postel(...words);
  expect(outcome).toMatchObject({ code, stdout: '' });
  expect(outcome.stderr).toContain(message);
  expect(outcome.stderr).not.toContain('this should not happen');
});

function untilEvents(client: ImapFlow, event: 'expunge', count: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let heard = 0;
  client.on(event, () => {
    if (++heard === count) resolve();
  });
  return promise;
}

function untilCount(client: ImapFlow, count: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  client.on('exists', (mailbox: { readonly count: number }) => {
    if (mailbox.count === count) resolve();
  });
  return promise;
}
