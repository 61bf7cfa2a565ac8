import { afterAll, beforeAll, expect, test } from 'vitest';
import { startDirectory } from './directory-for-tests.ts';

const GB = 2 ** 30;

let server: Awaited<ReturnType<typeof startDirectory>>;
beforeAll(async () => {
  server = await startDirectory();
});
afterAll(() => server[Symbol.asyncDispose]());

test('retention is changed part by part, and goes back to the defaults, which follow the quota', async () => {
  const { directory, sql } = server;
  await directory.addAccount({ name: 'mary', address: 'mary@a.example', password: 'tanstaaftanstaaf' });
  const retention = () => directory.readRetention('mary');
  const byDefault = { days: 7, isDefaultDays: true, limitOctets: null, isDefaultLimit: true, retainedOctets: 0 };
  expect(await retention()).toEqual(byDefault);
  await directory.changeRetention('mary', { days: 0 });
  expect(await retention()).toEqual({ ...byDefault, days: 0, isDefaultDays: false });
  await directory.changeRetention('mary', { limitOctets: 5 });
  expect(await retention()).toMatchObject({ days: 0, limitOctets: 5, isDefaultLimit: false });
  await sql`update accounts set quota_octets = ${3 * GB} where name = 'mary'`;
  await directory.changeRetention('mary', { days: null, limitOctets: null });
  expect(await retention()).toEqual({ ...byDefault, limitOctets: 3 * GB });
});

test('an account that is not there has no retention', async () => {
  const { directory } = server;
  await expect(directory.readRetention('nobody')).rejects.toMatchObject({ kind: 'no-such-account' });
  await expect(directory.changeRetention('nobody', { days: 1 })).rejects.toMatchObject({ kind: 'no-such-account' });
});
