import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { builtPages, SOURCES } from './built-pages.ts';

test('pages are built for people, also by a server that runs under a test: they name no file of ours', async () => {
  const directory = await builtPages(() => {});
  const names = await readdir(join(directory, 'assets'));
  expect(names.length).toBeGreaterThan(2);
  for (const name of names) {
    const text = await readFile(join(directory, 'assets', name), 'utf8');
    expect([name, text.includes(SOURCES), text.includes('.tsx')]).toEqual([name, false, false]);
  }
}, 120_000);
