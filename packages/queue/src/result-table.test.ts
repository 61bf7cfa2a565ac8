import { expect, test } from 'vitest';
import { ResultTable } from './result-table.ts';
import { openTestDatabase } from './testing/open-test-database.ts';

const DAY = '2026-11-20';
const TODAY = new Date().toISOString().slice(0, 10);

test('what several hosts count is one number, and given once to who tells it', async () => {
  await using database = await openTestDatabase();
  const table = new ResultTable(database.sql, 'tls');
  const good = { day: DAY, domain: 'example.org', detail: '{"a":1}', count: 2 };
  const bad = { day: DAY, domain: 'example.org', detail: '{"b":"\\"quoted\\""}', count: 10 };
  await table.add([]);
  await Promise.all(Array.from({ length: 4 }, () => table.add([good, bad])));
  await table.add([{ ...good, day: TODAY }]);

  const taken = await Promise.all(Array.from({ length: 3 }, () => table.take()));
  expect(taken.filter((each) => each !== null)).toEqual([
    {
      day: DAY,
      domain: 'example.org',
      results: [
        { detail: bad.detail, count: 40 },
        { detail: good.detail, count: 8 },
      ],
    },
  ]);
  // An hour later it is tried again, if it is still there; the day that is not over is not told of.
  await database.sql`update tls_results set taken_at = taken_at - interval '61 minutes'`;
  const again = await table.take();
  expect(again?.day).toBe(DAY);
  await table.remove({ day: DAY, domain: 'example.org' });
  await database.sql`update tls_results set taken_at = null`;
  expect(await table.take()).toBeNull();
  expect(await database.sql`select from tls_results`).toHaveLength(1);
});

test('what could not be told in time is given up', async () => {
  await using database = await openTestDatabase();
  const table = new ResultTable(database.sql, 'tls');
  await table.add([
    { day: '2026-01-01', domain: 'example.org', detail: '{}', count: 1 },
    { day: TODAY, domain: 'example.org', detail: '{}', count: 1 },
  ]);
  await table.prune();
  const left = await database.sql<{ day: string }[]>`select day::text as day from tls_results`;
  expect(left).toEqual([{ day: TODAY }]);
});
