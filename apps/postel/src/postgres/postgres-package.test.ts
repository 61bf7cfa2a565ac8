import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findPostgresPackage } from './postgres-package.ts';

test('the package for this machine is found, whole, and its major version known', () => {
  const elsewhere = mkdtempSync(join(tmpdir(), 'postel-links-'));
  const found = findPostgresPackage(elsewhere);
  expect(found.major).toBe('18');
  expect(found.postgres).toMatch(/native\/bin\/postgres$/);
  expect(found.libraryPath === null).toBe(readdirSync(elsewhere).length === 0);
  rmSync(elsewhere, { recursive: true });
});
