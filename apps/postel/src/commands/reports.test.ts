import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { openDirectory } from '@postel/directory';
import { type DmarcReport, formatDmarcReport } from '@postel/mail-reports';
import { ResultCounter, ResultTable } from '@postel/queue';
import { type Database, openDatabase } from '@postel/storage';
import { type OwnPostel, startPostel, TemporaryDirectory } from '@postel/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SERVE_DATABASE } from '../fixtures/scripts.ts';

const LAUNCHER = join(import.meta.dirname, '../../../../bin/postel.mjs');
const HOSTILE = 'Re\u001b[31mceiver\u202e <b>';

let postel: OwnPostel;
let database: Database;
let files: TemporaryDirectory;
beforeAll(async () => {
  postel = await startPostel({ script: SERVE_DATABASE });
  database = openDatabase(postel.database, { applicationName: 'reports test', maxConnections: 1 });
  files = new TemporaryDirectory();
  const directory = openDirectory(database).as({ type: 'server', task: 'test' });
  await directory.addDomain('example.com');
  await directory.close();
});
afterAll(async () => {
  files[Symbol.dispose]();
  await database.close();
  await postel[Symbol.asyncDispose]();
});

function reports(...words: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const args = [LAUNCHER, '--data', postel.dataDirectory, 'reports', ...words];
  return new Promise((resolve) => {
    execFile(process.execPath, args, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

const row: DmarcReport['rows'][number] = {
  sourceAddress: '192.0.2.1',
  messages: 5,
  disposition: 'reject',
  dkim: 'fail',
  spf: 'fail',
  reasons: [{ type: 'other', comment: 'so' }],
  headerFrom: 'example.com',
  envelopeFrom: 'spam.example',
  dkimResults: [],
  spfResults: [{ domain: 'spam.example', scope: 'mfrom', result: 'pass' }],
};
const policy = { domain: 'example.com', adkim: 'r', aspf: 'r', p: 'reject', sp: 'reject', fo: '0' } as const;
const dmarc = (changes: Partial<DmarcReport> = {}) =>
  formatDmarcReport({
    organization: HOSTILE,
    email: 'a@receiver.example',
    reportId: '1',
    begin: new Date('2026-11-20T00:00:00Z'),
    end: new Date('2026-11-20T23:59:59Z'),
    policy,
    rows: [row],
    ...changes,
  });
const TLS = JSON.stringify({
  'organization-name': 'Sender',
  'date-range': { 'start-datetime': '2026-11-20T00:00:00Z', 'end-datetime': '2026-11-20T23:59:59Z' },
  'report-id': '17',
  policies: [
    {
      policy: { 'policy-type': 'sts', 'policy-domain': 'example.com' },
      summary: { 'total-successful-session-count': 3, 'total-failure-session-count': 2 },
      'failure-details': [
        { 'result-type': 'certificate-expired', 'failed-session-count': 2, 'receiving-mx-hostname': 'mx.example.com' },
      ],
    },
  ],
});

test('files are taken in, listed and shown', async () => {
  const xml = files.write('a.xml', dmarc());
  const json = files.write('b.json', TLS);
  const mail = files.write(
    'c.eml',
    `Subject: Report Domain: example.com\nContent-Type: text/xml\n\n${dmarc({ reportId: '2', begin: new Date('2026-11-21'), end: new Date('2026-11-21T23:59:59Z') })}`,
  );
  const foreign = files.write('d.xml', dmarc({ policy: { ...policy, domain: 'example.net' } }));
  const taken = await reports('import', xml, json, mail, foreign, xml);
  expect(taken).toMatchObject({ code: 0 });
  expect(taken.stdout.trim().split('\n')).toEqual([
    `${xml}: taken in`,
    `${json}: taken in`,
    `${mail}: taken in`,
    `${foreign}: left out: it is about no domain of this server`,
    `${xml}: known already`,
  ]);

  const listed = await reports('dmarc', 'list', 'example.com', '--json');
  const all = listed.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(all).toMatchObject([
    { reportId: '2', domain: 'example.com', trust: 'imported', messages: 5, failed: 5 },
    { reportId: '1' },
  ]);
  expect((await reports('dmarc', 'list', '--until', '2026-11-20T12:00Z')).stdout.trim().split('\n')).toHaveLength(2);
  expect((await reports('dmarc', 'list', 'example.net')).stdout.trim()).toBe('None.');

  const shown = await reports('dmarc', 'show', String(all[1].id));
  expect(shown.stdout).toMatch(/^domain: +example\.com\nby: +Re\?\[31mceiver +<b>, a@receiver\.example$/m);
  expect(shown.stdout).toMatch(/^192\.0\.2\.1 +5 +reject +fail +fail +example\.com +spam\.example pass +other so$/m);
  expect(shown.stdout).not.toContain('\u001b');

  const tls = await reports('tls', 'list', '--json');
  const { id } = JSON.parse(tls.stdout);
  const tlsShown = await reports('tls', 'show', String(id));
  expect(tlsShown.stdout).toContain('3 with TLS as it should be, 2 failed');
  expect(tlsShown.stdout).toContain(
    '2 x certificate-expired (sts) at mx.example.com\n    The certificate had expired.',
  );
});

test('what cannot be read is said, and the rest is taken in', async () => {
  const good = files.write('good.xml', dmarc({ reportId: '3' }));
  const bad = files.write('bad.xml', '<!DOCTYPE a><feedback/>');
  const taken = await reports('import', bad, '/nowhere/at/all', good);
  expect(taken.code).toBe(1);
  expect(taken.stdout.trim()).toBe(`${good}: taken in`);
  expect(taken.stderr).toContain(`${bad}: Its XML has a document type`);
  expect(taken.stderr).toContain('/nowhere/at/all: It cannot be read');
  expect(taken.stderr).toContain('2 of 3 files');
});

test('what others will be told can be seen before', async () => {
  const counter = new ResultCounter(new ResultTable(database.sql, 'dmarc'), () => new Date('2026-11-22T12:00:00Z'));
  const { messages: _, ...seen } = row;
  counter.count('example.org', JSON.stringify({ policy: { ...policy, domain: 'example.org' }, row: seen }));
  await counter.flush();
  expect((await reports('preview')).stdout).toMatch(/^2026-11-22 +example\.org +1$/m);
  const preview = await reports('preview', 'Example.org', '--day', '2026-11-22');
  expect(preview.stdout).toContain('<source_ip>192.0.2.1</source_ip><count>1</count>');
  const nothing = await reports('preview', 'example.org', '--day', '2026-11-21');
  expect(nothing).toMatchObject({ code: 1, stderr: expect.stringContaining('Nothing of example.org was counted') });
});

test.each([
  [['dmarc', 'show', 'x'], '"x" is no number of postel reports dmarc list'],
  [['dmarc', 'show', '999999'], 'There is no report 999999 on DMARC'],
  [['tls', 'show', '999999'], 'There is no report 999999 on TLS'],
  [['dmarc', 'list', 'a', 'b'], '"b" is one word too many'],
  [['dmarc', 'list', '--since', 'soon'], '--since takes a moment'],
  [['import'], 'FILE missing'],
  [['preview', 'example.org', '--day', '2026-99-99'], '--day takes a day'],
])('%j is refused: %s', async (words, reason) => {
  const { code, stderr } = await reports(...words);
  expect(code).not.toBe(0);
  expect(stderr).toContain(reason);
});
