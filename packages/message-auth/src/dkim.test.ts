import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { ScriptedResolver } from '@postel/dns';
import { dkimSign } from 'mailauth/lib/dkim/sign.js';
import { describe, expect, test } from 'vitest';
import { type DkimKey, DkimSigning } from './dkim-signing.ts';
import { authenticate } from './testing/authenticate.ts';

const ed25519 = generateKeyPairSync('ed25519');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const rsa512 = generateKeyPairSync('rsa', { modulusLength: 512 });

function record(key: KeyObject): string {
  const der = key.export({ type: 'spki', format: 'der' });
  const isRsa = key.asymmetricKeyType === 'rsa';
  return `v=DKIM1; k=${isRsa ? 'rsa' : 'ed25519'}; p=${(isRsa ? der : der.subarray(-32)).toString('base64')}`;
}

/** An RSAPublicKey of that modulus, as a key record has it: RFC 8017 appendix A.1.1. */
function rsaKey(modulus: Buffer): string {
  const element = (tag: number, content: Buffer) => {
    const { length } = content;
    const octets = length < 0x80 ? [length] : [0x82, length >> 8, length & 0xff];
    return Buffer.concat([Buffer.from([tag, ...octets]), content]);
  };
  const key = element(0x30, Buffer.concat([element(0x02, modulus), element(0x02, Buffer.from([1, 0, 1]))]));
  const algorithm = Buffer.from('300d06092a864886f70d0101010500', 'hex');
  return element(0x30, Buffer.concat([algorithm, element(0x03, Buffer.concat([Buffer.alloc(1), key]))])).toString(
    'base64',
  );
}

const zone = {
  'ed._domainkey.example.com': { TXT: [record(ed25519.publicKey)] },
  'rsa._domainkey.example.com': { TXT: [record(rsa.publicKey)] },
  'weak._domainkey.example.com': { TXT: [record(rsa512.publicKey)] },
  'slow._domainkey.example.com': 'temporary',
  'bogus._domainkey.example.com': 'bogus',
  'gone._domainkey.example.com': { TXT: ['v=DKIM1; p='] },
} as const;
const resolver = new ScriptedResolver(zone);

const key = (selector: string, privateKey: KeyObject = ed25519.privateKey): DkimKey => ({
  domain: 'example.com',
  selector,
  privateKey,
});

const MESSAGE = [
  'From: Mary <mary@example.com>',
  'To: jon@example.org',
  'Subject: A  folded\t',
  ' subject ',
  'Date: Fri, 21 Nov 1997 09:55:06 -0600',
  'Message-ID: <1@example.com>',
  '',
  'Dear  Jon,\t ',
  '',
  '.. two dots and a tab\t.',
  '',
  '',
  '',
].join('\r\n');

/** In pieces, as networks bring them. */
function sign(message: string, keys: readonly DkimKey[], pieceOctets = 7): string {
  const signing = new DkimSigning();
  const octets = Buffer.from(message, 'latin1');
  for (let at = 0; at < octets.length; at += pieceOctets) signing.push(octets.subarray(at, at + pieceOctets));
  return signing.finish(keys, new Date()) + message;
}

const results = async (message: string) => (await authenticate(resolver, Buffer.from(message, 'latin1'))).dkim;

test('what we sign, with Ed25519 and RSA, verifies', async () => {
  expect(await results(sign(MESSAGE, [key('ed'), key('rsa', rsa.privateKey)]))).toMatchObject([
    { result: 'pass', reason: null, domain: 'example.com', selector: 'ed', algorithm: 'ed25519-sha256' },
    { result: 'pass', domain: 'example.com', selector: 'rsa', algorithm: 'rsa-sha256' },
  ]);
});

test.each([
  ['an empty body', 'From: mary@example.com\r\n\r\n'],
  ['no body', 'From: mary@example.com\r\n'],
  ['empty lines alone', 'From: mary@example.com\r\n\r\n\r\n\r\n'],
  ['spaces alone', 'From: mary@example.com\r\n\r\n \t \r\n'],
  ['no end of the last line', 'From: mary@example.com\r\n\r\nhello  '],
  ['8-bit text', 'From: mary@example.com\r\nSubject: \xe9 \xa0\r\n\r\n\xa0\xe9 \x85\r\n'],
  ['many empty lines', `From: mary@example.com\r\n\r\nx${'\r\n'.repeat(5_000)}y\r\n`],
  ['an empty field', 'From: mary@example.com\r\nSubject:\r\nCc: \r\n\r\nx\r\n'],
])('a message with %s verifies, however it is cut', async (_, message) => {
  for (const octets of [1, 2, 3, 50_000]) {
    expect(await results(sign(message, [key('ed')], octets))).toMatchObject([{ result: 'pass' }]);
  }
});

test.each([
  ['the body', (text: string) => text.replace('Dear', 'Deer'), 'body hash did not verify'],
  ['a field', (text: string) => text.replace('A  folded', 'Another'), 'bad signature'],
  ['a field more', (text: string) => `Subject: Money\r\n${text}`, 'bad signature'],
  ['a From more', (text: string) => `From: <ceo@example.com>\r\n${text}`, 'bad signature'],
  ['a Cc that was not there', (text: string) => `Cc: <all@example.com>\r\n${text}`, 'bad signature'],
])('hardening 63: over-signed fields: with %s changed it fails', async (_, change, reason) => {
  expect(await results(change(sign(MESSAGE, [key('ed')])))).toMatchObject([{ result: 'fail', reason }]);
});

test('hardening 63: what a list has said of itself cannot be said again, and a list that changes nothing may say who it is', async () => {
  const posted = sign(`List-Unsubscribe: <https://example.com/u>\r\nSender: team@example.com\r\n${MESSAGE}`, [
    key('ed'),
  ]);
  for (const field of ['List-Unsubscribe: <https://evil.example/>', 'Sender: evil@example.org']) {
    expect(await results(`${field}\r\n${posted}`)).toMatchObject([{ result: 'fail', reason: 'bad signature' }]);
  }
  const added = 'List-Id: <team.example.org>\r\nList-Post: <mailto:team@example.org>\r\nSender: team@example.org\r\n';
  expect(await results(`${added}${sign(MESSAGE, [key('ed')])}`)).toMatchObject([{ result: 'pass' }]);
});

test('whoever sends a message again says so before what was signed', async () => {
  const resent = sign(`Resent-From: jon@example.com\r\nResent-Date: Fri, 21 Nov 1997 10:00:00 -0600\r\n${MESSAGE}`, [
    key('ed'),
  ]);
  expect(await results(`Resent-From: ann@example.org\r\n${resent}`)).toMatchObject([{ result: 'pass' }]);
  expect(await results(resent.replace('jon@example.com', 'joe@example.com'))).toMatchObject([{ result: 'fail' }]);
});

test('spaces and ends of lines at the end may change on the way', async () => {
  const signed = sign(MESSAGE, [key('ed')]);
  expect(await results(signed.replace('Dear  Jon,\t ', 'Dear \t Jon,'))).toMatchObject([{ result: 'pass' }]);
  expect(await results(`${signed}\r\n\r\n`)).toMatchObject([{ result: 'pass' }]);
});

test.each([
  ['hardening 63: a key of 512 bits', 'weak', 'policy', 'weak-key'],
  ['a server that does not say', 'slow', 'temperror', 'DNS failure: ESERVFAIL'],
  ['hardening 61: what DNSSEC proves wrong', 'bogus', 'temperror', 'DNS failure: ESERVFAIL'],
  ['no key', 'none', 'neutral', 'no key'],
  ['a key that was taken back', 'gone', 'neutral', 'invalid public key'],
] as const)('%s: dkim=%s', async (_, selector, result, reason) => {
  const privateKey = selector === 'weak' ? rsa512.privateKey : ed25519.privateKey;
  expect(await results(sign(MESSAGE, [key(selector, privateKey)]))).toMatchObject([{ result, reason }]);
});

describe('signatures by others', () => {
  const pem = (privateKey: KeyObject) => privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const signed = async (
    options: Omit<Parameters<typeof dkimSign>[1], 'signatureData'> = {},
    { algorithm = 'rsa-sha256', ...data }: { readonly algorithm?: string; readonly maxBodyLength?: number } = {},
  ) => {
    const own = { signingDomain: 'example.com', selector: 'rsa', privateKey: pem(rsa.privateKey), algorithm, ...data };
    const { signatures } = await dkimSign(Buffer.from(MESSAGE), { ...options, signatureData: [own] });
    return signatures + MESSAGE;
  };

  test.each(['simple/simple', 'simple/relaxed', 'relaxed/simple', 'relaxed/relaxed'])('%s verifies', async (way) => {
    expect(await results(await signed({ canonicalization: way }))).toMatchObject([{ result: 'pass' }]);
  });

  test('hardening 63: one that has expired does not pass', async () => {
    const message = await signed({ signTime: new Date('2020-01-01'), expires: new Date('2020-01-08') });
    expect(await results(message)).toMatchObject([{ result: 'neutral', reason: 'expired' }]);
    const { dkim } = await authenticate(resolver, message, { at: new Date('2020-01-07') });
    expect(dkim).toMatchObject([{ result: 'pass' }]);
  });

  test('hardening 63: one of a part of the body (l=) does not pass, and one with l= of all does', async () => {
    const part = await signed({}, { maxBodyLength: 4 });
    expect(await results(part)).toMatchObject([{ result: 'policy', reason: 'not all of the body is signed' }]);
    const whole = await signed({}, { maxBodyLength: 10_000 });
    expect(await results(whole)).toMatchObject([{ result: expect.not.stringMatching('policy') }]);
  });

  test('SHA-1 does not pass (RFC 8301 §3.1)', async () => {
    const message = await signed({}, { algorithm: 'rsa-sha1' });
    expect(await results(message)).toMatchObject([{ result: 'policy', reason: 'weak algorithm' }]);
  });

  test('hardening 63: of 100 signatures 10 are looked at, and the DNS is asked for no more keys', async () => {
    const own = new ScriptedResolver(zone);
    const keys = Array.from({ length: 100 }, (_, i) => key(`s${i}`));
    const { dkim } = await authenticate(own, sign(MESSAGE, keys));
    expect(dkim.map(({ selector }) => selector)).toEqual(keys.slice(0, 10).map(({ selector }) => selector));
    expect(own.questions.filter((question) => question.includes('_domainkey'))).toHaveLength(10);
  });

  test.each([
    ['of 16,384 bits', 16_384],
    ['of 16,385 bits, which OpenSSL does not take', 16_385],
    ['of 65,536 bits', 65_536],
  ])('hardening 63: a key %s costs one question, and nothing passes by it', async (_, bits) => {
    const modulus = Buffer.alloc(Math.ceil(bits / 8) + 1, 0xff);
    modulus[0] = 0;
    const huge = new ScriptedResolver({ 's._domainkey.example.com': { TXT: [`v=DKIM1; p=${rsaKey(modulus)}`] } });
    const b = Buffer.alloc(modulus.length - 1, 0x7f).toString('base64');
    const body = createHash('sha256').update('x\r\n').digest('base64');
    const field = `DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=s; h=from; bh=${body}; b=${b}\r\n`;
    const { dkim } = await authenticate(huge, `${field}From: mary@example.com\r\n\r\nx\r\n`);
    expect(dkim).toMatchObject([{ result: expect.stringMatching(/^(?:fail|neutral)$/) }]);
    expect(huge.questions.filter((question) => question.includes('_domainkey'))).toHaveLength(1);
  });

  test('two that begin alike are told apart (RFC 6008 §4)', async () => {
    const signed = sign(MESSAGE, [key('ed')]);
    const [field = ''] = signed.split(/\r\n(?=From)/);
    const b = field.slice(field.indexOf('b=', field.indexOf('bh=') + 3) + 2);
    const other = field.replace(b, `${b.slice(0, 12)}AAAA${b.slice(16)}`);
    const found = await results(`${other}\r\n${signed}`);
    expect(found.map(({ result }) => result)).toEqual(['fail', 'pass']);
    expect(found[0]?.signature.slice(0, 12)).toBe(found[1]?.signature.slice(0, 12));
    expect(found[0]?.signature).not.toBe(found[1]?.signature);
  });
});

// RFC 8463 appendix A: the message, and both keys.
const RFC_8463 = `DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :
 date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3
 DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz
 dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
`.replaceAll('\n', '\r\n');

test('the example of RFC 8463 appendix A verifies', async () => {
  const football = new ScriptedResolver({
    'brisbane._domainkey.football.example.com': {
      TXT: ['v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo='],
    },
    'test._domainkey.football.example.com': {
      TXT: [
        'v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB',
      ],
    },
  });
  const { dkim } = await authenticate(football, RFC_8463);
  expect(dkim).toMatchObject([
    { result: 'pass', algorithm: 'ed25519-sha256', selector: 'brisbane', domain: 'football.example.com' },
    { result: 'pass', algorithm: 'rsa-sha256', selector: 'test', domain: 'football.example.com' },
  ]);
});
