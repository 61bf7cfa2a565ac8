import { expect, test } from 'vitest';
import type { ClientCredentials } from './client-mechanism.ts';
import { TLS } from './connections-for-tests.ts';
import { oauthBearer, xoauth2 } from './oauth-bearer.ts';

const TOKEN = 'vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==';
const USER: ClientCredentials = { authenticationIdentity: 'user@example.com', bearerToken: TOKEN };
const connection = { ...TLS, host: 'server.example.com', port: 143 };
const offered: ReadonlySet<string> = new Set();

test('OAUTHBEARER: the example of RFC 7628 §4.1', async () => {
  const exchange = oauthBearer.start({ credentials: USER, connection, offered });
  expect((await exchange?.initialResponse())?.toString('base64')).toBe(
    'bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRj' +
      'Mk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB',
  );
  exchange?.succeeded();
});

test('a refusal is answered with ^A, as RFC 7628 §4.3 shows, and told in its word', async () => {
  const exchange = oauthBearer.start({ credentials: USER, connection, offered });
  await exchange?.initialResponse();
  expect(exchange?.refusal).toBeNull();
  expect(await exchange?.respond(Buffer.from('{"status":"invalid_token","scope":"example_scope"}'))).toEqual(
    Buffer.from('\x01'),
  );
  expect(exchange?.refusal).toBe('invalid_token');
  expect(() => exchange?.succeeded()).toThrow(expect.objectContaining({ kind: 'untrusted' }));
});

test('XOAUTH2 gives user and token, and answers a refusal with nothing', async () => {
  const exchange = xoauth2.start({ credentials: USER, connection, offered });
  expect((await exchange?.initialResponse())?.toString()).toBe(`user=user@example.com\x01auth=Bearer ${TOKEN}\x01\x01`);
  exchange?.succeeded();
  expect(await exchange?.respond(Buffer.from('{"status":"401"}'))).toEqual(Buffer.alloc(0));
  expect(exchange?.refusal).toBe('401');
});

test('a refusal in other words is told without what a terminal would obey', async () => {
  const exchange = xoauth2.start({ credentials: USER, connection, offered });
  await exchange?.initialResponse();
  await exchange?.respond(Buffer.from('\x1b[2Jno'));
  expect(exchange?.refusal).toBe(' [2Jno');
});

test('the authorization identity is said by OAUTHBEARER, escaped; XOAUTH2 cannot', async () => {
  const credentials = { ...USER, authorizationIdentity: 'a,b=c' };
  const exchange = oauthBearer.start({ credentials, connection, offered });
  expect((await exchange?.initialResponse())?.toString()).toMatch(/^n,a=a=2Cb=3Dc,\x01/);
  expect(xoauth2.start({ credentials, connection, offered })).toBeNull();
});

test('a token that would break out of its field never leaves', async () => {
  for (const mechanism of [oauthBearer, xoauth2]) {
    const credentials = { ...USER, bearerToken: 'x\x01user=root' };
    const exchange = mechanism.start({ credentials, connection, offered });
    await expect(exchange?.initialResponse()).rejects.toMatchObject({ kind: 'credentials' });
  }
});
