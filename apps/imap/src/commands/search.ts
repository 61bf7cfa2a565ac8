import type { SequenceSet } from '@postel/imap-wire';
import { Bad, type Command, No, ok } from '../command.ts';
import { parseSearchKeys, type SearchKey } from '../search-key.ts';
import { compileSearch } from '../search-match.ts';

interface SearchArgs {
  readonly keys: readonly SearchKey[];
}

const CHARSETS = new Set(['UTF-8', 'US-ASCII']);

/** SEARCH and UID SEARCH by flags, numbers and UIDs: RFC 9051 §6.4.4, answered as RFC 3501 §7.2.5. */
function searchCommand(name: 'SEARCH' | 'UID SEARCH', kind: 'sequence' | 'uid'): Command<SearchArgs> {
  return {
    name,
    state: 'selected',
    parse(args) {
      if (args.sp().peek('CHARSET')) {
        args.label();
        if (!CHARSETS.has(args.sp().astring().toUpperCase())) throw new No('Search in UTF-8 or US-ASCII', 'CANNOT');
        args.sp();
      }
      return { keys: parseSearchKeys(args) };
    },

    async run(session, { keys }) {
      await session.sync({ ask: 'memory', expunges: kind === 'uid' });
      const { view, out } = session;
      const matches = compileSearch(view, keys, (set: SequenceSet, of) => {
        const uids = view.resolve(set, of);
        if (uids === null) throw new Bad('No message of that number');
        return uids;
      });
      out.text('* SEARCH');
      for (const uid of view.uids()) {
        if (matches(uid)) out.sp().number(kind === 'uid' ? uid : view.sequenceNumber(uid));
      }
      out.crlf();
      return ok('Searched');
    },
  };
}

export const search = searchCommand('SEARCH', 'sequence');
export const uidSearch = searchCommand('UID SEARCH', 'uid');
