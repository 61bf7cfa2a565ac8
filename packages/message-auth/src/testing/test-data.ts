import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

const folder = join(import.meta.dirname, '../../../../../shared/testdata');

/** The documents of a file of the public suites; null where they are not: they are no part of the repository. */
export function testDocuments(path: string): readonly Readonly<Record<string, unknown>>[] | null {
  const file = join(folder, path);
  if (!existsSync(file)) return null;
  const documents = parseAllDocuments(readFileSync(file, 'utf8'), { version: '1.1', logLevel: 'error' });
  return documents.map((document) => document.toJS()).filter((value) => value?.tests !== undefined);
}
