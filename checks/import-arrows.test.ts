import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Bytes in, values out; useful outside Postel. */
const PURE = new Set(['sasl', 'tls-pubkey', 'quota', 'imap-wire', 'mime']);
/** What a pure package may take of Node: nothing with a socket, a file or a clock. */
const PURE_BUILTINS = new Set(['node:buffer', 'node:crypto', 'node:util', 'node:url']);
/** These import no other package of the middle row. */
const LOWEST_OF_THE_MIDDLE = new Set(['config', 'dns']);
/** SQL stands in these and nowhere else; a database in tests is the testkit's. */
const SQL = new Set(['storage', 'directory', 'queue', 'testkit']);

interface Room {
  readonly row: 'apps' | 'packages';
  readonly folder: string;
  readonly packageName: string;
  readonly dependencies: ReadonlySet<string>;
  readonly devDependencies: ReadonlySet<string>;
}

interface Import {
  readonly file: string;
  readonly specifier: string;
}

const rooms: readonly Room[] = (['apps', 'packages'] as const).flatMap((row) =>
  readdirSync(join(ROOT, row)).map((folder) => {
    const manifest = JSON.parse(readFileSync(join(ROOT, row, folder, 'package.json'), 'utf8'));
    const names = (...lists: readonly string[]) => new Set(lists.flatMap((list) => Object.keys(manifest[list] ?? {})));
    return {
      row,
      folder,
      packageName: manifest.name,
      dependencies: names('dependencies', 'optionalDependencies'),
      devDependencies: names('devDependencies'),
    };
  }),
);
const byName = new Map(rooms.map((room) => [room.packageName, room]));

function sourceFiles(room: Room): readonly string[] {
  return readdirSync(join(ROOT, room.row, room.folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.includes('node_modules'))
    .map((file) => join(ROOT, room.row, room.folder, file));
}

/** `import ... from 'x'`, `export ... from 'x'`, `import('x')`, `import 'x'`. */
function importsOf(file: string): readonly Import[] {
  const text = readFileSync(file, 'utf8');
  const found = text.matchAll(/(?:^|[\s;])(?:from|import)\s*\(?\s*'([^'\n]+)'/g);
  return [...found].map(([, specifier = '']) => ({ file: relative(ROOT, file), specifier }));
}

const isTest = (file: string) =>
  file.startsWith('packages/testkit/') ||
  /\.test\.ts$|-for-tests\.ts$|\/(testing|fixtures)\/|\/(drizzle|vitest)\.config\.ts$/.test(file);
const packageOf = (specifier: string) => specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');

function violations(check: (room: Room, one: Import) => boolean): readonly string[] {
  return rooms.flatMap((room) =>
    sourceFiles(room)
      .flatMap(importsOf)
      .filter((one) => check(room, one))
      .map(({ file, specifier }) => `${file} imports ${specifier}`),
  );
}

test('there are rooms, and their imports are seen', () => {
  expect(rooms.length).toBeGreaterThan(8);
  const imap = rooms.find(({ folder }) => folder === 'imap');
  expect(
    imap &&
      sourceFiles(imap)
        .flatMap(importsOf)
        .some(({ specifier }) => specifier === '@postel/storage'),
  ).toBe(true);
});

test('no app imports another, and no package imports an app', () => {
  expect(violations((_, { specifier }) => byName.get(packageOf(specifier))?.row === 'apps')).toEqual([]);
});

test('no relative import leaves its room', () => {
  const leaves = violations((room, { file, specifier }) => {
    if (!specifier.startsWith('.')) return false;
    const target = relative(join(ROOT, room.row, room.folder), resolve(ROOT, dirname(file), specifier));
    return target.startsWith('..');
  });
  expect(leaves).toEqual([]);
});

test('pure packages import neither the rows above nor what has sockets, files or a clock', () => {
  const impure = violations((room, { file, specifier }) => {
    if (!PURE.has(room.folder) || isTest(file)) return false;
    const target = byName.get(packageOf(specifier));
    if (target !== undefined) return !PURE.has(target.folder);
    return isBuiltin(specifier) && !PURE_BUILTINS.has(specifier);
  });
  expect(impure).toEqual([]);
});

test('config and dns import no other package of the middle row', () => {
  const upward = violations((room, { specifier }) => {
    const target = byName.get(packageOf(specifier));
    return LOWEST_OF_THE_MIDDLE.has(room.folder) && target !== undefined && target !== room && !PURE.has(target.folder);
  });
  expect(upward).toEqual([]);
});

test('storage imports only pure packages, and only tests import the testkit', () => {
  const wrong = violations((room, { file, specifier }) => {
    const target = byName.get(packageOf(specifier));
    if (target === undefined || target === room) return false;
    if (target.folder === 'testkit') return !isTest(file);
    return room.folder === 'storage' && !isTest(file) && !PURE.has(target.folder);
  });
  expect(wrong).toEqual([]);
});

test('a package imports only what its package.json lists, and by its name alone', () => {
  const root: { devDependencies: Record<string, string> } = JSON.parse(
    readFileSync(join(ROOT, 'package.json'), 'utf8'),
  );
  const unlisted = violations((room, { file, specifier }) => {
    if (specifier.startsWith('.') || isBuiltin(specifier)) return false;
    const name = packageOf(specifier);
    if (name.startsWith('@postel/') && specifier !== name) return true;
    if (room.dependencies.has(name) || name === room.packageName) return false;
    return !(isTest(file) && (room.devDependencies.has(name) || name in root.devDependencies));
  });
  expect(unlisted).toEqual([]);
});

test('SQL stands in storage, directory and queue alone', () => {
  const statements = /`\s*(?:select|insert into|update|delete from|create|alter|with)\s[^`]*`/i;
  const outside = rooms
    .filter((room) => !SQL.has(room.folder))
    .flatMap(sourceFiles)
    .filter((file) => !isTest(file))
    .filter((file) => /\bsql`/.test(readFileSync(file, 'utf8')) && statements.test(readFileSync(file, 'utf8')));
  expect(outside.map((file) => relative(ROOT, file))).toEqual([]);
});

function isBuiltin(specifier: string): boolean {
  return specifier.startsWith('node:') || builtinModules.includes(specifier);
}
