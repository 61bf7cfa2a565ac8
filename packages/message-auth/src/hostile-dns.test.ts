/** What a stranger's DNS says, and how much a stranger's message makes us ask. */
import { type ScriptedName, ScriptedResolver } from '@postel/dns';
import { expect, test } from 'vitest';
import { authenticate } from './testing/authenticate.ts';

const LONG = 64_000;
const message = 'From: mary@example.com\r\n\r\nhello\r\n';
const reversePath = 'mary@example.com';

/** SPF of example.com as these names of the DNS have it, and how many questions it took. */
async function spfOf(zone: Readonly<Record<string, ScriptedName>>) {
  const resolver = new ScriptedResolver(zone);
  const { spf } = await authenticate(resolver, message, { reversePath });
  return {
    result: spf.result,
    questions: resolver.questions.filter((question) => !question.includes('_dmarc')).length,
  };
}

const txt = (text: string): ScriptedName => ({ TXT: [text] });
const repeated = (term: (i: number) => string, count: number) =>
  Array.from({ length: count }, (_, i) => term(i)).join(' ');

test.each<[string, Readonly<Record<string, ScriptedName>>, number]>([
  ['includes itself', { 'example.com': txt('v=spf1 include:example.com -all') }, 11],
  ['is redirected to itself', { 'example.com': txt('v=spf1 redirect=example.com') }, 11],
  [
    'includes in a circle',
    { 'example.com': txt('v=spf1 include:b.example ?all'), 'b.example': txt('v=spf1 include:example.com ?all') },
    11,
  ],
  [
    'asks for 5,000 names',
    { 'example.com': txt(`v=spf1 ${repeated((i) => `a:n${i}.example`, 5_000)}`.slice(0, LONG)) },
    11,
  ],
  [
    'asks for ten names that each have 1,000 exchangers',
    {
      'example.com': txt(`v=spf1 ${repeated(() => 'mx:many.example', 10)} -all`),
      'many.example': { MX: Array.from({ length: 1_000 }, (_, i) => ({ preference: i, exchange: `x${i}.example` })) },
    },
    111,
  ],
  ['is there twice', { 'example.com': { TXT: ['v=spf1 -all', 'v=spf1 +all'] } }, 1],
])('hardening 61: SPF that %s is an error, and ends', async (_, zone, most) => {
  const { result, questions } = await spfOf(zone);
  expect(result).toBe('permerror');
  expect(questions).toBeLessThanOrEqual(most);
});

test('hardening 61: SPF of 64 kB is read, and costs no question', async () => {
  const networks = `v=spf1 ${repeated((i) => `ip4:10.0.${i >> 8}.${i & 255}`, 4_000)}`.slice(0, LONG);
  expect(await spfOf({ 'example.com': txt(`${networks} ip4:192.0.2.1 -all`) })).toEqual({
    result: 'pass',
    questions: 1,
  });
});

test.each([
  ['of 64 kB', `v=DMARC1; p=reject; ${repeated((i) => `x${i}=y;`, LONG / 10)}`],
  ['of spaces', `v=DMARC1; p=reject;${' '.repeat(LONG)}`],
  ['that ends in what is none', `v=DMARC1; p=reject; ${';'.repeat(LONG)}`],
  ['with names of Object.prototype', 'v=DMARC1; p=reject; __proto__=x; constructor=y; toString=z'],
])('hardening 61: a DMARC record %s is one', async (_, record) => {
  const resolver = new ScriptedResolver({ '_dmarc.example.com': txt(record) });
  const found = await authenticate(resolver, message);
  expect(found.dmarc).toMatchObject({ result: 'fail', policy: 'reject' });
});

test.each([
  ['of 64 kB', `v=DKIM1; k=rsa; p=${'A'.repeat(LONG)}`],
  ['of tags', `v=DKIM1; ${'x=y; '.repeat(LONG / 5)}`],
  ['that is none', '\0'.repeat(1_000)],
])('hardening 61: by a key %s nothing passes, and nothing fails but the signature', async (_, record) => {
  const resolver = new ScriptedResolver({ 's._domainkey.example.com': txt(record) });
  const signature = 'DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=s; h=from; bh=AAAA; b=AAAA\r\n';
  const found = await authenticate(resolver, signature + message);
  expect(found.dkim).toMatchObject([{ result: expect.stringMatching(/^(?:neutral|permerror|fail|policy)$/) }]);
});

test('hardening 61: all that a message can make us ask has an end', async () => {
  const zone: Record<string, ScriptedName> = {
    'example.com': txt(`v=spf1 ${repeated((i) => `mx:m${i}.example`, 10)} -all`),
    'mx.example': txt(`v=spf1 ${repeated((i) => `mx:m${i}.example`, 10)} -all`),
  };
  for (let i = 0; i < 10; i++) {
    zone[`m${i}.example`] = {
      MX: Array.from({ length: 10 }, (_, j) => ({ preference: j, exchange: `x${j}.m${i}.example` })),
    };
    for (let j = 0; j < 10; j++) zone[`x${j}.m${i}.example`] = { A: ['198.51.100.1'] };
  }
  const signatures = Array.from(
    { length: 100 },
    (_, i) => `DKIM-Signature: v=1; a=rsa-sha256; d=d${i}.example; s=s; h=from; bh=AAAA; b=AAAA\r\n`,
  );
  const sets = Array.from({ length: 60 }, (_, at) => {
    const i = 60 - at;
    return [
      `ARC-Seal: i=${i}; a=rsa-sha256; cv=${i === 1 ? 'none' : 'pass'}; d=s${i}.example; s=s; b=AAAA\r\n`,
      `ARC-Message-Signature: i=${i}; a=rsa-sha256; d=m${i}.example; s=s; h=from; bh=AAAA; b=AAAA\r\n`,
      `ARC-Authentication-Results: i=${i}; x; spf=pass\r\n`,
    ].join('');
  });
  const ofFifty = sets.slice(-50);
  const domains = Array.from(
    { length: 4 },
    (_, i) => `x@${repeated(() => 'a', 12).replaceAll(' ', '.')}.f${i}.example`,
  );
  for (const chain of [ofFifty, sets]) {
    const resolver = new ScriptedResolver(zone);
    const text = `${signatures.join('')}${chain.join('')}From: ${domains.join(', ')}\r\n\r\nhello\r\n`;
    await authenticate(resolver, text, { reversePath, clientAddress: '192.0.2.1' });
    expect(resolver.questions.length).toBeGreaterThan(100);
    expect(resolver.questions.length).toBeLessThan(111 + 10 + 52 + 4 * 8 + 1);
  }
});
