import { expect, test } from 'vitest';
import { reportTargets } from './tls-report-record.ts';

test.for<[readonly string[], readonly string[]]>([
  [['v=TLSRPTv1;rua=mailto:reports@example.com'], ['reports@example.com']],
  [['v=TLSRPTv1; rua=https://reporting.example.com/v1/tlsrpt'], ['https://reporting.example.com/v1/tlsrpt']],
  [
    ['v=TLSRPTv1; x=y; rua=mailto:a@example.com , https://b.example/?c=d ;'],
    ['a@example.com', 'https://b.example/?c=d'],
  ],
  [['v=TLSRPTv1;rua=mailto:a%2Bb%21c@example.com?subject=x'], ['a+b!c@example.com']],
  [['v=spf1 -all', 'v=TLSRPTv1;rua=mailto:a@example.com'], ['a@example.com']],
  [['v=TLSRPTv1;rua=mailto:a@example.com;rua=mailto:b@example.com'], ['a@example.com']],
  [
    [`v=TLSRPTv1;rua=${Array.from({ length: 9 }, (_, i) => `mailto:a${i}@b.example`)}`],
    [0, 1, 2, 3, 4].map((i) => `a${i}@b.example`),
  ],
  [[], []],
  [['v=TLSRPTv1;rua=mailto:a@example.com', 'v=TLSRPTv1;rua=mailto:b@example.com'], []],
  [['v=TLSRPTv2;rua=mailto:a@example.com'], []],
  [['v=TLSRPTv1'], []],
  [['v=TLSRPTv1;rua='], []],
  [['v=TLSRPTv1;rua=reports@example.com'], []],
  [['v=TLSRPTv1;rua=http://example.com/'], []],
  [['v=TLSRPTv1;rua=https://a:b@example.com/'], []],
  [['v=TLSRPTv1;rua=https://example.com:25/'], []],
  [['v=TLSRPTv1;rua=file:///etc/passwd'], []],
  [['v=TLSRPTv1;rua=mailto:a%0D%0ABcc:b@example.com'], []],
  [['v=TLSRPTv1;rua=mailto:a@b@example.com'], []],
  [['v=TLSRPTv1;rua=mailto:%22a b%22@example.com'], []],
  [['v=TLSRPTv1;rua=mailto:%FF@example.com'], []],
  [['v=TLSRPTv1;rua=mailto:'], []],
])('%j wants reports at %j', ([records, expected]) => {
  expect(reportTargets(records).map((target) => (target.type === 'https' ? target.url.href : target.address))).toEqual(
    expected,
  );
});
