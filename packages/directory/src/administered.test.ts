import type { AccountId } from '@postel/storage';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Administered } from './administered.ts';
import { startDirectory, TESTER } from './directory-for-tests.ts';

let server: Awaited<ReturnType<typeof startDirectory>>;
let dora: AccountId;

beforeAll(async () => {
  server = await startDirectory();
  const { directory } = server;
  const add = (name: string, address: string) => directory.addAccount({ name, address, password: null });
  await add('dora', 'dora@theirs.example');
  await add('ann', 'ann@theirs.example');
  await add('both', 'both@theirs.example');
  await add('olga', 'olga@theirs.example');
  await add('other', 'other@foreign.example');
  await add('catcher', 'catcher@theirs.example');
  await directory.addAddress('both', 'both@foreign.example');
  await directory.setRole('olga', 'owner');
  await directory.setCatchall('foreign.example', 'catcher');
  await directory.aliases.add('team@theirs.example', ['ann@theirs.example']);
  await directory.aliases.add('team@foreign.example', ['other@foreign.example']);
  await directory.setRole('dora', 'domain-admin', ['theirs.example']);
  const found = await directory.identify('dora');
  if (found === null) throw new Error('dora is not there');
  dora = found.accountId;
});
afterAll(() => server[Symbol.asyncDispose]());

const within = (about: readonly Administered[]) => ({ administrator: dora, about });

test.each<Administered>([
  { account: 'ann' },
  { holder: 'ann' },
  { holder: 'dora' },
  { domain: 'Theirs.Example' },
  { newAddress: 'new@theirs.example' },
  { address: 'ann@theirs.example' },
  { address: 'dora@theirs.example' },
  { alias: 'Team@theirs.example' },
])('%j is an administrator’s of theirs.example', async (about) => {
  await expect(server.directory.requireAdministered(within([about]))).resolves.toBeUndefined();
});

test.each<[Administered, Administered]>([
  [{ account: 'dora' }, { account: 'absent' }],
  [{ account: 'both' }, { account: 'absent' }],
  [{ account: 'olga' }, { account: 'absent' }],
  [{ account: 'other' }, { account: 'absent' }],
  [{ account: 'catcher' }, { account: 'absent' }],
  [{ holder: 'olga' }, { holder: 'absent' }],
  [{ domain: 'foreign.example' }, { domain: 'absent.example' }],
  [{ newAddress: 'x@foreign.example' }, { newAddress: 'x@absent.example' }],
  [{ address: 'other@foreign.example' }, { address: 'absent@theirs.example' }],
  [{ address: 'olga@theirs.example' }, { address: 'absent@theirs.example' }],
  [{ address: 'both@theirs.example' }, { address: 'absent@theirs.example' }],
  [{ alias: 'team@foreign.example' }, { alias: 'absent@theirs.example' }],
])('hardening 47: %j is not theirs, and that says what %j says', async (foreign, absent) => {
  const refusal = async (about: Administered) => {
    const [text = ''] = Object.values(about);
    const name = 'newAddress' in about ? text.slice(text.indexOf('@') + 1) : text;
    const error = await server.directory.requireAdministered(within([about])).then(
      () => null,
      (thrown: { kind: string; message: string }) => thrown,
    );
    return { kind: error?.kind, message: error?.message.replace(name, '...') };
  };
  const said = await refusal(foreign);
  expect(said.kind).toBeDefined();
  expect(said).toEqual(await refusal(absent));
});

test('what is not theirs any more when the change comes is not changed', async () => {
  const { directory } = server;
  const acting = (about: readonly Administered[]) => directory.within(TESTER, within(about));
  await acting([{ account: 'ann' }]).setDisabled('ann', true);
  expect((await directory.readAccount('ann')).isDisabled).toBe(true);
  await directory.addAddress('ann', 'ann@foreign.example');
  await expect(acting([{ account: 'ann' }]).setDisabled('ann', false)).rejects.toMatchObject({
    kind: 'no-such-account',
  });
  expect((await directory.readAccount('ann')).isDisabled).toBe(true);
  await directory.addresses.remove('ann@foreign.example');
  await acting([{ account: 'ann' }]).setDisabled('ann', false);
});

test('who is no administrator any more, or disabled, has nothing', async () => {
  const { directory } = server;
  await directory.setDisabled('dora', true);
  await expect(directory.requireAdministered(within([{ account: 'ann' }]))).rejects.toMatchObject({
    kind: 'no-such-account',
  });
  expect(await directory.pages.domains(dora)).toEqual([]);
  await directory.setDisabled('dora', false);
  await directory.setRole('dora', 'account');
  await expect(directory.requireAdministered(within([{ domain: 'theirs.example' }]))).rejects.toMatchObject({
    kind: 'no-such-domain',
  });
  await directory.setRole('dora', 'domain-admin', ['theirs.example']);
});

test('lists have what is theirs, part by part', async () => {
  const { pages } = server.directory;
  const first = { administrator: dora, search: null, after: null, limit: 100 };
  expect((await pages.accounts(first)).map(({ name }) => name)).toEqual(['ann']);
  expect((await pages.addresses(first)).map(({ address }) => address)).toEqual([
    'ann@theirs.example',
    'dora@theirs.example',
  ]);
  expect((await pages.aliases(first)).map(({ address }) => address)).toEqual(['team@theirs.example']);
  expect((await pages.domains(dora)).map(({ name }) => name)).toEqual(['theirs.example']);

  const all = { ...first, administrator: null };
  const names: string[] = [];
  for (let after: string | null = null; ; ) {
    const part = await pages.accounts({ ...all, after, limit: 2 });
    names.push(...part.map(({ name }) => name));
    if (part.length < 2) break;
    after = part.at(-1)?.name ?? null;
  }
  expect(names).toEqual(['ann', 'both', 'catcher', 'dora', 'olga', 'other']);
  expect((await pages.accounts({ ...all, search: 'FOREIGN.example' })).map(({ name }) => name)).toEqual([
    'both',
    'other',
  ]);
  expect(
    (await pages.addresses({ ...all, after: ['foreign.example', 'both'], limit: 2 })).map((a) => a.address),
  ).toEqual(['other@foreign.example', 'ann@theirs.example']);
});

test('the role needs domains, that there are; a domain that goes is administered by nobody', async () => {
  const { directory } = server;
  await expect(directory.setRole('other', 'domain-admin')).rejects.toMatchObject({ kind: 'invalid-name' });
  await expect(directory.setRole('other', 'owner', ['theirs.example'])).rejects.toMatchObject({ kind: 'invalid-name' });
  await expect(directory.setRole('other', 'domain-admin', ['none.example'])).rejects.toMatchObject({
    kind: 'no-such-domain',
  });
  await directory.addDomain('gone.example');
  await directory.setRole('other', 'domain-admin', ['gone.example', 'theirs.example']);
  expect((await directory.readAccount('other')).administers).toEqual(['gone.example', 'theirs.example']);
  await directory.removeDomain('gone.example');
  const [last] = await directory.listChanges({ account: 'other', since: new Date(0), limit: 1 });
  expect(last).toMatchObject({
    before: { administers: ['gone.example', 'theirs.example'] },
    after: { administers: ['theirs.example'] },
  });
});

test('several changes are one: all of them, or none; and what is read between is what they find', async () => {
  const { directory } = server;
  await directory.addAccount({ name: 'one', address: 'one@theirs.example', password: null });
  const work = directory.together(async (changing) => {
    await changing.setDisabled('one', true);
    expect((await changing.readAccount('one')).isDisabled).toBe(true);
    await changing.quotas.change('one', { messages: 5 });
    expect((await changing.quotas.read('one')).limits.messages).toBe(5);
    await changing.addAddress('one', 'one@theirs.example');
  });
  await expect(work).rejects.toMatchObject({ kind: 'address-exists' });
  expect((await directory.readAccount('one')).isDisabled).toBe(false);
  expect((await directory.quotas.read('one')).limits.messages).toBeNull();
});
