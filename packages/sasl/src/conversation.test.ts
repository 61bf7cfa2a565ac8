import { expect, test } from 'vitest';
import { exchangeOf } from './conversation.ts';

/** Succeeds with the octets it was sent, after as many challenges. */
const counting = () =>
  exchangeOf<number>(async function* (initialResponse) {
    let octets = initialResponse?.length ?? 0;
    let response = yield Buffer.from(String(octets));
    while (response.length > 0) {
      octets += response.length;
      response = yield Buffer.from(String(octets));
    }
    return { type: 'success', identity: octets };
  });

const challenge = (text: string) => ({ type: 'challenge', challenge: Buffer.from(text) });

test('what is yielded goes to the client, and its response comes back', async () => {
  const exchange = counting();
  expect(await exchange.next(Buffer.from('abc'))).toEqual(challenge('3'));
  expect(await exchange.next(Buffer.from('de'))).toEqual(challenge('5'));
  expect(await exchange.next(Buffer.alloc(0))).toEqual({ type: 'success', identity: 5 });
});

test('no initial response is not an empty one', async () => {
  const sawNull = exchangeOf<boolean>(async function* (initialResponse) {
    yield Buffer.alloc(0);
    return { type: 'success', identity: initialResponse === null };
  });
  await sawNull.next(null);
  expect(await sawNull.next(Buffer.alloc(0))).toEqual({ type: 'success', identity: true });
});

test('hardening 19: a response has at most the 9,216 octets that 12,288 of base64 hold, at any step', async () => {
  const initial = counting();
  expect(await initial.next(Buffer.alloc(9_217))).toEqual({ type: 'failure', reason: 'malformed' });
  expect(await initial.next(Buffer.alloc(0))).toEqual({ type: 'failure', reason: 'malformed' });

  const later = counting();
  expect(await later.next(Buffer.alloc(9_216))).toEqual(challenge('9216'));
  expect(await later.next(Buffer.alloc(9_217))).toEqual({ type: 'failure', reason: 'malformed' });
});
