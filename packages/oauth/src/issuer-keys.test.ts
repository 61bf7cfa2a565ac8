import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { sharedPostel } from '@postel/testkit';
import { expect, test, vi } from 'vitest';
import { CONFIGURATION, KEYS, makeKey, NOW, summary, TestProvider } from './testing/test-provider.ts';
import { TokenValidator } from './token-validator.ts';

const first = await makeKey('ES256', 'first');
const second = await makeKey('ES256', 'second');

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

interface Arranged extends AsyncDisposable {
  readonly provider: TestProvider;
  /** The address, the fault, or what the provider is at fault with. */
  judge(token: string): Promise<string>;
  pass(ms: number): void;
}

async function arrange(timeoutMs = 5_000): Promise<Arranged> {
  const provider = await TestProvider.start();
  provider.keys = [first.publicJwk];
  let elapsedMs = 0;
  const issuer = { issuer: provider.issuer, audience: 'postel', addressClaim: 'email', scope: null };
  const options = { now: () => NOW * 1_000, elapsedMs: () => elapsedMs, timeoutMs };
  const validator = new TokenValidator([issuer], options);
  return {
    provider,
    async judge(token) {
      return summary(await validator.validate(token));
    },
    pass(ms) {
      elapsedMs += ms;
    },
    [Symbol.asyncDispose]: () => provider.stop(),
  };
}

test('the keys are fetched for the first token, and serve for ten minutes', async () => {
  await using arranged = await arrange();
  const { provider, judge, pass } = arranged;
  const token = await provider.sign(first);
  expect(provider.requests).toEqual([]);
  expect(await judge(token)).toBe('ann@example.com');
  pass(10 * MINUTE - 1);
  expect(await judge(token)).toBe('ann@example.com');
  expect(provider.requests).toEqual([CONFIGURATION, KEYS]);
  pass(1);
  expect(await judge(token)).toBe('ann@example.com');
  expect(provider.requests).toHaveLength(4);
});

test('a token by a new key has the keys fetched again; one by a key that was taken back is refused', async () => {
  await using arranged = await arrange();
  const { provider, judge, pass } = arranged;
  expect(await judge(await provider.sign(first))).toBe('ann@example.com');
  provider.keys = [second.publicJwk];
  pass(10 * SECOND);
  expect(await judge(await provider.sign(second))).toBe('ann@example.com');
  expect(await judge(await provider.sign(first))).toBe('unknown key');
});

test('hardening 22: a thousand tokens with made-up keys cost the provider one question in ten seconds', async () => {
  await using arranged = await arrange();
  const { provider, judge, pass } = arranged;
  const flood = (n: number) =>
    Promise.all(
      Array.from({ length: n }, (_, i) => judge(provider.signRaw(first, { alg: 'ES256', kid: `made up ${i}` }))),
    );
  const faults = await flood(500);
  expect(new Set(faults)).toEqual(new Set(['unknown key']));
  expect(provider.requests).toHaveLength(2);
  pass(10 * SECOND);
  await flood(500);
  expect(provider.requests).toHaveLength(4);
  // Who has a good token waits for none of that.
  expect(await judge(await provider.sign(first))).toBe('ann@example.com');
});

test('what no key of the issuer can have signed does not even lead to a question', async () => {
  await using arranged = await arrange();
  const { provider, judge } = arranged;
  expect(await judge('a.b.c')).toBe('malformed');
  expect(await judge(await provider.sign(first, { iss: 'https://id.example.com' }))).toBe('unknown issuer');
  expect(await judge(provider.signRaw(first, { alg: 'HS256' }))).toBe('algorithm');
  expect(provider.requests).toEqual([]);
});

test('while the provider is away known keys serve for two hours, and then nothing is known of any token', async () => {
  await using arranged = await arrange();
  const { provider, judge, pass } = arranged;
  const token = await provider.sign(first);
  const unknown = await provider.sign(second);
  expect(await judge(token)).toBe('ann@example.com');
  await provider.stop();
  pass(11 * MINUTE);
  expect(await judge(token)).toBe('ann@example.com');
  // It may be a new key.
  expect(await judge(unknown)).toMatch(/^Cannot get .*ECONNREFUSED/);
  pass(109 * MINUTE);
  expect(await judge(token)).toMatch(/^Cannot get .*ECONNREFUSED/);
});

test('a provider that was away is asked again after ten seconds', async () => {
  await using arranged = await arrange();
  const { provider, judge, pass } = arranged;
  const answer = provider.answers.get(CONFIGURATION);
  provider.answers.set(CONFIGURATION, (response) => response.writeHead(503).end());
  const token = await provider.sign(first);
  expect(await judge(token)).toBe(`Cannot get ${provider.issuer}${CONFIGURATION}: it answers with status 503`);
  if (answer !== undefined) provider.answers.set(CONFIGURATION, answer);
  pass(10 * SECOND - 1);
  expect(await judge(token)).toMatch(/^Cannot get/);
  expect(provider.requests).toHaveLength(1);
  pass(1);
  expect(await judge(token)).toBe('ann@example.com');
});

test('all logins wait for one answer, and no more than a thousand of them', async () => {
  await using arranged = await arrange();
  const { provider, judge } = arranged;
  const asked = Promise.withResolvers<() => void>();
  const answer = provider.answers.get(CONFIGURATION);
  provider.answers.set(CONFIGURATION, (response) => asked.resolve(() => answer?.(response)));
  const token = await provider.sign(first);
  const waiting = Array.from({ length: 1_001 }, () => judge(token));
  (await asked.promise)();
  const outcomes = await Promise.all(waiting);
  expect(outcomes.filter((outcome) => outcome === 'ann@example.com')).toHaveLength(1_000);
  expect(outcomes.filter((outcome) => outcome.startsWith('Too many logins wait for'))).toHaveLength(1);
  expect(provider.requests).toEqual([CONFIGURATION, KEYS]);
});

test('a provider that does not end its answer is given up', async () => {
  await using arranged = await arrange(200);
  const { provider, judge } = arranged;
  provider.answers.set(CONFIGURATION, (response) => response.write('{"issuer":'));
  expect(await judge(await provider.sign(first))).toMatch(/^Cannot get .*configuration: /);
  provider.answers.set(CONFIGURATION, () => {});
});

test('a provider that changes to another protocol is given up', async () => {
  await using arranged = await arrange();
  const { provider, judge } = arranged;
  provider.answers.set(CONFIGURATION, (response) => {
    response.socket?.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n');
  });
  expect(await judge(await provider.sign(first))).toMatch(/it ends without an answer$/);
});

test('a provider that never answers is given up', async () => {
  await using arranged = await arrange(200);
  const { provider, judge } = arranged;
  provider.answers.set(CONFIGURATION, () => {});
  expect(await judge(await provider.sign(first))).toMatch(/it takes too long$/);
});

test('of a key set that is longer than 256 kB no more is read', async () => {
  await using arranged = await arrange();
  const { provider, judge } = arranged;
  const closed = Promise.withResolvers<void>();
  let taken = 0;
  provider.answers.set(KEYS, (response) => {
    const endless = Readable.from(
      (function* () {
        for (; taken < 10_000; taken++) yield Buffer.alloc(1024, ' ');
      })(),
    );
    pipeline(endless, response).then(closed.resolve, () => closed.resolve());
  });
  expect(await judge(await provider.sign(first))).toMatch(/is longer than 262144 octets$/);
  await closed.promise;
  expect(taken).toBeGreaterThan(256);
  // What the sockets of both sides hold comes in addition.
  expect(taken).toBeLessThan(10_000);
});

const bad = { n: 1 };
test.for([
  ['no JSON', '<html>', /is not valid JSON/],
  ['a list', '[]', /it is no JSON object$/],
  ['no keys', '{}', /is no key set$/],
  ['keys that are no list', '{"keys":{}}', /is no key set$/],
  ['101 keys', JSON.stringify({ keys: Array.from({ length: 101 }, () => bad) }), /has more than 100 keys$/],
  ['a deep one', `{"keys":[{"kid":"first","x":${'['.repeat(100_000)}${']'.repeat(100_000)}}]}`, /is no key set$/],
  ['no point of its curve', '{"keys":[{"kty":"EC","crv":"P-256","kid":"first","x":"AA","y":"AA"}]}', /cannot be used$/],
] as const)('a key set that is %s is the fault of the provider, not of the token', async ([, body, message]) => {
  await using arranged = await arrange();
  const { provider, judge } = arranged;
  provider.answers.set(KEYS, (response) => response.end(body));
  expect(await judge(await provider.sign(first))).toMatch(message);
});

test.for([
  [
    'of another issuer',
    (issuer: string) => ({ issuer: `${issuer}/`, jwks_uri: `${issuer}/keys` }),
    /is of another issuer/,
  ],
  ['of no issuer', (issuer: string) => ({ jwks_uri: `${issuer}/keys` }), /is of another issuer/],
  ['without jwks_uri', (issuer: string) => ({ issuer }), /does not say where the keys are/],
  ['with keys in a file', (issuer: string) => ({ issuer, jwks_uri: 'file:///etc/passwd' }), /it is no https: URL$/],
  ['with keys in the clear', (issuer: string) => ({ issuer, jwks_uri: 'http://192.0.2.1/' }), /it is no https: URL$/],
  ['with a password', (issuer: string) => ({ issuer, jwks_uri: 'https://u:p@127.0.0.1:1' }), /it is no https: URL$/],
] as const)('a configuration %s is not used', async ([, configuration, message]) => {
  await using arranged = await arrange();
  const { provider, judge } = arranged;
  provider.answers.set(CONFIGURATION, (response) => response.end(JSON.stringify(configuration(provider.issuer))));
  expect(await judge(await provider.sign(first))).toMatch(message);
  expect(provider.requests).toEqual([CONFIGURATION]);
});

test('a redirection is not followed', async () => {
  await using arranged = await arrange();
  const { provider, judge } = arranged;
  provider.answers.set(CONFIGURATION, (response) => response.writeHead(302, { location: '/elsewhere' }).end());
  expect(await judge(await provider.sign(first))).toMatch(/it answers with status 302$/);
  expect(provider.requests).toEqual([CONFIGURATION]);
});

test('over HTTPS the certificate must be of somebody whom Node or the system trusts, and the keys are there too', async () => {
  const file = (name: string) => readFileSync(join(sharedPostel().dataDirectory, name), 'utf8');
  const secrets = { cert: file('certificates/server.pem'), key: file('certificates/server-key.pem') };
  await using provider = await TestProvider.start((listener) => createServer(secrets, listener));
  provider.issuer = `https://localhost:${provider.port}`;
  provider.keys = [first.publicJwk];
  const issuer = { issuer: provider.issuer, audience: 'postel', addressClaim: 'email', scope: null };
  const token = await provider.sign(first);
  const judge = async () => {
    vi.resetModules(); // whom the system trusts is read once
    const fresh = await import('./token-validator.ts');
    return new fresh.TokenValidator([issuer], { now: () => NOW * 1_000 }).validate(token);
  };
  expect(summary(await judge())).toMatch(/^Cannot get https:.*certificate/);
  setDefaultCACertificates([...getCACertificates('default'), file('ca.pem')]);
  expect(await judge()).toMatchObject({ type: 'accepted' });

  await using local = await TestProvider.start();
  const configuration = { issuer: provider.issuer, jwks_uri: `${local.issuer}${KEYS}` };
  provider.answers.set(CONFIGURATION, (response) => response.end(JSON.stringify(configuration)));
  expect(summary(await judge())).toMatch(/which is no https: URL$/);
  expect(local.requests).toEqual([]);
});
