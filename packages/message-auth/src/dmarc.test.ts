import { generateKeyPairSync } from 'node:crypto';
import { ScriptedResolver } from '@postel/dns';
import { describe, expect, test } from 'vitest';
import { DkimSigning } from './dkim-signing.ts';
import { authenticate } from './testing/authenticate.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const key = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('base64');

const resolver = new ScriptedResolver({
  'example.com': { TXT: ['v=spf1 ip4:192.0.2.1 -all'] },
  'mail.example.com': { TXT: ['v=spf1 ip4:192.0.2.1 -all'] },
  '_dmarc.example.com': { TXT: ['v=DMARC1; p=reject; sp=quarantine'] },
  's._domainkey.example.com': { TXT: [`v=DKIM1; k=ed25519; p=${key}`] },
  's._domainkey.other.example': { TXT: [`v=DKIM1; k=ed25519; p=${key}`] },
  '_dmarc.strict.example': { TXT: ['v=DMARC1; p=quarantine; adkim=s; aspf=s'] },
  'mail.strict.example': { TXT: ['v=spf1 +all'] },
  '_dmarc.weak.example': { TXT: ['v=DMARC1; p=none'] },
  '_dmarc.slow.example': 'temporary',
  '_dmarc.bogus.example': 'bogus',
  '_dmarc.testing.example': { TXT: ['v=DMARC1; p=reject; t=y'] },
  '_dmarc.xn--bcher-kva.example': { TXT: ['v=DMARC1; p=reject'] },
});

const message = (...fields: readonly string[]) => [...fields, '', 'hello', ''].join('\r\n');
const stranger = { clientAddress: '198.51.100.9', reversePath: 'x@elsewhere.example' };

test.each([
  ['by SPF', 'mary@example.com', { result: 'pass', domain: 'example.com' }],
  ['by SPF of a subdomain, relaxed', 'mary@mail.example.com', { result: 'pass', domain: 'example.com' }],
])('passes %s', async (_, reversePath, dmarc) => {
  const found = await authenticate(resolver, message('From: <mary@example.com>'), { reversePath });
  expect(found).toMatchObject({ spf: { result: 'pass', identity: 'mailfrom' }, dmarc });
});

test('passes by a signature of the domain, and not by one of another', async () => {
  const text = message('From: mary@example.com');
  const signedBy = (domain: string) => {
    const signing = new DkimSigning();
    signing.push(Buffer.from(text));
    return signing.finish([{ domain, selector: 's', privateKey }], new Date()) + text;
  };
  expect(await authenticate(resolver, signedBy('example.com'), stranger)).toMatchObject({ dmarc: { result: 'pass' } });
  expect(await authenticate(resolver, signedBy('other.example'), stranger)).toMatchObject({
    dkim: [{ result: 'pass' }],
    dmarc: { result: 'fail', policy: 'reject' },
  });
});

test.each([
  ['example.com', { result: 'fail', policy: 'reject', domain: 'example.com' }],
  ['sub.example.com', { result: 'fail', policy: 'quarantine', domain: 'sub.example.com' }],
  ['EXAMPLE.com.', { result: 'fail', policy: 'reject' }],
  ['weak.example', { result: 'fail', policy: 'none' }],
  ['testing.example', { result: 'fail', policy: 'quarantine' }],
  ['unknown.example', { result: 'none', policy: 'none' }],
  ['slow.example', { result: 'temperror', policy: 'none' }],
  ['bogus.example', { result: 'temperror', policy: 'none' }],
])('mail of nobody from %s', async (domain, dmarc) => {
  expect(await authenticate(resolver, message(`From: x@${domain}`), stranger)).toMatchObject({ dmarc });
});

test('strict alignment takes the domain itself alone', async () => {
  const found = await authenticate(resolver, message('From: x@strict.example'), {
    reversePath: 'x@mail.strict.example',
  });
  expect(found).toMatchObject({ spf: { result: 'pass' }, dmarc: { result: 'fail', policy: 'quarantine' } });
});

test.each([
  ['two From fields', ['From: x@weak.example', 'From: mary@example.com']],
  ['two From fields of one domain', ['From: mary@example.com', 'From: jon@example.com']],
  ['two mailboxes of two domains', ['From: x@weak.example, mary@example.com']],
  ['a group', ['From: us: x@weak.example, mary@example.com;']],
  ['an address with two domains', ['From: <mary@example.com@weak.example>']],
])('hardening 63: %s fail by the strongest policy, whoever sent them', async (_, fields) => {
  const found = await authenticate(resolver, message(...fields), { reversePath: 'mary@example.com' });
  expect(found).toMatchObject({ spf: { result: 'pass' }, dmarc: { result: 'fail', policy: 'reject' } });
});

describe('the examples of RFC 9989 appendix B.1', () => {
  const spf = { TXT: ['v=spf1 +all'] };
  const record = (alignment: 's' | 'r') => ({ TXT: [`v=DMARC1; p=reject; aspf=${alignment}; adkim=${alignment}`] });
  const zoneOf = (alignment: 's' | 'r') =>
    new ScriptedResolver({
      'example.com': spf,
      'child.example.com': spf,
      'example.net': spf,
      '_dmarc.example.com': record(alignment),
      '_dmarc.example.net': record(alignment),
      's._domainkey.example.com': { TXT: [`v=DKIM1; k=ed25519; p=${key}`] },
      's._domainkey.example.net': { TXT: [`v=DKIM1; k=ed25519; p=${key}`] },
    });
  const example = (from: string) =>
    message(
      `From: ${from}`,
      'Date: Fri, Feb 15 2002 16:54:30 -0800',
      'To: receiver@example.org',
      "Subject: here's a sample",
    );

  test.each([
    ['B.1.1, 1', 'example.com', 'sender@example.com', 'pass', 'pass'],
    ['B.1.1, 2', 'child.example.com', 'sender@example.com', 'fail', 'pass'],
    ['B.1.1, 3', 'example.net', 'sender@child.example.com', 'fail', 'fail'],
  ])('%s: MAIL FROM of %s, From: %s', async (_, domain, from, strict, relaxed) => {
    const reversePath = `sender@${domain}`;
    for (const [alignment, result] of [
      ['s', strict],
      ['r', relaxed],
    ] as const) {
      const found = await authenticate(zoneOf(alignment), example(from), { reversePath });
      expect(found).toMatchObject({ spf: { result: 'pass' }, dmarc: { result } });
    }
  });

  test.each([
    ['B.1.2, 1', 'example.com', 'sender@example.com', 'pass', 'pass'],
    ['B.1.2, 2', 'example.com', 'sender@child.example.com', 'fail', 'pass'],
    ['B.1.2, 3', 'example.net', 'sender@child.example.com', 'fail', 'fail'],
  ])('%s: d=%s, From: %s', async (_, domain, from, strict, relaxed) => {
    const text = example(from);
    const signing = new DkimSigning();
    signing.push(Buffer.from(text));
    const signed = signing.finish([{ domain, selector: 's', privateKey }], new Date()) + text;
    for (const [alignment, result] of [
      ['s', strict],
      ['r', relaxed],
    ] as const) {
      const found = await authenticate(zoneOf(alignment), signed, stranger);
      expect(found).toMatchObject({ dkim: [{ result: 'pass' }], dmarc: { result } });
    }
  });
});

test('RFC 9989 §4.10: the walk up the DNS asks at most eight times, and skips the middle of a long name', async () => {
  const deep = new ScriptedResolver({ '_dmarc.example.com': { TXT: ['v=DMARC1; p=reject'] } });
  const domain = 'a.b.c.d.e.f.g.h.i.j.mail.example.com';
  expect(await authenticate(deep, message(`From: x@${domain}`), stranger)).toMatchObject({
    dmarc: { result: 'fail', policy: 'reject' },
  });
  expect(deep.questions.filter((question) => question.startsWith('TXT _dmarc.'))).toEqual(
    expect.arrayContaining([`TXT _dmarc.${domain}`, 'TXT _dmarc.g.h.i.j.mail.example.com', 'TXT _dmarc.example.com']),
  );
  expect(new Set(deep.questions.filter((question) => question.startsWith('TXT _dmarc.'))).size).toBeLessThanOrEqual(8);
});

test.each([
  ['the policy of a public suffix (psd=y) holds for names below it', 'x@nobody.bank.example', 'reject'],
  ['a domain that says psd=n is one of its own', 'x@sub.own.bank.example', 'quarantine'],
])('RFC 9989 §4.10: %s', async (_, from, policy) => {
  const suffixes = new ScriptedResolver({
    '_dmarc.bank.example': { TXT: ['v=DMARC1; p=reject; psd=y'] },
    '_dmarc.own.bank.example': { TXT: ['v=DMARC1; p=none; sp=quarantine; psd=n'] },
  });
  expect(await authenticate(suffixes, message(`From: ${from}`), stranger)).toMatchObject({
    dmarc: { result: 'fail', policy },
  });
});

test.each([
  ['with comments between its words', '(c) mary (d) @ (e) example (f) . com'],
  ['behind an encoded-word that has brackets', '=?utf-8?q?<x=40weak.example>?= <mary@example.com>'],
  ['with a bracket that nothing opened', 'mary@example.com>'],
  ['without the bracket that closes', 'Mary <mary@example.com'],
  ['behind a quote that is none', '\\"Mary <mary@example.com>'],
  ['with a source route', '<@a.example,@b.example:mary@example.com>'],
  ['in a group', 'us: mary@example.com;'],
  ['behind another', 'x@weak.example mary@example.com'],
  ['in groups in groups', `${'g:'.repeat(100)}mary@example.com`],
  ['behind groups of nobody', `${'x:;, '.repeat(20)}mary@example.com`],
  ['behind more names than are read', `${'x, '.repeat(2_000)}mary@example.com`],
  ['behind more domains than are asked for', `a@1.example, b@2.example, c@3.example, d@4.example, mary@example.com`],
  ['whose local part looks like an address', '"x@weak.example y"@example.com'],
  ['in a folded field', '\r\n Mary\r\n <mary@example.com>'],
])('hardening 36: an author is found, %s', async (_, from) => {
  expect(await authenticate(resolver, message(`From: ${from}`), stranger)).toMatchObject({
    dmarc: { result: 'fail', policy: 'reject' },
  });
});

test.each([
  ['in a name', 'mary@example.com <x@unknown.example>'],
  ['in a name in quotes', '"mary@example.com" <x@unknown.example>'],
  ['in an encoded-word', '=?utf-8?q?mary=40example.com?= <x@unknown.example>'],
  ['in a comment', 'x@unknown.example (mary@example.com)'],
  ['in a local part', '"mary@example.com"@unknown.example'],
])('an address %s is no author', async (_, from) => {
  expect(await authenticate(resolver, message(`From: ${from}`), stranger)).toMatchObject({
    dmarc: { result: 'none', domain: 'unknown.example' },
  });
});

test.each([
  'xn--bcher-kva.example',
  'XN--BCHER-KVA.Example',
  'bücher.example',
  'BÜCHER.example',
  'bu\u0308cher.example',
  'bücher\u3002example',
  'bücher.example.',
])('hardening 41: %j is one domain, whose policy is found', async (domain) => {
  expect(await authenticate(resolver, message(`From: Mary <mary@${domain}>`), stranger)).toMatchObject({
    dmarc: { result: 'fail', policy: 'reject', domain: expect.stringMatching(/^xn--bcher-kva\.example\.?$/) },
  });
});

test.each([
  ['no From', 'Subject: x'],
  ['an empty From', 'From: '],
])('%s is an error of the message', async (_, field) => {
  expect(await authenticate(resolver, message(field), stranger)).toMatchObject({
    dmarc: { result: 'permerror', domain: null, policy: 'none' },
  });
});

test('the null reverse-path is checked by the name of the client', async () => {
  const found = await authenticate(resolver, message('From: <mary@example.com>'), { clientName: 'mail.example.com' });
  expect(found.spf).toEqual({ result: 'pass', identity: 'helo', domain: 'mail.example.com', explanation: null });
});
