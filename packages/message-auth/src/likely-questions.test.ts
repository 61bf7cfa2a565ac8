import { expect, test } from 'vitest';
import { likelyQuestions } from './likely-questions.ts';
import { SIGNATURES } from './limits.ts';
import { ENVELOPE } from './testing/authenticate.ts';

const signature = (tags: string) => `DKIM-Signature: ${tags}\r\n`;
const header = (...fields: readonly string[]) => Buffer.from(`${fields.join('')}\r\n`);

test('SPF of who sends, keys of who has signed, and the policy for who has written', () => {
  const envelope = { ...ENVELOPE, reversePath: 'list@Lists.example' };
  const fields = header(
    signature('v=1; a=rsa-sha256; h=from:subject;\r\n\td=lists.example; s=2026;\r\n\tbh=d=no; b=s=no'),
    signature('s = one ;d=example.com'),
    'From: "mary@home" <mary@Example.COM>\r\n',
    'Subject: d=x; s=y; a@b\r\n',
  );
  expect(likelyQuestions(envelope, fields)).toEqual([
    'lists.example',
    '2026._domainkey.lists.example',
    'one._domainkey.example.com',
    '_dmarc.example.com',
    '_dmarc.com',
  ]);
});

test.each([
  ['example', ['example']],
  ['a.b.example', ['a.b.example', 'b.example', 'example']],
  ['1.2.3.4.5.6.7.8.9.example', ['1.2.3.4.5.6.7.8.9.example', '4.5.6.7.8.9.example', '5.6.7.8.9.example']],
])('the policy for an author at %s is looked for as DMARC walks (RFC 9989 §4.10)', (domain, first) => {
  const asked = likelyQuestions(ENVELOPE, header(`From: <mary@${domain}>\r\n`)).slice(1);
  expect(asked.slice(0, first.length)).toEqual(first.map((name) => `_dmarc.${name}`));
  expect(asked.at(-1)).toBe('_dmarc.example');
  expect(asked.length).toBeLessThanOrEqual(8);
});

test('the null reverse-path is answered for by the name of the client', () => {
  expect(likelyQuestions(ENVELOPE, header('Subject: no author\r\n'))).toEqual([ENVELOPE.clientName]);
});

test.each([
  ['no domain', signature('s=one')],
  ['no selector', signature('d=example.com')],
  ['nothing', signature('')],
])('a signature with %s asks for nothing', (_, field) => {
  expect(likelyQuestions(ENVELOPE, header(field, 'From: somebody\r\n'))).toEqual([ENVELOPE.clientName]);
});

test('hardening 34: no more is asked for than signatures are looked at', () => {
  const many = Array.from({ length: 100 }, (_, i) => signature(`d=example.com; s=s${i}`));
  expect(likelyQuestions(ENVELOPE, header(...many))).toHaveLength(1 + SIGNATURES);
});
