import { openDatabase } from '@postel/storage';
import { createTestDatabase } from '@postel/testkit';
import { expect, test } from 'vitest';
import { RECENT_STS_MS } from './limits.ts';
import { RecentStsPolicies } from './recent-sts-policies.ts';
import { StsPolicyTable } from './sts-policy-table.ts';

test('what the table said holds for a moment, and not when this process has changed it', async () => {
  await using own = await createTestDatabase();
  const database = openDatabase(own.target, { applicationName: 'test', maxConnections: 1 });
  let nowMs = 0;
  const table = new StsPolicyTable(database.sql);
  const policies = new RecentStsPolicies(table, () => nowMs);
  expect(await policies.read('example.org')).toBeNull();
  await table.keep('example.org', '1', 'by another process', 3_600);
  expect(await policies.read('example.org')).toBeNull();
  nowMs += RECENT_STS_MS;
  expect(await policies.read('example.org')).toMatchObject({ policy: { id: '1' } });
  await policies.keep('example.org', '2', 'by this one', 3_600);
  expect(await policies.read('example.org')).toMatchObject({ policy: { id: '2' } });
  await policies.keepFailure('example.org', '3', 'gone');
  expect(await policies.read('example.org')).toMatchObject({ policy: { id: '2' }, failure: { id: '3' } });
  await database.close();
});
