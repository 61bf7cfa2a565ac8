import { openDatabase } from '@postel/storage';
import { expect, test } from 'vitest';
import { createTestDatabase } from './test-database.ts';

test('each test database is migrated, and is its own', async () => {
  await using first = await createTestDatabase();
  await using second = await createTestDatabase();
  for (const { target } of [first, second]) {
    const database = openDatabase(target, { applicationName: 'test', maxConnections: 1 });
    await database.sql`insert into domains (name) values ('example.com')`;
    const rows = await database.sql`select name from domains`;
    await database.close();
    expect(rows).toHaveLength(1);
  }
});
