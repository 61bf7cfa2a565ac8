import { afterAll, beforeAll, expect, test } from 'vitest';
import { logIn, startDirectory } from './directory-for-tests.ts';

let server: Awaited<ReturnType<typeof startDirectory>>;
beforeAll(async () => {
  server = await startDirectory();
});
afterAll(() => server[Symbol.asyncDispose]());

const password = 'tanstaaftanstaaf';

test('a new password takes the place of the old one, under the salt of the account', async () => {
  const { directory, sql } = server;
  const parameters = () => sql`select p.* from scram_parameters p join accounts using (account_id) where name = 'mary'`;
  await directory.addAccount({ name: 'mary', address: 'mary@example.com', password });
  const before = await parameters();
  await directory.setPassword('mary', 'another password');
  expect(await logIn(directory, 'mary', password)).toBeNull();
  expect(await logIn(directory, 'mary', 'another password')).toMatchObject({ name: 'mary' });
  expect(await parameters()).toEqual(before);
});

test('neither password is anywhere in the database', async () => {
  const { directory, sql } = server;
  await directory.addAccount({ name: 'secretive', address: 'secretive@example.com', password: 'canary in the mine' });
  await directory.setPassword('secretive', 'another canary in the mine');
  for (const table of ['accounts', 'credentials', 'scram_parameters', 'addresses']) {
    const [found] = await sql`
      select from ${sql(table)} as t
       where t::text like '%canary%' or t::text like ${`%${Buffer.from('canary').toString('hex')}%`}`;
    expect(found, table).toBeUndefined();
  }
});

test('a password that would not be accepted changes nothing', async () => {
  const { directory } = server;
  await directory.addAccount({ name: 'keeper', address: 'keeper@example.com', password });
  await expect(directory.setPassword('keeper', 'short')).rejects.toMatchObject({ kind: 'weak-password' });
  expect(await logIn(directory, 'keeper', password)).toMatchObject({ name: 'keeper' });
});

test('an account needs no password, and gets one under the salt that it was made with', async () => {
  const { directory } = server;
  await directory.addAccount({ name: 'keys-only', address: 'keys-only@example.com', password: null });
  expect(await logIn(directory, 'keys-only', '')).toBeNull();
  expect(await logIn(directory, 'keys-only', password)).toBeNull();
  await directory.setPassword('keys-only', password);
  expect(await logIn(directory, 'keys-only', password)).toMatchObject({ name: 'keys-only' });
  await directory.setPassword('keys-only', null);
  expect(await logIn(directory, 'keys-only', password)).toBeNull();
});

test('a password needs an account', async () => {
  await expect(server.directory.setPassword('nobody', null)).rejects.toMatchObject({ kind: 'no-such-account' });
  await expect(server.directory.setPassword('nobody', password)).rejects.toMatchObject({ kind: 'no-such-account' });
});
