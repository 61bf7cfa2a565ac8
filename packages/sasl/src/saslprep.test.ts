import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { preparePassword, prepareUsername } from './saslprep.ts';

test.each([
  ['a soft hyphen goes', 'I\u00adX', 'IX'],
  ['ASCII stays', 'user', 'user'],
  ['case stays', 'USER', 'USER'],
  ['a feminine ordinal becomes a letter', '\u00aa', 'a'],
  ['a Roman numeral becomes letters', '\u2168', 'IX'],
  ['a no-break space becomes a space', 'a\u00a0b', 'a b'],
])('RFC 4013 §3: %s', async (_, input, output) => {
  expect(await preparePassword(input, 'stored')).toBe(output);
  expect(await prepareUsername(input, 'query')).toBe(output);
});

test.each([
  ['a control character', '\u0007'],
  ['mixed directions of writing', '\u0627\u0031'],
  ['nothing', ''],
  ['nothing but what is mapped to nothing', '\u00ad\ufeff'],
  ['a line separator', 'a\u2028'],
  ['a lone surrogate', 'a\ud800'],
])('%s is no password', async (_, input) => {
  expect(await preparePassword(input, 'stored')).toBeNull();
  expect(await preparePassword(input, 'query')).toBeNull();
});

test('a code point that Unicode 3.2 did not have may be asked for but not stored (RFC 3454 §7)', async () => {
  expect(await preparePassword('\u{1f600}', 'stored')).toBeNull();
  expect(await preparePassword('\u{1f600}', 'query')).toBe('\u{1f600}');
});

test('the tables are loaded for the first password outside ASCII, not before', () => {
  const script = `
    import { createRequire } from 'node:module';
    const { cache } = createRequire(process.cwd() + '/');
    const isLoaded = () => Object.keys(cache).some((path) => path.includes('@mongodb-js/saslprep'));
    const { preparePassword } = await import(${JSON.stringify(new URL('./saslprep.ts', import.meta.url).href)});
    await preparePassword('tanstaaftanstaaf', 'query');
    const before = isLoaded();
    await preparePassword('tanstääf', 'query');
    console.log(before, isLoaded());`;
  const here = fileURLToPath(new URL('.', import.meta.url));
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], { cwd: here, encoding: 'utf8' });
  expect(output.trim()).toBe('false true');
});
