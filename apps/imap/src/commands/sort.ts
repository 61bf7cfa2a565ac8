import { type Command, ok } from '../command.ts';
import { OUTPUT_HIGH_WATER_OCTETS } from '../limits.ts';
import { parseCharset } from '../search-charset.ts';
import { parseSearchKeys, type SearchKeys } from '../search-key.ts';
import { searchMessages } from '../search-messages.ts';
import { forgottenBy, parseSearchReturn, type SearchReturn, saveResult, writeEsearch } from '../search-return.ts';
import type { Session } from '../session.ts';
import { parseSortCriteria, type SortCriterion, sortMessages } from '../sort-messages.ts';

interface SortArgs extends SearchKeys {
  /** Null: answered by SORT. */
  readonly options: SearchReturn | null;
  readonly criteria: readonly SortCriterion[];
}

/** SORT and UID SORT: RFC 5256 §3; DISPLAYFROM and DISPLAYTO: RFC 5957. With options it is answered by ESEARCH: RFC 5267 §3. */
function sortCommand(name: 'SORT' | 'UID SORT', kind: 'sequence' | 'uid'): Command<SortArgs> {
  return {
    name,
    state: 'selected',
    parse(args, session) {
      const options = parseSearchReturn(args.sp());
      try {
        const criteria = parseSortCriteria(args);
        parseCharset(args.sp());
        return { options, criteria, ...parseSearchKeys(args) };
      } catch (error) {
        throw forgottenBy(error, session, options);
      }
    },

    async run(session, { options, criteria, ...keys }) {
      try {
        // As in SEARCH: numbers in the keys were written before any removal that we could tell now.
        await session.sync({ ask: 'memory', expunges: false });
        const found = await searchMessages(session, keys);
        const uids = await sortMessages(session, criteria, found);
        if (options !== null) saveResult(session, options, uids);
        if (options === null) await writeSort(session, kind, uids);
        else await writeEsearch(session, kind, options, { uids });
      } catch (error) {
        throw forgottenBy(error, session, options);
      }
      await session.tell({ expunges: kind === 'uid' });
      return ok('Sorted');
    },
  };
}

export const sort = sortCommand('SORT', 'sequence');
export const uidSort = sortCommand('UID SORT', 'uid');

async function writeSort({ view, out, transport }: Session, kind: 'sequence' | 'uid', uids: Uint32Array) {
  out.text('* SORT');
  for (const uid of uids) {
    out.sp().number(kind === 'uid' ? uid : view.sequenceNumber(uid));
    if (out.length > OUTPUT_HIGH_WATER_OCTETS) await transport.flushMuch();
  }
  out.crlf();
}
