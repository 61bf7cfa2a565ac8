import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What the pages are made of. */
export const SOURCES = fileURLToPath(new URL('../../ui', import.meta.url));
/** Where built pages are, in a directory that is named for what they were made of. */
const BUILT = fileURLToPath(new URL('../../dist', import.meta.url));
const BUILD = fileURLToPath(new URL('build-pages.ts', import.meta.url));
const BUILD_MS = 120_000;

/**
 * The directory with the pages, which are built first if their sources are others than when they were. In a process of its own:
 * the builder is large, and is needed once.
 *
 * @throws it cannot be built, or there is no builder
 */
export async function builtPages(report: (line: string) => void): Promise<string> {
  const directory = join(BUILT, await hashOfSources());
  if (existsSync(join(directory, 'index.html'))) return directory;
  report('building the pages of the web');
  await mkdir(BUILT, { recursive: true });
  // Several processes may do this at the same time: each has a directory of its own, and the first to be done wins.
  const own = join(BUILT, `.${randomBytes(6).toString('hex')}`);
  try {
    await run(process.execPath, [BUILD, own], { timeout: BUILD_MS });
    await rename(own, directory).catch((error: unknown) => {
      if (!existsSync(join(directory, 'index.html'))) throw error;
    });
  } catch (error) {
    throw new Error('The pages of the web cannot be built: install with `npm ci`, or see docs/web.md', {
      cause: error,
    });
  } finally {
    await rm(own, { recursive: true, force: true });
  }
  return directory;
}

/** And of how they are built. */
async function hashOfSources(): Promise<string> {
  const entries = await readdir(SOURCES, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const hash = createHash('sha256').update(await readFile(BUILD));
  for (const file of files.toSorted()) hash.update(`${file.slice(SOURCES.length)}\0`).update(await readFile(file));
  return hash.digest('hex').slice(0, 16);
}
