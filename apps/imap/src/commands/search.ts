import { type Command, No, ok } from '../command.ts';
import { OUTPUT_HIGH_WATER_OCTETS } from '../limits.ts';
import { parseSearchKeys, type SearchKeys } from '../search-key.ts';
import { searchMessages } from '../search-messages.ts';

const CHARSETS = new Set(['UTF-8', 'US-ASCII']);

/** SEARCH and UID SEARCH: RFC 3501 §6.4.4, §7.2.5, with the keys as RFC 9051 §6.4.4 explains them. */
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

    async run(session, keys) {
      // Sequence numbers may stand in the keys of either form, and were written before any removal that we could tell now.
      await session.sync({ ask: 'memory', expunges: false });
      const uids = await searchMessages(session, keys);
      const { view, out, transport } = session;
      out.text('* SEARCH');
      for (const uid of uids) {
        out.sp().number(kind === 'uid' ? uid : view.sequenceNumber(uid));
        if (out.length > OUTPUT_HIGH_WATER_OCTETS) await transport.flushMuch();
      }
      out.crlf();
      await session.tell({ expunges: kind === 'uid' });
      return ok('Searched');
    },
  };
}

export const search = searchCommand('SEARCH', 'sequence');
export const uidSearch = searchCommand('UID SEARCH', 'uid');
