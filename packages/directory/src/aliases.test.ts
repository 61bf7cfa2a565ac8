import type { AccountId } from '@postel/storage';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ALIAS_ENTRIES } from './aliases.ts';
import { startDirectory } from './directory-for-tests.ts';
import type { Poster } from './expand-alias.ts';

let server: Awaited<ReturnType<typeof startDirectory>>;
beforeAll(async () => {
  server = await startDirectory();
  const { directory } = server;
  for (const name of ['mary', 'john', 'ann']) {
    await directory.addAccount({ name, address: `${name}@example.com`, password: null });
  }
  await directory.addAccount({ name: 'all', address: 'all@catchall.example', password: null });
  await directory.setCatchall('catchall.example', 'all');
});
afterAll(() => server[Symbol.asyncDispose]());

const NOBODY: Poster = { account: null, address: null };

async function expand(text: string, poster = NOBODY) {
  const [localPart = '', domain = ''] = text.split('@');
  const found = await server.directory.resolveRecipient({ localPart, domain });
  if (found.type !== 'alias') throw new Error(`${text} is ${found.type}`);
  const { accounts, elsewhere, ...rest } = await server.directory.expandAlias(found, poster);
  return {
    ...rest,
    elsewhere: elsewhere.map(({ address }) => address),
    accounts: accounts.map(({ accountName }) => accountName).sort(),
  };
}

async function idOf(name: string): Promise<AccountId> {
  const found = await server.directory.identify(name);
  if (found === null) throw new Error(`no account ${name}`);
  return found.accountId;
}

test('an alias stands for its members, each once, whatever they are: accounts, details, catchalls, aliases, addresses elsewhere', async () => {
  const { aliases } = server.directory;
  await aliases.add('office@example.com', ['john@example.com', 'JOHN+office@Example.com']);
  await aliases.add('everybody@example.com', [
    'mary@example.com',
    'office@example.com',
    'whoever@catchall.example',
    'Anne.Other@example.NET',
  ]);
  const everybody = { mayPost: true, accounts: ['all', 'john', 'mary'], elsewhere: ['Anne.Other@example.net'] };
  expect(await expand('everybody@example.com')).toEqual({ ...everybody, isTooLarge: false });
  expect(await expand('Everybody+now@example.com')).toEqual({ ...everybody, isTooLarge: false });
  expect(await aliases.list('example.com')).toMatchObject([
    { address: 'everybody@example.com', members: 4, elsewhere: 1, posters: 'anyone' },
    { address: 'office@example.com', members: 2, elsewhere: 0 },
  ]);
  await aliases.removeEntries('everybody@example.com', ['anne.other@example.net'], 'member');
  expect(await expand('everybody@example.com')).toMatchObject({ elsewhere: [] });
});

test('hardening 57: aliases that stand for one another end', async () => {
  const { aliases } = server.directory;
  await aliases.add('a@example.com', ['mary@example.com']);
  await aliases.add('b@example.com', ['a@example.com', 'john@example.com']);
  await aliases.addEntries('a@example.com', ['b@example.com', 'a@example.com'], 'member');
  expect(await expand('a@example.com')).toMatchObject({ accounts: ['john', 'mary'] });
  expect(await expand('b@example.com')).toMatchObject({ accounts: ['john', 'mary'] });
});

test('hardening 57: an alias has so many members at most, those of aliases among them too', async () => {
  const { aliases } = server.directory;
  const many = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) => `m${from + i}@elsewhere.example`);
  await expect(aliases.add('big@example.com', many(0, ALIAS_ENTRIES + 1))).rejects.toMatchObject({
    kind: 'too-many-members',
  });
  await aliases.add('big@example.com', many(0, ALIAS_ENTRIES - 1));
  expect(await expand('big@example.com')).toMatchObject({ isTooLarge: false });
  await aliases.add('big2@example.com', many(5_000, 10));
  await aliases.addEntries('big@example.com', ['big2@example.com'], 'member');
  expect(await expand('big@example.com')).toMatchObject({ isTooLarge: true, elsewhere: [] });
});

test('who may post: anyone, members, or those who are named', async () => {
  const { aliases } = server.directory;
  await server.directory.addAddress('mary', 'mary.other@example.com');
  await aliases.add('list@example.com', ['mary@example.com', 'guest@example.net']);
  const mary = await idOf('mary');
  const john = await idOf('john');
  const mayPost = async (account: AccountId | null, localPart: string, domain = 'example.com') =>
    (await expand('list@example.com', { account, address: { localPart, domain } })).mayPost;

  expect(await mayPost(null, 'stranger', 'example.org')).toBe(true);
  await aliases.change('list@example.com', { posters: 'members' });
  expect(await mayPost(mary, 'mary')).toBe(true);
  expect(await mayPost(mary, 'mary.other')).toBe(true); // the same person
  expect(await mayPost(john, 'john')).toBe(false);
  expect(await mayPost(null, 'mary')).toBe(false); // from outside, where anybody can say that
  expect(await mayPost(null, 'Guest', 'Example.NET')).toBe(true);
  expect(await mayPost(null, 'stranger', 'example.org')).toBe(false);
  expect((await expand('list@example.com')).mayPost).toBe(false); // the null reverse-path

  await aliases.change('list@example.com', { posters: 'named' });
  expect(await mayPost(mary, 'mary')).toBe(false);
  await aliases.addEntries('list@example.com', ['john@example.com'], 'poster');
  expect(await mayPost(john, 'john')).toBe(true);
  expect((await expand('list@example.com', { account: john, address: null })).accounts).toEqual(['mary']);
  await aliases.removeEntries('list@example.com', ['john@example.com'], 'poster');
  expect(await mayPost(john, 'john')).toBe(false);
});

describe('lists among the members of a list', () => {
  let mary: AccountId;
  let john: AccountId;
  let ann: AccountId;
  beforeAll(async () => {
    [mary, john, ann] = [await idOf('mary'), await idOf('john'), await idOf('ann')];
    const { aliases } = server.directory;
    await aliases.add('board@example.com', ['mary@example.com', 'guest@example.net']);
    await aliases.add('staff@example.com', ['john@example.com']);
    await aliases.add('company@example.com', ['board@example.com', 'staff+all@example.com', 'ann@example.com']);
  });

  const mayPost = async (account: AccountId | null, address: string, list = 'company@example.com') => {
    const [localPart = '', domain = ''] = address.split('@');
    return (await expand(list, { account, address: { localPart, domain } })).mayPost;
  };

  test('who may not post to one of them may not post to it', async () => {
    const { aliases } = server.directory;
    expect(await mayPost(null, 'stranger@example.org')).toBe(true);
    await aliases.change('board@example.com', { posters: 'members' });
    expect(await mayPost(null, 'stranger@example.org')).toBe(false);
    expect(await mayPost(null, 'guest@example.net')).toBe(true);
    expect(await mayPost(null, 'mary@example.com')).toBe(false); // from outside
    expect(await mayPost(mary, 'mary@example.com')).toBe(true);
    expect(await mayPost(ann, 'ann@example.com')).toBe(false);
    await aliases.change('staff@example.com', { posters: 'members' }); // which is found by an address with a detail
    expect(await mayPost(mary, 'mary@example.com')).toBe(false);
  });

  test('members of one are members of the other', async () => {
    const { aliases } = server.directory;
    await aliases.change('board@example.com', { posters: 'anyone' });
    await aliases.change('staff@example.com', { posters: 'anyone' });
    await aliases.change('company@example.com', { posters: 'members' });
    for (const [account, name] of [
      [mary, 'mary'],
      [john, 'john'],
      [ann, 'ann'],
    ] as const) {
      expect(await mayPost(account, `${name}@example.com`), name).toBe(true);
    }
    expect(await mayPost(await idOf('all'), 'all@catchall.example')).toBe(false);
    expect(await mayPost(null, 'guest@example.net')).toBe(false); // a reverse-path proves little: only who is entered
  });

  test('one that is named is let through, where it is a member', async () => {
    const { aliases } = server.directory;
    await aliases.change('company@example.com', { posters: 'anyone' });
    await aliases.change('board@example.com', { posters: 'named' });
    expect(await mayPost(ann, 'ann@example.com')).toBe(false);
    await aliases.addEntries('board@example.com', ['company@example.com'], 'poster');
    expect(await mayPost(ann, 'ann@example.com')).toBe(true);
    expect(await mayPost(ann, 'ann@example.com', 'board@example.com')).toBe(false);
    expect(await mayPost(null, 'company@example.com')).toBe(true); // by it, as by any other
    expect(await mayPost(null, 'company@example.com', 'board@example.com')).toBe(false);
    // Not where another list would have to be come by.
    await aliases.add('other@example.com', ['board@example.com']);
    expect(await mayPost(ann, 'ann@example.com', 'other@example.com')).toBe(false);
    await aliases.change('company@example.com', { posters: 'members' });
    expect(await mayPost(null, 'stranger@example.org')).toBe(false);
  });

  test('hardening 57: closed ones that stand for one another end', async () => {
    const { aliases } = server.directory;
    await aliases.add('c1@example.com', ['mary@example.com']);
    await aliases.add('c2@example.com', ['c1@example.com']);
    await aliases.addEntries('c1@example.com', ['c2@example.com'], 'member');
    for (const list of ['c1@example.com', 'c2@example.com']) await aliases.change(list, { posters: 'members' });
    expect(await mayPost(mary, 'mary@example.com', 'c2@example.com')).toBe(true);
    expect(await mayPost(john, 'john@example.com', 'c2@example.com')).toBe(false);
  });
});

test('members may send from the address of an alias that lets them', async () => {
  const { directory } = server;
  await directory.aliases.add('sales@example.com', ['mary@example.com']);
  const sales = { localPart: 'sales', domain: 'example.com' };
  const [mary, john] = [await idOf('mary'), await idOf('john')];
  expect(await directory.mayUseAddress(mary, sales)).toBe(false);
  await directory.aliases.change('sales@example.com', { maySendAs: true });
  expect(await directory.mayUseAddress(mary, sales)).toBe(true);
  expect(await directory.mayUseAddress(john, sales)).toBe(false);
});

test('an address is one of an account or an alias, and members of local domains are there', async () => {
  const { directory } = server;
  const { aliases } = directory;
  await aliases.add('taken@example.com', []);
  await expect(directory.addAddress('mary', 'Taken@example.com')).rejects.toMatchObject({ kind: 'address-exists' });
  await expect(aliases.add('mary@example.com', [])).rejects.toMatchObject({ kind: 'address-exists' });
  await expect(aliases.add('x@example.org', [])).rejects.toMatchObject({ kind: 'no-such-domain' });
  await expect(aliases.add('x@example.com', ['typo@example.com'])).rejects.toMatchObject({ kind: 'no-such-address' });
  await expect(aliases.add('x@example.com', ['no address'])).rejects.toMatchObject({ kind: 'invalid-address' });
  await expect(aliases.read('x@example.com')).rejects.toMatchObject({ kind: 'no-such-alias' });
  await expect(aliases.change('x@example.com', {})).rejects.toMatchObject({ kind: 'no-such-alias' });
  await expect(aliases.removeEntries('taken@example.com', ['mary@example.com'], 'member')).rejects.toMatchObject({
    kind: 'no-such-address',
  });
  await aliases.remove('taken@example.com');
  await directory.addAddress('mary', 'taken@example.com');
});

test('a member whose account has gone is left out', async () => {
  const { directory } = server;
  await directory.addAccount({ name: 'gone', address: 'gone@example.com', password: null });
  await directory.aliases.add('two@example.com', ['gone@example.com', 'ann@example.com']);
  await directory.removeAccount('gone');
  expect(await expand('two@example.com')).toMatchObject({ accounts: ['ann'] });
});
