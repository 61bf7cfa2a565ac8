import { type DmarcReport, readReportFile } from '@postel/mail-reports';
import { expect, test } from 'vitest';
import { DmarcReportTable } from './dmarc-report-table.ts';
import { RESULTS_A_DAY, UNVERIFIED_ROWS_A_DOMAIN } from './limits.ts';
import { ResultTable } from './result-table.ts';
import { openTestDatabase } from './testing/open-test-database.ts';
import { TlsReportTable } from './tls-report-table.ts';

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

test('whatever a stranger has counted, the sums can be read', async () => {
  await using database = await openTestDatabase();
  const table = new DmarcReportTable(database.sql);
  const tls = new TlsReportTable(database.sql);
  const verified = { trust: 'verified', reporter: 'liar.example' } as const;
  const count = (messages: string) =>
    `<record><row><source_ip>192.0.2.1</source_ip><count>${messages}</count></row></record>`;
  const xml = (rows: string) => `<feedback><report_metadata><org_name>Liar</org_name><report_id>1</report_id>
    <date_range><begin>1793491200</begin><end>1793577599</end></date_range></report_metadata>
    <policy_published><domain>example.com</domain><p>none</p></policy_published>${rows}</feedback>`;
  const most = 10_000_000_000;
  // Of so many the sum would be none that a number can be.
  await expect(readReportFile(Buffer.from(xml(count(`${most * 100}`).repeat(20_000))))).rejects.toThrow('is no number');
  const read = await readReportFile(Buffer.from(xml(count(`${most}`).repeat(20_000))));
  if (read.type !== 'dmarc') throw new Error('It is a report on DMARC');
  const { report: lie } = read;
  expect(await table.add(lie, verified)).toBe(true);
  const all = most * 20_000;
  const since = new Date(FIRST);
  expect(await table.list({ domain: 'example.com', since: null, until: null }, 10)).toMatchObject([{ messages: all }]);
  expect(await table.days('example.com', since)).toMatchObject([{ passed: 0, failed: all }]);
  expect(await table.sources('example.com', since)).toMatchObject([{ messages: all, failed: all }]);

  const policy = { type: 'sts', domain: 'example.com', successfulSessions: most, failedSessions: 0, failures: [] };
  for (const reportId of ['1', '2']) {
    const { organization, begin, end } = lie;
    await tls.add({ organization, contact: '', reportId, begin, end, policies: [policy] }, 'example.com', verified);
  }
  // As many of them as there may be.
  await database.sql`update tls_reports set successful = ${Number.MAX_SAFE_INTEGER}`;
  expect(await tls.sums('example.com', since)).toEqual({ successful: Number.MAX_SAFE_INTEGER, failed: 0 });
}, 60_000);
