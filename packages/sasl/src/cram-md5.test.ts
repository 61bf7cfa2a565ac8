import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { accountsOf } from './accounts-for-tests.ts';
import { TLS } from './connections-for-tests.ts';
import { cramMd5, cramMd5With } from './cram-md5.ts';

const EMPTY = Buffer.alloc(0);
const CONNECTION = { ...TLS, hostNames: ['postoffice.reston.mci.net'] } as const;
const KNOWN = cramMd5With(() => '1896.697170952');

function start(mechanism = cramMd5) {
  const accounts = accountsOf(
    { tim: ['tanstaaftanstaaf', 'in the telephone'], gone: 'tanstaaftanstaaf', 'a b': 'tanstaaftanstaaf' },
    {},
    { disabled: ['gone'] },
  );
  return { exchange: mechanism.start(accounts, CONNECTION), accounts };
}

async function logIn(user: string, secret: string) {
  const { exchange, accounts } = start();
  const step = await exchange.next(null);
  const challenge = step.type === 'challenge' ? step.challenge : EMPTY;
  const digest = createHmac('md5', secret).update(challenge).digest('hex');
  return { step: await exchange.next(Buffer.from(`${user} ${digest}`)), accounts };
}

const failure = (reason: string) => ({ type: 'failure', reason });

test('RFC 2195 §2: tim logs in', async () => {
  const { exchange } = start(KNOWN);
  const challenge = Buffer.from('<1896.697170952@postoffice.reston.mci.net>');
  expect(await exchange.next(null)).toEqual({ type: 'challenge', challenge });
  const response = Buffer.from('tim b913a602c7eda7a495b4e6e7334d3890');
  expect(await exchange.next(response)).toEqual({ type: 'success', identity: 'tim' });
});

test('any password of the account will do, and a name may have spaces', async () => {
  expect((await logIn('tim', 'in the telephone')).step).toEqual({ type: 'success', identity: 'tim' });
  expect((await logIn('a b', 'tanstaaftanstaaf')).step).toEqual({ type: 'success', identity: 'a b' });
});

test('hardening 18: unknown, wrong and disabled look the same, and ask the same', async () => {
  for (const [user, secret] of [
    ['nobody', 'tanstaaftanstaaf'],
    ['tim', 'wrong'],
    ['gone', 'tanstaaftanstaaf'],
  ] as const) {
    const { step, accounts } = await logIn(user, secret);
    expect(step).toEqual(failure('credentials'));
    expect(accounts.calls).toEqual(['findSharedSecrets']);
    expect(accounts.checks).toEqual([user]);
  }
});

test('hardening 17: every secret is tried, whichever is right', async () => {
  const triesOf = async (secret: string) => {
    const tries: string[] = [];
    const secrets = ['one', 'two', 'three'].map((known) => ({
      identity: 'tim',
      get secret() {
        tries.push(known);
        return known;
      },
    }));
    const exchange = KNOWN.start({ ...start().accounts, findSharedSecrets: async () => secrets }, CONNECTION);
    const step = await exchange.next(null);
    const challenge = step.type === 'challenge' ? step.challenge : EMPTY;
    const digest = createHmac('md5', secret).update(challenge).digest('hex');
    return { type: (await exchange.next(Buffer.from(`tim ${digest}`))).type, tries };
  };
  expect(await triesOf('one')).toEqual({ type: 'success', tries: ['one', 'two', 'three'] });
  expect(await triesOf('three')).toEqual({ type: 'success', tries: ['one', 'two', 'three'] });
  expect(await triesOf('four')).toEqual({ type: 'failure', tries: ['one', 'two', 'three'] });
});

test('hardening 20: a challenge is random, and good for one exchange', async () => {
  const one = await start().exchange.next(null);
  const other = await start().exchange.next(null);
  const text = one.type === 'challenge' ? one.challenge.toString() : '';
  expect(text).toMatch(/^<[0-9a-f]{32}@postoffice\.reston\.mci\.net>$/);
  expect(other).not.toEqual(one);

  const { exchange } = start();
  await exchange.next(null);
  const replayed = Buffer.from('tim b913a602c7eda7a495b4e6e7334d3890');
  expect(await exchange.next(replayed)).toEqual(failure('credentials'));
  expect(await exchange.next(replayed)).toEqual(failure('malformed'));
});

test.each(['', 'tim b913a602c7eda7a495b4e6e7334d3890'])(
  'hardening 19: the initial response %j is malformed, for the server speaks first',
  async (response) => {
    const { exchange, accounts } = start(KNOWN);
    expect(await exchange.next(Buffer.from(response))).toEqual(failure('malformed'));
    expect(accounts.calls).toEqual([]);
  },
);

test.each([
  ['nothing', ''],
  ['no user', 'b913a602c7eda7a495b4e6e7334d3890'],
  ['an empty user', ' b913a602c7eda7a495b4e6e7334d3890'],
  ['no digest', 'tim'],
  ['an empty digest', 'tim '],
  ['a digest in upper case', 'tim B913A602C7EDA7A495B4E6E7334D3890'],
  ['a digest one digit short', 'tim b913a602c7eda7a495b4e6e7334d389'],
  ['a digest one digit long', 'tim b913a602c7eda7a495b4e6e7334d38900'],
  ['a digest of other letters', 'tim g913a602c7eda7a495b4e6e7334d3890'],
  ['a line feed at the end', 'tim b913a602c7eda7a495b4e6e7334d3890\n'],
  ['a space at the end', 'tim b913a602c7eda7a495b4e6e7334d3890 '],
  ['a NUL in the user', 't\0m b913a602c7eda7a495b4e6e7334d3890'],
  ['a line feed in the user', 'tim\n b913a602c7eda7a495b4e6e7334d3890'],
  ['a user of 256 octets', `${'a'.repeat(256)} b913a602c7eda7a495b4e6e7334d3890`],
  ['a user that is not UTF-8', Buffer.from('t\xefm b913a602c7eda7a495b4e6e7334d3890', 'latin1')],
])('hardening 19: %s is malformed, and nobody is asked for', async (_, response) => {
  const { exchange, accounts } = start(KNOWN);
  await exchange.next(null);
  expect(await exchange.next(Buffer.from(response))).toEqual(failure('malformed'));
  expect(accounts.calls).toEqual([]);
});

test('hardening 19: whatever is sent, and wherever the right response is cut, nobody gets in', async () => {
  const right = Buffer.from('tim b913a602c7eda7a495b4e6e7334d3890');
  for (let length = 0; length < right.length; length++) {
    const { exchange } = start(KNOWN);
    await exchange.next(null);
    expect(await exchange.next(right.subarray(0, length))).toEqual(failure('malformed'));
  }
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 64 }), async (octets) => {
      const { exchange } = start(KNOWN);
      await exchange.next(null);
      expect((await exchange.next(Buffer.from(octets))).type).toBe('failure');
    }),
  );
});
