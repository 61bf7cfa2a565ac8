import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const RULES = 14;

/** The table of docs/storage.md: the test files of each rule. */
const rows = [...readFileSync(join(ROOT, 'docs/storage.md'), 'utf8').matchAll(/^\| (\d+) \| .* \| (.*) \|$/gm)].map(
  ([, rule = '', tests = '']) => ({
    rule,
    tests,
    files: [...tests.matchAll(/`([^`]+)`/g)].map(([, file = '']) => file),
  }),
);

test('docs/storage.md says of every rule where its tests are, or that there are none yet', () => {
  expect(rows.map(({ rule }) => Number(rule))).toEqual(Array.from({ length: RULES }, (_, i) => i + 1));
  expect(rows.filter(({ files, tests }) => files.length === 0 && !tests.startsWith('none yet: '))).toEqual([]);
});

test.each(rows.flatMap(({ rule, files }) => files.map((file) => [rule, file] as const)))(
  'rule %s has a test of its name in %s',
  (rule, file) => {
    const path = file.startsWith('apps/') ? file : join('packages/storage/src', file);
    const named = new RegExp(`'rules? (\\d+ and )?${rule}(,| and \\d+)?.*:`);
    expect(readFileSync(join(ROOT, path), 'utf8')).toMatch(named);
  },
);
