import { setImmediate as nextTurn } from 'node:timers/promises';
import { openDatabase } from '@postel/storage';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Directory, ManagedDirectory } from './directory.ts';
import { countingSql, startDirectory, TESTER } from './directory-for-tests.ts';
import { openDirectory } from './open-directory.ts';

let server: Awaited<ReturnType<typeof startDirectory>>;
let elsewhere: ManagedDirectory;
let counted: Directory;
let queries = 0;
let close: () => Promise<void>;
beforeAll(async () => {
  server = await startDirectory();
  const database = openDatabase(server.target, { applicationName: 'another host', maxConnections: 2 });
  elsewhere = openDirectory(database).as(TESTER);
  counted = openDirectory({
    sql: countingSql(server.sql, () => {
      queries += 1;
    }),
  });
  close = async () => {
    await counted.close();
    await elsewhere.close();
    await database.close();
  };
});
afterAll(async () => {
  await close();
  await server[Symbol.asyncDispose]();
});

/** An account with an address in a domain of its own, and one without. */
async function addAccounts(domain: string) {
  const [name, other] = [`mary-${domain}`, `peter-${domain}`];
  await server.directory.addAccount({ name, address: `mary@${domain}.example`, password: null });
  await server.directory.addAccount({ name: other, address: `peter@${domain}.example`, password: null });
  const account = (await server.directory.identify(name))?.accountId;
  if (account === undefined) throw new Error('the account was not made');
  return { name, other, account };
}

const addressIn = (domain: string, localPart = 'mary') => ({ localPart, domain: `${domain}.example` });

/** Questions to the database of `work`. */
async function queriesOf(work: () => Promise<unknown>): Promise<number> {
  const before = queries;
  await work();
  return queries - before;
}

/** Asks over and over, so that what is remembered is as fresh as can be. */
function keepAsking(ask: () => Promise<unknown>) {
  let isOver = false;
  let answers = 0;
  const done = (async () => {
    for (; !isOver; await nextTurn()) {
      await ask();
      answers++;
    }
  })();
  return {
    get answers() {
      return answers;
    },
    async [Symbol.asyncDispose]() {
      isOver = true;
      await done;
    },
  };
}

test('who gets mail, and who may send as whom, is asked once for many messages', async () => {
  const { account } = await addAccounts('once');
  const many = await queriesOf(async () => {
    for (let i = 0; i < 1_000; i++) {
      expect(await counted.resolveRecipient(addressIn('once'))).toMatchObject({ type: 'account', accountId: account });
      expect(await counted.mayUseAddress(account, addressIn('once'))).toBe(true);
      expect(await counted.submission.find(account)).toMatchObject({ messagesADay: null });
    }
  });
  expect(many).toBeLessThan(300); // two each 0.1 s
});

describe('is asked for each time', () => {
  const isAskedEachTime = async (ask: () => Promise<unknown>) => {
    const once = await queriesOf(ask);
    expect(once).toBeGreaterThan(0);
    for (let i = 0; i < 4; i++) expect(await queriesOf(ask)).toBe(once);
  };

  test('who is nobody: they may be somebody at the next message', async () => {
    await addAccounts('nobody');
    const nobody = addressIn('nobody', 'nobody');
    await isAskedEachTime(() => counted.resolveRecipient(nobody));
    await server.directory.addAddress('mary-nobody', 'nobody@nobody.example');
    expect(await counted.resolveRecipient(nobody)).toMatchObject({ type: 'account', accountName: 'mary-nobody' });
  });

  test('the mailbox that an address has: it may be deleted', async () => {
    await addAccounts('mailbox');
    await server.directory.addresses.change('mary@mailbox.example', { mailbox: 'Lists' });
    await isAskedEachTime(() => counted.resolveRecipient(addressIn('mailbox')));
  });

  test('whether there is room in an account that has not much of it', async () => {
    const { name } = await addAccounts('room');
    await server.directory.quotas.change(name, { octets: 1_000_000 });
    await isAskedEachTime(() => counted.resolveRecipient(addressIn('room')));
    await server.directory.quotas.change(name, { octets: null, messages: 10 });
    await isAskedEachTime(() => counted.resolveRecipient(addressIn('room')));
  });

  test('what an account has sent that is near its limit', async () => {
    const { name, account } = await addAccounts('limit');
    await server.directory.submission.change(name, { messagesADay: 2 });
    await server.directory.submission.count(account, []);
    await isAskedEachTime(() => counted.submission.find(account));
  });
});

type Change = (
  directory: ManagedDirectory,
  accounts: { readonly name: string; readonly other: string },
  domain: string,
) => Promise<unknown>;
const CHANGES: readonly [string, Change, object][] = [
  [
    'moved',
    (d, { other }, domain) => d.addresses.change(`mary@${domain}.example`, { account: other }),
    { by: 'other' },
  ],
  ['removed', (d, _, domain) => d.addresses.remove(`mary@${domain}.example`), { type: 'unknown-address' }],
  ['disabled', (d, { name }) => d.setDisabled(name, true), { isDisabled: true }],
  ['deleted', (d, { name }) => d.removeAccount(name), { type: 'unknown-address' }],
  ['full', (d, { name }) => d.quotas.change(name, { messages: 0 }), { freeMessages: 0 }],
];

describe.each(CHANGES)('an address that was %s', (what, change, expected) => {
  test.each([
    ['here', () => server.directory],
    ['on another host', () => elsewhere],
  ])('%s is known to be from then on', async (where, directory) => {
    const domain = `${what}-${where.replaceAll(' ', '-')}`;
    const accounts = await addAccounts(domain);
    const address = addressIn(domain);
    await using asking = keepAsking(() => server.directory.resolveRecipient(address));
    await expect.poll(() => asking.answers).toBeGreaterThan(10);
    await change(directory(), accounts, domain);
    const wanted = 'by' in expected ? { type: 'account', accountName: accounts.other } : expected;
    expect(await server.directory.resolveRecipient(address)).toMatchObject(wanted);
  });
});

test('an address that takes mail away from the catchall has it from then on', async () => {
  const { name, other } = await addAccounts('catchall');
  await server.directory.setCatchall('catchall.example', name);
  for (const [localPart, add] of [
    ['sales', () => elsewhere.addAddress(other, 'sales@catchall.example')],
    ['help', () => elsewhere.aliases.add('help@catchall.example', ['peter@catchall.example'])],
  ] as const) {
    const address = addressIn('catchall', localPart);
    await using asking = keepAsking(() => server.directory.resolveRecipient(address));
    await expect.poll(() => asking.answers).toBeGreaterThan(10);
    await add();
    expect(await server.directory.resolveRecipient(address)).not.toMatchObject({ accountName: name });
  }
});

test('hardening 26: an address that was taken away is sent from no more', async () => {
  const { account } = await addAccounts('taken');
  const address = addressIn('taken');
  await using asking = keepAsking(() => server.directory.mayUseAddress(account, address));
  await expect.poll(() => asking.answers).toBeGreaterThan(10);
  await elsewhere.addresses.change('mary@taken.example', { account: 'peter-taken' });
  expect(await server.directory.mayUseAddress(account, address)).toBe(false);
});

test('a limit of what may be sent holds from then on', async () => {
  const { name, account } = await addAccounts('sending');
  await using asking = keepAsking(() => server.directory.submission.find(account));
  await expect.poll(() => asking.answers).toBeGreaterThan(10);
  await elsewhere.submission.change(name, { messagesADay: 7 });
  expect(await server.directory.submission.find(account)).toMatchObject({ messagesADay: 7 });
  await elsewhere.submission.changeDefault({ messageOctets: 10_000 });
  expect(await server.directory.submission.find(account)).toMatchObject({ messageOctets: 10_000 });
});
