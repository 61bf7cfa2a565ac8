import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Logger } from '@postel/supervision';
import { builtPages } from './built-pages.ts';

const compress = promisify(gzip);

/** A file for browsers. */
interface UiFile {
  readonly type: string;
  readonly octets: Buffer;
  /** Null where it would not be smaller. */
  readonly gzip: Buffer | null;
  readonly etag: string;
}

const TYPES = new Map([
  ['.html', 'text/html; charset=utf-8'],
  ['.js', 'text/javascript; charset=utf-8'],
  ['.css', 'text/css; charset=utf-8'],
  ['.svg', 'image/svg+xml'],
]);

/** The pages as they were built, in memory: some 100 kB. They are looked for, or built, when the first is asked for. */
export class UiFiles {
  readonly #log: Logger;
  #files: Promise<ReadonlyMap<string, UiFile>> | null = null;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** By path, such as `/index.html`. @throws what keeps them from being built; the next call tries again */
  load(): Promise<ReadonlyMap<string, UiFile>> {
    this.#files ??= this.#read().catch((error: unknown) => {
      this.#files = null;
      throw error;
    });
    return this.#files;
  }

  async #read(): Promise<ReadonlyMap<string, UiFile>> {
    const directory = await builtPages((line) => this.#log.info(line));
    const names = await readdir(directory, { recursive: true, withFileTypes: true });
    const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    return new Map(await Promise.all(files.map((file) => readOne(directory, file))));
  }
}

async function readOne(directory: string, file: string): Promise<readonly [string, UiFile]> {
  const octets = await readFile(file);
  const compressed = await compress(octets, { level: 9 });
  const path = `/${relative(directory, file).split(sep).join('/')}`;
  const etag = `"${createHash('sha256').update(octets).digest('base64url').slice(0, 22)}"`;
  const type = TYPES.get(extname(file)) ?? 'application/octet-stream';
  return [path, { type, octets, gzip: compressed.length < octets.length ? compressed : null, etag }];
}
