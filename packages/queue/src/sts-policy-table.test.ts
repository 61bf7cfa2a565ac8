import { expect, test } from 'vitest';
import { StsPolicyTable } from './sts-policy-table.ts';
import { openTestDatabase } from './testing/open-test-database.ts';

const DOMAIN = 'example.org';
const POLICY = { id: '1', text: 'version: STSv1' };

test('a policy is kept until its time is over, and what came of attempts at the next one beside it', async () => {
  await using database = await openTestDatabase();
  const table = new StsPolicyTable(database.sql);
  expect(await table.read(DOMAIN)).toBeNull();
  await table.keepFailure(DOMAIN, '1', 'no answer');
  expect(await table.read(DOMAIN)).toEqual({ policy: null, failure: { id: '1', ageMs: expect.any(Number) } });
  await table.keep(DOMAIN, POLICY.id, POLICY.text, 3_600);
  expect(await table.read(DOMAIN)).toEqual({ policy: POLICY, failure: null });
  await table.keepFailure(DOMAIN, '2', 'no answer');
  await database.sql`update sts_policies set failed_at = failed_at - interval '10 minutes'`;
  const { policy, failure } = (await table.read(DOMAIN)) ?? {};
  expect(policy).toEqual(POLICY);
  expect(failure?.id).toBe('2');
  expect(failure?.ageMs).toBeGreaterThanOrEqual(600_000);
  await database.sql`update sts_policies set expires_at = now()`;
  expect(await table.read(DOMAIN)).toMatchObject({ policy: null, failure: { id: '2' } });
  await table.keep(DOMAIN, '2', 'version: STSv1\n', 0);
  expect(await table.read(DOMAIN)).toEqual({ policy: null, failure: null });
});

test('policies are fetched anew by one process each, once a day, while mail goes by them', async () => {
  await using database = await openTestDatabase();
  const table = new StsPolicyTable(database.sql);
  for (const domain of ['a.example', 'b.example', 'over.example', 'unused.example']) {
    await table.keep(domain, '7', POLICY.text, 604_800);
  }
  expect(await table.takeStale(10)).toEqual([]);
  await database.sql`update sts_policies set refresh_at = now() - interval '1 minute'`;
  await database.sql`update sts_policies set expires_at = now() where domain = 'over.example'`;
  await database.sql`update sts_policies set used_at = now() - interval '31 days' where domain = 'unused.example'`;
  const taken = await Promise.all(Array.from({ length: 4 }, () => table.takeStale(10)));
  expect(taken.flat().toSorted((a, b) => a.domain.localeCompare(b.domain))).toEqual([
    { domain: 'a.example', id: '7' },
    { domain: 'b.example', id: '7' },
  ]);
  // Mail to it makes it one in use again.
  await table.read('unused.example');
  expect(await table.takeStale(10)).toEqual([{ domain: 'unused.example', id: '7' }]);
});

test('what says nothing any more is removed', async () => {
  await using database = await openTestDatabase();
  const table = new StsPolicyTable(database.sql);
  await table.keep('valid.example', '1', POLICY.text, 3_600);
  await table.keep('over.example', '1', POLICY.text, 0);
  await table.keepFailure('failed.example', '1', 'no answer');
  await table.keepFailure('forgotten.example', '1', 'no answer');
  await database.sql`update sts_policies set failed_at = now() - interval '25 hours' where domain = 'forgotten.example'`;
  await table.prune();
  const left = await database.sql<{ domain: string }[]>`select domain from sts_policies order by domain`;
  expect(left.map(({ domain }) => domain)).toEqual(['failed.example', 'valid.example']);
});
