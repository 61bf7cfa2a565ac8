import { expect, test } from 'vitest';
import { parseEnvelopeId, parseNotify, parseOriginalRecipient, parseReturnContent } from './dsn-parameters.ts';

const long = (length: number) => 'x'.repeat(length);

test('what is valid is kept as it came', () => {
  for (const id of ['QQ314159', 'a+20b+2Bc', long(100)]) expect(parseEnvelopeId(id)).toBe(id);
  for (const address of [
    'rfc822;Dave@example.com',
    'x400;/c=us+3B',
    'utf-8;d+5Cx{E9}@x.example',
    `rfc822;${long(493)}`,
  ]) {
    expect(parseOriginalRecipient(address.replace('=', '+3D'))).toBe(address.replace('=', '+3D'));
  }
  expect(['full', 'HDRS'].map(parseReturnContent)).toEqual(['FULL', 'HDRS']);
  expect(['never', 'SUCCESS,failure,DELAY', 'DELAY,delay'].map(parseNotify)).toEqual([
    ['NEVER'],
    ['SUCCESS', 'FAILURE', 'DELAY'],
    ['DELAY'],
  ]);
  for (const parse of [parseEnvelopeId, parseOriginalRecipient, parseReturnContent, parseNotify]) {
    expect(parse(undefined)).toBe(null);
  }
});

test.for([
  [parseEnvelopeId, null],
  [parseEnvelopeId, 'a+0D+0AX-Injected:+20yes'],
  [parseEnvelopeId, 'a+00'],
  [parseEnvelopeId, 'a+09'],
  [parseEnvelopeId, 'a+E9'],
  [parseEnvelopeId, 'a+7F'],
  [parseEnvelopeId, 'a+zz'],
  [parseEnvelopeId, long(101)],
  [parseOriginalRecipient, null],
  [parseOriginalRecipient, 'mary@example.com'],
  [parseOriginalRecipient, ';mary@example.com'],
  [parseOriginalRecipient, 'rfc822;'],
  [parseOriginalRecipient, 'rfc(822);mary@example.com'],
  [parseOriginalRecipient, 'rfc822;mary+0AAction:+20failed'],
  [parseOriginalRecipient, `rfc822;${long(494)}`],
  [parseReturnContent, null],
  [parseReturnContent, 'BODY'],
  [parseNotify, null],
  [parseNotify, 'NEVER,SUCCESS'],
  [parseNotify, 'SUCCESS,'],
  [parseNotify, 'ALWAYS'],
  [parseNotify, '__proto__'],
] as const)('hardening 59: %o refuses %j', ([parse, value]) => {
  expect(() => parse(value)).toThrow('501 5.5.4');
});
