import { type ScriptedName, ScriptedResolver } from '@postel/dns';
import { readReportMail } from '@postel/mail-reports';
import { ReportInbox, ResultCounter, ResultTable } from '@postel/queue';
import { createLog, Registry } from '@postel/supervision';
import { expect, test } from 'vitest';
import { DmarcReporter } from './dmarc-reporter.ts';
import { findDmarcTargets } from './dmarc-targets.ts';
import { ReportMetrics } from './report-metrics.ts';
import { RemoteServer } from './testing/remote-server.ts';
import { startQueue, type TestQueue } from './testing/start-relay.ts';

type Zone = Readonly<Record<string, ScriptedName>>;

const ZONE: Zone = {
  'example.org': { MX: [{ preference: 10, exchange: 'mx.example.org' }] },
  'mx.example.org': { A: ['127.0.0.1'] },
  '_dmarc.example.org': { TXT: ['v=DMARC1; p=reject; rua=mailto:dmarc@example.org!10m'] },
};
const DAY = '2026-11-22';
const always = () => true;

const counted = (sourceAddress: string, disposition: 'none' | 'reject') => ({
  policy: { domain: 'example.org', adkim: 'r', aspf: 'r', p: 'reject', sp: 'reject', fo: '0' },
  row: {
    sourceAddress,
    disposition,
    dkim: disposition === 'none' ? 'pass' : 'fail',
    spf: 'fail',
    reasons: [],
    headerFrom: 'example.org',
    envelopeFrom: 'bounces.example.org',
    dkimResults: [{ domain: 'example.org', selector: 's', result: disposition === 'none' ? 'pass' : 'fail' }],
    spfResults: [{ domain: 'bounces.example.org', scope: 'mfrom', result: 'softfail' }],
  },
});

/** What two MX hosts have counted on a day that is over. */
async function count({ sql }: TestQueue): Promise<void> {
  for (const _ of [1, 2]) {
    const counter = new ResultCounter(new ResultTable(sql, 'dmarc'), () => new Date(`${DAY}T12:00:00Z`));
    for (let i = 0; i < 3; i++) counter.count('example.org', JSON.stringify(counted('192.0.2.1', 'none')));
    counter.count('example.org', JSON.stringify(counted('2001:db8::66', 'reject')));
    await counter.flush();
  }
  // Long enough ago, and not too long, whenever the test runs.
  await sql`update dmarc_results set day = (now() at time zone 'UTC')::date - 1`;
  await sql`update dmarc_results set day = day - 1 where (day + 1)::timestamp at time zone 'UTC' > now() - interval '5 hours'`;
}

function reporterOf({ sql, queue }: TestQueue, zone: Zone, ours: readonly string[] = []): DmarcReporter {
  return new DmarcReporter({
    table: new ResultTable(sql, 'dmarc'),
    queue,
    inbox: new ReportInbox(sql),
    isOurs: async (domain) => ours.includes(domain),
    resolver: new ScriptedResolver(zone),
    hostname: 'mail.example.com',
    log: createLog({ name: 'relay-test', file: '/dev/null' }),
    metrics: new ReportMetrics(new Registry()),
  });
}

const left = async ({ sql }: TestQueue) => (await sql`select from dmarc_results`).length;
const queued = async ({ sql }: TestQueue) => (await sql`select from queue_recipients where state = 'waiting'`).length;

test('the owner of a policy gets one report a day, however many hosts look', async () => {
  await using remote = await RemoteServer.start();
  await using queue = await startQueue();
  await count(queue);
  const [{ day = '' } = {}] = await queue.sql<{ day: string }[]>`select distinct day::text as day from dmarc_results`;
  await Promise.all([1, 2, 3].map(() => reporterOf(queue, ZONE).report(always)));
  expect(await left(queue)).toBe(0);
  {
    await using _ = await queue.startRelay({ zone: ZONE, port: remote.port });
    await remote.messages(1);
    await queue.settled();
  }
  expect(remote.received).toHaveLength(1);
  const [report] = remote.received;
  expect(report?.mail).toMatch(/^MAIL FROM:<> /);
  expect(report?.rcpts).toEqual(['RCPT TO:<dmarc@example.org> NOTIFY=NEVER']);
  const message = report?.message ?? '';
  expect(message).toContain(
    `\nSubject: Report Domain: example.org\n Submitter: mail.example.com\n Report-ID: <${day}.example.org@mail.example.com>\n`,
  );
  expect(message).toContain('From: postmaster@mail.example.com\nTo: dmarc@example.org\n');
  const begin = Date.parse(`${day}T00:00:00Z`) / 1_000;
  expect(message).toContain(`filename="mail.example.com!example.org!${begin}!${begin + 86_399}.xml.gz"`);
  expect(message).toContain('\nContent-Type: application/gzip\n');

  const read = await readReportMail(Buffer.from(message));
  expect(read).toEqual({
    type: 'dmarc',
    report: {
      organization: 'mail.example.com',
      email: 'postmaster@mail.example.com',
      reportId: `${day}.example.org@mail.example.com`,
      begin: new Date(begin * 1_000),
      end: new Date((begin + 86_399) * 1_000),
      policy: counted('', 'none').policy,
      rows: [
        { ...counted('192.0.2.1', 'none').row, messages: 6 },
        { ...counted('2001:db8::66', 'reject').row, messages: 2 },
      ],
    },
  });
});

test('nobody is told who did not ask, and who cannot be asked is asked again', async () => {
  await using queue = await startQueue();
  await count(queue);
  await reporterOf(queue, { '_dmarc.example.org': 'temporary' }).report(always);
  expect(await left(queue)).toBe(2);
  await queue.sql`update dmarc_results set taken_at = null`;
  await reporterOf(queue, { '_dmarc.example.org': { TXT: ['v=DMARC1; p=reject'] } }).report(always);
  expect(await left(queue)).toBe(0);
  expect(await queued(queue)).toBe(0);
});

test('a report that is larger than its owner takes is not sent', async () => {
  await using queue = await startQueue();
  await count(queue);
  const zone = { '_dmarc.example.org': { TXT: ['v=DMARC1; p=none; rua=mailto:a@example.org!100'] } };
  await reporterOf(queue, zone).report(always);
  expect([await left(queue), await queued(queue)]).toEqual([0, 0]);
});

test('a report on a domain of this server is read here too', async () => {
  await using queue = await startQueue();
  await count(queue);
  await reporterOf(queue, ZONE, ['example.org']).report(always);
  const inbox = new ReportInbox(queue.sql);
  const own = await inbox.next();
  expect(own).toMatchObject({ reporter: 'mail.example.com', isVerified: true });
  expect(await readReportMail(own?.octets ?? Buffer.alloc(0))).toMatchObject({ report: { rows: [{}, {}] } });
  expect(await queued(queue)).toBe(1);
});

test.each<[string, Zone, readonly string[], boolean]>([
  ['its own address', { '_dmarc.a.example': rua('r@a.example') }, ['r@a.example'], true],
  ['a host below it', { '_dmarc.a.example': rua('r@mail.a.example') }, ['r@mail.a.example'], true],
  [
    'a sister domain of the same organization',
    { '_dmarc.a.example': rua('r@b.example'), '_dmarc.example': rua('x@example') },
    ['r@b.example'],
    true,
  ],
  ['somebody who did not ask for it', { '_dmarc.a.example': rua('victim@b.test') }, [], true],
  [
    'somebody who takes reports',
    { '_dmarc.a.example': rua('r@b.test,mailto:s@c.test'), 'a.example._report._dmarc.b.test': { TXT: ['v=DMARC1'] } },
    ['r@b.test'],
    true,
  ],
  [
    'and names an address of its own',
    {
      '_dmarc.a.example': rua('r@b.test'),
      'a.example._report._dmarc.b.test': { TXT: ['v=DMARC1; rua=mailto:other@b.test'] },
    },
    ['other@b.test'],
    true,
  ],
  [
    'but not one of others',
    {
      '_dmarc.a.example': rua('r@b.test'),
      'a.example._report._dmarc.b.test': { TXT: ['v=DMARC1; rua=mailto:victim@c.test'] },
    },
    ['r@b.test'],
    true,
  ],
  [
    'somebody who cannot be asked now, beside who can',
    { '_dmarc.a.example': rua('r@b.test,mailto:s@a.example'), 'a.example._report._dmarc.b.test': 'temporary' },
    ['s@a.example'],
    false,
  ],
])('RFC 7489 §7.1: reports on a.example go to %s', async (_, zone, expected, isComplete) => {
  const found = await findDmarcTargets(new ScriptedResolver(zone), 'a.example');
  expect(found.targets.map(({ address }) => address)).toEqual(expected);
  expect(found.isComplete).toBe(isComplete);
});

function rua(addresses: string): ScriptedName {
  return { TXT: [`v=DMARC1; p=none; rua=mailto:${addresses}`] };
}
