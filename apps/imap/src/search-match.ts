import type { SequenceSet } from '@postel/imap-wire';
import type { UidRanges } from '@postel/storage';
import type { MailboxView } from './mailbox-view.ts';
import type { SearchKey } from './search-key.ts';

/** @param at the message's position in the arrays, negative if it is not there any more */
export type Matcher = (uid: number, at: number) => boolean;

/**
 * A test of messages by UID, from the arrays alone. A message whose removal is not told yet has no flags any more: where
 * keys ask for flags, or for their absence, it does not match; it does by number.
 *
 * @param rangesOf the UIDs that a set names
 */
export function compileSearch(
  view: MailboxView,
  keys: readonly SearchKey[],
  rangesOf: (set: SequenceSet, kind: 'sequence' | 'uid') => UidRanges,
): Matcher {
  const { mailbox } = view;
  const { table } = mailbox;

  const compile = (key: SearchKey): Matcher => {
    switch (key.type) {
      case 'all':
        return () => true;
      case 'flag':
        return (_, at) => (table.flags(at) & key.bit) !== 0;
      case 'keyword': {
        const name = key.name.toLowerCase();
        const ids = new Set(mailbox.keywordsInUse().filter((id) => mailbox.keyword(id).toLowerCase() === name));
        return (_, at) => table.keywordsOf(table.keywordSet(at)).some((id) => ids.has(id));
      }
      case 'recent':
        return (uid) => view.isRecent(uid);
      case 'set': {
        const ranges = rangesOf(key.set, key.kind);
        return (uid) => includes(ranges, uid);
      }
      case 'not': {
        const inner = compile(key.key);
        return (uid, at) => !inner(uid, at);
      }
      case 'or': {
        const left = compile(key.left);
        const right = compile(key.right);
        return (uid, at) => left(uid, at) || right(uid, at);
      }
      case 'and':
        return all(key.keys.map(compile));
      default:
        return key satisfies never;
    }
  };
  const matches = all(keys.map(compile));
  return keys.some(asksForFlags) ? (uid, at) => at >= 0 && matches(uid, at) : matches;
}

function asksForFlags(key: SearchKey): boolean {
  switch (key.type) {
    case 'flag':
    case 'keyword':
      return true;
    case 'not':
      return asksForFlags(key.key);
    case 'or':
      return asksForFlags(key.left) || asksForFlags(key.right);
    case 'and':
      return key.keys.some(asksForFlags);
    default:
      return false;
  }
}

function all(matchers: readonly Matcher[]): Matcher {
  const [only] = matchers;
  if (only !== undefined && matchers.length === 1) return only;
  return (uid, at) => matchers.every((matches) => matches(uid, at));
}

function includes(ranges: UidRanges, uid: number): boolean {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ranges[middle]?.last ?? 0) < uid) low = middle + 1;
    else high = middle;
  }
  const range = ranges[low];
  return range !== undefined && range.first <= uid;
}
