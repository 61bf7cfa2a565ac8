import { expect, test } from 'vitest';
import { explainDmarcSource } from './explain-dmarc-source.ts';
import { explainTlsFailure } from './explain-tls-failure.ts';

const SOURCE = {
  address: '192.0.2.1',
  messages: 10,
  failed: 0,
  quarantined: 0,
  rejected: 0,
  byDkim: 10,
  bySpf: 10,
  isSignedByOthers: false,
  isSentByOthers: false,
};
const FAILED = { failed: 10, byDkim: 0, bySpf: 0 };

test.each([
  [{}, 'Mail from 192.0.2.1 is signed. All is well.'],
  [{ messages: 0, byDkim: 0, bySpf: 0 }, 'No mail from 192.0.2.1 was counted.'],
  [{ bySpf: 0 }, 'as with mail that was passed on'],
  [{ byDkim: 0 }, 'Have it sign with DKIM.'],
  [{ byDkim: 5 }, 'some of it by SPF alone'],
  [FAILED, 'is neither signed (DKIM) nor allowed by SPF'],
  [FAILED, 'Others took the 10 all the same.'],
  [{ ...FAILED, rejected: 7, quarantined: 3 }, 'Others refused 7 and put 3 with the junk.'],
  [{ ...FAILED, isSignedByOthers: true }, 'signs with another domain than yours'],
  [{ ...FAILED, isSentByOthers: true }, 'under a return address of another domain'],
  [{ failed: 4, byDkim: 6, bySpf: 0 }, 'some of its mail is not signed while the rest is (4 of 10 messages)'],
])('of a source with %j is said: %s', (changes, words) => {
  expect(explainDmarcSource({ ...SOURCE, ...changes })).toContain(words);
});

test('each result of RFC 8460 §4.3 has its meaning, and names of objects have none', () => {
  expect(explainTlsFailure('certificate-expired')).toContain('Renew it');
  for (const type of ['constructor', '__proto__', 'x']) expect(explainTlsFailure(type)).toContain('not of RFC 8460');
});
