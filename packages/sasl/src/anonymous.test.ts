import { expect, test } from 'vitest';
import { accountsOf } from './accounts-for-tests.ts';
import { anonymous } from './anonymous.ts';
import { TLS } from './connections-for-tests.ts';

function start(account = 'guest') {
  const accounts = accountsOf({}, {}, { anonymous: account });
  return { exchange: anonymous.start(accounts, TLS), accounts };
}

test('RFC 4505 §4: sirhc logs in after an empty challenge', async () => {
  const { exchange, accounts } = start();
  expect(await exchange.next(null)).toEqual({ type: 'challenge', challenge: Buffer.alloc(0) });
  expect(await exchange.next(Buffer.from('sirhc'))).toEqual({ type: 'success', identity: 'guest' });
  expect(accounts.checks).toEqual(['sirhc']);
});

test.each(['', 'sirhc@example.com', '"s@c"@example.com', 'a b', 'ティム', '😀'.repeat(255), '\u0378'])(
  'the trace %j is told to the verifier as it is',
  async (trace) => {
    const { exchange, accounts } = start();
    expect(await exchange.next(Buffer.from(trace))).toEqual({ type: 'success', identity: 'guest' });
    expect(accounts.checks).toEqual([trace]);
  },
);

test('where nobody is anonymous, nobody comes in', async () => {
  const exchange = anonymous.start(accountsOf({ guest: 'x' }, {}), TLS);
  expect(await exchange.next(Buffer.from('guest'))).toEqual({ type: 'failure', reason: 'credentials' });
});

test.each([
  ['256 characters', 'a'.repeat(256)],
  ['256 characters of four octets', '😀'.repeat(256)],
  ['an address of 256 characters', `${'a'.repeat(244)}@example.com`],
  ['octets that are not UTF-8', Buffer.from('s\xefrhc', 'latin1')],
  ['a surrogate in UTF-8', Buffer.from([0xed, 0xa0, 0x80])],
  ['a NUL', '\0'],
  ['a line feed', 'sirhc\n'],
  ['a control of ISO 8859-1', '\x85'],
  ['a line separator', 'a\u2028b'],
  ['a turn of direction', 'a\u202eb'],
  ['a deprecated tone mark', 'a\u0340'],
  ['a zero-width space without break', '\ufeffa'],
  ['a character for private use', '\ue000'],
  ['a non-character', '\u{1fffe}'],
  ['a replacement character', '\ufffd'],
  ['a tag', '\u{e0041}'],
  ['an address without domain', 'sirhc@'],
  ['an address without local part', '@example.com'],
])('hardening 14: a trace with %s is malformed, and told to nobody', async (_, trace) => {
  const { exchange, accounts } = start();
  expect(await exchange.next(Buffer.from(trace))).toEqual({ type: 'failure', reason: 'malformed' });
  expect(accounts.calls).toEqual([]);
});
