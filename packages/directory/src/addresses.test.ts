import type { AccountId } from '@postel/storage';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startDirectory } from './directory-for-tests.ts';

let server: Awaited<ReturnType<typeof startDirectory>>;
beforeAll(async () => {
  server = await startDirectory();
  const { directory } = server;
  await directory.addAccount({ name: 'mary', address: 'mary@example.com', password: 'tanstaaftanstaaf' });
  await directory.addAddress('mary', '"mary jones"@example.com');
  await directory.addAddress('mary', 'jürgen@example.com');
  await directory.addAccount({ name: 'news', address: 'mary+news@example.com', password: 'tanstaaftanstaaf' });
  await directory.addAccount({ name: 'all', address: 'all@catchall.example', password: 'tanstaaftanstaaf' });
  await directory.addAddress('all', 'kept@example.com');
  await directory.addAccount({ name: 'one', address: 'one@catchall.example', password: 'tanstaaftanstaaf' });
  await directory.setCatchall('catchall.example', 'all');
  await directory.addDomain('münchen.example');
  await directory.addAddress('mary', 'mary@münchen.example');
});
afterAll(() => server[Symbol.asyncDispose]());

/** The account's name, or what else became of it. */
async function resolve(localPart: string, domain: string) {
  const recipient = await server.directory.resolveRecipient({ localPart, domain });
  return recipient.type === 'account' ? recipient.accountName : recipient;
}

const UNKNOWN = { type: 'unknown-address' };
const NOT_LOCAL = { type: 'not-local' };

test.each([
  ['the address as it is', 'mary', 'example.com', 'mary'],
  ['another case', 'MARY', 'EXAMPLE.com', 'mary'],
  ['a trailing dot', 'mary', 'example.com.', 'mary'],
  ['needless quotes', '"mary"', 'example.com', 'mary'],
  ['quotes that are needed', '"Mary Jones"', 'example.com', 'mary'],
  ['another normal form', 'ju\u0308rgen', 'example.com', 'mary'],
  ['a U-label', 'mary', 'MÜNCHEN.example', 'mary'],
  ['an A-label', 'mary', 'xn--mnchen-3ya.example', 'mary'],
  ['a detail', 'mary+shop', 'example.com', 'mary'],
  ['an empty detail', 'mary+', 'example.com', 'mary'],
  ['a detail with an address of its own', 'mary+news', 'example.com', 'news'],
  ['a detail in quotes', '"mary+a b"', 'example.com', 'mary'],
  ['a detail of a name in quotes', '"mary jones+shop"', 'example.com', 'mary'],
  ['the catchall', 'whoever', 'catchall.example', 'all'],
  ['the catchall for a detail', 'whoever+shop', 'catchall.example', 'all'],
  ['not the catchall for an address that exists', 'one', 'catchall.example', 'one'],
  ['not the catchall for a detail of an address that exists', 'one+shop', 'catchall.example', 'one'],
])('hardening 41: mail finds its account: %s', async (_, localPart, domain, accountName) => {
  expect(await resolve(localPart, domain)).toBe(accountName);
});

test.each([
  ['an address that is not there', 'nobody', 'example.com', UNKNOWN],
  ['a detail of nobody', 'nobody+shop', 'example.com', UNKNOWN],
  ['a detail alone', '+mary', 'example.com', UNKNOWN],
  ['a pattern', '%', 'example.com', UNKNOWN],
  ['a quote for SQL', "mary'--", 'example.com', UNKNOWN],
  ['a NUL', 'mary\0', 'example.com', UNKNOWN],
  ['a malformed local part in a domain with a catchall', 'a b', 'catchall.example', UNKNOWN],
  ['a domain that is not here', 'mary', 'example.org', NOT_LOCAL],
  ['a subdomain', 'mary', 'mail.example.com', NOT_LOCAL],
  ['an address literal', 'mary', '[127.0.0.1]', NOT_LOCAL],
  ['a malformed domain', 'mary', 'example.com\0', NOT_LOCAL],
])('mail finds nobody: %s', async (_, localPart, domain, outcome) => {
  expect(await resolve(localPart, domain)).toEqual(outcome);
});

test.each([
  ['the catchall', 'catchall.example', 'all'],
  ['the oldest account with an address in the domain', 'example.com', 'mary'],
  ['and else the oldest', 'empty.example', 'mary'],
])('a local domain has a postmaster: %s', async (_, domain, accountName) => {
  await server.directory.addDomain('empty.example');
  expect(await resolve('PostMaster', domain)).toBe(accountName);
  const own = await server.directory.resolvePostmaster(domain);
  expect(own).toMatchObject({ type: 'account', accountName });
});

test('a host has a postmaster, also where its name is no local domain, and disabled accounts are none', async () => {
  await using own = await startDirectory();
  const { directory, sql } = own;
  expect(await directory.resolvePostmaster('mail.example.com')).toEqual(UNKNOWN);
  for (const name of ['one', 'two', 'three']) {
    await directory.addAccount({ name, address: `${name}@example.com`, password: 'tanstaaftanstaaf' });
  }
  await sql`update accounts set is_disabled = true where name = 'one'`;
  expect(await directory.resolvePostmaster('mail.example.com')).toMatchObject({ accountName: 'two' });
  await directory.addAddress('three', 'postmaster@example.com');
  expect(await directory.resolvePostmaster('mail.example.com')).toMatchObject({ accountName: 'two' });
  expect(await directory.resolvePostmaster('example.com')).toMatchObject({ accountName: 'three' });
});

test('what an account has room for comes with it', async () => {
  await using own = await startDirectory();
  const { directory, sql } = own;
  await directory.addAccount({ name: 'one', address: 'one@example.com', password: 'tanstaaftanstaaf' });
  const one = { localPart: 'one', domain: 'example.com' };
  expect(await directory.resolveRecipient(one)).toMatchObject({
    isDisabled: false,
    quotaOctets: null,
    freeOctets: null,
    freeMessages: null,
  });
  await sql`update accounts set used_octets = 1200, used_messages = 3`;
  await directory.quotas.change('one', { octets: 1000, messages: 5 });
  await directory.setDisabled('one', true);
  expect(await directory.resolveRecipient(one)).toMatchObject({
    isDisabled: true,
    quotaOctets: 1000,
    freeOctets: -200,
    freeMessages: 2,
  });
});

test('an account may use the addresses whose mail it gets, and no others', async () => {
  const { directory, sql } = server;
  const mayUse = async (name: string, localPart: string, domain: string) => {
    const [account] = await sql<{ id: AccountId }[]>`select account_id as id from accounts where name = ${name}`;
    return account !== undefined && (await directory.mayUseAddress(account.id, { localPart, domain }));
  };
  expect(await mayUse('mary', 'Mary', 'Example.com')).toBe(true);
  expect(await mayUse('mary', 'mary+shop', 'example.com')).toBe(true);
  expect(await mayUse('mary', 'mary+news', 'example.com')).toBe(false);
  expect(await mayUse('mary', 'mary', 'example.org')).toBe(false);
  expect(await mayUse('mary', 'all', 'catchall.example')).toBe(false);
  expect(await mayUse('all', 'whoever', 'catchall.example')).toBe(true);
  expect(await mayUse('all', 'one', 'catchall.example')).toBe(false);
});

test('an address is given once, in whatever form it is written', async () => {
  const { directory } = server;
  for (const form of ['mary@example.com', 'MARY@EXAMPLE.COM', '"mary"@example.com.']) {
    await expect(directory.addAddress('all', form)).rejects.toMatchObject({ kind: 'address-exists' });
  }
});

test('an address needs an account and a domain that are there', async () => {
  const { directory } = server;
  await expect(directory.addAddress('nobody', 'x@example.com')).rejects.toMatchObject({ kind: 'no-such-account' });
  await expect(directory.addAddress('mary', 'x@example.org')).rejects.toMatchObject({ kind: 'no-such-domain' });
  await expect(directory.addAddress('mary', 'x@[::1]')).rejects.toMatchObject({ kind: 'invalid-address' });
});

test('every domain has postmaster and abuse, in any case, also where cases are told apart', async () => {
  await using own = await startDirectory();
  const { directory } = own;
  const nameOf = async (localPart: string) => {
    const found = await directory.resolveRecipient({ localPart, domain: 'example.com' });
    return found.type === 'account' ? found.accountName : found.type;
  };
  await directory.addAccount({ name: 'one', address: 'one@example.com', password: null });
  await directory.addAccount({ name: 'two', address: 'two@example.com', password: null });
  await directory.changeDomain('example.com', { isCaseSensitive: true });
  expect([await nameOf('Postmaster'), await nameOf('ABUSE')]).toEqual(['one', 'one']);
  await directory.addAddress('two', 'postmaster@example.com');
  expect([await nameOf('POSTMASTER'), await nameOf('Abuse')]).toEqual(['two', 'two']);
  await directory.aliases.add('abuse@example.com', ['one@example.com']);
  expect(await nameOf('abuse')).toBe('alias');
  expect(await nameOf('abused')).toBe('unknown-address');
});

test("separators of details are the domain's, and of several names that fit the longest counts", async () => {
  await using own = await startDirectory();
  const { directory } = own;
  await directory.addAccount({ name: 'mary', address: 'mary@example.com', password: null });
  await directory.addAccount({ name: 'ann', address: 'mary-ann@example.com', password: null });
  const nameOf = async (localPart: string) => {
    const found = await directory.resolveRecipient({ localPart, domain: 'example.com' });
    return found.type === 'account' ? found.accountName : found.type;
  };
  const found = async () => [await nameOf('mary+x'), await nameOf('mary-ann-x'), await nameOf('mary-x')];
  const none = 'unknown-address';
  expect(await found()).toEqual(['mary', none, none]);
  await directory.changeDomain('example.com', { separators: '+-' });
  expect(await found()).toEqual(['mary', 'ann', 'mary']);
  await directory.changeDomain('example.com', { separators: '' });
  expect(await found()).toEqual([none, none, none]);
  await expect(directory.changeDomain('example.com', { separators: '+a' })).rejects.toMatchObject({
    kind: 'invalid-name',
  });
});

test('hardening 41: cases are told apart where a domain wants it, in mail and logins', async () => {
  await using own = await startDirectory();
  const { directory } = own;
  await directory.addAccount({ name: 'mary', address: 'Mary@example.com', password: null });
  await directory.changeDomain('example.com', { isCaseSensitive: true });
  await directory.addAccount({ name: 'other', address: 'MARY@example.com', password: null });
  const nameOf = async (localPart: string) => (await directory.identify(`${localPart}@example.com`))?.name ?? null;
  expect([await nameOf('mary'), await nameOf('MARY'), await nameOf('Mary')]).toEqual(['mary', 'other', null]);
  expect(await directory.resolveRecipient({ localPart: 'MARY+x', domain: 'Example.com' })).toMatchObject({
    accountName: 'other',
  });
  await expect(directory.changeDomain('example.com', { isCaseSensitive: false })).rejects.toMatchObject({
    kind: 'address-exists',
  });
  await directory.addresses.remove('MARY@example.com');
  await directory.changeDomain('example.com', { isCaseSensitive: false });
  expect(await nameOf('MARY')).toBe('mary');
});

test('an address has a mailbox, which is made, is followed when it is renamed, and is INBOX once it is deleted', async () => {
  await using own = await startDirectory();
  const { directory, sql } = own;
  await directory.addAccount({ name: 'mary', address: 'mary@example.com', password: null });
  await directory.addAddress('mary', 'news@example.com');
  const { addresses } = directory;
  await addresses.change('News@example.com', { mailbox: 'Lists/news' });
  expect(await addresses.list('mary')).toEqual([
    { address: 'mary@example.com', account: 'mary', mailbox: null },
    { address: 'news@example.com', account: 'mary', mailbox: 'Lists/news' },
  ]);
  const target = async () => {
    const found = await directory.resolveRecipient({ localPart: 'news+x', domain: 'example.com' });
    return found.type === 'account' ? found.mailbox : undefined;
  };
  const made = await target();
  expect(made).toBeGreaterThan(0);
  await sql`update mailboxes set name = 'Old' where name = 'Lists/news'`;
  expect((await addresses.read('news@example.com')).mailbox).toBe('Old');
  await sql`update mailboxes set expunged_seq = 99 where name = 'Old'`;
  expect(await target()).toBeNull();
  expect((await addresses.read('news@example.com')).mailbox).toBeNull();
  await directory.addAccount({ name: 'john', address: 'john@example.com', password: null });
  await addresses.change('news@example.com', { account: 'john', mailbox: 'inbox/x' });
  expect(await addresses.read('news@example.com')).toMatchObject({ account: 'john', mailbox: 'INBOX/x' });
  for (const mailbox of ['a//b', 'a*', '', 'a\nb', 'x'.repeat(1_001)]) {
    await expect(addresses.change('news@example.com', { mailbox })).rejects.toMatchObject({ kind: 'invalid-name' });
  }
  await sql`update mailboxes set is_rejects = true where name = 'INBOX/x'`; // as the store makes one
  await expect(addresses.change('john@example.com', { mailbox: 'INBOX/x' })).rejects.toMatchObject({
    kind: 'invalid-name',
  });
  await sql`update accounts set quota_mailboxes = 1`;
  await expect(addresses.change('news@example.com', { mailbox: 'more' })).rejects.toMatchObject({
    kind: 'too-many-mailboxes',
  });
  await expect(addresses.change('none@example.com', {})).rejects.toMatchObject({ kind: 'no-such-address' });
});

test('a domain goes when nothing has an address in it', async () => {
  await using own = await startDirectory();
  const { directory } = own;
  await directory.addAccount({ name: 'mary', address: 'mary@example.com', password: null });
  await directory.addDomain('b\u00fccher.example');
  expect(await directory.listDomains()).toMatchObject([
    { name: 'example.com', catchall: null, separators: '+', isCaseSensitive: false, addresses: 1, aliases: 0 },
    { name: 'xn--bcher-kva.example', addresses: 0 },
  ]);
  await expect(directory.removeDomain('example.com')).rejects.toMatchObject({ kind: 'domain-in-use' });
  await directory.removeDomain('B\u00dcCHER.example.');
  expect(await directory.listDomains()).toHaveLength(1);
});
