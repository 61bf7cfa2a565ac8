import { Bad, type Command, No, ok } from '../command.ts';
import { SEARCH_STEPS_A_TURN } from '../limits.ts';
import { parseSearchKeys, type SearchKeys } from '../search-key.ts';
import { compileSearch } from '../search-match.ts';

const CHARSETS = new Set(['UTF-8', 'US-ASCII']);

/** SEARCH and UID SEARCH by flags, numbers and UIDs: RFC 9051 §6.4.4, answered as RFC 3501 §7.2.5. */
function searchCommand(name: 'SEARCH' | 'UID SEARCH', kind: 'sequence' | 'uid'): Command<SearchKeys> {
  return {
    name,
    state: 'selected',
    parse(args) {
      if (args.sp().skip('CHARSET ')) {
        const charset = args.astring().toUpperCase();
        if (!CHARSETS.has(charset)) throw new No('Search in UTF-8 or US-ASCII', 'BADCHARSET (UTF-8 US-ASCII)');
        args.sp();
      }
      return parseSearchKeys(args);
    },

    async run(session, { keys, count }) {
      // Sequence numbers may stand in the keys of either form, and were written before any removal that we could tell now.
      await session.sync({ ask: 'memory', expunges: false });
      const { view, out, transport } = session;
      const matches = compileSearch(view, keys, (set, of) => {
        const ranges = view.ranges(set, of);
        if (ranges === null) throw new Bad('No message of that number');
        return ranges;
      });
      const { table } = view.mailbox;
      out.text('* SEARCH');
      let steps = 0;
      let at = 0;
      for (const uid of view.uids()) {
        if (table.uid(at) !== uid || at >= table.length) at = table.lowerBound(uid);
        const isHere = at < table.length && table.uid(at) === uid;
        if (matches(uid, isHere ? at : -1)) {
          out.sp().number(kind === 'uid' ? uid : view.sequenceNumber(uid, isHere ? at : -1));
        }
        if (isHere) at++;
        steps += count;
        if (steps < SEARCH_STEPS_A_TURN) continue;
        steps = 0;
        await transport.flushMuch();
      }
      out.crlf();
      await session.tell({ expunges: kind === 'uid' });
      return ok('Searched');
    },
  };
}

export const search = searchCommand('SEARCH', 'sequence');
export const uidSearch = searchCommand('UID SEARCH', 'uid');
