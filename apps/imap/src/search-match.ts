import type { SequenceSet } from '@postel/imap-wire';
import type { MailboxView } from './mailbox-view.ts';
import type { SearchKey } from './search-key.ts';

type Matcher = (uid: number) => boolean;

/**
 * A test of messages by UID, from the arrays alone. A message whose removal is not told yet has no flags any more: it
 * matches by number only.
 *
 * @param resolve the UIDs that a set names, ascending
 */
export function compileSearch(
  view: MailboxView,
  keys: readonly SearchKey[],
  resolve: (set: SequenceSet, kind: 'sequence' | 'uid') => Uint32Array,
): Matcher {
  const { mailbox } = view;
  const { table } = mailbox;

  const compile = (key: SearchKey): Matcher => {
    switch (key.type) {
      case 'all':
        return () => true;
      case 'flag':
        return (uid) => {
          const at = table.position(uid);
          return at >= 0 && (table.flags(at) & key.bit) !== 0;
        };
      case 'keyword': {
        const name = key.name.toLowerCase();
        const ids = new Set(mailbox.keywordsInUse().filter((id) => mailbox.keyword(id).toLowerCase() === name));
        return (uid) => {
          const at = table.position(uid);
          return at >= 0 && table.keywordsOf(table.keywordSet(at)).some((id) => ids.has(id));
        };
      }
      case 'recent':
        return (uid) => view.isRecent(uid);
      case 'set': {
        const uids = new Set(resolve(key.set, key.kind));
        return (uid) => uids.has(uid);
      }
      case 'not': {
        const inner = compile(key.key);
        return (uid) => !inner(uid);
      }
      case 'or': {
        const left = compile(key.left);
        const right = compile(key.right);
        return (uid) => left(uid) || right(uid);
      }
      case 'and':
        return all(key.keys.map(compile));
      default:
        return key satisfies never;
    }
  };
  return all(keys.map(compile));
}

function all(matchers: readonly Matcher[]): Matcher {
  return (uid) => matchers.every((matches) => matches(uid));
}
