import { Arguments, ParseError, splitLiterals } from '@postel/imap-wire';
import { Bad, No } from './command.ts';
import { FILTER_PASSES, SEARCH_KEYS, SEARCH_STORED_KEYS } from './limits.ts';
import { serverMetadata } from './metadata.ts';
import { canonicalEntry } from './metadata-entry.ts';
import { isFilterName, parseSearchKeys, type SearchKey, type SearchKeys } from './search-key.ts';
import type { Session } from './session.ts';

/** Where searches are kept that have a name: RFC 5466 §3.2. */
const PRIVATE_FILTERS = '/private/filters/values';
const SHARED_FILTERS = '/shared/filters/values';

/** By name in lower case; names of entries are alike in any case. */
type Filters = Map<string, readonly SearchKey[]>;

/**
 * Puts in what FILTER keys stand for (RFC 5466 §3.1). It goes in as it is written, key by key: NOT before a filter of two keys
 * denies the first. MODSEQ in a filter enables CONDSTORE as if it was written out (RFC 7162 §3.1).
 *
 * @throws {No} [UNDEFINED-FILTER] a filter that is not there, or refers to itself; [LIMIT]
 */
export async function withFilters(session: Session, given: SearchKeys): Promise<SearchKeys> {
  const filters: Filters = new Map();
  let names = filtersIn(given.keys);
  if (names.size === 0) return given;
  for (let pass = 0; pass < FILTER_PASSES && names.size > 0; pass++) {
    const read = await readFilters(session, names);
    for (const [name, keys] of read) filters.set(name, keys);
    names = new Set([...read.values()].flatMap((keys) => [...filtersIn(keys)]).filter((name) => !filters.has(name)));
  }
  const keys = new Expansion(filters).of(given.keys);
  if (keys.asksForModSeq) session.enableCondstore();
  return keys;
}

/**
 * Throws unless a value can be that of the filter whose entry it is; other entries hold anything.
 *
 * @throws {Bad} the name is none of a filter
 * @throws {No} the value is no search
 */
export function checkFilter(entry: string, value: Buffer | null): void {
  if (!entry.startsWith(`${PRIVATE_FILTERS}/`)) return;
  if (!isFilterName(entry.slice(PRIVATE_FILTERS.length + 1))) throw new Bad('Not the name of a filter');
  if (value === null) return;
  try {
    parseFilter(value);
  } catch (error) {
    if (error instanceof ParseError) throw new No(`The filter is no search: ${error.message}`, 'CANNOT');
    throw error;
  }
}

/** How a charset is refused that no text is in: RFC 5466 §3.1 has it BAD for a search by filters. Reads the keys behind it. */
export function refusedCharset(args: Arguments): No | Bad {
  const refusal = ['Search in UTF-8 or US-ASCII', 'BADCHARSET (UTF-8 US-ASCII)'] as const;
  try {
    return filtersIn(parseSearchKeys(args.sp()).keys).size > 0 ? new Bad(...refusal) : new No(...refusal);
  } catch {
    return new No(...refusal);
  }
}

/** @throws {ParseError | No} */
function parseFilter(value: Buffer): SearchKeys {
  const args = new Arguments(splitLiterals(value));
  const keys = parseSearchKeys(args);
  args.end();
  return keys;
}

/** The private filter of a name is the one that counts, if there are both (RFC 5466 §3.1). */
async function readFilters(session: Session, names: ReadonlySet<string>): Promise<Filters> {
  const entries = [...names].flatMap((name) => [`${PRIVATE_FILTERS}/${name}`, `${SHARED_FILTERS}/${name}`]);
  const found = await serverMetadata(session, { entries, depth: 0, maxOctets: null });
  const values = new Map(found.map(({ entry, annotation }) => [entry, annotation?.value]));
  const filters: Filters = new Map();
  for (const name of names) {
    const value = values.get(`${PRIVATE_FILTERS}/${name}`) ?? values.get(`${SHARED_FILTERS}/${name}`);
    if (value === undefined || value === null) throw undefinedFilter(name);
    try {
      filters.set(name, parseFilter(value).keys);
    } catch {
      throw undefinedFilter(name, 'is no search'); // the administrator's: others were looked at when they were set
    }
    await session.transport.flushMuch(); // one may be as long as a command
  }
  return filters;
}

function undefinedFilter(name: string, what = 'is not there'): No {
  return new No(`The filter ${what}`, `UNDEFINED-FILTER ${name}`);
}

function filtersIn(keys: readonly SearchKey[], found = new Set<string>()): Set<string> {
  for (const key of keys) {
    if (key.type === 'filter') found.add(canonicalEntry(key.name));
    else filtersIn(keysWithin(key), found);
  }
  return found;
}

function someKey(keys: readonly SearchKey[], isSuch: (key: SearchKey) => boolean): boolean {
  return keys.some((key) => isSuch(key) || someKey(keysWithin(key), isSuch));
}

function keysWithin(key: SearchKey): readonly SearchKey[] {
  switch (key.type) {
    case 'not':
      return [key.key];
    case 'or':
      return [key.left, key.right];
    case 'and':
      return key.keys;
    default:
      return [];
  }
}

/** What stands in a search as it is written: NOT is before one key, OR before two. */
type Word = 'not' | 'or' | SearchKey;

class Expansion {
  readonly #filters: Filters;
  #count = 0;
  #storedCount = 0;

  constructor(filters: Filters) {
    this.#filters = filters;
  }

  of(keys: readonly SearchKey[]): SearchKeys {
    const expanded = this.#expand(keys, 0);
    return {
      keys: expanded,
      count: this.#count,
      storedCount: this.#storedCount,
      asksForModSeq: someKey(expanded, ({ type }) => type === 'modseq'),
      isFuzzy: someKey(expanded, (key) => key.type === 'stored' && key.criterion.type === 'fuzzy'),
      namesNumbers: someKey(expanded, (key) => key.type === 'set' && key.kind === 'sequence'),
    };
  }

  #expand(keys: readonly SearchKey[], pass: number): readonly SearchKey[] {
    const words = keys.flatMap((key) => this.#words(key, pass));
    let at = 0;
    const read = (): SearchKey => {
      const word = words[at++];
      if (word === undefined) throw new Error('a search ends within a key');
      if (word === 'not') return { type: 'not', key: read() };
      if (word === 'or') return { type: 'or', left: read(), right: read() };
      return word;
    };
    const expanded: SearchKey[] = [];
    while (at < words.length) expanded.push(read());
    return expanded;
  }

  #words(key: SearchKey, pass: number): readonly Word[] {
    if (++this.#count > SEARCH_KEYS) throw new No('Too many search keys', 'LIMIT');
    switch (key.type) {
      case 'filter': {
        const name = canonicalEntry(key.name);
        const keys = pass < FILTER_PASSES ? this.#filters.get(name) : undefined;
        if (keys === undefined) throw undefinedFilter(name, 'refers to itself, or to too many others');
        return keys.flatMap((each) => this.#words(each, pass + 1));
      }
      case 'not':
        return ['not', ...this.#words(key.key, pass)];
      case 'or':
        return ['or', ...this.#words(key.left, pass), ...this.#words(key.right, pass)];
      case 'and':
        return [{ type: 'and', keys: this.#expand(key.keys, pass) }];
      case 'stored':
        if (++this.#storedCount > SEARCH_STORED_KEYS)
          throw new No('Too many search keys of texts, dates and sizes', 'LIMIT');
        return [key];
      default:
        return [key];
    }
  }
}
