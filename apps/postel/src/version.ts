import { readFileSync } from 'node:fs';

/** Of the whole of Postel, as its root package has it. */
export function readVersion(): string {
  const { version }: { readonly version?: unknown } = JSON.parse(
    readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
  );
  if (typeof version !== 'string') throw new Error('package.json names no version');
  return version;
}
