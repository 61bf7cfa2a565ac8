import type { DmarcReport } from '@postel/mail-reports';
import { expect, test } from 'vitest';
import { DmarcReportTable } from './dmarc-report-table.ts';
import { RESULTS_A_DAY, UNVERIFIED_ROWS_A_DOMAIN } from './limits.ts';
import { ResultTable } from './result-table.ts';
import { openTestDatabase } from './testing/open-test-database.ts';

const DAY_MS = 86_400_000;
const FIRST = Date.UTC(2026, 10, 1);

function report(reportId: string, day: number, rows: number): DmarcReport {
  return {
    organization: 'Receiver',
    email: '',
    reportId,
    begin: new Date(FIRST + day * DAY_MS),
    end: new Date(FIRST + (day + 1) * DAY_MS - 1_000),
    policy: { domain: 'example.com', adkim: 'r', aspf: 'r', p: 'none', sp: 'none', fo: '0' },
    rows: Array.from({ length: rows }, (_, i) => ({
      sourceAddress: `192.0.2.${i % 250}`,
      messages: 1,
      disposition: 'none',
      dkim: 'pass',
      spf: 'fail',
      reasons: [],
      headerFrom: 'example.com',
      envelopeFrom: '',
      dkimResults: [],
      spfResults: [],
    })),
  };
}

test('strangers push out their own reports, the oldest first, and nobody else', async () => {
  await using database = await openTestDatabase();
  const table = new DmarcReportTable(database.sql);
  const rows = Math.ceil(UNVERIFIED_ROWS_A_DOMAIN / 2);
  expect(await table.add(report('real', 0, 3), { trust: 'verified', reporter: 'receiver.example' })).toBe(true);
  for (const day of [1, 2, 3]) {
    expect(await table.add(report(`${day}`, day, rows - 2), { trust: 'unverified', reporter: 'liar.example' })).toBe(
      true,
    );
  }
  const left = await table.list({ domain: 'example.com', since: null, until: null }, 10);
  expect(left.map(({ reportId }) => reportId)).toEqual(['3', '2', 'real']);
  expect((await table.show(left[2]?.id ?? 0))?.rows).toHaveLength(3);
});

test('a number that somebody else has used takes nothing from who is verified', async () => {
  await using database = await openTestDatabase();
  const table = new DmarcReportTable(database.sql);
  expect(await table.add(report('1', 0, 1), { trust: 'verified', reporter: 'liar.example' })).toBe(true);
  expect(await table.add(report('1', 0, 2), { trust: 'verified', reporter: 'receiver.example' })).toBe(true);
  expect(await table.add(report('1', 0, 2), { trust: 'verified', reporter: 'receiver.example' })).toBe(false);
  expect(await table.add(report('1', 0, 2), { trust: 'imported', reporter: '' })).toBe(false);
});

test('who invents ever new results fills neither the day nor what is known already', async () => {
  await using database = await openTestDatabase();
  const table = new ResultTable(database.sql, 'dmarc');
  const result = (i: number) => ({ day: '2026-11-20', domain: 'example.org', detail: `${i}`, count: 1 });
  await table.add(Array.from({ length: RESULTS_A_DAY }, (_, i) => result(i)));
  await table.add([result(0), result(-1), { ...result(-1), domain: 'example.net' }]);
  const [counts] = await database.sql`
    select count(*) filter (where domain = 'example.org')::int as org, count(*) filter (where domain = 'example.net')::int as net,
           max(messages)::int as most from dmarc_results`;
  expect(counts).toEqual({ org: RESULTS_A_DAY, net: 1, most: 2 });
});
