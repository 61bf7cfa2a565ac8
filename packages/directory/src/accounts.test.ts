import { afterAll, beforeAll, expect, test } from 'vitest';
import { countDirectory } from './count-directory.ts';
import { logIn, startDirectory } from './directory-for-tests.ts';

let server: Awaited<ReturnType<typeof startDirectory>>;
beforeAll(async () => {
  server = await startDirectory();
});
afterAll(() => server[Symbol.asyncDispose]());

const password = 'tanstaaftanstaaf';

test('a new account has its address, its domain and the default mailboxes', async () => {
  const { directory, sql } = server;
  await directory.addAccount({ name: 'new', address: 'New@New.example', password });
  expect(await directory.resolveRecipient({ localPart: 'new', domain: 'new.example' })).toMatchObject({
    accountName: 'new',
  });
  const mailboxes = await sql<{ name: string }[]>`
    select m.name from mailboxes m join accounts a using (account_id) where a.name = 'new'`;
  expect(mailboxes.map((mailbox) => mailbox.name)).toContain('INBOX');
});

test('accounts are listed by name with all their addresses and use', async () => {
  await using own = await startDirectory();
  const { directory } = own;
  expect(await directory.listAccounts()).toEqual([]);
  await directory.addAccount({ name: 'zoe', address: 'zoe@b.example', password });
  await directory.addAccount({ name: 'adam', address: 'adam@b.example', password });
  await directory.addDomain('a.example');
  await directory.addAddress('zoe', '"Zoe Z"@a.example');
  await directory.setDisabled('zoe', true);
  const empty = { administers: [], usedOctets: 0, usedMessages: 0, createdAt: expect.any(Date), role: 'account' };
  expect(await directory.listAccounts()).toEqual([
    { ...empty, name: 'adam', addresses: ['adam@b.example'], isDisabled: false },
    { ...empty, name: 'zoe', addresses: ['"zoe z"@a.example', 'zoe@b.example'], isDisabled: true },
  ]);
  const counted = { accounts: 2, disabledAccounts: 1, domains: 2, messages: 0, octets: 0 };
  expect(await countDirectory(own.sql)).toEqual(counted);
});

test.each(['', 'Mary', 'mary@example.com', '.mary', '-mary', 'ma ry', 'ma\0ry', 'märy', 'a'.repeat(65), '../mary'])(
  'hardening 14: %j is no account name',
  async (name) => {
    const adding = server.directory.addAccount({ name, address: 'invalid@example.com', password });
    await expect(adding).rejects.toMatchObject({ kind: 'invalid-name' });
  },
);

test('an account name may be 64 long and hold dots, hyphens and underscores', async () => {
  const name = `0.-_${'a'.repeat(60)}`;
  await server.directory.addAccount({ name, address: 'long@example.com', password });
  expect(await logIn(server.directory, name, password)).toMatchObject({ name });
});

test('an account whose address is none is not made', async () => {
  const adding = server.directory.addAccount({ name: 'literal', address: 'mary@[127.0.0.1]', password });
  await expect(adding).rejects.toMatchObject({ kind: 'invalid-address' });
});

test.each([
  ['too short', 'seven77'],
  ['too short once prepared', 'aa\u00ad\u00ad\u00ad'],
  ['empty', ''],
  ['too long', 'a'.repeat(1_025)],
  ['with a control character', 'tanstaaf\u0007'],
  ['with a character newer than Unicode 3.2', 'tanstaaf\u{1f600}'],
])('a password is refused: %s', async (_, weak) => {
  const adding = server.directory.addAccount({ name: 'weak', address: 'weak@example.com', password: weak });
  await expect(adding).rejects.toMatchObject({ kind: 'weak-password' });
  expect((await server.directory.listAccounts()).map((account) => account.name)).not.toContain('weak');
});

test('an account name is given once', async () => {
  const { directory } = server;
  await directory.addAccount({ name: 'once', address: 'once@example.com', password });
  const again = directory.addAccount({ name: 'once', address: 'twice@example.com', password });
  await expect(again).rejects.toMatchObject({ kind: 'account-exists' });
});

test('when the address is taken the account and the domain are not made', async () => {
  const { directory } = server;
  await directory.addAccount({ name: 'holder', address: 'held@example.com', password });
  const taking = directory.addAccount({ name: 'taker', address: '"HELD"@example.COM.', password });
  await expect(taking).rejects.toMatchObject({ kind: 'address-exists' });
  expect((await directory.listAccounts()).map((account) => account.name)).not.toContain('taker');
});

test('of two accounts made at once with one name, one is made', async () => {
  const { directory } = server;
  const both = await Promise.allSettled([
    directory.addAccount({ name: 'race', address: 'race1@example.com', password }),
    directory.addAccount({ name: 'race', address: 'race2@example.com', password }),
  ]);
  expect(both.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(both.find((result) => result.status === 'rejected')?.reason).toMatchObject({ kind: 'account-exists' });
});

test('a removed account leaves nothing behind', async () => {
  await using own = await startDirectory();
  const { directory, sql } = own;
  await directory.addAccount({ name: 'gone', address: 'gone@example.com', password });
  await directory.setCatchall('example.com', 'gone');
  await directory.removeAccount('gone');

  expect(await directory.listAccounts()).toEqual([]);
  expect(await logIn(directory, 'gone', password)).toBeNull();
  expect(await directory.resolveRecipient({ localPart: 'gone', domain: 'example.com' })).toEqual({
    type: 'unknown-address',
  });
  const tables = ['accounts', 'addresses', 'credentials', 'scram_parameters', 'mailboxes', 'subscriptions'];
  for (const table of tables) expect(await sql`select from ${sql(table)}`, table).toHaveLength(0);
});

test('a name that was removed can be used anew', async () => {
  const { directory } = server;
  await directory.addAccount({ name: 'phoenix', address: 'phoenix@example.com', password });
  await directory.removeAccount('phoenix');
  await directory.addAccount({ name: 'phoenix', address: 'phoenix@example.com', password: 'another password' });
  expect(await logIn(directory, 'phoenix', password)).toBeNull();
  expect(await logIn(directory, 'phoenix', 'another password')).not.toBeNull();
});

test('while its mail is being deleted, a removed account gets no login and no mail', async () => {
  const { directory, sql } = server;
  const leaving = { localPart: 'leaving', domain: 'example.com' };
  await directory.addAccount({ name: 'leaving', address: 'leaving@example.com', password });
  const { removal } = await sql.begin(async (tx) => {
    await tx`select from mailboxes join accounts using (account_id) where accounts.name = 'leaving' for update of mailboxes`;
    const started = { removal: directory.removeAccount('leaving') };
    await expect.poll(() => directory.resolveRecipient(leaving)).toEqual({ type: 'unknown-address' });
    expect(await logIn(directory, 'leaving', password)).toBeNull();
    await directory.addDomain('meanwhile.example');
    expect((await directory.listAccounts()).map((account) => account.name)).toContain('leaving');
    return started;
  });
  await removal;
  expect((await directory.listAccounts()).map((account) => account.name)).not.toContain('leaving');
});

test('what is recorded of its mail holds up no other change of the directory, however much it is', async () => {
  const { directory, sql } = server;
  const leaving = { localPart: 'recorded', domain: 'example.com' };
  await directory.addAccount({ name: 'recorded', address: 'recorded@example.com', password });
  const [came, sent] = ['01890000-0000-7000-8000-000000000001', '01890000-0000-7000-8000-000000000002'];
  await sql`
    insert into mail_transactions (transaction_id, recipient_no, settled_at, listener, stage, outcome, account_id, sender_account_id)
    select id::uuid, 1, now(), 'mx', 'message', 'delivered', case when id = ${came} then account_id end,
           case when id = ${sent} then account_id end
      from accounts, (values (${came}), (${sent})) as given (id) where name = 'recorded'`;
  const { removal } = await sql.begin(async (tx) => {
    await tx`select from mail_transactions where transaction_id = ${came}::uuid for update`;
    const started = { removal: directory.removeAccount('recorded') };
    await expect.poll(() => directory.resolveRecipient(leaving)).toEqual({ type: 'unknown-address' });
    await directory.addDomain('beside.example');
    return started;
  });
  await removal;
  const left = await sql`
    select transaction_id as id, account_id as account, sender_account_id as sender from mail_transactions
     where transaction_id in (${came}::uuid, ${sent}::uuid)`;
  expect(left).toEqual([{ id: sent, account: null, sender: null }]);
});

test('a removal that was cut short can be done again', async () => {
  const { directory, sql } = server;
  await directory.addAccount({ name: 'halfway', address: 'halfway@example.com', password });
  await sql`update accounts set is_disabled = true where name = 'halfway'`;
  await sql`delete from addresses where local_part = 'halfway'`;
  await sql`delete from credentials using accounts a where a.account_id = credentials.account_id and a.name = 'halfway'`;
  await directory.removeAccount('halfway');
  expect((await directory.listAccounts()).map((account) => account.name)).not.toContain('halfway');
});

test('an account that is not there cannot be removed', async () => {
  await expect(server.directory.removeAccount('nobody')).rejects.toMatchObject({ kind: 'no-such-account' });
  await expect(server.directory.removeAccount('nobody@example.com')).rejects.toMatchObject({
    message: 'There is no account "nobody@example.com": say its name, not its address',
  });
});

test('nobody logs in to a disabled account, until it is enabled', async () => {
  const { directory } = server;
  await directory.addAccount({ name: 'suspect', address: 'suspect@example.com', password });
  await directory.setDisabled('suspect', true);
  expect(await logIn(directory, 'suspect', password)).toBeNull();
  await directory.setDisabled('suspect', false);
  expect(await logIn(directory, 'suspect', password)).toMatchObject({ name: 'suspect' });
  await expect(directory.setDisabled('nobody', true)).rejects.toMatchObject({ kind: 'no-such-account' });
});
