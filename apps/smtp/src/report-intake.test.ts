/** What mail from other servers has to do with reports: what DMARC finds is counted, and reports on our domains are put aside. */
import { ScriptedResolver } from '@postel/dns';
import { type DayOfResults, dmarcReportOf, ReportInbox, ResultCounter, ResultTable } from '@postel/queue';
import type { Content } from '@postel/storage';
import { createLog, Registry } from '@postel/supervision';
import { expect, onTestFinished, test } from 'vitest';
import { IncomingMail } from './incoming-mail.ts';
import { REPORTS_IN_HAND } from './limits.ts';
import { ReportIntake } from './report-intake.ts';
import { SmtpMetrics } from './smtp-metrics.ts';
import { startOwnServer } from './testing/own-server.ts';
import type { SmtpClient } from './testing/smtp-client.ts';

const HERE = 'v=spf1 ip4:127.0.0.1 -all';
const ZONE = {
  'good.example': { A: ['192.0.2.7'], TXT: [HERE] },
  '_dmarc.good.example': { TXT: ['v=DMARC1; p=reject; sp=none; aspf=s; fo=1:d; rua=mailto:r@good.example'] },
  'sub.good.example': { A: ['192.0.2.7'] },
  'forged.example': { A: ['192.0.2.8'], TXT: ['v=spf1 -all'] },
  '_dmarc.forged.example': { TXT: ['v=DMARC1; p=reject; rua=mailto:r@forged.example'] },
  'tried.example': { A: ['192.0.2.8'], TXT: ['v=spf1 -all'] },
  '_dmarc.tried.example': { TXT: ['v=DMARC1; p=quarantine; t=y; rua=mailto:r@tried.example'] },
  'quiet.example': { A: ['192.0.2.8'], TXT: [HERE] },
  '_dmarc.quiet.example': { TXT: ['v=DMARC1; p=none'] },
  'open.example': { A: ['192.0.2.8'], TXT: [HERE] },
};

/** An MX whose clients are strangers, with a clock of its own. */
async function start({ isExempt = false, isOff = false } = {}) {
  let now = new Date('2026-11-22T23:59:00Z');
  const incoming = new IncomingMail({
    resolver: new ScriptedResolver(ZONE),
    hostname: 'localhost',
    blockLists: { find: async () => [] },
    isExempt: () => isExempt,
    onError: (error) => console.error(error),
  });
  // The database is known when the server is there.
  let intake: ReportIntake | null = null;
  const reports: Pick<ReportIntake, 'countDmarc' | 'keep'> = {
    countDmarc: (verdict) => intake?.countDmarc(verdict),
    keep: async (content, verdict) => (await intake?.keep(content, verdict)) ?? false,
  };
  const server = await startOwnServer({ incoming, reports }, { kind: 'mx' });
  const { sql } = server;
  const table = new ResultTable(sql, 'dmarc');
  intake = new ReportIntake({
    counter: isOff ? null : new ResultCounter(table, () => now),
    inbox: new ReportInbox(sql),
    metrics: new SmtpMetrics(new Registry()),
    log: createLog({ name: 'smtp-test', file: '/dev/null' }),
  });
  onTestFinished(async () => {
    await intake?.stop();
    await server[Symbol.asyncDispose]();
    await incoming.close();
  });
  return {
    server,
    sql,
    setTime(text: string) {
      now = new Date(text);
    },
    settled: () => intake?.stop(),
    of: (domain: string, day = '2026-11-22') => table.look(domain, day),
  };
}

async function send(client: SmtpClient, from: string, header: string, to = 'mary@localhost'): Promise<string> {
  client.send(`MAIL FROM:<${from}>\r\nRCPT TO:<${to}>\r\nDATA\r\n`);
  for (const code of ['250', '250', '354']) {
    expect(await client.reply()).toEqual([expect.stringMatching(`^${code} `)]);
  }
  client.send(`${header}\r\n\r\nhello\r\n.\r\n`);
  return (await client.reply()).at(-1) ?? '';
}

const rowsOf = (results: DayOfResults) => dmarcReportOf(results, { organization: 'here', email: 'a@here' }).rows;

test('mail is counted day by day, by what DMARC found, for those who want to hear it', async () => {
  const mx = await start();
  await using client = await mx.server.connect();
  for (const _ of [1, 2]) expect(await send(client, 'x@good.example', 'From: x@good.example')).toMatch(/^250 /);
  expect(await send(client, 'y@open.example', 'From: a@sub.good.example')).toMatch(/^250 /);
  expect(await send(client, '', 'From: x@forged.example')).toMatch(/^550 /);
  expect(await send(client, 'x@tried.example', 'From: x@tried.example')).toMatch(/^250 /);
  expect(await send(client, 'x@quiet.example', 'From: x@quiet.example')).toMatch(/^250 /);
  expect(await send(client, 'x@open.example', 'From: x@open.example')).toMatch(/^250 /);
  mx.setTime('2026-11-23T00:00:00Z');
  expect(await send(client, 'x@good.example', 'From: x@good.example')).toMatch(/^250 /);
  await mx.settled();

  const good = await mx.of('good.example');
  const report = dmarcReportOf(good, { organization: 'here', email: 'a@here' });
  expect(report.policy).toEqual({ domain: 'good.example', adkim: 'r', aspf: 's', p: 'reject', sp: 'none', fo: '1:d' });
  const common = { sourceAddress: '127.0.0.1', disposition: 'none', dkim: 'fail', reasons: [], dkimResults: [] };
  expect(report.rows).toEqual([
    {
      ...common,
      messages: 2,
      spf: 'pass',
      headerFrom: 'good.example',
      envelopeFrom: 'good.example',
      spfResults: [{ domain: 'good.example', scope: 'mfrom', result: 'pass' }],
    },
    {
      ...common,
      messages: 1,
      spf: 'fail',
      headerFrom: 'sub.good.example',
      envelopeFrom: 'open.example',
      spfResults: [{ domain: 'open.example', scope: 'mfrom', result: 'pass' }],
    },
  ]);
  expect(rowsOf(await mx.of('forged.example'))).toEqual([
    {
      ...common,
      messages: 1,
      disposition: 'reject',
      spf: 'fail',
      headerFrom: 'forged.example',
      envelopeFrom: '',
      spfResults: [{ domain: 'mx.elsewhere.example', scope: 'helo', result: 'none' }],
    },
  ]);
  expect(rowsOf(await mx.of('tried.example'))).toMatchObject([
    { disposition: 'none', reasons: [{ type: 'other', comment: expect.stringContaining('t=y') }] },
  ]);
  expect(rowsOf(await mx.of('good.example', '2026-11-23'))).toMatchObject([{ messages: 1 }]);
  const domains = await mx.sql`select distinct domain from dmarc_results order by 1`;
  expect(domains.map(({ domain }) => domain)).toEqual(['forged.example', 'good.example', 'tried.example']);
});

test('nothing is counted of mail that another server of ours has judged, or where reports are off', async () => {
  for (const how of [{ isExempt: true }, { isOff: true }]) {
    const mx = await start(how);
    await using client = await mx.server.connect();
    expect(await send(client, 'x@good.example', 'From: x@good.example')).toMatch(/^250 /);
    await mx.settled();
    expect(await mx.sql`select from dmarc_results`).toHaveLength(0);
  }
});

const SUBJECT = 'Subject: Report Domain: localhost Submitter: good.example Report-ID: <1>';

test('a report is put aside, delivered as any mail, and itself told of to nobody', async () => {
  const mx = await start();
  await using client = await mx.server.connect();
  const header = `From: x@good.example\r\n${SUBJECT}`;
  expect(await send(client, 'x@good.example', header, 'postmaster@localhost')).toMatch(/^250 /);
  expect(await send(client, 'x@quiet.example', `From: x@forged.example\r\n${SUBJECT}`)).toMatch(/^550 /);
  expect(await send(client, 'x@open.example', `From: x@open.example\r\n${SUBJECT}`)).toMatch(/^250 /);
  await mx.settled();
  const kept = await mx.sql`
    select reporter, is_verified as "isVerified", convert_from(octets, 'UTF8') as text from received_reports order by 1`;
  expect(kept).toEqual([
    { reporter: 'good.example', isVerified: true, text: `${header}\r\n\r\nhello\r\n` },
    { reporter: 'open.example', isVerified: false, text: expect.stringContaining('From: x@open.example') },
  ]);
  expect(await mx.server.messages()).toHaveLength(2);
  expect((await mx.of('good.example')).results).toEqual([]);
  // The subject alone hides nothing from who is forged: this one was refused.
  expect((await mx.of('forged.example')).results).toHaveLength(1);
});

test('a database that does not answer keeps no reply waiting, and reports in memory stay few', async () => {
  const metrics = new SmtpMetrics(new Registry());
  const waiting: (() => void)[] = [];
  const intake = new ReportIntake({
    counter: null,
    inbox: { keep: () => new Promise((resolve) => waiting.push(() => resolve(true))) },
    metrics,
    log: createLog({ name: 'smtp-test', file: '/dev/null' }),
  });
  await using server = await startOwnServer({ reports: intake }, { kind: 'mx' });
  await using client = await server.connect();
  for (let i = 0; i <= REPORTS_IN_HAND; i++) {
    expect(await send(client, 'x@good.example', `From: x@good.example\r\n${SUBJECT}`)).toMatch(/^250 /);
  }
  expect(waiting).toHaveLength(REPORTS_IN_HAND);
  const { values } = await metrics.reportsReceived.get();
  expect(values).toMatchObject([{ labels: { outcome: 'dropped' }, value: 1 }]);
  for (const go of waiting) go();
  await intake.stop();
});

test('reports that are being read count as well, so that large ones do not fill the memory', async () => {
  const metrics = new SmtpMetrics(new Registry());
  const intake = new ReportIntake({
    counter: null,
    inbox: { keep: async () => true },
    metrics,
    log: createLog({ name: 'smtp-test', file: '/dev/null' }),
  });
  const go = Promise.withResolvers<void>();
  let beingRead = 0;
  async function* slowly() {
    beingRead++;
    await go.promise;
    yield Buffer.from('octets');
  }
  const large = { octets: null, sizeOctets: 6, summary: { summary: 'Report Domain: localhost\x1f' }, read: slowly };
  const verdict = { author: { domain: 'good.example', isVerified: true } };
  const asked = Array.from({ length: REPORTS_IN_HAND + 3 }, () => intake.keep(large as unknown as Content, verdict));
  expect(beingRead).toBe(REPORTS_IN_HAND);
  go.resolve();
  expect(await Promise.all(asked)).toEqual(asked.map(() => true));
  await intake.stop();
  const { values } = await metrics.reportsReceived.get();
  expect(values).toMatchObject([
    { labels: { outcome: 'dropped' }, value: 3 },
    { labels: { outcome: 'kept' }, value: REPORTS_IN_HAND },
  ]);
});

test('a report that cannot be read refuses no message', async () => {
  const intake = new ReportIntake({
    counter: null,
    inbox: { keep: async () => true },
    metrics: new SmtpMetrics(new Registry()),
    log: createLog({ name: 'smtp-test', file: '/dev/null' }),
  });
  const content = {
    octets: null,
    sizeOctets: 6,
    summary: { summary: 'Report Domain: localhost\x1f' },
    // biome-ignore lint/correctness/useYield: it fails before
    async *read() {
      throw new Error('the disk is gone');
    },
  };
  const verdict = { author: { domain: 'good.example', isVerified: true } };
  expect(await intake.keep(content as unknown as Content, verdict)).toBe(true);
  await intake.stop();
});
