import { createHmac } from 'node:crypto';
import type { OAuthIssuer } from '@postel/config';
import fc from 'fast-check';
import { exportSPKI, importJWK } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { encode, makeKey, NOW, summary, TestProvider } from './testing/test-provider.ts';
import { TokenValidator } from './token-validator.ts';

let provider: TestProvider;
const rsa = await makeKey('RS256', 'rsa');
/** Nobody's: the provider does not know it. */
const stranger = await makeKey('RS256', 'rsa');

beforeAll(async () => {
  provider = await TestProvider.start();
  provider.keys = [rsa.publicJwk];
});

afterAll(() => provider.stop());

function validator(settings: Partial<OAuthIssuer> = {}): TokenValidator {
  const issuer = { issuer: provider.issuer, audience: 'postel', addressClaim: 'email', scope: null, ...settings };
  return new TokenValidator([issuer], { now: () => NOW * 1_000 + 500 });
}

async function judge(token: string, settings: Partial<OAuthIssuer> = {}): Promise<string> {
  return summary(await validator(settings).validate(token));
}

test('a token of a configured issuer tells whose it is, and until when', async () => {
  expect(await validator().validate(await provider.sign(rsa))).toMatchObject({
    type: 'accepted',
    address: 'ann@example.com',
    issuer: provider.issuer,
    subject: 'u1',
    expiresAt: new Date((NOW + 300 + 60) * 1_000),
    refusal: { status: 'invalid_token' },
  });
});

test.for(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'EdDSA'])(
  '%s is a signature',
  async (alg) => {
    await using own = await TestProvider.start();
    const key = await makeKey(alg, alg);
    own.keys = [rsa.publicJwk, key.publicJwk];
    expect(await judge(await own.sign(key), { issuer: own.issuer })).toBe('ann@example.com');
    const [header, payload, signature = ''] = (await own.sign(key)).split('.');
    const tampered = `${signature[0] === 'A' ? 'B' : 'A'}${signature.slice(1)}`;
    expect(await judge(`${header}.${payload}.${tampered}`, { issuer: own.issuer })).toBe('signature');
  },
);

test('a key without kid fits a token without kid, if it is the only one', async () => {
  await using own = await TestProvider.start();
  const { kid: _, ...anonymous } = rsa.publicJwk;
  own.keys = [anonymous];
  const token = await own.sign({ ...rsa, publicJwk: anonymous });
  expect(await judge(token, { issuer: own.issuer })).toBe('ann@example.com');
  own.keys = [anonymous, { ...stranger.publicJwk, kid: undefined }];
  expect(await judge(token, { issuer: own.issuer })).toBe('unknown key');
});

test.for([
  ['exp 59 s ago', { exp: NOW - 59 }, 'ann@example.com'],
  ['exp 60 s ago', { exp: NOW - 60 }, 'expired'],
  ['exp 61 s ago', { exp: NOW - 61 }, 'expired'],
  ['exp long ago', { exp: 1 }, 'expired'],
  ['no exp', { exp: undefined }, 'malformed'],
  ['exp as a text', { exp: String(NOW + 300) }, 'malformed'],
  ['exp beyond all dates', { exp: 1e300 }, 'malformed'],
  ['nbf in 60 s', { nbf: NOW + 60 }, 'ann@example.com'],
  ['nbf in 61 s', { nbf: NOW + 61 }, 'not yet valid'],
  ['iat in 60 s', { iat: NOW + 60 }, 'ann@example.com'],
  ['iat in 61 s', { iat: NOW + 61 }, 'not yet valid'],
  ['no iat', { iat: undefined }, 'ann@example.com'],
  ['another aud', { aud: 'calendar' }, 'audience'],
  ['aud that begins alike', { aud: 'postel-admin' }, 'audience'],
  ['one of several aud', { aud: ['calendar', 'postel'] }, 'ann@example.com'],
  ['no aud', { aud: undefined }, 'audience'],
  ['aud as an object', { aud: { postel: 'postel' } }, 'audience'],
  ['another iss', { iss: 'https://id.example.com' }, 'unknown issuer'],
  ['iss with a slash more', () => ({ iss: `${provider.issuer}/` }), 'unknown issuer'],
  ['iss in capitals', () => ({ iss: provider.issuer.toUpperCase() }), 'unknown issuer'],
  ['iss as a list', () => ({ iss: [provider.issuer] }), 'unknown issuer'],
  ['iss of Object', { iss: '__proto__' }, 'unknown issuer'],
  ['no iss', { iss: undefined }, 'malformed'],
  ['no address', { email: undefined }, 'no address'],
  ['an empty address', { email: '' }, 'no address'],
  ['an address that is a list', { email: ['ann@example.com'] }, 'no address'],
  ['an address of 321 octets', { email: `${'a'.repeat(309)}@example.com` }, 'no address'],
  ['an unverified address', { email_verified: false }, 'unverified address'],
  ['an unverified address as a text', { email_verified: 'false' }, 'unverified address'],
  ['an address verified by null', { email_verified: null }, 'unverified address'],
  ['a verified address', { email_verified: true }, 'ann@example.com'],
  ['a verified address as a text', { email_verified: 'true' }, 'ann@example.com'],
  ['a token that is bound to a key', { cnf: { jkt: 'x' } }, 'bound to a key'],
] as const)('hardening 22: %s: %o gives %s', async ([, claims, expected]) => {
  expect(await judge(await provider.sign(rsa, typeof claims === 'function' ? claims() : claims))).toBe(expected);
});

test.for([
  ['no typ', { typ: undefined }, 'ann@example.com'],
  ['typ JWT', { typ: 'JWT' }, 'ann@example.com'],
  ['typ application/AT+JWT', { typ: 'application/AT+JWT' }, 'ann@example.com'],
  ['typ of a logout token', { typ: 'logout+jwt' }, 'type'],
  ['typ as a number', { typ: 7 }, 'type'],
  ['kid as a path', { kid: '../../../../etc/passwd' }, 'unknown key'],
  ['kid as a file of zeros', { kid: '/dev/null' }, 'unknown key'],
  ['kid as SQL', { kid: "x' UNION SELECT 'secret" }, 'unknown key'],
  ['kid as a URL', { kid: 'http://127.0.0.1:1/keys' }, 'unknown key'],
  ['kid of Object', { kid: '__proto__' }, 'unknown key'],
  ['kid as a number', { kid: 0 }, 'unknown key'],
  ['kid of another case', { kid: 'RSA' }, 'unknown key'],
  ['a critical header field', { crit: ['exp'], exp: 1 }, 'malformed'],
] as const)('hardening 22: %s: %o gives %s', async ([, header, expected]) => {
  expect(await judge(provider.signRaw(rsa, header))).toBe(expected);
});

test('hardening 22: no algorithm without a secret half is taken, and the public key is no secret', async () => {
  const pem = await exportSPKI(await importPublic());
  const claims = encode(provider.claims());
  const hmac = (header: object, hash: string, secret: string) => {
    const input = `${encode(header)}.${claims}`;
    return `${input}.${createHmac(hash, secret).update(input).digest('base64url')}`;
  };
  for (const alg of ['none', 'None', 'NONE', '']) {
    expect(await judge(`${encode({ alg, kid: 'rsa' })}.${claims}.`)).toMatch(/^(algorithm|malformed)$/);
  }
  const [, , signature] = (await provider.sign(rsa)).split('.');
  expect(await judge(`${encode({ alg: 'none', kid: 'rsa' })}.${claims}.${signature}`)).toBe('algorithm');
  for (const secret of [pem, pem.trim(), rsa.publicJwk.n ?? '', JSON.stringify(rsa.publicJwk), '']) {
    expect(await judge(hmac({ alg: 'HS256', kid: 'rsa' }, 'sha256', secret))).toBe('algorithm');
    expect(await judge(hmac({ alg: 'HS512', kid: 'rsa' }, 'sha512', secret))).toBe('algorithm');
  }
  expect(await judge(provider.signRaw(rsa, { alg: 'RS1' }))).toBe('algorithm');
  expect(await judge(provider.signRaw(rsa, { alg: 'ES256K' }))).toBe('algorithm');
  expect(await judge(provider.signRaw(rsa, { alg: ['RS256'] }))).toBe('malformed');
  // The key says what it is for (RFC 8725 §3.1): another algorithm of the same kind of key is not it.
  expect(await judge(provider.signRaw(rsa, { alg: 'RS512' }))).toBe('unknown key');
});

test('hardening 22: a key that comes with the token is not looked at, nor is where one is said to be', async () => {
  const bad = await TestProvider.start();
  await using _ = bad;
  bad.keys = [stranger.publicJwk];
  const jku = `${bad.issuer}/keys`;
  for (const header of [{ jwk: stranger.publicJwk }, { jku }, { x5u: jku }, { x5c: ['MIIB'] }, { jku, kid: jku }]) {
    expect(await judge(provider.signRaw(stranger, header))).toMatch(/^(signature|unknown key)$/);
  }
  expect(bad.requests).toEqual([]);
});

test('hardening 22: a key set with secret, private and short keys proves nothing', async () => {
  await using own = await TestProvider.start();
  const short = { ...rsa.publicJwk, n: (rsa.publicJwk.n ?? '').slice(0, 171) };
  const padded = {
    ...short,
    n: Buffer.concat([Buffer.alloc(256), Buffer.from(short.n, 'base64url')]).toString('base64url'),
  };
  const secret = [
    { kty: 'oct', kid: 'rsa', k: 'c2VjcmV0' },
    { ...rsa.publicJwk, d: 'AQAB' },
  ];
  own.keys = [...secret, short, padded, null, 7, 'key', {}];
  expect(await judge(await own.sign(rsa), { issuer: own.issuer })).toBe('unknown key');
});

test('hardening 22: garbage is refused, whatever its form', async () => {
  const token = await provider.sign(rsa);
  const [header = '', claims = '', signature = ''] = token.split('.');
  const garbage = [
    ...[
      '',
      '.',
      '..',
      '...',
      '....',
      'token',
      '\0',
      '\ud800',
      '*',
      `${token}.`,
      `${token}.${token}`,
      ` ${token}`,
      `${token} `,
    ],
    ...[
      `${header}.${claims}`,
      `${header}..${signature}`,
      `.${claims}.${signature}`,
      `${header}.${claims}.`,
      `${token}=`,
    ],
    ...['[]', 'null', '7', '"x"', '{', '{"iss":{}}', '\u{feff}{}'].map(
      (text) => `${header}.${Buffer.from(text).toString('base64url')}.${signature}`,
    ),
    ...['[]', 'null', '7', '{', '{"alg":{}}'].map(
      (text) => `${Buffer.from(text).toString('base64url')}.${claims}.${signature}`,
    ),
    `${header}.${encode(provider.claims({ email: 'bob@example.com' }))}.${signature}`,
    `${header}.${Buffer.from('['.repeat(5_000)).toString('base64url')}.${signature}`,
    `${header}.${claims}.${'A'.repeat(8_000)}`,
    'x'.repeat(10_000_000),
  ];
  for (const text of garbage)
    expect(await judge(text), text.slice(0, 100)).toMatch(/^(malformed|unknown issuer|signature)$/);
  await fc.assert(
    fc.asyncProperty(fc.nat(token.length - 1), fc.string({ maxLength: 3, unit: 'binary' }), async (at, insert) => {
      const changed = token.slice(0, at) + insert + token.slice(at + 1);
      fc.pre(changed !== token);
      expect((await validator().validate(changed)).type).toBe('refused');
    }),
    { numRuns: 200 },
  );
});

test('hardening 22: a token of more than 8,192 octets is refused, whoever signed it', async () => {
  const sized = async (octets: number) => {
    const empty = await provider.sign(rsa, { padding: '' });
    const token = await provider.sign(rsa, { padding: 'x'.repeat(Math.floor(((octets - empty.length) * 3) / 4)) });
    return token;
  };
  const [fits, tooLarge] = [await sized(8_190), await sized(8_196)];
  expect([fits.length <= 8_192, tooLarge.length > 8_192]).toEqual([true, true]);
  expect(await judge(fits)).toBe('ann@example.com');
  expect(await judge(tooLarge)).toBe('malformed');
});

test('a scope may be demanded, and stands in scope or scp, as a text or a list', async () => {
  const outcome = async (claims: object) => {
    return summary(await validator({ scope: 'mail' }).validate(await provider.sign(rsa, { ...claims })));
  };
  expect(await outcome({ scope: 'openid mail' })).toBe('ann@example.com');
  expect(await outcome({ scp: 'mail' })).toBe('ann@example.com');
  expect(await outcome({ scp: ['openid', 'mail'] })).toBe('ann@example.com');
  expect(await outcome({})).toBe('scope');
  expect(await outcome({ scope: 'mail.read MAIL email' })).toBe('scope');
  expect(await outcome({ scope: { mail: true } })).toBe('scope');
});

test('a refusal tells what RFC 7628 has words for: what failed, the scope, and where to get a token', async () => {
  const openidConfiguration = `${provider.issuer}/.well-known/openid-configuration`;
  const demanding = validator({ scope: 'mail' });
  expect(await demanding.validate(await provider.sign(rsa))).toEqual({
    type: 'refused',
    fault: 'scope',
    refusal: { status: 'insufficient_scope', scope: 'mail', openidConfiguration },
  });
  const invalid = { status: 'invalid_token', scope: 'mail', openidConfiguration };
  expect(await demanding.validate('')).toMatchObject({ refusal: invalid });
  expect(await demanding.validate(await provider.sign(rsa, { iss: 'https://other' }))).toMatchObject({
    refusal: invalid,
  });
  expect(await new TokenValidator([]).validate('x')).toEqual({
    type: 'refused',
    fault: 'malformed',
    refusal: { status: 'invalid_token', scope: null, openidConfiguration: null },
  });
});

test('the address may stand in another claim, in which nothing is known of being verified', async () => {
  const token = await provider.sign(rsa, { upn: 'bob@example.com', email_verified: false });
  expect(await judge(token, { addressClaim: 'upn' })).toBe('bob@example.com');
  expect(await judge(token, { addressClaim: 'toString' })).toBe('no address');
});

test('of several issuers each confirms its own tokens, and no other', async () => {
  await using other = await TestProvider.start();
  const otherKey = await makeKey('ES256', 'rsa');
  other.keys = [otherKey.publicJwk];
  const common = { addressClaim: 'email', scope: null };
  const both = new TokenValidator(
    [
      { issuer: provider.issuer, audience: 'postel', ...common },
      { issuer: other.issuer, audience: 'mail', ...common },
    ],
    { now: () => NOW * 1_000 },
  );
  const result = async (token: string) => summary(await both.validate(token));
  expect(await result(await provider.sign(rsa))).toBe('ann@example.com');
  expect(await result(await other.sign(otherKey, { aud: 'mail' }))).toBe('ann@example.com');
  expect(await result(await other.sign(otherKey, { iss: provider.issuer }))).toBe('unknown key');
  expect(await result(await other.sign(rsa, { aud: 'mail' }))).toBe('unknown key');
  expect(await result(await other.sign(otherKey))).toBe('audience');
  expect(await both.validate(await other.sign(otherKey))).toMatchObject({
    refusal: { openidConfiguration: `${other.issuer}/.well-known/openid-configuration` },
  });
});

async function importPublic() {
  const key = await importJWK(rsa.publicJwk, 'RS256');
  if (key instanceof Uint8Array) throw new Error('it is no public key');
  return key;
}
