import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { accountsOf } from './accounts-for-tests.ts';
import { TLS } from './connections-for-tests.ts';
import { digestMd5, digestMd5With } from './digest-md5.ts';
import type { ServerExchange } from './server-mechanism.ts';

const HOST = 'elwood.innosoft.com';
const KNOWN = digestMd5With(() => 'OA6MG9tEQGm2hh');
const KNOWN_CHALLENGE = `realm="${HOST}",nonce="OA6MG9tEQGm2hh",qop="auth",algorithm=md5-sess,charset=utf-8`;
const KNOWN_RESPONSE =
  `charset=utf-8,username="chris",realm="${HOST}",nonce="OA6MG9tEQGm2hh",nc=00000001,cnonce="OA6MHXh6VqTrRk",` +
  `digest-uri="imap/${HOST}",response=d388dad90d4bbd760a152321f2143af7,qop=auth`;

function start(mechanism = KNOWN, connection: typeof TLS | typeof ACAP = TLS) {
  const accounts = accountsOf(
    {
      chris: ['secret', 'in the telephone'],
      gone: 'secret',
      jürgen: 'geheim',
      Иван: 'тайна',
      'a"b\\c': 'secret',
      other: 'x',
    },
    { 'chris@example.com': 'chris', 'jürgen@example.com': 'jürgen' },
    { disabled: ['gone'] },
  );
  return { exchange: mechanism.start(accounts, connection), accounts };
}

const ACAP = { ...TLS, service: 'acap' } as const;

/** Directives as a client sends them, in octets a character; null takes one out. */
interface Directives {
  readonly [name: string]: string | null;
  readonly qop?: string | null;
  readonly authzid?: string;
}

const md5 = (octets: string) => createHash('md5').update(octets, 'latin1').digest();

/** Answers the challenge by the formulas of RFC 2831 §2.1.2.1. @param user as hashed. @param changed after hashing */
async function logIn(user: string, secret: string, said: Directives = {}, changed: Directives = {}) {
  const { exchange, accounts } = start(digestMd5);
  const nonce = /nonce="([^"]*)"/.exec(await challengeOf(exchange))?.[1] ?? '';
  const directives: Directives = {
    username: `"${user}"`,
    realm: `"${HOST}"`,
    nonce: `"${nonce}"`,
    nc: '00000001',
    cnonce: '"OA6MHXh6VqTrRk"',
    'digest-uri': `"imap/${HOST}"`,
    qop: 'auth',
    ...said,
  };
  const bare = (name: string) => (directives[name] ?? '').replace(/^"(.*)"$/, '$1').replaceAll(/\\(.)/g, '$1');
  const [nc, cnonce, qop] = [bare('nc'), bare('cnonce'), directives.qop === null ? 'auth' : bare('qop')];
  const authzid = directives.authzid === undefined ? '' : `:${bare('authzid')}`;
  const a1 = `${md5(`${user}:${bare('realm')}:${secret}`).toString('latin1')}:${bare('nonce')}:${cnonce}${authzid}`;
  const proofOf = (a2: string) => {
    const hashes = [a1, a2].map((octets) => md5(octets).toString('hex'));
    return md5(`${hashes[0]}:${bare('nonce')}:${nc}:${cnonce}:${qop}:${hashes[1]}`).toString('hex');
  };
  const response = proofOf(`AUTHENTICATE:${bare('digest-uri')}`);
  const sent = Object.entries({ ...directives, response, ...changed })
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}=${value}`);
  const step = await exchange.next(Buffer.from(sent.join(','), 'latin1'));
  if (step.type !== 'challenge') return { step, accounts };
  expect(step.challenge.toString()).toBe(`rspauth=${proofOf(`:${bare('digest-uri')}`)}`);
  return { step: await exchange.next(Buffer.alloc(0)), accounts };
}

async function challengeOf(exchange: ServerExchange<string>): Promise<string> {
  const step = await exchange.next(null);
  if (step.type !== 'challenge') throw new Error('no challenge');
  return step.challenge.toString();
}

const failure = (reason: string) => ({ type: 'failure', reason });
const success = (identity: string) => ({ type: 'success', identity });
const utf8 = (text: string) => Buffer.from(text).toString('latin1');

test('RFC 2831 §4: chris logs in', async () => {
  const { exchange } = start();
  expect(await challengeOf(exchange)).toBe(KNOWN_CHALLENGE);
  const challenge = Buffer.from('rspauth=ea40f60335c427b5527b84dbabcdfffd');
  expect(await exchange.next(Buffer.from(KNOWN_RESPONSE))).toEqual({ type: 'challenge', challenge });
  expect(await exchange.next(Buffer.alloc(0))).toEqual(success('chris'));
});

test('RFC 2831 §4: chris logs in to another service', async () => {
  const { exchange } = start(
    digestMd5With(() => 'OA9BSXrbuRhWay'),
    ACAP,
  );
  await exchange.next(null);
  const response =
    `charset=utf-8,username="chris",realm="${HOST}",nonce="OA9BSXrbuRhWay",nc=00000001,cnonce="OA9BSuZWMSpW8m",` +
    `digest-uri="acap/${HOST}",response=6084c6db3fede7352c551284490fd0fc,qop=auth`;
  const challenge = Buffer.from('rspauth=2f0b3d7c3c2e486600ef710726aa2eae');
  expect(await exchange.next(Buffer.from(response))).toEqual({ type: 'challenge', challenge });
  expect(await exchange.next(Buffer.alloc(0))).toEqual(success('chris'));
});

test('a wish for subsequent authentication is answered by a challenge (RFC 2831 §2.2.2)', async () => {
  const { exchange } = start();
  const step = await exchange.next(Buffer.from(KNOWN_RESPONSE.replace('00000001', '00000002')));
  expect(step).toEqual({ type: 'challenge', challenge: Buffer.from(KNOWN_CHALLENGE) });
});

test.each([
  ['another password of the account', 'chris', 'in the telephone', {}, 'chris'],
  ['no charset', 'chris', 'secret', { charset: null }, 'chris'],
  ['ISO 8859-1', 'j\xfcrgen', 'geheim', {}, 'jürgen'],
  ['no qop', 'chris', 'secret', { qop: null }, 'chris'],
  ['a qop in capitals', 'chris', 'secret', { qop: 'AUTH' }, 'chris'],
  ['quoted tokens', 'chris', 'secret', { qop: '"auth"', charset: '"UTF-8"', nc: '"00000001"' }, 'chris'],
  ['an authorization identity', 'chris', 'secret', { authzid: '"chris@example.com"' }, 'chris'],
  ['one in UTF-8', 'j\xfcrgen', 'geheim', { authzid: `"${utf8('jürgen@example.com')}"` }, 'jürgen'],
  ['an empty one', 'chris', 'secret', { authzid: '""' }, 'chris'],
  ['a host in capitals', 'chris', 'secret', { 'digest-uri': `"IMAP/${HOST.toUpperCase()}"` }, 'chris'],
  ['a serv-name', 'chris', 'secret', { 'digest-uri': `"imap/${HOST}/example.com"` }, 'chris'],
  ['directives that we have no use for', 'chris', 'secret', { maxbuf: '4096', cipher: 'rc4', x: '"y,z="' }, 'chris'],
])('%s logs in', async (_, user, secret, said, identity) => {
  expect((await logIn(user, secret, said)).step).toEqual(success(identity));
});

test('UTF-8 is hashed as ISO 8859-1 where that has all the letters', async () => {
  const sentAs = (name: string) => ({ username: `"${utf8(name)}"`, charset: 'utf-8' });
  expect((await logIn('j\xfcrgen', 'geheim', {}, sentAs('jürgen'))).step).toEqual(success('jürgen'));
  expect((await logIn(utf8('jürgen'), 'geheim', {}, sentAs('jürgen'))).step).toEqual(failure('credentials'));
  expect((await logIn(utf8('Иван'), utf8('тайна'), {}, sentAs('Иван'))).step).toEqual(success('Иван'));
});

test('a quote and a backslash in a name are quoted', async () => {
  const { step } = await logIn('a"b\\c', 'secret', {}, { username: '"a\\"b\\\\c"' });
  expect(step).toEqual(success('a"b\\c'));
});

test('white space and empty elements between directives count for nothing', async () => {
  const { exchange } = start();
  await exchange.next(null);
  const spaced = ` ,, ${KNOWN_RESPONSE.replaceAll(',', ' ,\r\n\t,').replaceAll('=', ' = ')} , `;
  expect((await exchange.next(Buffer.from(spaced))).type).toBe('challenge');
});

test.each([
  ['a wrong password', 'chris', 'wrong', {}, {}],
  ['an unknown user', 'nobody', 'secret', {}, {}],
  ['a disabled account', 'gone', 'secret', {}, {}],
  ['another user than was hashed', 'chris', 'secret', {}, { username: '"gone"' }],
  ['another realm', 'chris', 'secret', { realm: '"example.com"' }, {}],
  ['another nonce', 'chris', 'secret', { nonce: '"OA6MG9tEQGm2hh"' }, {}],
  ['the second use of a nonce', 'chris', 'secret', { nc: '00000002' }, {}],
  ['another service', 'chris', 'secret', { 'digest-uri': `"smtp/${HOST}"` }, {}],
  ['another host', 'chris', 'secret', { 'digest-uri': '"imap/example.com"' }, {}],
  ['another client nonce than was hashed', 'chris', 'secret', {}, { cnonce: '"other"' }],
  ['another address than was hashed', 'chris', 'secret', {}, { 'digest-uri': `"imap/${HOST}/example.com"` }],
  ['an authorization identity that was not hashed', 'chris', 'secret', {}, { authzid: '"chris"' }],
])('hardening 20: %s is refused', async (_, user, secret, said, changed) => {
  expect((await logIn(user, secret, said, changed)).step).toEqual(failure('credentials'));
});

test('hardening 24: an authorization identity of somebody else is refused, if the password is right', async () => {
  const authzid = '"other"';
  expect((await logIn('chris', 'secret', { authzid })).step).toEqual(failure('authorization'));
  const { step, accounts } = await logIn('chris', 'wrong', { authzid });
  expect(step).toEqual(failure('credentials'));
  expect(accounts.calls).toEqual(['findSharedSecrets']);
});

test('hardening 18: unknown, wrong and disabled ask the same', async () => {
  for (const [user, secret] of [
    ['nobody', 'secret'],
    ['chris', 'wrong'],
    ['gone', 'secret'],
  ] as const) {
    const { accounts } = await logIn(user, secret);
    expect(accounts.calls).toEqual(['findSharedSecrets']);
    expect(accounts.checks).toEqual([user]);
  }
});

test('hardening 17: every secret is tried, whichever is right', async () => {
  const triesOf = async (right: number | null) => {
    const tries: number[] = [];
    const secrets = [0, 1, 2].map((at) => ({
      identity: 'chris',
      get secret() {
        tries.push(at);
        return at === right ? 'secret' : 'wrong';
      },
    }));
    const exchange = KNOWN.start({ ...start().accounts, findSharedSecrets: async () => secrets }, TLS);
    await exchange.next(null);
    return { type: (await exchange.next(Buffer.from(KNOWN_RESPONSE))).type, tries };
  };
  // The one that is right is asked again, for the answer of the server, once all are through.
  expect(await triesOf(0)).toEqual({ type: 'challenge', tries: [0, 1, 2, 0] });
  expect(await triesOf(2)).toEqual({ type: 'challenge', tries: [0, 1, 2, 2] });
  expect(await triesOf(null)).toEqual({ type: 'failure', tries: [0, 1, 2] });
});

test('hardening 20: a nonce is random, and good for one response', async () => {
  const one = await challengeOf(start(digestMd5).exchange);
  expect(one).toMatch(/,nonce="[A-Za-z0-9+/]{24}",/);
  expect(await challengeOf(start(digestMd5).exchange)).not.toBe(one);

  const { exchange } = start();
  await exchange.next(null);
  await exchange.next(Buffer.from(KNOWN_RESPONSE));
  expect(await exchange.next(Buffer.from(KNOWN_RESPONSE))).toEqual(failure('malformed'));
  expect(await exchange.next(Buffer.alloc(0))).toEqual(failure('malformed'));
});

test.each([
  ['no user', { username: null }],
  ['an empty user', { username: '""' }],
  ['a user of 256 octets', { username: `"${'a'.repeat(256)}"` }],
  ['a NUL in the user', { username: '"ch\0ris"' }],
  ['a quoted NUL in the user', { username: '"ch\\\0ris"' }],
  ['a control of ISO 8859-1 in the user', { username: '"ch\x85ris"' }],
  ['a user that is not UTF-8', { username: '"j\xfcrgen"', charset: 'utf-8' }],
  ['another charset', { charset: 'us-ascii' }],
  ['no realm', { realm: null }],
  ['no nonce', { nonce: null }],
  ['no client nonce', { cnonce: null }],
  ['an empty client nonce', { cnonce: '""' }],
  ['no nonce count', { nc: null }],
  ['a nonce count in other digits', { nc: '0000000G' }],
  ['a short nonce count', { nc: '1' }],
  ['integrity protection', { qop: 'auth-int' }],
  ['confidentiality protection', { qop: 'auth-conf' }],
  ['an empty qop', { qop: '""' }],
  ['no digest-uri', { 'digest-uri': null }],
  ['a digest-uri without host', { 'digest-uri': '"imap"' }],
  ['a digest-uri with an IPv6 address', { 'digest-uri': '"imap/::1"' }],
  ['a digest-uri of four parts', { 'digest-uri': `"imap/${HOST}/a/b"` }],
  ['no proof', { response: null }],
  ['a proof in upper case', { response: 'D388DAD90D4BBD760A152321F2143AF7' }],
  ['a proof too short', { response: 'd388dad90d4bbd760a152321f2143af' }],
  ['an authorization identity with a line feed', { authzid: '"chris\n"' }],
  ['an authorization identity that is not UTF-8', { authzid: '"j\xfcrgen"' }],
  ['the user twice', { x: 'y,username="gone"' }],
  ['the user twice, once in capitals', { x: 'y,USERNAME="gone"' }],
  ['the response twice', { x: 'y,response=d388dad90d4bbd760a152321f2143af7' }],
  ['a quote without end', { x: '"y' }],
  ['a backslash at the end', { x: '"y\\' }],
  ['no value', { x: '' }],
  ['a value of two words', { x: 'y z' }],
  ['a word before the name', { 'x y': 'z' }],
  ['no name', { '': 'x' }],
  ['4,096 octets', { x: `"${'a'.repeat(4_096)}"` }],
])('hardening 19: %s is malformed, and nobody is asked for', async (_, changed) => {
  const { step, accounts } = await logIn('chris', 'secret', {}, changed);
  expect(step).toEqual(failure('malformed'));
  expect(accounts.calls).toEqual([]);
});

test.each(['', ',', '\0', 'username', '='])('hardening 19: the response %j is malformed', async (response) => {
  const { exchange } = start();
  await exchange.next(null);
  expect(await exchange.next(Buffer.from(response))).toEqual(failure('malformed'));
});

test('what answers the proof of the server must be empty', async () => {
  const { exchange } = start();
  await exchange.next(null);
  await exchange.next(Buffer.from(KNOWN_RESPONSE));
  expect(await exchange.next(Buffer.from('\0'))).toEqual(failure('malformed'));
});

test('hardening 19: cut at every octet, and with anything in place of an octet, a response lets nobody in', async () => {
  const octets = Buffer.from(KNOWN_RESPONSE);
  const answerTo = async (response: Buffer) => {
    const { exchange } = start();
    await exchange.next(null);
    return await exchange.next(response);
  };
  for (let length = 0; length < octets.length - ',qop=auth'.length; length++) {
    expect(await answerTo(octets.subarray(0, length))).toEqual(failure('malformed'));
  }
  // Without charset and qop it says the same: what is spoilt is between them.
  const place = fc.integer({ min: octets.indexOf('username'), max: octets.indexOf(',qop') - 1 });
  await fc.assert(
    fc.asyncProperty(place, fc.integer({ min: 0, max: 255 }), async (at, octet) => {
      const spoilt = Buffer.from(octets);
      spoilt[at] = octet;
      // Names of directives are in any case.
      const isSame = spoilt.toString('latin1').toLowerCase() === octets.toString('latin1').toLowerCase();
      if (!isSame) expect((await answerTo(spoilt)).type).toBe('failure');
    }),
    { numRuns: 500 },
  );
});

test('hardening 19: a response of 4,095 backslashes, quotes and commas is answered at once', async () => {
  for (const piece of ['\\', '"', ',', ' ', '=', 'a=', 'a="', '"\\', 'a,', '\r\n']) {
    const { exchange } = start();
    await exchange.next(null);
    const response = Buffer.from(piece.repeat(4_095 / piece.length));
    expect(await exchange.next(response)).toEqual(failure('malformed'));
  }
});
