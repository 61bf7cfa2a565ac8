import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from '@postel/storage';
import type { Difference } from './ledger.ts';

/** What blob files and their rows say of each other. */
export interface BlobFiles {
  readonly differences: readonly Difference[];
  /** Files that no row names: what a crash may leave of a message under way (docs/storage.md). */
  readonly unreferenced: ReadonlySet<string>;
}

/** Every row that names a file has it, whole. */
export async function checkBlobFiles({ sql }: Database, dataDirectory: string): Promise<BlobFiles> {
  const directory = join(dataDirectory, 'blobs');
  const rows = await sql.read<{ account: string; name: string; octets: number }[]>`
    select a.name as account, c.blob_name as name, c.size_octets::float8 as octets
      from contents c join accounts a using (account_id) where c.blob_name is not null`;
  const files = new Map<string, string>();
  for (const path of await readdir(directory, { recursive: true }).catch(() => [])) {
    const name = path.split('/').at(-1) ?? '';
    if (path.includes('/')) files.set(name, join(directory, path));
  }
  const differences: Difference[] = [];
  for (const { account, name, octets } of rows) {
    const path = files.get(name);
    const size = path === undefined ? null : (await stat(path)).size;
    if (size !== octets) differences.push({ account, what: `blob ${name} has ${size ?? 'no'} octets, not ${octets}` });
    files.delete(name);
  }
  return { differences, unreferenced: new Set(files.keys()) };
}
