import { expect, test } from 'vitest';
import { startStorage } from './storage-for-tests.ts';

test('the mailbox of a special use is found by that, whatever its name', async () => {
  await using storage = await startStorage();
  const { store } = storage;
  const { account: mary } = await storage.newAccount();
  const { account: peter } = await storage.newAccount();
  const both = await store.mailboxes.findSpecialUse([mary, peter], '\\Junk');
  expect([...both.keys()].toSorted()).toEqual([mary, peter].toSorted());
  await store.mailboxes.rename(mary, 'Junk', 'Spam');
  const junk = await store.mailboxes.find(peter, 'Junk');
  if (junk === null) throw new Error('an account begins with Junk');
  await store.mailboxes.delete(peter, junk.id);
  expect(await store.mailboxes.findSpecialUse([mary, peter], '\\Junk')).toEqual(new Map([[mary, both.get(mary)]]));
  expect(await store.mailboxes.findSpecialUse([], '\\Junk')).toEqual(new Map());
});
