/** What others report, as the owner of a server sees it: whatever strangers wrote in it. */
import type { DmarcReport, IncomingTlsReport } from '@postel/mail-reports';
import { DmarcReportTable, TlsReportTable } from '@postel/queue';
import { openDatabase } from '@postel/storage';
import { requirePrograms, sharedPostel } from '@postel/testkit';
import { expect, test } from 'vitest';
import { ApiClient } from './testing/api-client.ts';
import { Person } from './testing/browser.ts';

const HOSTILE = '<img src=x onerror="document.title=\'broken\'"><script>document.title="broken"</script>';
const DAY_MS = 86_400_000;

/** A domain of its own, with reports of the last days. @returns its name */
async function reportOn(name: string): Promise<string> {
  const postel = sharedPostel();
  const domain = `${name}-${Date.now().toString(36)}.example`;
  await postel.useDirectory((directory) => directory.addDomain(domain));
  const database = openDatabase(postel.database, { applicationName: 'reports test', maxConnections: 1 });
  try {
    const begin = new Date(Math.floor(Date.now() / DAY_MS) * DAY_MS - DAY_MS);
    const common = { organization: HOSTILE, reportId: HOSTILE, begin, end: new Date(begin.getTime() + DAY_MS - 1_000) };
    const row = { disposition: 'none', reasons: [], headerFrom: HOSTILE, envelopeFrom: HOSTILE } as const;
    const report: DmarcReport = {
      ...common,
      email: HOSTILE,
      policy: { domain, adkim: 'r', aspf: 'r', p: 'reject', sp: 'reject', fo: '0' },
      rows: [
        {
          ...row,
          sourceAddress: '192.0.2.1',
          messages: 7,
          dkim: 'fail',
          spf: 'fail',
          dkimResults: [],
          spfResults: [],
          disposition: 'reject',
        },
        {
          ...row,
          sourceAddress: '192.0.2.2',
          messages: 5,
          dkim: 'pass',
          spf: 'pass',
          dkimResults: [{ domain: HOSTILE, selector: HOSTILE, result: 'pass' }],
          spfResults: [],
        },
      ],
    };
    const tls: IncomingTlsReport = {
      ...common,
      contact: HOSTILE,
      policies: [
        {
          type: HOSTILE,
          domain,
          successfulSessions: 30,
          failedSessions: 2,
          failures: [
            {
              type: 'certificate-expired',
              sessions: 2,
              sendingAddress: HOSTILE,
              receivingHost: HOSTILE,
              receivingAddress: HOSTILE,
              reason: HOSTILE,
              more: HOSTILE,
            },
          ],
        },
      ],
    };
    const table = new DmarcReportTable(database.sql);
    await table.add(report, { trust: 'verified', reporter: HOSTILE });
    await table.add({ ...report, reportId: '2' }, { trust: 'unverified', reporter: 'liar.example' });
    await new TlsReportTable(database.sql).add(tls, domain, { trust: 'verified', reporter: HOSTILE });
  } finally {
    await database.close();
  }
  return domain;
}

test('the API gives sums of the last 30 days, of what is verified, in words', async () => {
  const domain = await reportOn('api');
  const { web } = sharedPostel().ports;
  const client = await ApiClient.admin(web);
  const { status, body } = await client.get(`/admin/domains/${domain}/reports`);
  expect(status).toBe(200);
  expect(body.days).toHaveLength(30);
  expect(body.days.at(-2)).toMatchObject({ passed: 5, failed: 7 });
  expect(body.sources).toEqual([
    {
      address: '192.0.2.1',
      messages: 7,
      failed: 7,
      quarantined: 0,
      rejected: 7,
      reporters: 1,
      meaning: expect.stringMatching(
        /^The server at 192\.0\.2\.1 sends as you, and its mail is neither signed .* Others refused 7\.$/,
      ),
    },
    expect.objectContaining({
      address: '192.0.2.2',
      failed: 0,
      meaning: 'Mail from 192.0.2.2 is signed. All is well.',
    }),
  ]);
  expect(body.unverified).toBe(1);
  expect(body.dmarc).toHaveLength(2);
  expect(body.tls).toMatchObject({
    successful: 30,
    failed: 2,
    failures: [{ sessions: 2, meaning: expect.stringContaining('had expired') }],
  });

  expect(await client.get('/admin/domains/nowhere.example/reports')).toMatchObject({ status: 404 });
  const stranger = new ApiClient(web);
  expect(await stranger.get(`/admin/domains/${domain}/reports`)).toMatchObject({ status: 401 });
});

test('hardening 39: the page shows what strangers wrote as text, and says what it means', async ({ skip }) => {
  requirePrograms(skip, 'chromium');
  const domain = await reportOn('page');
  await using person = await Person.visiting(sharedPostel().ports.web);
  const { page } = person;
  await person.signInAsAdmin();
  await person.open('Reports');
  await page.getByLabel('Domain', { exact: true }).selectOption(domain);
  await page.getByRole('heading', { name: '192.0.2.1' }).waitFor();
  await page.getByText('is neither signed (DKIM) nor allowed by SPF').waitFor();
  await page.getByText('5 messages passed, 7 failed').waitFor();
  await page.getByText('The certificate had expired.').waitFor();
  await page.getByText('1 report came from somebody').waitFor();
  expect(await page.getByRole('rowheader', { name: HOSTILE }).count()).toBe(3);
  expect(await page.locator('main img, main script').count()).toBe(0);
  expect(await page.title()).toBe('Reports · Postel');
  await person.look('admin-reports');
  expect(person.complaints).toEqual([]);
});
