import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { accountsOf, ITERATIONS } from './accounts-for-tests.ts';
import { TLS, TLS_1_3 } from './connections-for-tests.ts';
import { preparePassword } from './saslprep.ts';
import { scram } from './scram.ts';
import { deriveScramKeys } from './scram-keys.ts';
import type { ConnectionSecurity, ServerExchange } from './server-mechanism.ts';

const SHA_256 = scram({ hash: 'sha256', isPlus: false });
const SHA_256_PLUS = scram({ hash: 'sha256', isPlus: true });
const BINDING = TLS_1_3.channelBinding.data;

const timAndOthers = () =>
  accountsOf(
    { tim: ['tanstaaftanstaaf', 'in the telephone'], Kurt: 'xipj3plmq', gone: 'xipj3plmq', 'a,b=c': 'pencil' },
    { 'tim@example.com': 'tim' },
    { disabled: ['gone'] },
  );

/** What the client knows and says; every test makes it dishonest in one thing. */
interface ClientOptions {
  readonly user?: string;
  readonly password?: string;
  readonly header?: string;
  readonly boundTo?: Buffer;
  readonly extensions?: string;
}

/** A client of SCRAM-SHA-256, computed from the password down by the formulas of RFC 5802 §3. */
function clientOf({ user = 'tim', password = 'tanstaaftanstaaf', header = 'n,,', ...more }: ClientOptions = {}) {
  const { boundTo = Buffer.alloc(0), extensions = '' } = more;
  const bare = `n=${user},r=rOprNGfwEbeRWgbNEkqO${extensions}`;
  return {
    first: Buffer.from(header + bare),

    answer(serverFirst: string) {
      const [nonce = '', salt = '', iterations = ''] = serverFirst.split(',').map((part) => part.slice(2));
      const binding = Buffer.concat([Buffer.from(header), boundTo]).toString('base64');
      const withoutProof = `c=${binding},r=${nonce}${extensions}`;
      const authMessage = `${bare},${serverFirst},${withoutProof}`;
      const salted = pbkdf2Sync(password, Buffer.from(salt, 'base64'), Number(iterations), 32, 'sha256');
      const clientKey = hmac(salted, 'Client Key');
      const signature = hmac(createHash('sha256').update(clientKey).digest(), authMessage);
      const proof = clientKey.map((octet, at) => octet ^ (signature[at] ?? 0));
      return {
        final: `${withoutProof},p=${Buffer.from(proof).toString('base64')}`,
        serverFinal: `v=${hmac(hmac(salted, 'Server Key'), authMessage).toString('base64')}`,
      };
    },
  };
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

/** Sends a text; the challenge that must come back, as text. */
async function ask(exchange: ServerExchange<string>, response: string | Buffer): Promise<string> {
  const step = await exchange.next(Buffer.from(response));
  if (step.type !== 'challenge') throw new Error(`no challenge: ${JSON.stringify(step)}`);
  return step.challenge.toString();
}

/** The answer to the client's final message, or to the first if it gets no further. */
async function logIn(options: ClientOptions, mechanism = SHA_256, connection: ConnectionSecurity = TLS) {
  const accounts = timAndOthers();
  const exchange = mechanism.start(accounts, connection);
  const client = clientOf(options);
  const step = await exchange.next(client.first);
  if (step.type !== 'challenge') return { step, accounts };
  const { final, serverFinal } = client.answer(step.challenge.toString());
  const last = await exchange.next(Buffer.from(final));
  if (last.type !== 'challenge') return { step: last, accounts };
  expect(last.challenge.toString()).toBe(serverFinal);
  return { step: await exchange.next(Buffer.alloc(0)), accounts };
}

const failure = (reason: string) => ({ type: 'failure', reason });
const success = (identity: string) => ({ type: 'success', identity });

test.each([
  {
    where: 'RFC 5802 §5',
    hash: 'sha1',
    salt: 'QSXCR+Q6sek8bf92',
    serverNonce: '3rfcNHYJY1ZVvWVs7j',
    messages: [
      'n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL',
      'r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096',
      'c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=',
      'v=rmF9pqV8S7suAoZWja4dJRkFsKQ=',
    ],
  },
  {
    where: 'RFC 7677 §3',
    hash: 'sha256',
    salt: 'W22ZaJ0SNY7soEsUEjb6gQ==',
    serverNonce: '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
    messages: [
      'n,,n=user,r=rOprNGfwEbeRWgbNEkqO',
      'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
      'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
      'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
    ],
  },
] as const)('$where: user logs in, after an empty challenge', async ({ hash, salt, serverNonce, messages }) => {
  const mechanism = scram({ hash, isPlus: false, makeNonce: () => serverNonce });
  const exchange = mechanism.start(accountsOf({ user: 'pencil' }, {}, { salts: { user: salt } }), TLS);
  expect(await exchange.next(null)).toEqual({ type: 'challenge', challenge: Buffer.alloc(0) });
  expect(await ask(exchange, messages[0])).toBe(messages[1]);
  expect(await ask(exchange, messages[2])).toBe(messages[3]);
  expect(await exchange.next(Buffer.alloc(0))).toEqual(success('user'));
});

test.each([
  ['the first password', {}, 'tim'],
  ['another password of the account', { password: 'in the telephone' }, 'tim'],
  ['its own name as authorization identity', { header: 'n,a=tim,' }, 'tim'],
  ['an address of the account', { header: 'n,a=tim@example.com,' }, 'tim'],
  ['a name with a comma and an equals sign', { user: 'a=2Cb=3Dc', password: 'pencil' }, 'a,b=c'],
  ['extensions that we do not know', { extensions: ',x=y,Z==,x=\u00e9' }, 'tim'],
  ['channel binding that we do not have', { header: 'y,,' }, 'tim'],
])('%s logs in', async (_, options, identity) => {
  expect((await logIn(options)).step).toEqual(success(identity));
});

test.each([
  ['a wrong password', { password: 'tanstaaftanstaag' }, 'credentials'],
  ['an unknown user', { user: 'nobody' }, 'credentials'],
  ['a disabled account', { user: 'gone', password: 'xipj3plmq' }, 'credentials'],
  ['the password of somebody else', { user: 'Kurt' }, 'credentials'],
  ['somebody else as authorization identity', { header: 'n,a=Kurt,' }, 'authorization'],
  ['channel binding in a mechanism without', { header: 'p=tls-exporter,,', boundTo: BINDING }, 'malformed'],
  ['something bound to though nothing was to be', { boundTo: BINDING }, 'channel-binding'],
])('%s does not', async (_, options, reason) => {
  expect((await logIn(options)).step).toEqual(failure(reason));
});

test('hardening 24: a wrong password says nothing of the authorization identity', async () => {
  for (const authorizationIdentity of ['tim', 'tim@example.com', 'Kurt', 'nobody']) {
    const { step, accounts } = await logIn({ password: 'wrong', header: `n,a=${authorizationIdentity},` });
    expect(step).toEqual(failure('credentials'));
    expect(accounts.calls).toEqual(['findScramCredentials']);
  }
});

test.each(['%', '*', 't*', ')(uid=*', '"tim"', "tim'--", 'tim\u200b', 'TIM', 't\u0131m', 'ｔｉｍ'])(
  'hardening 24: the user %j is given to the verifier letter by letter',
  async (user) => {
    const { step, accounts } = await logIn({ user: user.replaceAll('=', '=3D') });
    expect(step).toEqual(failure('credentials'));
    expect(accounts.checks).toEqual([user]);
  },
);

test('PLUS logs in who is on the same connection', async () => {
  const { step } = await logIn({ header: 'p=tls-exporter,,', boundTo: BINDING }, SHA_256_PLUS, TLS_1_3);
  expect(step).toEqual(success('tim'));
});

test('PLUS binds to tls-unique where that is what there is', async () => {
  const connection = { ...TLS, channelBinding: { type: 'tls-unique', data: Buffer.from('finished') } } as const;
  const unique = { header: 'p=tls-unique,a=tim,', boundTo: Buffer.from('finished') };
  expect((await logIn(unique, SHA_256_PLUS, connection)).step).toEqual(success('tim'));
  const exporter = { ...unique, header: 'p=tls-exporter,a=tim,' };
  expect((await logIn(exporter, SHA_256_PLUS, connection)).step).toEqual(failure('channel-binding'));
});

test.each([
  [
    'another connection',
    { header: 'p=tls-exporter,,', boundTo: Buffer.from('of the man in the middle') },
    'channel-binding',
  ],
  ['no connection', { header: 'p=tls-exporter,,' }, 'channel-binding'],
  ['another type of binding', { header: 'p=tls-unique,,', boundTo: BINDING }, 'channel-binding'],
  ['a type of binding that nobody knows', { header: 'p=tls-mirror,,', boundTo: BINDING }, 'channel-binding'],
  ['no wish to bind', { header: 'n,,' }, 'malformed'],
  ['the belief that we cannot bind', { header: 'y,,' }, 'malformed'],
])('hardening 20: PLUS refuses %s', async (_, options, reason) => {
  expect((await logIn(options, SHA_256_PLUS, TLS_1_3)).step).toEqual(failure(reason));
});

test('PLUS refuses everybody where there is nothing to bind to', async () => {
  const { step } = await logIn({ header: 'p=tls-exporter,,' }, SHA_256_PLUS, TLS);
  expect(step).toEqual(failure('channel-binding'));
});

test('hardening 20: a client that believes we cannot bind, though we can, is refused before anything else', async () => {
  const { step, accounts } = await logIn({ header: 'y,,' }, SHA_256, TLS_1_3);
  expect(step).toEqual(failure('channel-binding'));
  expect(accounts.calls).toEqual([]);
});

test('a client that cannot bind is let in where we can', async () => {
  expect((await logIn({}, SHA_256, TLS_1_3)).step).toEqual(success('tim'));
});

test.each(['n,,', 'y,,', 'n,a=tim,', 'p=tls-exporter,,'])(
  'hardening 20: a GS2 header changed to %j on its way is seen in the final message',
  async (header) => {
    const isPlus = header.startsWith('p');
    const client = clientOf({ header: 'n,a=Kurt,', boundTo: isPlus ? BINDING : Buffer.alloc(0) });
    const connection = isPlus ? TLS_1_3 : TLS;
    const exchange = (isPlus ? SHA_256_PLUS : SHA_256).start(timAndOthers(), connection);
    const changed = client.first.toString().replace('n,a=Kurt,', header);
    const { final } = client.answer(await ask(exchange, changed));
    expect(await exchange.next(Buffer.from(final))).toEqual(failure('channel-binding'));
  },
);

test('hardening 20: a server nonce is random, and good for one exchange', async () => {
  const client = clientOf();
  const one = SHA_256.start(timAndOthers(), TLS);
  const other = SHA_256.start(timAndOthers(), TLS);
  const serverFirst = await ask(one, client.first);
  const otherServerFirst = await ask(other, client.first);
  expect(serverFirst).toMatch(/^r=rOprNGfwEbeRWgbNEkqO[A-Za-z0-9+/]{24},/);
  expect(otherServerFirst).not.toBe(serverFirst);

  const { final } = client.answer(serverFirst);
  expect(await other.next(Buffer.from(final))).toEqual(failure('credentials'));
  await ask(one, final);
});

test('hardening 20: a final message replayed in its own exchange is malformed', async () => {
  const client = clientOf();
  const exchange = SHA_256.start(timAndOthers(), TLS);
  const { final } = client.answer(await ask(exchange, client.first));
  await ask(exchange, final);
  expect(await exchange.next(Buffer.from(final))).toEqual(failure('malformed'));
  expect(await exchange.next(Buffer.alloc(0))).toEqual(failure('malformed'));
});

test('hardening 20: the client names no salt and no iteration count', async () => {
  const serverFirst = await ask(SHA_256.start(timAndOthers(), TLS), clientOf({ extensions: ',x=1' }).first);
  expect(serverFirst).toMatch(new RegExp(`,s=[A-Za-z0-9+/]+={0,2},i=${ITERATIONS}$`));
  for (const extensions of [',i=1', ',i=2147483648', ',s=AAAA', ',s=AAAA,i=1']) {
    expect((await logIn({ extensions })).step).toEqual(failure('malformed'));
  }
});

test('hardening 18: somebody unknown has a salt, the same each time, and the count of all', async () => {
  const saltAndCount = async (user: string, mechanism = SHA_256) =>
    (await ask(mechanism.start(timAndOthers(), TLS), clientOf({ user }).first)).replace(/^r=[^,]*,/, '');
  const nobody = await saltAndCount('nobody');
  expect(await saltAndCount('nobody')).toBe(nobody);
  expect(await saltAndCount('no one')).not.toBe(nobody);
  const tim = await saltAndCount('tim');
  expect(nobody.replace(/s=[^,]*/, '')).toBe(tim.replace(/s=[^,]*/, ''));
  expect(nobody).toHaveLength(tim.length);
});

test('hardening 17: the same is asked, and every password tried, whoever it is and whichever is right', async () => {
  const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
  const prepared = async (password: string) => {
    const text = await preparePassword(password, 'stored');
    if (text === null) throw new Error('no password by SASLprep');
    return await deriveScramKeys(text, { hash: 'sha256', salt, iterations: ITERATIONS });
  };
  const keys = await Promise.all(['one', 'two', 'three'].map(prepared));
  const workFor = async (password: string, identity: string | null) => {
    const calls: string[] = [];
    const candidates = keys.map(({ storedKey, serverKey }, at) => ({
      identity,
      get keys() {
        calls.push(`key ${at}`);
        return { storedKey, serverKey };
      },
    }));
    const accounts = timAndOthers();
    const findScramCredentials = async () => ({ salt, iterations: ITERATIONS, candidates });
    const exchange = SHA_256.start({ ...accounts, findScramCredentials }, TLS);
    const client = clientOf({ password });
    const step = await exchange.next(Buffer.from(client.answer(await ask(exchange, client.first)).final));
    return { type: step.type, calls: [...accounts.calls, ...calls] };
  };
  const all = ['key 0', 'key 1', 'key 2'];
  expect(await workFor('wrong', 'tim')).toEqual({ type: 'failure', calls: all });
  expect(await workFor('wrong', null)).toEqual({ type: 'failure', calls: all });
  expect(await workFor('one', null)).toEqual({ type: 'failure', calls: all });
  // The one that is right is asked for its server key, once all are through.
  expect(await workFor('one', 'tim')).toEqual({ type: 'challenge', calls: [...all, 'key 0'] });
  expect(await workFor('three', 'tim')).toEqual({ type: 'challenge', calls: [...all, 'key 2'] });
});

test('of two passwords that are the same, one that may come in is taken', async () => {
  const accounts = timAndOthers();
  const exchange = SHA_256.start(
    {
      ...accounts,
      async findScramCredentials(name, hash) {
        const credentials = await accounts.findScramCredentials(name, hash);
        const expired = credentials.candidates.map((candidate) => ({ ...candidate, identity: null }));
        return { ...credentials, candidates: [...expired, ...credentials.candidates] };
      },
    },
    TLS,
  );
  const client = clientOf();
  await ask(exchange, client.answer(await ask(exchange, client.first)).final);
  expect(await exchange.next(Buffer.alloc(0))).toEqual(success('tim'));
});

test('an account without any password lets nobody in', async () => {
  const accounts = timAndOthers();
  const findScramCredentials = async () => ({ salt: Buffer.alloc(16), iterations: ITERATIONS, candidates: [] });
  const exchange = SHA_256.start({ ...accounts, findScramCredentials }, TLS);
  const client = clientOf();
  const { final } = client.answer(await ask(exchange, client.first));
  expect(await exchange.next(Buffer.from(final))).toEqual(failure('credentials'));
});

test.each([
  ['nothing', ''],
  ['no GS2 header', 'n=tim,r=abc'],
  ['a GS2 header alone', 'n,,'],
  ['no nonce', 'n,,n=tim'],
  ['an empty nonce', 'n,,n=tim,r='],
  ['a space in the nonce', 'n,,n=tim,r=a b'],
  ['a letter in the nonce that is not US-ASCII', 'n,,n=tim,r=\u00e9'],
  ['a nonce of 513 octets', `n,,n=tim,r=${'a'.repeat(513)}`],
  ['no user', 'n,,r=abc'],
  ['an empty user', 'n,,n=,r=abc'],
  ['the nonce before the user', 'n,,r=abc,n=tim'],
  ['an equals sign in the user', 'n,,n=t=im,r=abc'],
  ['a lower-case escape in the user', 'n,,n=t=2cim,r=abc'],
  ['a NUL in the user', 'n,,n=t\0m,r=abc'],
  ['a line feed in the user', 'n,,n=tim\n,r=abc'],
  ['a user of 256 octets', `n,,n=${'a'.repeat(256)},r=abc`],
  ['a user that is not UTF-8', Buffer.from('n,,n=t\xefm,r=abc', 'latin1')],
  ['an escape in the authorization identity that is none', 'n,a=t=im,n=tim,r=abc'],
  ['a mandatory extension', 'n,,m=x,n=tim,r=abc'],
  ['a mandatory extension in the wrong place', 'n,,n=tim,r=abc,m=x'],
  ['the user twice', 'n,,n=tim,r=abc,n=Kurt'],
  ['an extension without value', 'n,,n=tim,r=abc,x='],
  ['an extension without name', 'n,,n=tim,r=abc,=x'],
  ['an extension of two letters', 'n,,n=tim,r=abc,xy=z'],
  ['a NUL in an extension', 'n,,n=tim,r=abc,x=\0'],
  ['a comma at the end', 'n,,n=tim,r=abc,'],
  ['a letter in upper case', 'n,,N=tim,r=abc'],
])('hardening 19: a first message with %s is malformed, and nobody is asked for', async (_, message) => {
  const accounts = timAndOthers();
  const exchange = SHA_256.start(accounts, TLS);
  expect(await exchange.next(Buffer.from(message))).toEqual(failure('malformed'));
  expect(accounts.calls).toEqual([]);
});

test.each([
  ['nothing in it', () => ''],
  ['no proof', (final: string) => final.replace(/,p=.*/, '')],
  ['an empty proof', (final: string) => final.replace(/p=.*/, 'p=')],
  ['a proof that is not base64', (final: string) => final.replace(/p=./, 'p=*')],
  ['a proof without its padding', (final: string) => final.replace(/=$/, '')],
  ['a proof of SHA-1', (final: string) => final.replace(/p=.*/, 'p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=')],
  ['two proofs', (final: string) => final.replace(/(,p=.*)/, '$1$1')],
  ['something after the proof', (final: string) => `${final},x=y`],
  ['no channel binding', (final: string) => final.replace(/^c=biws,/, '')],
  ['an empty channel binding', (final: string) => final.replace('c=biws', 'c=')],
  ['a channel binding that is not base64', (final: string) => final.replace('c=biws', 'c=n,,')],
  ['no nonce', (final: string) => final.replace(/r=[^,]*,/, '')],
  ['the nonce before the channel binding', (final: string) => final.replace(/^(c=biws),(r=[^,]*)/, '$2,$1')],
  ['a mandatory extension', (final: string) => final.replace(/,p=/, ',m=x,p=')],
  ['an extension without value', (final: string) => final.replace(/,p=/, ',x=,p=')],
  ['octets that are not UTF-8', (final: string) => Buffer.from(final.replace(/,p=/, ',x=\xe9,p='), 'latin1')],
])('hardening 19: a final message with %s is malformed', async (_, spoil) => {
  const client = clientOf();
  const exchange = SHA_256.start(timAndOthers(), TLS);
  const { final } = client.answer(await ask(exchange, client.first));
  expect(await exchange.next(Buffer.from(spoil(final)))).toEqual(failure('malformed'));
});

test.each([
  ["the client's half of the nonce alone", (nonce: string) => nonce.slice(0, 'rOprNGfwEbeRWgbNEkqO'.length)],
  ["the server's half of the nonce alone", (nonce: string) => nonce.slice('rOprNGfwEbeRWgbNEkqO'.length)],
  ['the nonce and one letter more', (nonce: string) => `${nonce}a`],
  ['the nonce in the other case', (nonce: string) => nonce.toLowerCase().replace('ropr', 'ROPR')],
])('hardening 20: %s is no proof', async (_, spoil) => {
  const client = clientOf();
  const exchange = SHA_256.start(timAndOthers(), TLS);
  const serverFirst = await ask(exchange, client.first);
  const { final } = client.answer(serverFirst.replace(/^r=([^,]*)/, (_all, nonce: string) => `r=${spoil(nonce)}`));
  expect(await exchange.next(Buffer.from(final))).toEqual(failure('credentials'));
});

test('what answers the last message of the server must be empty', async () => {
  const client = clientOf();
  const exchange = SHA_256.start(timAndOthers(), TLS);
  await ask(exchange, client.answer(await ask(exchange, client.first)).final);
  expect(await exchange.next(Buffer.from('\0'))).toEqual(failure('malformed'));
});

test('hardening 19: messages cut at every octet let nobody in', async () => {
  const { first } = clientOf();
  for (let length = 0; length < first.length; length++) {
    const accounts = timAndOthers();
    const step = await SHA_256.start(accounts, TLS).next(first.subarray(0, length));
    // A shorter nonce is a nonce.
    if (length > first.indexOf('r=') + 2) expect(step.type).toBe('challenge');
    else expect(step).toEqual(failure('malformed'));
  }

  const mechanism = scram({ hash: 'sha256', isPlus: false, makeNonce: () => 'known-beforehand' });
  const begin = async () => {
    const exchange = mechanism.start(timAndOthers(), TLS);
    return { exchange, serverFirst: await ask(exchange, first) };
  };
  const { serverFirst } = await begin();
  const { final } = clientOf().answer(serverFirst);
  for (let length = 0; length < final.length; length++) {
    const { exchange } = await begin();
    expect(await exchange.next(Buffer.from(final.slice(0, length)))).toEqual(failure('malformed'));
  }
});

test('hardening 19: whatever is sent, the answer is a step, and nobody gets in without the password', async () => {
  const piece = fc.oneof(
    fc.constantFrom(
      'n',
      'y',
      'p=tls-exporter',
      ',',
      'a=tim',
      'n=tim',
      'r=abc',
      'm=x',
      'c=biws',
      '=',
      'p=AAAA',
      '=2C',
      '\0',
    ),
    fc.string({ unit: 'binary', maxLength: 8 }),
  );
  const message = fc.oneof(
    fc.array(piece, { maxLength: 12 }).map((pieces) => Buffer.from(pieces.join(''))),
    fc.uint8Array({ maxLength: 64 }).map((octets) => Buffer.from(octets)),
  );
  const accounts = accountsOf({}, {});
  await fc.assert(
    fc.asyncProperty(message, message, fc.boolean(), async (first, second, isPlus) => {
      const exchange = (isPlus ? SHA_256_PLUS : SHA_256).start(accounts, TLS_1_3);
      const steps = [await exchange.next(first), await exchange.next(second)];
      expect(steps.map((step) => step.type)).not.toContain('success');
      expect(steps[1]?.type).toBe('failure');
    }),
  );
});
