import { openDirectory } from '@postel/directory';
import { openDatabase } from '@postel/storage';
import { createTestDatabase } from '@postel/testkit';
import { expect, test } from 'vitest';
import { readDeclarationText } from './read-declaration-text.ts';

/** More than one statement takes. */
const ACCOUNTS = 1_200;

test('more accounts than one statement takes are all there, or none, and a second time changes nothing', async () => {
  await using testDatabase = await createTestDatabase();
  const database = openDatabase(testDatabase.target, { applicationName: 'apply test', maxConnections: 2 });
  const directory = openDirectory(database).as({ type: 'server', task: 'test' });
  try {
    const accounts = Array.from(
      { length: ACCOUNTS },
      (_, i) =>
        `  user${i}:\n    addresses:\n      user${i}@example.com: {}\n      first.last${i}@example.com: {}\n    quota: { storage: 5GB }\n`,
    );
    const text = `domains:\n  example.com: {}\naccounts:\n${accounts.join('')}`;
    const declaredIn = (yaml: string) => {
      const { value, problems } = readDeclarationText(yaml);
      if (value === null) throw new Error(problems[0]?.message);
      return value;
    };
    const declared = declaredIn(text);
    // The last one cannot be: nobody is made.
    const broken = `${text}  last:\n    addresses: { user1@nowhere.example: {} }\n`;
    await expect(directory.apply(declaredIn(broken))).rejects.toThrow('nowhere.example is not a domain');
    expect((await directory.readState()).accounts.size).toBe(0);
    expect((await directory.apply(declared)).length).toBe(ACCOUNTS + 1);
    expect(await directory.apply(declared)).toEqual([]);
    const [row] = await database.sql<{ accounts: number; mailboxes: number; changes: number; logins: number }[]>`
      select (select count(*)::integer from accounts where quota_octets = 5368709120 and has_own_quota_octets) as accounts,
             (select count(*)::integer from mailboxes) as mailboxes,
             (select count(*)::integer from scram_parameters) as logins,
             (select count(*)::integer from directory_changes where kind = 'account' and before is null) as changes`;
    expect(row).toEqual({ accounts: ACCOUNTS, mailboxes: 6 * ACCOUNTS, logins: ACCOUNTS, changes: ACCOUNTS });
    const mary = (await directory.readState()).accounts.get('user7');
    expect(Object.keys(mary?.addresses ?? {})).toEqual(['first.last7@example.com', 'user7@example.com']);
  } finally {
    await directory.close();
    await database.close();
  }
}, 300_000);
