import { accountId } from '@postel/storage';
import { expect, test } from 'vitest';
import { CredentialUses } from './credential-uses.ts';
import { BY_IMAP, startDirectory } from './directory-for-tests.ts';
import type { AuthenticatedAccount } from './login.ts';

const PLAINEST = { service: null, expiresAt: null, networks: null, isShared: false } as const;
const MINUTE_MS = 60_000;

/** An account with an app password and a key, and how its uses are noted. */
async function start() {
  const server = await startDirectory();
  const { directory, sql } = server;
  await directory.addAccount({ name: 'mary', address: 'mary@example.com', password: 'tanstaaftanstaaf' });
  const secret = await directory.appPasswords.add('mary', { ...PLAINEST, name: 'phone' });
  const fingerprint = Buffer.alloc(32, 1);
  await sql`
    insert into tls_public_keys (fingerprint, account_id, subject_public_key_info, key_type, name)
    select ${fingerprint}, account_id, ''::bytea, 'ed25519', 'laptop' from accounts`;
  const phone = await directory.beginLogin(BY_IMAP, 'PLAIN').verifyPassword('mary', secret);
  if (phone === null) throw new Error('mary cannot log in');
  const credential = {
    type: 'tls-public-key',
    fingerprint: fingerprint.toString('base64url'),
    name: 'laptop',
  } as const;
  const laptop: AuthenticatedAccount = { ...phone, credential };
  let time = Date.UTC(2026, 10, 23);
  const errors: unknown[] = [];
  return {
    server,
    secret,
    phone,
    laptop,
    errors,
    uses: () => new CredentialUses(sql, { now: () => time, onError: (error) => errors.push(error) }),
    pass: (ms: number) => (time += ms),
    async lastUsed() {
      return await sql`
        select name, last_used_at as at, host(last_used_from) as from from credentials where last_used_at is not null
         union all
        select name, last_used_at, host(last_used_from) from tls_public_keys where last_used_at is not null
         order by name desc`;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

test('when and from where a password and a key were used last is written down, and listed', async () => {
  await using own = await start();
  const uses = own.uses();
  uses.note(own.phone, '192.0.2.7');
  uses.note(own.laptop, '2001:db8::7');
  await uses.flush();
  const at = new Date(Date.UTC(2026, 10, 23));
  expect(await own.lastUsed()).toEqual([
    { name: 'phone', at, from: '192.0.2.7' },
    { name: 'laptop', at, from: '2001:db8::7' },
  ]);
  const { directory } = own.server;
  expect(await directory.appPasswords.list('mary')).toMatchObject([{ lastUsedAt: at, lastUsedFrom: '192.0.2.7' }]);
  expect(await directory.tlsPublicKeys.list('mary')).toMatchObject([{ lastUsedAt: at, lastUsedFrom: '2001:db8::7' }]);
});

test('a credential is written down once a minute by a process, and never back in time by another', async () => {
  await using own = await start();
  const [here, elsewhere] = [own.uses(), own.uses()];
  here.note(own.phone, '192.0.2.1');
  own.pass(MINUTE_MS - 1);
  here.note(own.phone, '192.0.2.2');
  await here.flush();
  expect(await own.lastUsed()).toMatchObject([{ from: '192.0.2.1' }]);
  own.pass(1);
  elsewhere.note(own.phone, '192.0.2.3');
  own.pass(1);
  here.note(own.phone, '192.0.2.4');
  await here.flush();
  await elsewhere.flush();
  expect(await own.lastUsed()).toMatchObject([{ from: '192.0.2.4' }]);
});

test('what is gone, has no row, or cannot be written is nobody’s trouble', async () => {
  await using own = await start();
  const uses = own.uses();
  uses.note({ ...own.phone, credential: { type: 'anonymous' } }, '192.0.2.1');
  uses.note({ ...own.phone, credential: { type: 'token', issuer: 'https://id.example.com' } }, '192.0.2.1');
  uses.note({ ...own.phone, accountId: accountId(999) }, '192.0.2.1');
  uses.note(own.phone, '');
  await uses.flush();
  expect(await own.lastUsed()).toMatchObject([{ name: 'phone', from: null }]);
  uses.note(own.laptop, 'no address');
  await uses.flush();
  expect(own.errors).toHaveLength(1);
  await uses.flush();
  expect(own.errors).toHaveLength(1);
});

test('a login that succeeds is noted, and one that fails is not', async () => {
  await using own = await start();
  const { directory } = own.server;
  for (const [clientAddress, outcome] of [
    ['192.0.2.1', 'authorization'],
    ['192.0.2.2', 'success'],
  ] as const) {
    const attempt = directory.beginLogin({ ...BY_IMAP, clientAddress }, 'PLAIN');
    attempt.settle(outcome, await attempt.verifyPassword('mary', own.secret));
  }
  await directory.close();
  expect(await own.lastUsed()).toEqual([{ name: 'phone', at: expect.any(Date), from: '192.0.2.2' }]);
});
