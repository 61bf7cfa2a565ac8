import { type Arguments, ParseError, type SequenceSet } from '@postel/imap-wire';
import { SystemFlag } from '@postel/storage';
import { No } from './command.ts';

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

const FLAGS = new Map<string, number>([
  ['ANSWERED', SystemFlag.answered],
  ['DELETED', SystemFlag.deleted],
  ['DRAFT', SystemFlag.draft],
  ['FLAGGED', SystemFlag.flagged],
  ['SEEN', SystemFlag.seen],
]);

/** Keys in one command: each is asked of every message. */
const MAX_KEYS = 1_000;

/** One key or more up to the end of the command. */
export function parseSearchKeys(args: Arguments): readonly SearchKey[] {
  const keys = [parseKey(args)];
  while (!args.isAtEnd()) {
    keys.push(parseKey(args.sp()));
    if (keys.length > MAX_KEYS) throw new ParseError('Too many search keys', 'limit');
  }
  return keys;
}

function parseKey(args: Arguments): SearchKey {
  if (args.peek('(')) return { type: 'and', keys: args.list(parseKey) };
  if (args.peekSequenceSet()) return { type: 'set', set: args.sequenceSet(), kind: 'sequence' };
  const name = args.label();
  const bit = FLAGS.get(name);
  if (bit !== undefined) return { type: 'flag', bit };
  const unset = name.startsWith('UN') ? FLAGS.get(name.slice(2)) : undefined;
  if (unset !== undefined) return { type: 'not', key: { type: 'flag', bit: unset } };
  switch (name) {
    case 'ALL':
      return { type: 'all' };
    case 'RECENT':
      return { type: 'recent' };
    case 'OLD':
      return { type: 'not', key: { type: 'recent' } };
    case 'NEW':
      return { type: 'and', keys: [{ type: 'recent' }, { type: 'not', key: { type: 'flag', bit: SystemFlag.seen } }] };
    case 'KEYWORD':
      return { type: 'keyword', name: args.sp().flag() };
    case 'UNKEYWORD':
      return { type: 'not', key: { type: 'keyword', name: args.sp().flag() } };
    case 'UID':
      return { type: 'set', set: args.sp().sequenceSet(), kind: 'uid' };
    case 'NOT':
      return { type: 'not', key: args.sp().nested(parseKey) };
    case 'OR':
      return args.nested(() => {
        const left = parseKey(args.sp());
        return { type: 'or', left, right: parseKey(args.sp()) };
      });
    default:
      throw new No('Search by flags, numbers and UIDs is all there is yet', 'CANNOT');
  }
}
