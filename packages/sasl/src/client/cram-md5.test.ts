import { expect, test } from 'vitest';
import { CLEAR } from './connections-for-tests.ts';
import { cramMd5 } from './cram-md5.ts';

const start = (credentials: object) => cramMd5.start({ credentials, connection: CLEAR, offered: new Set() });

test('CRAM-MD5: the example of RFC 2195 §2', async () => {
  const exchange = start({ authenticationIdentity: 'tim', password: 'tanstaaftanstaaf' });
  expect(await exchange?.initialResponse()).toBeNull();
  const response = await exchange?.respond(Buffer.from('<1896.697170952@postoffice.reston.mci.net>'));
  expect(response?.toString()).toBe('tim b913a602c7eda7a495b4e6e7334d3890');
  exchange?.succeeded();
});

test('success before the password was asked for is not believed', async () => {
  const exchange = start({ authenticationIdentity: 'tim', password: 'tanstaaftanstaaf' });
  await exchange?.initialResponse();
  expect(() => exchange?.succeeded()).toThrow(expect.objectContaining({ kind: 'untrusted' }));
});

test('it has no word for an authorization identity', () => {
  expect(start({ authenticationIdentity: 'tim', password: 'x', authorizationIdentity: 'Ursel' })).toBeNull();
});
