import { existsSync, readFileSync } from 'node:fs';
import { crc32, deflateRawSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { announcesReport } from './announces-report.ts';
import type { DmarcReport } from './dmarc-report.ts';
import { dmarcReportFileName, formatDmarcReport } from './format-dmarc-report.ts';
import {
  JSON_OCTETS,
  REPORT_POLICIES,
  REPORT_ROWS,
  UNPACKED_OCTETS,
  XML_ATTRIBUTES,
  XML_DEPTH,
  XML_PIECE_CHARACTERS,
} from './limits.ts';
import { readReportFile, readReportMail } from './read-report.ts';

const FOLDER = new URL('../../../../shared/testdata/reports/', import.meta.url);
const DAY_S = 86_400;

const DMARC: DmarcReport = {
  organization: 'mail.example.com',
  email: 'postmaster@mail.example.com',
  reportId: '2026-11-22.example.org',
  begin: new Date('2026-11-22T00:00:00Z'),
  end: new Date('2026-11-22T23:59:59Z'),
  policy: { domain: 'example.org', adkim: 'r', aspf: 's', p: 'reject', sp: 'none', fo: '1:d' },
  rows: [
    {
      sourceAddress: '192.0.2.1',
      messages: 17,
      disposition: 'none',
      dkim: 'pass',
      spf: 'fail',
      reasons: [{ type: 'other', comment: 't=y & "<so>"' }],
      headerFrom: 'example.org',
      envelopeFrom: 'bounces.example.net',
      dkimResults: [
        { domain: 'example.org', selector: 's1', result: 'pass' },
        { domain: 'example.net', selector: 's2', result: 'temperror' },
      ],
      spfResults: [{ domain: 'bounces.example.net', scope: 'mfrom', result: 'softfail' }],
    },
    {
      sourceAddress: '2001:db8::1',
      messages: 1,
      disposition: 'reject',
      dkim: 'fail',
      spf: 'fail',
      reasons: [],
      headerFrom: 'sub.example.org',
      envelopeFrom: '',
      dkimResults: [],
      spfResults: [{ domain: 'helo.example', scope: 'helo', result: 'none' }],
    },
  ],
};
const XML = formatDmarcReport(DMARC);
const JSON_REPORT = {
  'organization-name': 'Sender',
  'date-range': { 'start-datetime': '2026-11-22T00:00:00Z', 'end-datetime': '2026-11-22T23:59:59Z' },
  'contact-info': 'tls@sender.example',
  'report-id': '17',
  policies: [
    {
      policy: { 'policy-type': 'sts', 'policy-domain': 'Example.ORG' },
      summary: { 'total-successful-session-count': 3, 'total-failure-session-count': 2 },
      'failure-details': [
        {
          'result-type': 'certificate-expired',
          'failed-session-count': 2,
          'receiving-mx-hostname': 'mx.example.org',
          'receiving-ip': '192.0.2.25',
          'sending-mta-ip': '198.51.100.1',
          'failure-reason-code': 'too\u202e\nold',
        },
      ],
    },
  ],
};

test('what is written is read again, whatever it is packed in', async () => {
  for (const octets of [Buffer.from(XML), gzipSync(XML), zip(XML), zip(XML, 'stored'), Buffer.from(`\ufeff${XML}`)]) {
    expect(await readReportFile(octets)).toEqual({ type: 'dmarc', report: DMARC });
  }
  expect(dmarcReportFileName(DMARC)).toBe('mail.example.com!example.org!1795305600!1795391999.xml.gz');
});

test('a report on TLS is read, and what it says is made fit to be shown', async () => {
  const read = await readReportFile(gzipSync(JSON.stringify(JSON_REPORT)));
  expect(read).toMatchObject({ type: 'tls', report: { organization: 'Sender', reportId: '17' } });
  expect(read.type === 'tls' && read.report.policies).toEqual([
    {
      type: 'sts',
      domain: 'example.org',
      successfulSessions: 3,
      failedSessions: 2,
      failures: [
        {
          type: 'certificate-expired',
          sessions: 2,
          sendingAddress: '198.51.100.1',
          receivingHost: 'mx.example.org',
          receivingAddress: '192.0.2.25',
          reason: 'too old',
          more: '',
        },
      ],
    },
  ]);
});

describe.skipIf(!existsSync(FOLDER))(
  'reports of providers (skipped: ../shared/testdata is not part of the repository)',
  () => {
    test.each([
      ['google', 'google.com', '13488712042596170873', [2, 3], 'none'],
      ['mailru', 'Mail.Ru', '82403907998914102491559779200', [1], 'reject'],
      ['outlook', 'Outlook.com', '8be4eb9d89044800947965b8a040291c', [2], 'none'],
      ['xs4all', 'xs4all.nl', 'xs4all.nl.1627349682.9725429@dmarc-reports.xs4all.net', [1], 'none'],
      ['yahoo', 'Yahoo! Inc.', '1559613526.307161', [1], 'none'],
    ])('on DMARC by %s', async (name, organization, reportId, messages, disposition) => {
      const mail = readFileSync(new URL(`dmarc-reports-${name}.eml`, FOLDER));
      const read = await readReportMail(mail);
      if (read.type !== 'dmarc') throw new Error('it is of DMARC');
      const { report } = read;
      expect(report).toMatchObject({ organization, reportId, policy: { domain: 'ueber.net', p: 'reject' } });
      expect(report.rows.map((row) => row.messages)).toEqual(messages);
      expect(report.rows[0]).toMatchObject({ disposition, headerFrom: 'ueber.net' });
      expect((report.end.getTime() - report.begin.getTime()) / 1_000).toBeGreaterThanOrEqual(DAY_S - 1);
    });

    test.each([
      ['example', 'Google Inc.', '2022-09-15T00:00:00Z_test.xmox.nl', 3],
      ['microsoft', 'Microsoft Corporation', '133198585438131172+test.xmox.nl', 2],
    ])('on TLS: %s', async (name, organization, reportId, successfulSessions) => {
      const read = await readReportMail(readFileSync(new URL(`tlsreports-${name}.eml`, FOLDER)));
      expect(read).toMatchObject({
        type: 'tls',
        report: {
          organization,
          reportId,
          policies: [{ type: 'sts', domain: 'test.xmox.nl', successfulSessions, failedSessions: 0, failures: [] }],
        },
      });
    });
  },
);

test.each<[string, Buffer | string, RegExp]>([
  ['nothing', '', /neither XML nor JSON/],
  ['text', 'hello', /neither XML nor JSON/],
  ['packed twice', gzipSync(gzipSync(XML)), /neither XML nor JSON/],
  ['a bomb of gzip', gzipSync(Buffer.alloc(UNPACKED_OCTETS + 1)), /more than 25 MB/],
  ['a bomb of zip', zip(Buffer.alloc(UNPACKED_OCTETS + 1)), /more than 25 MB/],
  ['a bomb that lies about its size', zip(Buffer.alloc(UNPACKED_OCTETS + 1), 'lying'), /more than 25 MB/],
  ['a plain file too large', Buffer.alloc(UNPACKED_OCTETS + 1, '<'), /larger than 25 MB/],
  ['a zip file of two', Buffer.concat([zip(XML).subarray(0, -22), endOfZip(2, 46, 0)]), /holds 2 files/],
  ['a zip file cut off', zip(XML).subarray(0, 100), /damaged/],
  ['a damaged zip file', damage(zip(XML)), /damaged|unpacked/],
  ['a damaged gzip file', gzipSync(XML).subarray(0, 60), /cannot be unpacked/],
  ['XML with entities', `<!DOCTYPE a [<!ENTITY x "${'y'.repeat(99)}">]>${XML.slice(38)}`, /document type/],
  ['an entity that nobody has declared', XML.replace('none', '&x;'), /no XML/],
  ['XML that is too deep', '<a>'.repeat(XML_DEPTH + 1), /levels deep/],
  ['XML of nothing but attributes', `<a ${attributes(XML_ATTRIBUTES + 1)}/>`, /attributes/],
  ['XML with a name that does not end', `<${'a'.repeat(3 * XML_PIECE_CHARACTERS)}/>`, /no XML/],
  ['JSON too large', `{"a":"${'x'.repeat(JSON_OCTETS)}"}`, /larger than 10 MB/],
  ['too many policies', tlsReport(Array(REPORT_POLICIES + 1).fill(0)), /too many policies/],
  ['too many failures', tlsReport([policy(REPORT_ROWS - 1), policy(2)]), /too many failure-details/],
  ['XML cut off', XML.slice(0, -20), /no XML/],
  ['other XML', '<html></html>', /root is <html>/],
  ['no domain', XML.replace('<domain>example.org</domain>', ''), /which domain/],
  ['no number', XML.replace('2026-11-22.example.org', ' '), /no number/],
  ['no day', XML.replace('1795305600', 'x'), /which days/],
  ['a hundred years', XML.replace('1795391999', '4795391999'), /which days/],
  ['no address', XML.replace('192.0.2.1', '192.0.2.1<b/>x'.slice(0, 9).concat('z')), /no address/],
  ['a count below nothing', XML.replace('<count>17<', '<count>-17<'), /number of messages/],
  ['a count beyond everything', XML.replace('<count>17<', '<count>999999999999999<'), /number of messages/],
  ['too many rows', XML.replace('</feedback>', `${'<record/>'.repeat(REPORT_ROWS)}</feedback>`), /records/],
  ['JSON of something else', '{"__proto__": {"report-id": "1"}}', /by whom/],
  ['broken JSON', '{"a":', /no JSON/],
  ['a list in place of a report', '{"organization-name": ["a"], "report-id": "b"}', /by whom/],
])('refused with a reason: %s', async (_, octets, reason) => {
  await expect(readReportFile(Buffer.from(octets))).rejects.toThrow(reason);
});

test('a report is read in pieces, so that others have their turn', async () => {
  let turns = 0;
  let isRead = false;
  const next = () => {
    turns++;
    if (!isRead) setImmediate(next);
  };
  setImmediate(next);
  await readReportFile(Buffer.from(XML.replace('</feedback>', `${' '.repeat(20 * XML_PIECE_CHARACTERS)}</feedback>`)));
  isRead = true;
  expect(turns).toBeGreaterThanOrEqual(10);
});

test('a message without a report is said to have none', async () => {
  const mail = 'Subject: Report Domain: example.org\r\nContent-Type: text/plain\r\n\r\nhello\r\n';
  await expect(readReportMail(Buffer.from(mail))).rejects.toThrow('no report attached');
});

test.each([
  ['Report Domain: example.org Submitter: a Report-ID: <b>', true],
  ['Report domain: ueber.net Submitter: google.com Report-ID: 1', true],
  ['[Preview] Report Domain: ueber.net', true],
  ['Re: your report', false],
  ['A report domain: is what?', false],
  ['', false],
])('the subject %j announces a report: %j', (subject, isReport) => {
  expect(announcesReport(subject)).toBe(isReport);
});

function attributes(count: number): string {
  return Array.from({ length: count }, (_, i) => `a${i}=""`).join(' ');
}

function tlsReport(policies: readonly unknown[]): string {
  return JSON.stringify({ ...JSON_REPORT, policies });
}

function policy(failures: number): object {
  return { policy: { 'policy-domain': 'example.org' }, 'failure-details': Array(failures).fill(0) };
}

/** A zip file of one file. */
function zip(content: string | Buffer, how: 'deflated' | 'stored' | 'lying' = 'deflated'): Buffer {
  const octets = Buffer.from(content);
  const packed = how === 'stored' ? octets : deflateRawSync(octets);
  const name = Buffer.from('report.xml');
  const size = how === 'lying' ? 1_000 : octets.length;
  const described = Buffer.alloc(22);
  described.writeUInt16LE(how === 'stored' ? 0 : 8, 2);
  described.writeUInt32LE(crc32(octets), 8);
  described.writeUInt32LE(packed.length, 12);
  described.writeUInt32LE(size, 16);
  described.writeUInt16LE(name.length, 20);
  const local = Buffer.concat([Buffer.from('PK\x03\x04\x14\x00'), described, Buffer.alloc(2), name]);
  const central = Buffer.concat([Buffer.from('PK\x01\x02\x14\x00\x14\x00'), described, Buffer.alloc(16), name]);
  return Buffer.concat([local, packed, central, endOfZip(1, central.length, local.length + packed.length)]);
}

function endOfZip(entries: number, octets: number, at: number): Buffer {
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(entries, 8);
  end.writeUInt16LE(entries, 10);
  end.writeUInt32LE(octets, 12);
  end.writeUInt32LE(at, 16);
  return end;
}

function damage(octets: Buffer): Buffer {
  const at = 60;
  octets[at] = (octets[at] ?? 0) ^ 0xff;
  return octets;
}
