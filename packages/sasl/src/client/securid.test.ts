import { expect, test } from 'vitest';
import { TLS } from './connections-for-tests.ts';
import { securId } from './securid.ts';

function start() {
  const passcodes = ['111111', '222222', '333333', '444444', '555555'];
  const suggestions: (string | null)[] = [];
  const card = {
    passcode: async () => passcodes.shift() ?? '',
    pin: async (suggestion: string | null) => {
      suggestions.push(suggestion);
      return '4711';
    },
  };
  const exchange = securId.start({
    credentials: { authenticationIdentity: 'tim', securId: card },
    connection: TLS,
    offered: new Set(),
  });
  if (exchange === null) throw new Error('SECURID did not start');
  return { exchange, suggestions };
}

test('SECURID gives name and passcode, and the next passcode if asked for it', async () => {
  const { exchange } = start();
  expect((await exchange.initialResponse())?.toString()).toBe('\0tim\x00111111\0');
  exchange.succeeded();
  expect((await exchange.respond(Buffer.from('passcode'))).toString()).toBe('\0tim\x00222222\0');
  exchange.succeeded();
});

test('SECURID gives a PIN if asked for it, and hears what the server suggests', async () => {
  const { exchange, suggestions } = start();
  await exchange.initialResponse();
  expect((await exchange.respond(Buffer.from('pin'))).toString()).toBe('\0tim\x00222222\x004711\0');
  await exchange.respond(Buffer.from('pin1234'));
  expect(suggestions).toEqual([null, '1234']);
});

test('a server that asks on and on, or for something else, is told no more', async () => {
  const { exchange } = start();
  await exchange.initialResponse();
  for (let i = 0; i < 3; i += 1) await exchange.respond(Buffer.from('passcode'));
  await expect(exchange.respond(Buffer.from('passcode'))).rejects.toMatchObject({ kind: 'malformed' });

  const other = start();
  await other.exchange.initialResponse();
  await expect(other.exchange.respond(Buffer.from('password'))).rejects.toMatchObject({ kind: 'malformed' });
});
