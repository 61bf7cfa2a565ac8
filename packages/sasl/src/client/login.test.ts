import { expect, test } from 'vitest';
import { TLS } from './connections-for-tests.ts';
import { login } from './login.ts';

const start = (credentials: object) => login.start({ credentials, connection: TLS, offered: new Set() });

test('LOGIN gives name and password in turn, whatever the server calls them', async () => {
  const exchange = start({ authenticationIdentity: 'tim', password: 'tanstaaftanstaaf' });
  expect(await exchange?.initialResponse()).toBeNull();
  expect((await exchange?.respond(Buffer.from('User Name\0')))?.toString()).toBe('tim');
  expect(() => exchange?.succeeded()).toThrow(expect.objectContaining({ kind: 'untrusted' }));
  expect((await exchange?.respond(Buffer.from('???')))?.toString()).toBe('tanstaaftanstaaf');
  exchange?.succeeded();
  await expect(exchange?.respond(Buffer.from('Password:'))).rejects.toMatchObject({ kind: 'malformed' });
});

test('it has no word for an authorization identity', () => {
  expect(start({ authenticationIdentity: 'tim', password: 'x', authorizationIdentity: 'Ursel' })).toBeNull();
});
