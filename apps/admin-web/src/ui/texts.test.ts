import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseSync } from 'vite';
import { expect, test } from 'vitest';
import { de } from '../../ui/src/texts/de.ts';
import { en } from '../../ui/src/texts/en.ts';
import { SOURCES } from './built-pages.ts';

/** Each text by its path; what is put together is put together with samples. */
function flat(catalogue: object, path = ''): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const [key, value] of Object.entries(catalogue)) {
    const at = path === '' ? key : `${path}.${key}`;
    if (typeof value === 'string') texts.set(at, value);
    else if (typeof value === 'function') texts.set(at, String(value(7, 7)));
    else for (const [inner, text] of flat(value, at)) texts.set(inner, text);
  }
  return texts;
}

/** Kinds of refusals: in English the server says them. */
const isProblem = (key: string) => key.startsWith('problems.');
/** What is put into a text, or around a part of it. */
const marksOf = (text: string) => [...text.matchAll(/<\w+>|\{\w+\}/g)].map(([mark]) => mark).toSorted();
/** Words that are the same in both languages. */
const SAME = new Set([
  'account.list',
  'appPasswords.name',
  'devices.name',
  'signingIn.passkeys',
  'mail.messageId',
  'setup.server',
  'setup.port',
  'signingIn.browser',
  'webhooks.nav',
  'webhooks.title',
]);

test('the catalogues have the same keys, say something, and put in the same', () => {
  const [english, german] = [flat(en), flat(de)];
  const keys = [...english.keys()];
  expect([...german.keys()].filter((key) => !isProblem(key))).toEqual(keys);
  expect(keys.length).toBeGreaterThan(200);
  for (const key of keys) {
    const [one = '', other = ''] = [english.get(key), german.get(key)];
    expect([key, one.trim() === '' || other.trim() === '']).toEqual([key, false]);
    expect([key, marksOf(other)]).toEqual([key, marksOf(one)]);
    if (!SAME.has(key) && /[a-z]{4}/.test(one)) expect([key, other]).not.toEqual([key, one]);
  }
});

/** Pages of the administration are in English alone. */
const UNTRANSLATED = ['admin/', 'texts/'];
/** What is the same in every language: names, and what stands in files. */
const NAMES = new Set([
  'Postel',
  'Edge',
  'Opera',
  'Firefox',
  'Chrome',
  'Safari',
  'Android',
  'Windows',
  'Linux',
  'IMAP',
  'bad primary',
  'admin password',
]);
const isName = (text: string) => NAMES.has(text) || /^-----BEGIN|^openssl |^#app$/.test(text);
/** What a person would read: words, or a capital letter and small ones. Not: class names, paths, media types. */
const isText = (text: string) => /\p{L}{2,}[.,:]? \p{L}{2,}/u.test(text) || /^\p{Lu}\p{Ll}+$/u.test(text);

type Node = { readonly type: string } & Readonly<Record<string, unknown>>;
const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
/** What nobody reads. */
const SILENT = new Set<unknown>(['class', 'type', 'd']);

/** What stands in a page itself. */
function textsIn(node: Node, found: string[] = []): string[] {
  const { type, value, name } = node;
  if (type === 'JSXText') {
    if (/\p{L}/u.test(String(value))) found.push(String(value).trim());
    return found;
  }
  if (/^(Import|TS|Throw)/.test(type)) return found;
  if (type === 'JSXAttribute' && isNode(name) && SILENT.has(name['name'])) return found;
  if (type === 'Literal' && typeof value === 'string' && isText(value)) found.push(value);
  if (type === 'TemplateElement' && typeof value === 'object' && value !== null && 'cooked' in value) {
    if (isText(String(value.cooked))) found.push(String(value.cooked));
  }
  for (const each of Object.values(node)) {
    for (const inner of Array.isArray(each) ? each : [each]) if (isNode(inner)) textsIn(inner, found);
  }
  return found;
}

const read = (file: string, text: string) => {
  const { program, errors } = parseSync(file, text);
  expect(errors).toEqual([]);
  return isNode(program) ? textsIn({ ...program }) : [];
};

test('pages that are offered in several languages say nothing that is not in the catalogue', async () => {
  const root = join(SOURCES, 'src');
  const files = (await readdir(root, { recursive: true })).filter(
    (file) => /\.tsx?$/.test(file) && !UNTRANSLATED.some((part) => file.startsWith(part)),
  );
  expect(files.length).toBeGreaterThan(25);
  const left: string[] = [];
  for (const file of files) {
    if (file.startsWith('device-key/')) continue; // what is in certificates and profiles
    const texts = read(file, await readFile(join(root, file), 'utf8'));
    left.push(...texts.filter((text) => !isName(text)).map((text) => `${file}: ${text}`));
  }
  expect(left).toEqual([]);
  const sample = 'const a = <p title="Two words">Here {`and now there`}</p>; const b = "Done";';
  expect(read('a.tsx', sample)).toEqual(['Two words', 'Here', 'and now there', 'Done']);
});
