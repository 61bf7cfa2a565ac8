import { existsSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { formatDmarcReport } from '@postel/mail-reports';
import { DmarcReportTable, ReportInbox, TlsReportTable } from '@postel/queue';
import { expect, test } from 'vitest';
import { startJobContext } from '../testing/start-job-context.ts';
import { forgetReports } from './forget-reports.ts';
import { readReports } from './read-reports.ts';

const FOLDER = new URL('../../../../../shared/testdata/reports/', import.meta.url);
const ALL = { domain: null, since: null, until: null };

async function begin(domains: readonly string[]) {
  const stack = new AsyncDisposableStack();
  const { accounts, context } = await startJobContext(stack);
  const { sql } = context.database;
  for (const domain of domains) await accounts.addDomain(domain);
  return {
    sql,
    inbox: new ReportInbox(sql),
    dmarc: new DmarcReportTable(sql),
    tls: new TlsReportTable(sql),
    read: () => readReports.run(context),
    forget: () => forgetReports.run(context),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

function mailOf(
  domain: string,
  {
    reportId = '1',
    begin = new Date('2026-11-22T00:00:00Z'),
    messages = 5,
    sourceAddress = '192.0.2.1',
    organization = 'Receiver',
  } = {},
): Buffer {
  const xml = formatDmarcReport({
    organization,
    email: 'a@receiver.example',
    reportId,
    begin,
    end: new Date(begin.getTime() + 86_399_000),
    policy: { domain, adkim: 'r', aspf: 'r', p: 'none', sp: 'none', fo: '0' },
    rows: [
      {
        sourceAddress,
        messages,
        disposition: 'none',
        dkim: 'fail',
        spf: 'fail',
        reasons: [],
        headerFrom: domain,
        envelopeFrom: 'spam.example',
        dkimResults: [],
        spfResults: [{ domain: 'spam.example', scope: 'mfrom', result: 'pass' }],
      },
    ],
  });
  const base64 = gzipSync(xml).toString('base64');
  return Buffer.from(
    `Subject: Report Domain: ${domain}\r\nContent-Type: application/gzip\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64}\r\n`,
  );
}

test('reports on our domains are kept once, and marked by whether their senders answer for them', async () => {
  await using jobs = await begin(['example.com']);
  const reporter = 'receiver.example';
  const put = (octets: Buffer, isVerified: boolean) => jobs.inbox.keep({ octets, reporter, isVerified });
  await put(mailOf('example.com'), false);
  await put(mailOf('example.com'), true);
  await put(mailOf('example.com'), true);
  await put(mailOf('example.com'), false);
  await put(mailOf('example.com', { reportId: '2', messages: 7 }), false);
  await put(mailOf('elsewhere.example'), true);
  await put(Buffer.from('Subject: Report Domain: x\r\n\r\nno'), true);
  expect(await jobs.read()).toEqual({ new: 3, known: 2, foreign: 1, unreadable: 1 });
  expect(await jobs.inbox.next()).toBeNull();
  const reports = await jobs.dmarc.list(ALL, 10);
  expect(reports.map(({ reportId, trust, messages, failed }) => [reportId, trust, messages, failed])).toEqual([
    ['2', 'unverified', 7, 7],
    ['1', 'verified', 5, 5],
  ]);
  // What nobody answers for counts for nothing.
  const since = new Date('2026-11-01T00:00:00Z');
  expect(await jobs.dmarc.days('example.com', since)).toEqual([{ day: '2026-11-22', passed: 0, failed: 5 }]);
  expect(await jobs.dmarc.countUnverified('example.com', since)).toBe(1);
  expect(await jobs.dmarc.sources('example.com', since)).toMatchObject([
    {
      address: '192.0.2.1',
      messages: 5,
      failed: 5,
      byDkim: 0,
      bySpf: 0,
      isSentByOthers: true,
      isSignedByOthers: false,
    },
  ]);
  expect(
    await jobs.sql`select domain, source_address::text as source, messages::int from mail.dmarc_reports where trust = 'verified'`,
  ).toEqual([{ domain: 'example.com', source: '192.0.2.1/32', messages: 5 }]);
});

const unpackable = (characters: number, seed: number) =>
  String.fromCharCode(
    ...Array.from({ length: characters }, (_, i) => 0x4e00 + ((i * i * 7_919 + i * seed * 104_729) % 20_000)),
  );

test('a report that cannot be kept keeps no other one waiting', async () => {
  await using jobs = await begin(['example.com']);
  const put = (octets: Buffer) => jobs.inbox.keep({ octets, reporter: 'a.example', isVerified: false });
  await put(mailOf('example.com', { sourceAddress: 'fe80::1%eth0' }));
  await jobs.sql`
    alter table dmarc_reports add constraint wants_no_two check (report_id <> '2')`;
  await put(mailOf('example.com', { reportId: '2' }));
  await put(mailOf('example.com', { reportId: '3' }));
  // More than an index takes, as nothing of it can be packed.
  await put(mailOf('example.com', { reportId: unpackable(500, 1), organization: unpackable(500, 2) }));
  expect(await jobs.read()).toEqual({ new: 2, known: 0, foreign: 0, unreadable: 2 });
  expect(await jobs.inbox.next()).toBeNull();
});

test('a report of days that are to come is left out: it would stay for good, and push out all others', async () => {
  await using jobs = await begin(['example.com']);
  const put = (reportId: string, day: Date) =>
    jobs.inbox.keep({
      octets: mailOf('example.com', { reportId, begin: day }),
      reporter: 'a.example',
      isVerified: true,
    });
  await put('far', new Date('2199-01-01T00:00:00Z'));
  await put('today', new Date(Date.now() - 3_600_000));
  expect(await jobs.read()).toEqual({ new: 1, known: 0, foreign: 0, unreadable: 1 });
  expect((await jobs.dmarc.list(ALL, 10)).map(({ reportId }) => reportId)).toEqual(['today']);
});

test('what is old is forgotten', async () => {
  await using jobs = await begin(['example.com']);
  const begins = new Date(Date.now() - 92 * 86_400_000);
  await jobs.inbox.keep({ octets: mailOf('example.com', { begin: begins }), reporter: 'a', isVerified: true });
  await jobs.inbox.keep({
    octets: mailOf('example.com', { reportId: '2', begin: new Date(Date.now() - 86_400_000) }),
    reporter: 'a',
    isVerified: true,
  });
  expect(await jobs.read()).toMatchObject({ new: 2 });
  expect(await jobs.forget()).toEqual({ reports: 1 });
  expect((await jobs.dmarc.list(ALL, 10)).map(({ reportId }) => reportId)).toEqual(['2']);
  expect(await jobs.sql`select from dmarc_report_rows`).toHaveLength(1);
});

test.skipIf(!existsSync(FOLDER))(
  'reports of providers (skipped: ../shared/testdata is not part of the repository)',
  async () => {
    await using jobs = await begin(['ueber.net', 'test.xmox.nl']);
    const names = [
      'dmarc-reports-google',
      'dmarc-reports-mailru',
      'dmarc-reports-outlook',
      'dmarc-reports-xs4all',
      'dmarc-reports-yahoo',
    ];
    for (const name of [...names, 'tlsreports-example', 'tlsreports-microsoft']) {
      const octets = readFileSync(new URL(`${name}.eml`, FOLDER));
      await jobs.inbox.keep({ octets, reporter: 'reporter.example', isVerified: true });
    }
    expect(await jobs.read()).toEqual({ new: 7, known: 0, foreign: 0, unreadable: 0 });
    const dmarc = await jobs.dmarc.list({ ...ALL, domain: 'ueber.net' }, 10);
    expect(dmarc.map(({ organization, messages, failed }) => [organization, messages, failed])).toEqual([
      ['Outlook.com', 2, 0],
      ['google.com', 5, 0],
      ['xs4all.nl', 1, 0],
      ['Mail.Ru', 1, 1],
      ['Yahoo! Inc.', 1, 0],
    ]);
    const tls = await jobs.tls.list({ ...ALL, domain: 'test.xmox.nl' }, 10);
    expect(tls.map(({ organization, successful, failed }) => [organization, successful, failed])).toEqual([
      ['Microsoft Corporation', 2, 0],
      ['Google Inc.', 3, 0],
    ]);
  },
);
