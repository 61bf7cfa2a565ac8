import { expect, test } from 'vitest';
import { dmarcReportTargets } from './dmarc-report-targets.ts';

test.each<[readonly string[], readonly (readonly [string, number | null])[]]>([
  [['v=DMARC1; p=none; rua=mailto:a@example.org'], [['a@example.org', null]]],
  [['v=DMARC1;p=none;rua=mailto:a@example.org!10m'], [['a@example.org', 10_485_760]]],
  [
    ['v=DMARC1;p=none;rua=mailto:a@b.example!50 , mailto:c%2Bd@b.example!2K'],
    [
      ['a@b.example', 50],
      ['c+d@b.example', 2_048],
    ],
  ],
  [['v=DMARC1;p=none;rua=https://b.example/x,mailto:a@b.example'], [['a@b.example', null]]],
  [['v=spf1 -all', 'v=DMARC1; rua = mailto:a@b.example'], [['a@b.example', null]]],
  [
    [`v=DMARC1;rua=${Array.from({ length: 9 }, (_, i) => `mailto:a${i}@b.example`)}`],
    [0, 1, 2, 3, 4].map((i) => [`a${i}@b.example`, null] as const),
  ],
  [['v=DMARC1;p=none'], []],
  [['v=DMARC1;p=none;rua='], []],
  [['v=DMARC1;p=none;rua=a@b.example'], []],
  [['v=DMARC1;p=none;rua=mailto:a%0D%0ABcc:b@b.example'], []],
  [['v=DMARC1;rua=mailto:a@b.example;rua=mailto:c@b.example'], []],
  [['v=DMARC1;rua=mailto:a@b.example', 'v=DMARC1;rua=mailto:c@b.example'], []],
  [['p=none;v=DMARC1;rua=mailto:a@b.example'], []],
  [['v=DMARC12;rua=mailto:a@b.example'], []],
])('%j', (records, expected) => {
  expect(dmarcReportTargets(records).map(({ address, mostOctets }) => [address, mostOctets])).toEqual(expected);
});
