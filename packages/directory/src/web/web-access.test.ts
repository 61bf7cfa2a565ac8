import { expect, test } from 'vitest';
import { startDirectory, TESTER } from '../directory-for-tests.ts';
import type { LoginContext } from '../login.ts';
import { base32, totpCode } from './totp.ts';

const BY_WEB: LoginContext = {
  service: 'web',
  clientAddress: '192.0.2.1',
  tlsVersion: 'TLSv1.3',
  clientKey: null,
  unknownKey: null,
};
const FROM = { awaitsCode: false, clientAddress: '192.0.2.1', program: 'a browser' } as const;

test('RFC 6238 appendix B: the codes of SHA-1, in six digits', () => {
  const secret = Buffer.from('12345678901234567890');
  const steps = [59, 1111111109, 1111111111, 1234567890, 2000000000, 20000000000];
  expect(steps.map((second) => totpCode(secret, Math.floor(second / 30)))).toEqual([
    '287082',
    '081804',
    '050471',
    '005924',
    '279037',
    '353130',
  ]);
});

test('RFC 4648 §10: base32', () => {
  const words = ['', 'f', 'fo', 'foo', 'foob', 'fooba', 'foobar'];
  expect(words.map((word) => base32(Buffer.from(word)))).toEqual([
    ...['', 'MY', 'MZXQ', 'MZXW6', 'MZXW6YQ', 'MZXW6YTB', 'MZXW6YTBOI'],
  ]);
});

test('a session is found by its token, and is over when the password is another one, or the account is disabled', async () => {
  await using started = await startDirectory();
  const { directory } = started;
  await directory.addAccount({ name: 'mary', address: 'mary@example.com', password: 'correct horse' });
  const { accountId: holder } = (await directory.identify('mary')) ?? {};
  if (holder === undefined) throw new Error('nobody');
  const { sessions } = directory.web;

  const first = await sessions.begin({ ...FROM, holder });
  expect(await sessions.find(first)).toMatchObject({ holder, name: 'mary', role: 'account', awaitsCode: false });
  expect(await sessions.find(`${first}x`)).toBe(null);
  expect(await sessions.list(holder)).toMatchObject([{ clientAddress: '192.0.2.1', program: 'a browser' }]);

  await directory.setDisabled('mary', true);
  expect(await sessions.find(first)).toBe(null);
  await directory.setDisabled('mary', false);
  expect(await sessions.find(first)).not.toBe(null);

  const second = await sessions.begin({ ...FROM, holder });
  await directory.setPassword('mary', 'another horse');
  const going = await sessions.find(first);
  expect(going).toBe(null);
  const [own] = [await sessions.find(second)];
  expect(own).toBe(null);

  const third = await sessions.begin({ ...FROM, holder });
  await sessions.end(third);
  expect(await sessions.find(third)).toBe(null);
});

test('a holder has a hundred sessions: the one used longest ago is over with the next, and nobody else’s', async () => {
  await using started = await startDirectory();
  const { directory, sql } = started;
  for (const name of ['mary', 'fred']) {
    await directory.addAccount({ name, address: `${name}@example.com`, password: 'correct horse' });
  }
  const { accountId: mary = null } = (await directory.identify('mary')) ?? {};
  const { accountId: fred = null } = (await directory.identify('fred')) ?? {};
  const { sessions } = directory.web;
  const freds = await sessions.begin({ ...FROM, holder: fred });
  const first = await sessions.begin({ ...FROM, holder: mary });
  await sql`update web_sessions set used_at = now() - interval '1 hour'`;
  for (let i = 0; i < 99; i++) await sessions.begin({ ...FROM, holder: mary });
  await sessions.begin({ ...FROM, holder: mary, awaitsCode: true });
  expect(await sessions.list(mary)).toHaveLength(100);

  await sessions.begin({ ...FROM, holder: mary });
  expect(await sessions.list(mary)).toHaveLength(100);
  expect(await sessions.find(first)).toBe(null);
  expect(await sessions.find(freds)).not.toBe(null);
});

test('sessions end after their idle time, and after their lifetime however much they are used', async () => {
  await using started = await startDirectory();
  const { directory, sql } = started;
  await directory.setAdminPassword('correct horse');
  const { sessions } = directory.web;
  const token = await sessions.begin({ ...FROM, holder: null });
  expect(await sessions.find(token)).toMatchObject({ holder: null, name: null, role: 'owner' });

  await sql`update web_sessions set used_at = now() - interval '2 hours 1 minute'`;
  expect(await sessions.find(token)).toBe(null);
  await sql`update web_sessions set used_at = now(), created_at = now() - interval '12 hours 1 minute'`;
  expect(await sessions.find(token)).toBe(null);
  await sql`update web_sessions set created_at = now() - interval '11 hours'`;
  expect(await sessions.find(token)).not.toBe(null);
});

test('an app password is none for the web', async () => {
  await using started = await startDirectory();
  const { directory } = started;
  await directory.addAccount({ name: 'mary', address: 'mary@example.com', password: 'correct horse' });
  const any = { service: null, expiresAt: null, networks: null, isShared: false };
  const appPassword = await directory.appPasswords.add('mary', { ...any, name: 'phone' });
  const signIn = (password: string) => directory.beginLogin(BY_WEB, 'web').verifyPassword('mary', password);
  expect(await signIn('correct horse')).toMatchObject({ name: 'mary', credential: { type: 'password' } });
  expect(await signIn(appPassword)).toBe(null);
});

test('the admin password: right, wrong, limited like logins; a new one takes away what the old one had', async () => {
  await using started = await startDirectory();
  const { directory } = started;
  const { adminPassword, sessions, secondFactor, tokens } = directory.web;
  expect(await adminPassword.isSet()).toBe(false);
  expect(await adminPassword.signIn(BY_WEB, 'correct horse')).toMatchObject({ type: 'wrong', refusal: null });
  await expect(directory.setAdminPassword('short')).rejects.toMatchObject({ kind: 'weak-password' });
  await directory.setAdminPassword('correct horse');
  const outcome = await adminPassword.signIn(BY_WEB, 'correct horse');
  if (outcome.type === 'wrong') throw new Error('wrong');
  const session = await sessions.begin({ ...FROM, holder: null, credentialId: outcome.credentialId });
  expect(await sessions.find(session)).not.toBe(null);
  const token = await tokens.add(TESTER, null, { name: 'script', scopes: ['admin:read'], expiresAt: null });
  expect(await tokens.find(token, '192.0.2.1')).toMatchObject({ holder: null, scopes: ['admin:read'] });
  expect(await secondFactor.begin(null)).toMatch(/^[A-Z2-7]{32}$/);

  await directory.setAdminPassword('another horse');
  expect(await sessions.find(session)).toBe(null);
  expect(await tokens.find(token, '192.0.2.1')).toBe(null);
  for (let i = 0; i < 10; i++) await adminPassword.signIn(BY_WEB, `guess ${i}`);
  const refused = await adminPassword.signIn(BY_WEB, 'another horse');
  expect(refused).toMatchObject({ type: 'wrong', refusal: { kind: 'too-many-failures' } });
});

test('a code completes a sign-in once; five wrong ones end it; a recovery code works once', async () => {
  await using started = await startDirectory();
  const { directory } = started;
  await directory.addAccount({ name: 'mary', address: 'mary@example.com', password: 'correct horse' });
  const { accountId: holder = null } = (await directory.identify('mary')) ?? {};
  const { secondFactor, sessions } = directory.web;
  const secret = await secondFactor.begin(holder);
  const now = Math.floor(Date.now() / 30_000); // once: the next half minute may begin at any line
  const codeAt = (step: number) => totpCode(fromBase32(secret ?? ''), now + step);
  expect(await secondFactor.read(holder)).toEqual({ isOn: false, recoveryCodes: 0 });
  expect(await secondFactor.confirm(TESTER, holder, '000000')).toBe(null);
  const codes = await secondFactor.confirm(TESTER, holder, codeAt(-1));
  expect(codes).toHaveLength(10);
  expect(await secondFactor.read(holder)).toEqual({ isOn: true, recoveryCodes: 10 });
  expect(await secondFactor.begin(holder)).toBe(null);

  const waiting = async () => {
    const token = await sessions.begin({ ...FROM, holder, awaitsCode: true });
    const session = await sessions.find(token);
    if (session === null) throw new Error('no session');
    return { token, ...session };
  };
  const first = await waiting();
  expect(await secondFactor.complete(first.sessionId, holder, codeAt(-1))).toBe('wrong');
  expect(await secondFactor.complete(first.sessionId, holder, codeAt(0))).toBe('right');
  expect(await sessions.find(first.token)).toMatchObject({ awaitsCode: false });

  const second = await waiting();
  for (const _ of [1, 2, 3, 4]) expect(await secondFactor.complete(second.sessionId, holder, '12345')).toBe('wrong');
  expect(await secondFactor.complete(second.sessionId, holder, codeAt(0))).toBe('over');
  expect(await sessions.find(second.token)).toBe(null);

  const third = await waiting();
  expect(await secondFactor.complete(third.sessionId, holder, codes?.[0] ?? '')).toBe('right');
  const fourth = await waiting();
  expect(await secondFactor.complete(fourth.sessionId, holder, codes?.[0] ?? '')).toBe('wrong');
  await secondFactor.remove(TESTER, holder);
  expect(await secondFactor.read(holder)).toEqual({ isOn: false, recoveryCodes: 0 });
});

test('tokens and passkeys are those of their holder alone', async () => {
  await using started = await startDirectory();
  const { directory } = started;
  const holders = [];
  for (const name of ['mary', 'fred']) {
    await directory.addAccount({ name, address: `${name}@example.com`, password: 'correct horse' });
    holders.push((await directory.identify(name))?.accountId ?? null);
  }
  const [mary = null, fred = null] = holders;
  const { tokens, passkeys } = directory.web;
  const token = await tokens.add(TESTER, mary, { name: 'script', scopes: ['account:read'], expiresAt: null });
  const [listed] = await tokens.list(mary);
  expect(await tokens.list(fred)).toEqual([]);
  expect(await tokens.remove(TESTER, fred, listed?.tokenId ?? '')).toBe(false);
  expect(await tokens.find(token, '192.0.2.1')).toMatchObject({ holder: mary, name: 'mary', role: 'account' });
  expect(await tokens.remove(TESTER, mary, listed?.tokenId ?? '')).toBe(true);
  expect(await tokens.find(token, '192.0.2.1')).toBe(null);

  const passkey = { passkeyId: Buffer.from('id'), publicKey: Buffer.from('key'), counter: 0, transports: ['usb'] };
  await passkeys.add(TESTER, mary, { ...passkey, name: 'yellow key' });
  await expect(passkeys.add(TESTER, fred, { ...passkey, name: 'mine' })).rejects.toMatchObject({ kind: 'key-exists' });
  expect(await passkeys.find(passkey.passkeyId)).toMatchObject({
    holder: mary,
    accountName: 'mary',
    transports: ['usb'],
  });
  expect(await passkeys.remove(TESTER, fred, passkey.passkeyId)).toBe(false);

  const challenge = await passkeys.newChallenge('register', mary);
  expect(await passkeys.takeChallenge(challenge, 'register', fred)).toBe(false);
  expect(await passkeys.takeChallenge(challenge, 'sign-in', mary)).toBe(false);
  expect(await passkeys.takeChallenge(challenge, 'register', mary)).toBe(true);
  expect(await passkeys.takeChallenge(challenge, 'register', mary)).toBe(false);
});

function fromBase32(text: string): Buffer {
  const bits = [...text]
    .map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0'))
    .join('');
  return Buffer.from(bits.match(/.{8}/g)?.map((octet) => Number.parseInt(octet, 2)) ?? []);
}
