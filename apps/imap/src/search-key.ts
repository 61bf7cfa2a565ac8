import { type Arguments, ParseError, type SequenceSet } from '@postel/imap-wire';
import { type FuzzyCriterion, fuzzyWords, type SearchCriterion, SystemFlag } from '@postel/storage';
import { No } from './command.ts';
import { SEARCH_KEYS, SEARCH_STORED_KEYS, SEARCH_STRING_OCTETS } from './limits.ts';
import { type ObjectId, parseObjectId } from './object-id.ts';

/** A search key (RFC 9051 §6.4.4, RFC 3501 §6.4.4). */
export type SearchKey =
  | { readonly type: 'all' }
  | { readonly type: 'flag'; readonly bit: number }
  | { readonly type: 'keyword'; readonly name: string }
  | { readonly type: 'recent' }
  /** What stands in its place is put in before anything is searched: withFilters. */
  | { readonly type: 'filter'; readonly name: string }
  /** Messages with that modseq or a higher one. */
  | { readonly type: 'modseq'; readonly from: number }
  | { readonly type: 'set'; readonly set: SequenceSet; readonly kind: 'sequence' | 'uid' }
  | { readonly type: 'object-id'; readonly of: 'email' | 'thread'; readonly id: ObjectId }
  /** What the arrays do not hold: the store is asked. */
  | { readonly type: 'stored'; readonly criterion: SearchCriterion | FuzzyCriterion }
  | { readonly type: 'not'; readonly key: SearchKey }
  | { readonly type: 'or'; readonly left: SearchKey; readonly right: SearchKey }
  | { readonly type: 'and'; readonly keys: readonly SearchKey[] };

export interface SearchKeys {
  /** All of them must match. */
  readonly keys: readonly SearchKey[];
  /** With those within others. */
  readonly count: number;
  /** Those of them that the store answers. */
  readonly storedCount: number;
  /** Whether MODSEQ is among them: the highest of the messages found is told then (RFC 7162 §3.1.5). */
  readonly asksForModSeq: boolean;
  /** Whether some match fuzzily, so that messages have a relevancy (RFC 6203 §4). */
  readonly isFuzzy: boolean;
  /** Whether message sequence numbers are among them. */
  readonly namesNumbers: boolean;
}

const FLAGS = new Map<string, number>([
  ['ANSWERED', SystemFlag.answered],
  ['DELETED', SystemFlag.deleted],
  ['DRAFT', SystemFlag.draft],
  ['FLAGGED', SystemFlag.flagged],
  ['SEEN', SystemFlag.seen],
]);

const DAY_MS = 86_400_000;
const SECOND_MS = 1_000;

/** What a flag may be to whom asks for its modseq: private, shared, either. */
const ENTRY_TYPES = new Set(['PRIV', 'SHARED', 'ALL']);

/** Keys that search one header field. */
const FIELDS = new Set(['BCC', 'CC', 'FROM', 'SUBJECT', 'TO']);

const SEEN: SearchKey = { type: 'flag', bit: SystemFlag.seen };
const RECENT: SearchKey = { type: 'recent' };

/**
 * One key or more up to the end of the command.
 *
 * Strings are UTF-8, whether or not the client says so in CHARSET: clients that leave it out send it all the same. Other
 * octets above 0x7f are refused with BAD, for what they were meant to be would be a guess, and an empty result would look like
 * an answer.
 *
 * @throws {ParseError}
 * @throws {No} 'LIMIT'
 */
export function parseSearchKeys(args: Arguments): SearchKeys {
  let count = 0;
  let storedCount = 0;
  let asksForModSeq = false;
  let isFuzzy = false;
  /** Within FUZZY. */
  let matchesFuzzily = false;
  let namesNumbers = false;

  function parseKey(): SearchKey {
    if (++count > SEARCH_KEYS) throw new ParseError('Too many search keys', 'limit');
    if (args.peek('(')) return parseKeyList();
    if (args.peekSequenceSet()) {
      namesNumbers = true;
      return { type: 'set', set: args.sequenceSet(), kind: 'sequence' };
    }
    return parseNamedKey(args.label());
  }

  function parseKeyList(): SearchKey {
    const keys = args.list(parseKey);
    if (keys.length === 0) throw new ParseError('Empty list of search keys');
    return { type: 'and', keys };
  }

  function parseNamedKey(name: string): SearchKey {
    const bit = FLAGS.get(name);
    if (bit !== undefined) return { type: 'flag', bit };
    const unset = name.startsWith('UN') ? FLAGS.get(name.slice(2)) : undefined;
    if (unset !== undefined) return not({ type: 'flag', bit: unset });
    switch (name) {
      case 'ALL':
        return { type: 'all' };
      case 'RECENT':
        return RECENT;
      case 'OLD':
        return not(RECENT);
      case 'NEW':
        return { type: 'and', keys: [RECENT, not(SEEN)] };
      case 'KEYWORD':
        return { type: 'keyword', name: args.sp().flag() };
      case 'UNKEYWORD':
        return not({ type: 'keyword', name: args.sp().flag() });
      case 'UID':
        return { type: 'set', set: args.sp().sequenceSet(), kind: 'uid' };
      case 'NOT':
        return not(args.sp().nested(parseKey));
      case 'FUZZY':
        return args.sp().nested(() => {
          const before = matchesFuzzily;
          isFuzzy = true;
          matchesFuzzily = true;
          const key = parseKey();
          matchesFuzzily = before;
          return key;
        });
      case 'OR':
        return args.nested(() => {
          args.sp();
          const left = parseKey();
          args.sp();
          return { type: 'or', left, right: parseKey() };
        });
      // FETCH shows INTERNALDATE in UTC, so the days to compare are UTC's: what a client reads there is what it finds.
      case 'BEFORE':
      case 'ON':
      case 'SINCE':
        return stored({ type: 'internal-date', ...parseDays(name) });
      case 'SAVEDBEFORE': // RFC 8514 §4.3
      case 'SAVEDON':
      case 'SAVEDSINCE':
        return stored({ type: 'save-date', ...parseDays(name.slice('SAVED'.length)) });
      case 'SAVEDATESUPPORTED':
        return { type: 'all' };
      case 'EMAILID': // RFC 8474 §6
        return objectId('email');
      case 'THREADID':
        return objectId('thread');
      case 'SENTBEFORE':
      case 'SENTON':
      case 'SENTSINCE':
        return stored({ type: 'sent-date', ...parseDays(name.slice('SENT'.length)) });
      // The interval ends now, whenever the store looks (RFC 5032 §2).
      case 'OLDER':
        return stored({ type: 'internal-moment', from: null, before: secondsAgo(args.sp().nzNumber()) + SECOND_MS });
      case 'YOUNGER':
        return stored({ type: 'internal-moment', from: secondsAgo(args.sp().nzNumber()), before: null });
      case 'LARGER':
        return stored({ type: 'size', above: args.sp().number64(), below: null });
      case 'SMALLER':
        return stored({ type: 'size', above: null, below: args.sp().number64() });
      case 'HEADER': {
        const field = parseString();
        return text({ type: 'header', name: field, text: parseString() }, { field });
      }
      case 'FILTER':
        return parseFilterKey();
      case 'MODSEQ':
        return { type: 'modseq', from: parseModSeq() };
      case 'BODY':
        return text({ type: 'body', text: parseString() }, 'body');
      case 'TEXT':
        return text({ type: 'text', text: parseString() }, 'text');
      default:
        // An empty string is in every field, so it asks for messages that have one, as it does with HEADER.
        if (FIELDS.has(name)) return text({ type: 'header', name, text: parseString() }, { field: name });
        throw new ParseError('Unknown search key');
    }
  }

  function parseDays(name: string): { readonly from: number | null; readonly before: number | null } {
    const day = args.sp().date();
    return {
      from: name === 'BEFORE' ? null : day,
      before: name === 'SINCE' ? null : name === 'ON' ? day + DAY_MS : day,
    };
  }

  function parseFilterKey(): SearchKey {
    const name = args.sp().atom();
    if (!isFilterName(name)) throw new ParseError('Not the name of a filter');
    return { type: 'filter', name };
  }

  /** RFC 7162 §3.1.5. A message has one modseq for all its flags, so which of them is asked for is passed over, as the RFC says. */
  function parseModSeq(): number {
    asksForModSeq = true;
    if (args.sp().peek('"') || args.peekLiteral()) {
      if (!args.string().startsWith('/flags/')) throw new ParseError('Unknown entry name');
      if (!ENTRY_TYPES.has(args.sp().label())) throw new ParseError('Unknown entry type');
      args.sp();
    }
    return args.modSeq();
  }

  function parseString(): string {
    const text = args.sp().astring();
    if (Buffer.byteLength(text) > SEARCH_STRING_OCTETS) throw new No('A string to search for is too long', 'LIMIT');
    return text;
  }

  /** Only texts match fuzzily, and of these only what has words; other keys mean under FUZZY what they mean (RFC 6203 §5). */
  function text(criterion: SearchCriterion & { readonly text: string }, place: FuzzyCriterion['in']): SearchKey {
    const isLiteral = !matchesFuzzily || fuzzyWords(criterion.text).length === 0;
    return stored(isLiteral ? criterion : { type: 'fuzzy', in: place, text: criterion.text });
  }

  function stored(criterion: SearchCriterion | FuzzyCriterion): SearchKey {
    countStored();
    return { type: 'stored', criterion };
  }

  /** One that is none of ours is on no message. */
  function objectId(of: 'email' | 'thread'): SearchKey {
    countStored();
    const id = parseObjectId(of, args.sp().astring());
    return id === null ? not({ type: 'all' }) : { type: 'object-id', of, id };
  }

  function countStored(): void {
    if (++storedCount > SEARCH_STORED_KEYS) throw new No('Too many search keys of texts, dates and sizes', 'LIMIT');
  }

  const keys = [parseKey()];
  while (!args.isAtEnd()) {
    args.sp();
    keys.push(parseKey());
  }
  return { keys, count, storedCount, asksForModSeq, isFuzzy, namesNumbers };
}

/** The beginning of that second, since INTERNALDATE has no parts of seconds. */
const secondsAgo = (seconds: number): number => (Math.floor(Date.now() / SECOND_MS) - seconds) * SECOND_MS;

/** RFC 5466 §4: filter-name. */
export function isFilterName(name: string): boolean {
  return /^[!#$&'+,\-.0-[^-z|}~]+$/.test(name);
}

const not = (key: SearchKey): SearchKey => ({ type: 'not', key });
