import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { PublishedPolicy } from './decide-tls-policy.ts';
import { formatTlsReport, type TlsReport, tlsReportFileName } from './tls-report.ts';

const STS: PublishedPolicy = {
  type: 'sts',
  domain: 'example.org',
  lines: ['version: STSv1', 'mode: testing', 'mx: mx.example.org', 'max_age: 86400'],
  mx: ['mx.example.org'],
};
const NONE: PublishedPolicy = { type: 'no-policy-found', domain: 'example.org', lines: [], mx: [] };
const FAILURE = {
  type: 'certificate-expired',
  reason: 'it has expired',
  host: 'mx.example.org',
  address: '192.0.2.1',
} as const;

const REPORT: TlsReport = {
  hostname: 'mail.example.com',
  contact: 'postmaster@mail.example.com',
  domain: 'example.org',
  day: '2026-11-22',
  results: [
    { policy: STS, failure: null, sessions: 5 },
    { policy: STS, failure: FAILURE, sessions: 2 },
    { policy: NONE, failure: null, sessions: 1 },
  ],
};

test('a report tells of a day, policy by policy (RFC 8460 §4.4)', () => {
  expect(JSON.parse(formatTlsReport(REPORT))).toEqual({
    'organization-name': 'mail.example.com',
    'date-range': { 'start-datetime': '2026-11-22T00:00:00Z', 'end-datetime': '2026-11-22T23:59:59Z' },
    'contact-info': 'postmaster@mail.example.com',
    'report-id': '2026-11-22.example.org',
    policies: [
      {
        policy: {
          'policy-type': 'sts',
          'policy-string': ['version: STSv1', 'mode: testing', 'mx: mx.example.org', 'max_age: 86400'],
          'policy-domain': 'example.org',
          'mx-host': ['mx.example.org'],
        },
        summary: { 'total-successful-session-count': 5, 'total-failure-session-count': 2 },
        'failure-details': [
          {
            'result-type': 'certificate-expired',
            'receiving-mx-hostname': 'mx.example.org',
            'receiving-ip': '192.0.2.1',
            'failed-session-count': 2,
            'failure-reason-code': 'it has expired',
          },
        ],
      },
      {
        policy: { 'policy-type': 'no-policy-found', 'policy-domain': 'example.org' },
        summary: { 'total-successful-session-count': 1, 'total-failure-session-count': 0 },
      },
    ],
  });
  expect(tlsReportFileName(REPORT)).toBe('mail.example.com!example.org!1795305600!1795391999.json.gz');
});

const EXAMPLE = new URL('../../../../shared/testdata/reports/tlsreports-example.eml', import.meta.url);

test('a report has the fields that a large provider gives theirs', ({ skip }) => {
  if (!existsSync(EXAMPLE)) skip('SKIP: no reports of providers in ../shared/testdata');
  const [, base64 = ''] = /\r?\n\r?\n(H4sI[\w+/=\s]+)/.exec(readFileSync(EXAMPLE, 'latin1')) ?? [];
  const theirs = JSON.parse(gunzipSync(Buffer.from(base64, 'base64')).toString());
  const ours = JSON.parse(formatTlsReport({ ...REPORT, results: [{ policy: STS, failure: null, sessions: 1 }] }));
  expect(keysOf(ours)).toEqual(keysOf(theirs));
});

/** Names of members, with those of what stands in them. */
function keysOf(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return [...new Set(value.flatMap(keysOf))];
  return Object.entries(value)
    .flatMap(([key, inner]) => [key, ...keysOf(inner).map((each) => `${key}.${each}`)])
    .toSorted();
}
