import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { CommandError } from '../command-error.ts';
import { findPostgresPackage } from './postgres-package.ts';
import { choosePostgresUser } from './postgres-user.ts';

const isRoot = process.geteuid?.() === 0;
const { postgres: program } = findPostgresPackage(tmpdir());
const { PATH = '' } = process.env;
const SOMEBODY = 12_345;

let outer: string;
let parent: string;
let cluster: string;
beforeEach(() => {
  outer = mkdtempSync(join(tmpdir(), 'postel-user-'));
  chmodSync(outer, 0o755);
  parent = join(outer, 'data');
  cluster = join(parent, 'postgres');
  mkdirSync(parent, { mode: 0o700 });
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(outer, { recursive: true });
});

describe.skipIf(!isRoot)('as root (SKIP: needs root)', () => {
  test('the owner of the data directory runs it', async () => {
    mkdirSync(cluster);
    chownSync(cluster, SOMEBODY, SOMEBODY);
    expect(await choose()).toEqual({ type: 'other', uid: SOMEBODY, gid: SOMEBODY });
  });

  describe('where user namespaces are refused', () => {
    beforeEach(() => {
      writeFileSync(join(outer, 'unshare'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
      vi.stubEnv('PATH', `${outer}:${PATH}`);
    });

    test('a system user runs it, and may pass through the data directory but not read it', async () => {
      const user = await choose();
      expect(user.type).toBe('other');
      expect(user).not.toMatchObject({ uid: 0 });
      expect(statSync(parent).mode & 0o777).toBe(0o711);
    });

    test('a directory that only root can reach is refused, with what to do', async () => {
      chmodSync(outer, 0o700);
      await expect(choose()).rejects.toThrow(/ordinary user.*--data DIR/);
      await expect(choose()).rejects.toThrow(CommandError);
      expect(statSync(parent).mode & 0o777).toBe(0o700);
    });
  });
});

describe.skipIf(isRoot)('as an ordinary user (SKIP: needs one)', () => {
  test('one runs it oneself', async () => {
    expect(await choose()).toEqual({ type: 'self' });
  });

  test("somebody else's data directory is refused", async () => {
    await expect(choosePostgresUser(program, '/', '/etc')).rejects.toThrow(/belongs to another user/);
  });
});

function choose() {
  return choosePostgresUser(program, parent, cluster);
}
