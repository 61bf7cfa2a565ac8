import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startDirectory } from './directory-for-tests.ts';

const NONE = { octets: null, messages: null, mailboxes: null };
const OWN_NONE = { octets: false, messages: false, mailboxes: false };

let server: Awaited<ReturnType<typeof startDirectory>>;
beforeAll(async () => {
  server = await startDirectory();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(() => server.directory.quotas.changeDefault(NONE));

let accounts = 0;
async function addAccount(): Promise<string> {
  const name = `mary${++accounts}`;
  await server.directory.addAccount({ name, address: `${name}@a.example`, password: null });
  return name;
}

async function limits(name: string) {
  const { limits, isOwn } = await server.directory.quotas.read(name);
  return { ...limits, isOwn };
}

describe('a limit of an account', () => {
  test('is set, taken away and given back to the default, each by itself', async () => {
    const { quotas } = server.directory;
    const mary = await addAccount();
    expect(await quotas.read(mary)).toEqual({
      use: { octets: 0, messages: 0, mailboxes: 6 },
      limits: NONE,
      isOwn: OWN_NONE,
    });
    await quotas.change(mary, { octets: 5_000, messages: 7 });
    expect(await limits(mary)).toEqual({
      octets: 5_000,
      messages: 7,
      mailboxes: null,
      isOwn: { octets: true, messages: true, mailboxes: false },
    });
    await quotas.change(mary, { messages: null, mailboxes: 0 });
    expect(await limits(mary)).toMatchObject({ octets: 5_000, messages: null, mailboxes: 0 });
    await quotas.change(mary, { octets: 'default', messages: 'default', mailboxes: 'default' });
    expect(await limits(mary)).toEqual({ ...NONE, isOwn: OWN_NONE });
    await quotas.change(mary, {});
    expect(await limits(mary)).toEqual({ ...NONE, isOwn: OWN_NONE });
  });

  test('is of an account that is there', async () => {
    const { quotas } = server.directory;
    await expect(quotas.read('nobody')).rejects.toMatchObject({ kind: 'no-such-account' });
    await expect(quotas.change('nobody', { octets: 1 })).rejects.toMatchObject({ kind: 'no-such-account' });
  });
});

describe('the default', () => {
  test('is that of every account without a limit of its own, of those that are there and of new ones', async () => {
    const { quotas } = server.directory;
    const [old, own, none] = [await addAccount(), await addAccount(), await addAccount()];
    await quotas.change(own, { octets: 99 });
    await quotas.change(none, { octets: null });
    await quotas.changeDefault({ octets: 5_000, messages: 10 });
    expect(await quotas.readDefault()).toEqual({ octets: 5_000, messages: 10, mailboxes: null });
    const fresh = await addAccount();
    for (const name of [old, fresh]) {
      expect(await limits(name)).toEqual({ octets: 5_000, messages: 10, mailboxes: null, isOwn: OWN_NONE });
    }
    expect(await limits(own)).toMatchObject({ octets: 99, messages: 10 });
    expect(await limits(none)).toMatchObject({ octets: null, messages: 10, isOwn: { octets: true, messages: false } });
    await quotas.changeDefault({ octets: null });
    expect(await limits(old)).toMatchObject({ octets: null, messages: 10 });
    expect(await limits(own)).toMatchObject({ octets: 99 });
    await quotas.change(own, { octets: 'default' });
    expect(await limits(own)).toMatchObject({ octets: null, messages: 10, isOwn: OWN_NONE });
  });

  test('leaves a new account its mailboxes, however few it may have', async () => {
    const { directory } = server;
    await directory.quotas.changeDefault({ mailboxes: 0 });
    expect((await directory.quotas.read(await addAccount())).use.mailboxes).toBe(6);
  });

  test('reaches more accounts than one transaction takes, and finishes what was cut short', async () => {
    await using own = await startDirectory();
    const { directory, sql } = own;
    await directory.addAccount({ name: 'mary', address: 'mary@a.example', password: null });
    await sql`
      insert into accounts (name, next_uidvalidity) select 'account' || n, 1 from generate_series(1, 1200) as n`;
    await sql`update installation set default_quota_messages = 77`; // as one that was killed here
    await directory.quotas.changeDefault({ messages: 77 });
    expect(
      await sql<object[]>`select quota_messages as messages, count(*)::int as accounts from accounts group by 1`,
    ).toEqual([{ messages: 77, accounts: 1_201 }]);
  });

  test('of several changes at once the last one is everywhere, on new accounts too', async () => {
    await using own = await startDirectory();
    const { directory, sql } = own;
    await sql`insert into accounts (name, next_uidvalidity) select 'account' || n, 1 from generate_series(1, 1200) as n`;
    await Promise.all([
      ...[1, 2, 3].map((messages) => directory.quotas.changeDefault({ messages })),
      ...[1, 2, 3, 4].map((n) =>
        directory.addAccount({ name: `new${n}`, address: `new${n}@a.example`, password: null }),
      ),
    ]);
    const { messages } = await directory.quotas.readDefault();
    expect(await sql<object[]>`select distinct quota_messages as messages from accounts`).toEqual([{ messages }]);
  });
});
