import { afterAll, beforeAll, expect, test } from 'vitest';
import { startDirectory } from './directory-for-tests.ts';
import type { AuthenticatedAccount, LoginCredential } from './login.ts';

let server: Awaited<ReturnType<typeof startDirectory>>;
beforeAll(async () => {
  server = await startDirectory();
});
afterAll(() => server[Symbol.asyncDispose]());

async function logInAs(name: string, credential: LoginCredential): Promise<AuthenticatedAccount> {
  const account = await server.directory.identify(name);
  if (account === null) throw new Error(`there is no account ${name}`);
  return { ...account, loginAddress: null, credential, expiresAt: null };
}

const PASSWORD: LoginCredential = { type: 'password', credentialId: 1 };

test('only who was made an owner administers the server, for as long as that is so', async () => {
  const { directory } = server;
  await directory.addAccount({ name: 'mary', address: 'mary@a.example', password: null });
  const mary = await logInAs('mary', PASSWORD);
  expect(await directory.mayAdminister(mary)).toBe(false);
  await directory.setRole('mary', 'owner');
  expect(await directory.mayAdminister(mary)).toBe(true);
  await directory.setDisabled('mary', true);
  expect(await directory.mayAdminister(mary)).toBe(false);
  await directory.setDisabled('mary', false);
  await directory.setRole('mary', 'account');
  expect(await directory.mayAdminister(mary)).toBe(false);
  await expect(directory.setRole('nobody', 'owner')).rejects.toMatchObject({ kind: 'no-such-account' });
});

test.each<[LoginCredential, boolean]>([
  [PASSWORD, true],
  [{ type: 'tls-public-key', fingerprint: 'f', name: 'notebook' }, true],
  [{ type: 'token', issuer: 'https://issuer.example' }, true],
  [{ type: 'app-password', credentialId: 1, name: 'phone' }, false],
  [{ type: 'anonymous' }, false],
])('an owner who logged in by %j: %s', async (credential, administers) => {
  const { directory } = server;
  const name = `owner-${credential.type}`;
  await directory.addAccount({ name, address: `${name}@a.example`, password: null });
  await directory.setRole(name, 'owner');
  expect(await directory.mayAdminister(await logInAs(name, credential))).toBe(administers);
});
