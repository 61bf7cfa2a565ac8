import { expect, test } from 'vitest';
import { TLS } from './connections-for-tests.ts';
import { plain } from './plain.ts';

const start = (credentials: object) => plain.start({ credentials, connection: TLS, offered: new Set() });

test('PLAIN: the examples of RFC 4616 §4', async () => {
  const tim = start({ authenticationIdentity: 'tim', password: 'tanstaaftanstaaf' });
  expect((await tim?.initialResponse())?.toString()).toBe('\0tim\0tanstaaftanstaaf');
  tim?.succeeded();
  const kurt = start({ authenticationIdentity: 'Kurt', password: 'xipj3plmq', authorizationIdentity: 'Ursel' });
  expect((await kurt?.initialResponse())?.toString()).toBe('Ursel\0Kurt\0xipj3plmq');
});

test.each([
  { authenticationIdentity: 'tim', password: 'x\0y' },
  { authenticationIdentity: 'tim\0x', password: 'y' },
  { authenticationIdentity: 'tim', password: 'y', authorizationIdentity: 'a\0' },
])('a NUL in %j never leaves', async (credentials) => {
  await expect(start(credentials)?.initialResponse()).rejects.toMatchObject({ kind: 'credentials' });
});

test('a server that asks on after the password is told no more', async () => {
  const exchange = start({ authenticationIdentity: 'tim', password: 'tanstaaftanstaaf' });
  await exchange?.initialResponse();
  await expect(exchange?.respond(Buffer.alloc(0))).rejects.toMatchObject({ kind: 'malformed' });
  expect(() => exchange?.succeeded()).toThrow();
});
