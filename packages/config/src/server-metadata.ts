import type { SettingReader } from './setting-reader.ts';

/** A metadata entry that the server tells all who log in (RFC 5464 §3.2.1.1). */
export interface ServerEntry {
  /** In lower case; below `/shared/`. */
  readonly entry: string;
  readonly value: string;
}

const SHARED_ENTRY = /^\/shared(?:\/[!-$&-).+,0-~-]+)+$/;
const MOST_OCTETS = 255;

/** `metadata:` of the configuration file, or of a process: a list of entries, each once. */
export function readServerMetadata(parent: SettingReader, name: string): readonly ServerEntry[] {
  if (!parent.has(name)) return [];
  const known = new Set<string>();
  return parent.at(name).list((item) => {
    const entry = item.at('entry').text().toLowerCase();
    if (!SHARED_ENTRY.test(entry) || entry.length > MOST_OCTETS) {
      item.at('entry').refuse('must be the name of an entry, such as /shared/admin or /shared/comment');
    } else if (known.has(entry)) item.at('entry').refuse('is in the list twice');
    known.add(entry);
    return { entry, value: item.at('value').text() };
  });
}
