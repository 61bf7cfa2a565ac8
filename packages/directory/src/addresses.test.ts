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
  await sql`update accounts set quota_octets = 1000, used_octets = 1200, quota_messages = 5, used_messages = 3, is_disabled = true`;
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
