import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
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

test('what the first page loads is under 100 kB, compressed; what few people need comes later', async () => {
  const directory = await builtPages(() => {});
  const read = (name: string) => readFile(join(directory, name), 'utf8');
  const first = new Map<string, string>([['index.html', await read('index.html')]]);
  // A file loads what it names by `import` alone; `import()` loads it when somebody needs it.
  for (const text of first.values()) {
    for (const [, name = ''] of text.matchAll(/(?:(?:src|href)="\/|(?:from|import)\s*"\.\/)((?:assets\/)?[\w.-]+)"/g)) {
      const path = name.startsWith('assets/') || !name.endsWith('.js') ? name : `assets/${name}`;
      if (!first.has(path)) first.set(path, await read(path));
    }
  }
  const octets = [...first.values()].reduce((sum, text) => sum + gzipSync(text).length, 0);
  expect([...first.keys()].filter((name) => name.endsWith('.js')).length).toBeGreaterThan(0);
  expect([...first.keys()].filter((name) => name.endsWith('.css')).length).toBe(1);
  expect(octets).toBeGreaterThan(10_000);
  expect(octets).toBeLessThan(100_000);
  const all = await readdir(join(directory, 'assets'));
  expect(all.length).toBeGreaterThan(first.size);
  expect([...first.values()].some((text) => text.includes('Ihr Konto'))).toBe(false);
}, 120_000);
