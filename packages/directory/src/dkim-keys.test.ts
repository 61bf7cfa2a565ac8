import { createPrivateKey, createPublicKey } from 'node:crypto';
import { expect, test } from 'vitest';
import { startDirectory } from './directory-for-tests.ts';
import type { DkimKeySummary } from './dkim-keys.ts';

const DAY = new Date().toISOString().slice(0, 10).replaceAll('-', '');
const states = (keys: readonly DkimKeySummary[]) => keys.map(({ selector, state }) => `${selector} ${state}`);

/** As if so much time had gone by since the DNS was first seen to have it. */
type Server = Awaited<ReturnType<typeof startDirectory>>;
const goBack = (server: Server, selector: string, minutes: number) => server.sql`
  update dkim_keys set seen_at = seen_at - make_interval(mins => ${minutes}) where selector = ${selector}`;

test('a new domain has a key of each algorithm, which wait for the DNS', async () => {
  await using server = await startDirectory();
  const { directory } = server;
  await directory.addDomain('Example.COM');
  const keys = await directory.dkimKeys.list('example.com.');
  expect(keys).toMatchObject([
    { domain: 'example.com', selector: `ed-${DAY}`, algorithm: 'ed25519', state: 'made', seenAt: null },
    { domain: 'example.com', selector: `rsa-${DAY}`, algorithm: 'rsa', state: 'made', activeSince: null },
  ]);
  const [ed, rsa] = keys.map(({ subjectPublicKeyInfo: key }) => createPublicKey({ key, format: 'der', type: 'spki' }));
  expect(ed?.asymmetricKeyType).toBe('ed25519');
  expect(rsa?.asymmetricKeyDetails?.modulusLength).toBe(2_048);

  await directory.addDomain('example.com');
  expect(await directory.dkimKeys.list('example.com')).toEqual(keys);
  expect(await directory.dkimKeys.signersOf(['example.com'])).toEqual({ keys: [], waiting: ['example.com'] });
});

test('localhost, and what is below it, needs none', async () => {
  await using server = await startDirectory();
  const { directory } = server;
  for (const domain of ['localhost', 'strict.localhost']) {
    await directory.addDomain(domain);
    expect(await directory.dkimKeys.ensure(domain)).toEqual([]);
    await expect(directory.dkimKeys.add(domain, 'rsa')).rejects.toMatchObject({ kind: 'invalid-domain' });
  }
  expect(await directory.dkimKeys.list(null)).toEqual([]);
});

test('a domain that came with an account gets keys when somebody asks for them', async () => {
  await using server = await startDirectory();
  const { directory } = server;
  await directory.addAccount({ name: 'mary', address: 'mary@example.com', password: null });
  expect(await directory.dkimKeys.list('example.com')).toEqual([]);
  expect(states(await directory.dkimKeys.ensure('example.com'))).toEqual([`ed-${DAY} made`, `rsa-${DAY} made`]);
  expect(await directory.dkimKeys.ensure('example.com')).toHaveLength(2);
});

test('the first key signs as soon as the DNS has it, and what it signs can be verified by what is published', async () => {
  await using server = await startDirectory();
  const { dkimKeys, addDomain } = server.directory;
  await addDomain('example.com');
  expect(states(await dkimKeys.seen('example.com', [`ed-${DAY}`]))).toEqual([`ed-${DAY} active`]);
  expect(states(await dkimKeys.list('example.com'))).toEqual([`ed-${DAY} active`, `rsa-${DAY} made`]);

  const { keys, waiting } = await dkimKeys.signersOf(['example.com']);
  expect(keys).toMatchObject([{ domain: 'example.com', selector: `ed-${DAY}` }]);
  expect(waiting).toEqual(['example.com']);
  const privateKey = createPrivateKey({ key: keys[0]?.privateKey ?? Buffer.alloc(0), format: 'der', type: 'pkcs8' });
  const [published] = await dkimKeys.list('example.com');
  expect(createPublicKey(privateKey).export({ format: 'der', type: 'spki' })).toEqual(published?.subjectPublicKeyInfo);
});

test('a key takes the place of another an hour after the DNS was first seen to have it', async () => {
  await using server = await startDirectory();
  const { dkimKeys, addDomain } = server.directory;
  await addDomain('example.com');
  await dkimKeys.seen('example.com', [`ed-${DAY}`, `rsa-${DAY}`]);
  const made = await dkimKeys.add('example.com', 'rsa');
  expect(made).toMatchObject({ selector: `rsa-${DAY}-2`, state: 'made' });
  const signs = async () => (await dkimKeys.signersOf(['example.com'])).keys.map(({ selector }) => selector);

  expect(await dkimKeys.seen('example.com', [made.selector])).toEqual([]);
  await goBack(server, made.selector, 59);
  expect(await dkimKeys.seen('example.com', [made.selector])).toEqual([]);
  expect(await signs()).toEqual([`ed-${DAY}`, `rsa-${DAY}`]);

  await goBack(server, made.selector, 1);
  expect(await dkimKeys.seen('example.com', [])).toEqual([]); // the DNS has it no more
  expect(states(await dkimKeys.seen('example.com', [made.selector]))).toEqual([`${made.selector} active`]);
  expect(await signs()).toEqual([`ed-${DAY}`, made.selector]);

  const retired = (await dkimKeys.list('example.com')).find(({ state }) => state === 'retired');
  expect(retired?.selector).toBe(`rsa-${DAY}`);
  const days = ((retired?.publishedUntil?.getTime() ?? 0) - (retired?.retiredAt?.getTime() ?? 0)) / 86_400_000;
  expect(days).toBe(14);
  expect(await server.sql`select private_key from dkim_keys where selector = ${`rsa-${DAY}`}`).toEqual([
    { private_key: null },
  ]);
});

test('a key may sign at once, whatever the DNS says, but not once it was retired', async () => {
  await using server = await startDirectory();
  const { dkimKeys, addDomain } = server.directory;
  await addDomain('example.com');
  const [first] = await dkimKeys.list('example.com');
  expect(await dkimKeys.activate('example.com', `ed-${DAY}`)).toMatchObject({ state: 'active', seenAt: null });
  const { selector } = await dkimKeys.add('example.com', 'ed25519');
  await dkimKeys.activate('example.com', selector);
  await expect(dkimKeys.activate('example.com', `${first?.selector}`)).rejects.toThrow('was retired');
  await expect(dkimKeys.activate('example.com', selector)).rejects.toThrow('signs already');
  await expect(dkimKeys.activate('example.com', 'nobody')).rejects.toMatchObject({ kind: 'no-such-dkim-key' });
});

test('what becomes of keys is written down, without their private parts', async () => {
  await using server = await startDirectory();
  const { dkimKeys, addDomain, listChanges } = server.directory;
  await addDomain('example.com');
  await dkimKeys.activate('example.com', `rsa-${DAY}`);
  const filter = { account: null, since: new Date(0), limit: 10 };
  expect(await listChanges(filter)).toMatchObject([
    {
      kind: 'domain',
      before: { dkimKeys: { [`rsa-${DAY}`]: 'made' } },
      after: { dkimKeys: { [`rsa-${DAY}`]: 'active' } },
    },
    { kind: 'domain', before: null, after: { dkimKeys: { [`ed-${DAY}`]: 'made', [`rsa-${DAY}`]: 'made' } } },
  ]);
});

test('of an algorithm one key waits at a time, and there is an end to retired ones', async () => {
  await using server = await startDirectory();
  const { dkimKeys, addDomain } = server.directory;
  await addDomain('example.com');
  await expect(dkimKeys.add('example.com', 'ed25519')).rejects.toMatchObject({ kind: 'dkim-key-exists' });
  await dkimKeys.activate('example.com', `ed-${DAY}`);
  for (let i = 2; i < 20; i++) {
    await dkimKeys.activate('example.com', (await dkimKeys.add('example.com', 'ed25519')).selector);
  }
  await expect(dkimKeys.add('example.com', 'ed25519')).rejects.toMatchObject({ kind: 'too-many-dkim-keys' });
  expect(await dkimKeys.remove('example.com', `ed-${DAY}`)).toMatchObject({ state: 'retired' });
  await dkimKeys.add('example.com', 'ed25519');
});

test('keys go with their domain, and what is not here cannot be named', async () => {
  await using server = await startDirectory();
  const { dkimKeys, addDomain, removeDomain } = server.directory;
  await addDomain('example.com');
  await removeDomain('example.com');
  expect(await server.sql`select from dkim_keys`).toHaveLength(0);
  const calls = [
    () => dkimKeys.list('example.com'),
    () => dkimKeys.add('example.com', 'rsa'),
    () => dkimKeys.ensure('example.com'),
    () => dkimKeys.seen('example.com', ['a']),
    () => dkimKeys.activate('example.com', 'a'),
    () => dkimKeys.remove('example.com', 'a'),
  ];
  for (const call of calls) await expect(call()).rejects.toMatchObject({ kind: 'no-such-domain' });
  await expect(dkimKeys.list('no domain')).rejects.toMatchObject({ kind: 'invalid-domain' });
});

test('the nearest domain with keys signs for what is below it, each author’s domain by its own', async () => {
  await using server = await startDirectory();
  const { dkimKeys, addDomain } = server.directory;
  for (const domain of ['example.com', 'shop.example.com', 'example.net']) {
    await addDomain(domain);
    await dkimKeys.activate(domain, `ed-${DAY}`);
  }
  const signers = async (...domains: string[]) =>
    (await dkimKeys.signersOf(domains)).keys.map(({ domain }) => domain).sort();
  expect(await signers('mail.example.com')).toEqual(['example.com']);
  expect(await signers('Mail.EXAMPLE.com.')).toEqual(['example.com']);
  expect(await signers('shop.example.com')).toEqual(['shop.example.com']);
  expect(await signers('shop.example.com', 'example.net', 'a.b.example.net')).toEqual([
    'example.net',
    'shop.example.com',
  ]);
  expect(await signers('example.org', 'notexample.com', 'com', '[192.0.2.1]')).toEqual([]);
  expect(await signers()).toEqual([]);
});
