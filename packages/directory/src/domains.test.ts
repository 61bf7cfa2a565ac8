import { expect, test } from 'vitest';
import { startDirectory } from './directory-for-tests.ts';

test('a domain may be added twice, in whatever form', async () => {
  await using server = await startDirectory();
  await server.directory.addDomain('münchen.example');
  await server.directory.addDomain('XN--MNCHEN-3YA.example.');
  expect(await server.sql`select name from domains`).toEqual([{ name: 'xn--mnchen-3ya.example' }]);
});

test('what is no domain name cannot be a domain', async () => {
  await using server = await startDirectory();
  await expect(server.directory.addDomain('[127.0.0.1]')).rejects.toMatchObject({ kind: 'invalid-domain' });
});

test('a catchall can be set and taken away', async () => {
  await using server = await startDirectory();
  const { directory } = server;
  const nobody = { localPart: 'nobody', domain: 'example.com' };
  await directory.addAccount({ name: 'mary', address: 'mary@example.com', password: 'tanstaaftanstaaf' });
  await directory.setCatchall('Example.com', 'mary');
  expect(await directory.resolveRecipient(nobody)).toMatchObject({ type: 'account', accountName: 'mary' });
  await directory.setCatchall('example.com', null);
  expect(await directory.resolveRecipient(nobody)).toEqual({ type: 'unknown-address' });
});

test('a catchall needs a domain and an account that are there', async () => {
  await using server = await startDirectory();
  await expect(server.directory.setCatchall('example.com', null)).rejects.toMatchObject({ kind: 'no-such-domain' });
  await server.directory.addDomain('example.com');
  await expect(server.directory.setCatchall('example.com', 'mary')).rejects.toMatchObject({ kind: 'no-such-account' });
});
