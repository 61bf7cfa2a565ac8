import { expect, test } from 'vitest';
import { startDirectory } from './directory-for-tests.ts';

test('the aliases of an account are those that one of its addresses is entered in as a member', async () => {
  await using started = await startDirectory();
  const { directory } = started;
  await directory.addAccount({ name: 'mary', address: 'mary@example.com', password: null });
  await directory.addAccount({ name: 'fred', address: 'fred@example.com', password: null });
  await directory.addAddress('mary', 'mary.smith@example.com');
  await directory.aliases.add('team@example.com', ['Mary@example.com', 'fred@example.com', 'john@example.org']);
  await directory.aliases.add('smiths@example.com', ['mary.smith@example.com', 'mary@example.com']);
  await directory.aliases.add('freds@example.com', ['fred@example.com']);
  await directory.aliases.addEntries('freds@example.com', ['mary@example.com'], 'poster');
  await directory.aliases.change('smiths@example.com', { isList: true, maySendAs: true });
  const mary = await directory.identify('mary');
  if (mary === null) throw new Error('nobody');
  expect(await directory.aliasesOf(mary.accountId)).toEqual([
    { address: 'smiths@example.com', isList: true, maySendAs: true },
    { address: 'team@example.com', isList: false, maySendAs: false },
  ]);
});
