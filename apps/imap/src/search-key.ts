import { type Arguments, ParseError, type SequenceSet } from '@postel/imap-wire';
import { SystemFlag } from '@postel/storage';
import { No } from './command.ts';
import { SEARCH_KEYS } from './limits.ts';
import { parseMessageSet } from './message-set.ts';

/** A search key (RFC 9051 §6.4.4), of those that flags and numbers answer. */
export type SearchKey =
  | { readonly type: 'all' }
  | { readonly type: 'flag'; readonly bit: number }
  | { readonly type: 'keyword'; readonly name: string }
  | { readonly type: 'recent' }
  | { readonly type: 'set'; readonly set: SequenceSet; readonly kind: 'sequence' | 'uid' }
  | { readonly type: 'not'; readonly key: SearchKey }
  | { readonly type: 'or'; readonly left: SearchKey; readonly right: SearchKey }
  | { readonly type: 'and'; readonly keys: readonly SearchKey[] };

export interface SearchKeys {
  /** All of them must match. */
  readonly keys: readonly SearchKey[];
  /** With those within others. */
  readonly count: number;
}

const FLAGS = new Map<string, number>([
  ['ANSWERED', SystemFlag.answered],
  ['DELETED', SystemFlag.deleted],
  ['DRAFT', SystemFlag.draft],
  ['FLAGGED', SystemFlag.flagged],
  ['SEEN', SystemFlag.seen],
]);

const SEEN: SearchKey = { type: 'flag', bit: SystemFlag.seen };
const RECENT: SearchKey = { type: 'recent' };

/** One key or more up to the end of the command. */
export function parseSearchKeys(args: Arguments): SearchKeys {
  let count = 0;

  function parseKey(): SearchKey {
    if (++count > SEARCH_KEYS) throw new ParseError('Too many search keys', 'limit');
    if (args.peek('(')) return parseKeyList();
    if (args.peekSequenceSet()) return { type: 'set', set: parseMessageSet(args), kind: 'sequence' };
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
        return { type: 'set', set: parseMessageSet(args.sp()), kind: 'uid' };
      case 'NOT':
        return not(args.sp().nested(parseKey));
      case 'OR':
        return args.nested(() => {
          args.sp();
          const left = parseKey();
          args.sp();
          return { type: 'or', left, right: parseKey() };
        });
      default:
        throw new No('Search by flags, numbers and UIDs is all there is yet', 'CANNOT');
    }
  }

  const keys = [parseKey()];
  while (!args.isAtEnd()) {
    args.sp();
    keys.push(parseKey());
  }
  return { keys, count };
}

const not = (key: SearchKey): SearchKey => ({ type: 'not', key });
