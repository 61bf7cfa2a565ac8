import { expect, test } from 'vitest';
import type { ClientCredentials } from './client-mechanism.ts';
import { CLEAR } from './connections-for-tests.ts';
import { gssapi } from './gssapi.ts';

/** A context that is complete after so many tokens, and wraps by a prefix. */
function start(tokens: number, authorizationIdentity?: string) {
  const services: string[] = [];
  let steps = 0;
  const credentials: ClientCredentials = {
    gss: async (service) => {
      services.push(service);
      return {
        step: async (token) => {
          steps += 1;
          return { token: Buffer.from(`token ${steps}, after ${token.toString()}`), isComplete: steps >= tokens };
        },
        unwrap: async (message) => {
          if (!message.toString('latin1').startsWith('wrapped ')) throw new Error('not wrapped');
          return message.subarray(8);
        },
        wrap: async (message) => Buffer.concat([Buffer.from('wrapped '), message]),
      };
    },
    ...(authorizationIdentity === undefined ? {} : { authorizationIdentity }),
  };
  const exchange = gssapi.start({ credentials, connection: CLEAR, offered: new Set() });
  if (exchange === null) throw new Error('GSSAPI did not start');
  return { exchange, services };
}

const offer = (...octets: number[]) => Buffer.concat([Buffer.from('wrapped '), Buffer.from(octets)]);

test('tokens go to and fro, then the client chooses to have no security layer: RFC 4752 §3.1', async () => {
  const { exchange, services } = start(2, 'Ursel');
  expect((await exchange.initialResponse())?.toString()).toBe('token 1, after ');
  expect((await exchange.respond(Buffer.from('one'))).toString()).toBe('token 2, after one');
  expect(() => exchange.succeeded()).toThrow(expect.objectContaining({ kind: 'untrusted' }));
  expect(await exchange.respond(offer(7, 0, 16, 0))).toEqual(
    Buffer.concat([Buffer.from('wrapped \x01\0\0\0'), Buffer.from('Ursel')]),
  );
  exchange.succeeded();
  expect(services).toEqual(['smtp@mail.example.com']);
});

test.each([
  ['none at all', offer()],
  ['three octets', offer(1, 0, 0)],
  ['five octets', offer(1, 0, 0, 0, 0)],
  ['layers only', offer(6, 0, 16, 0)],
])('an offer of layers is refused: %s', async (_, message) => {
  const { exchange } = start(1);
  await exchange.initialResponse();
  await expect(exchange.respond(message)).rejects.toMatchObject({ kind: 'malformed' });
});

test('an offer that the context did not wrap, and tokens without end, are refused', async () => {
  const unwrapped = start(1);
  await unwrapped.exchange.initialResponse();
  await expect(unwrapped.exchange.respond(Buffer.from([1, 0, 0, 0]))).rejects.toThrow('not wrapped');

  const endless = start(Number.POSITIVE_INFINITY);
  await endless.exchange.initialResponse();
  const goOn = async () => {
    for (let i = 0; i < 20; i += 1) await endless.exchange.respond(Buffer.from('more'));
  };
  await expect(goOn()).rejects.toMatchObject({ kind: 'malformed' });
});
