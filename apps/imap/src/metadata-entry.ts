import type { Arguments } from '@postel/imap-wire';
import type { Annotation, AnnotationQuery } from '@postel/storage';
import { Bad, No } from './command.ts';
import { METADATA_ENTRIES, METADATA_ENTRY_OCTETS } from './limits.ts';

/** The entry that tells and sets the special use of a mailbox: RFC 6154 §4. */
export const SPECIAL_USE_ENTRY = '/private/specialuse';

/** The name of an entry (RFC 5464 §3.2): printable US-ASCII without wildcards, in levels none of which is empty. */
const ENTRY = /^(?:\/[\x20-\x24\x26-\x29\x2b-\x2e\x30-\x7e]+)+$/;
const SCOPE = /^\/(?:private|shared)(?:\/|$)/;
/** `/private/vendor/<vendor-token>` is only the top of a vendor's entries. */
const TOP_LEVEL = /^\/[^/]+(?:\/vendor(?:\/[^/]*)?)?$/;

/**
 * The name of an entry that is asked for, or of a level above entries, as the client wrote it.
 *
 * @throws {Bad} not the name of an entry
 */
function parseEntry(args: Arguments): string {
  const entry = args.astring();
  if (!ENTRY.test(entry) || !SCOPE.test(canonicalEntry(entry))) throw new Bad('Not the name of a metadata entry');
  if (entry.length > METADATA_ENTRY_OCTETS) throw new No('The name of an entry is too long', 'LIMIT');
  return entry;
}

/** The name of an entry to be set, as it is stored. @throws {Bad} */
export function parseEntryToSet(args: Arguments): string {
  const entry = canonicalEntry(parseEntry(args));
  if (TOP_LEVEL.test(entry)) throw new Bad('The name of a metadata entry has more levels');
  return entry;
}

/** One name, or several in parentheses (RFC 5464 §5). @throws {Bad | No} */
export function parseEntries(args: Arguments): readonly string[] {
  const entries = args.peek('(') ? args.list(parseEntry) : [parseEntry(args)];
  if (entries.length === 0) throw new Bad('The name of an entry is missing');
  requireFewEntries(entries);
  return entries;
}

/** @throws {No} [LIMIT] */
export function requireFewEntries({ length }: readonly string[]): void {
  if (length > METADATA_ENTRIES) throw new No(`At most ${METADATA_ENTRIES} entries`, 'LIMIT');
}

/** The form in which names are compared and stored: they are alike in any case (RFC 5464 §3.2). */
export function canonicalEntry(entry: string): string {
  return entry.toLowerCase();
}

/** Whether an entry is asked for; its name is in canonical form. */
export function isAskedFor({ entries, depth }: AnnotationQuery, entry: string): boolean {
  return entries.some((asked) => {
    if (entry === asked) return true;
    if (depth === 0 || !entry.startsWith(`${asked}/`)) return false;
    return depth === 'infinity' || !entry.includes('/', asked.length + 1);
  });
}

/** An entry that the server makes up, as the store gives one that it holds. */
export function computed(entry: string, value: Buffer, maxOctets: number | null): Annotation {
  return { entry, octets: value.length, value: maxOctets !== null && value.length > maxOctets ? null : value };
}

/** Names in the client's own spelling, which may look for what it asked for. */
export class EntrySpelling {
  readonly #written = new Map<string, string>();

  constructor(entries: readonly string[]) {
    for (const entry of entries) this.#written.set(canonicalEntry(entry), entry);
  }

  of(entry: string): string {
    for (let at = entry.length; at > 0; at = entry.lastIndexOf('/', at - 1)) {
      const written = this.#written.get(entry.slice(0, at));
      if (written !== undefined) return written + entry.slice(at);
    }
    return entry;
  }
}
