import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { TemporaryDirectory } from '@postel/testkit';
import { expect, test } from 'vitest';
import { openRouteSecrets, sealRouteSecrets } from './route-secrets.ts';
import { SealingKey } from './sealing-key.ts';

test('what was sealed for one thing opens for that alone, by the key alone that sealed it', async () => {
  using directory = new TemporaryDirectory();
  const key = await SealingKey.ensure(`${directory.path}/a.key`);
  const other = await SealingKey.ensure(`${directory.path}/b.key`);
  const sealed = key.seal('the secret', 'the route one');
  expect(key.open(sealed, 'the route one')).toBe('the secret');
  expect(key.seal('the secret', 'the route one').equals(sealed)).toBe(false);
  expect(sealed.includes('the secret')).toBe(false);
  expect(() => key.open(sealed, 'the route two')).toThrow(expect.objectContaining({ kind: 'damaged' }));
  expect(() => other.open(sealed, 'the route one')).toThrow(expect.objectContaining({ kind: 'other-key' }));
  for (let at = 0; at < sealed.length; at++) {
    const changed = Buffer.from(sealed);
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(() => key.open(changed, 'the route one')).toThrow('the route one');
    expect(() => key.open(sealed.subarray(0, at), 'the route one')).toThrow('the route one');
  }
});

test('a key is made once, for its owner alone, and never in the place of another', async () => {
  using directory = new TemporaryDirectory();
  const path = `${directory.path}/below/secrets.key`;
  const keys = await Promise.all(Array.from({ length: 8 }, () => SealingKey.ensure(path)));
  const [first] = keys;
  const sealed = first?.seal('x', 'it') ?? Buffer.alloc(0);
  for (const key of keys) expect(key.open(sealed, 'it')).toBe('x');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  writeFileSync(path, 'something else');
  await expect(SealingKey.ensure(path)).rejects.toMatchObject({ kind: 'no-key' });
  expect(readFileSync(path, 'utf8')).toBe('something else');
});

test('a host without the key of the others seals nothing by one of its own', async () => {
  using directory = new TemporaryDirectory();
  const [ours, theirs] = [`${directory.path}/ours.key`, `${directory.path}/theirs.key`];
  const sealed = await sealRouteSecrets(theirs, 'one', { password: 'secret' }, []);
  const stored = [{ of: 'the route one', octets: sealed?.octets ?? Buffer.alloc(0) }];
  const seal = () => sealRouteSecrets(ours, 'two', { password: 'secret' }, stored);
  await expect(seal()).rejects.toMatchObject({ kind: 'no-key' });
  await SealingKey.ensure(ours);
  await expect(seal()).rejects.toMatchObject({ kind: 'other-key' });
  await expect(openRouteSecrets(ours, 'one', sealed?.octets ?? null)).rejects.toThrow('sealed by another key');
  expect(await openRouteSecrets(theirs, 'one', sealed?.octets ?? null)).toEqual({ password: 'secret' });
  await expect(sealRouteSecrets(theirs, 'two', { clientKey: 'canary' }, stored)).rejects.toThrow(
    expect.objectContaining({ kind: 'invalid-secrets', message: expect.not.stringContaining('canary') }),
  );
});
