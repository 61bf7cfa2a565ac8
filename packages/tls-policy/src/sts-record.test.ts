import { expect, test } from 'vitest';
import { stsPolicyId } from './sts-record.ts';

test.for<[readonly string[], string | null]>([
  [['v=STSv1; id=20160831085700Z;'], '20160831085700Z'],
  [['v=STSv1;id=a'], 'a'],
  [['v=STSv1 \t; \t id=a \t; \t'], 'a'],
  [['v=STSv1; more=0.5/x; id=a; x.y-z=1'], 'a'],
  [['v=STSv1; id=a; id=b'], 'a'],
  [['something else', 'v=STSv1; id=a', 'v=spf1 -all', 'v=STSv2; id=b'], 'a'],
  [[], null],
  [['v=STSv1; id=a', 'v=STSv1; id=b'], null],
  [['v=STSv1; id=a', 'v=STSv1; nothing'], null],
  [['v=STSv1'], null],
  [['v=STSv1;'], null],
  [['V=STSv1; id=a'], null],
  [['v=stsv1; id=a'], null],
  [[' v=STSv1; id=a'], null],
  [['id=a; v=STSv1;'], null],
  [['v=STSv1; id='], null],
  [['v=STSv1; ID=a'], null],
  [['v=STSv1; id=a-b'], null],
  [['v=STSv1; id = a'], null],
  [[`v=STSv1; id=${'a'.repeat(32)}`], 'a'.repeat(32)],
  [[`v=STSv1; id=${'a'.repeat(33)}`], null],
  [['v=STSv1; id=a;; x=y'], null],
  [['v=STSv1; id=a; x'], null],
  [['v=STSv1; id=a; x=a b'], null],
  [['v=STSv1; id=a; x=y=z'], null],
  [['v=STSv1; id=a; -x=y'], null],
])('the id of %j is %s', ([records, id]) => {
  expect(stsPolicyId(records)).toBe(id);
});

test('hardening 61: a TXT record of 64 kB is read in no time', () => {
  const begun = performance.now();
  expect(stsPolicyId([`v=STSv1; id=a;${' '.repeat(65_000)}x`])).toBeNull();
  expect(stsPolicyId([`v=STSv1; id=${'a'.repeat(65_000)}`])).toBeNull();
  expect(performance.now() - begun).toBeLessThan(200);
});
