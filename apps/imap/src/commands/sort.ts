import { type Command, ok } from '../command.ts';
import { Relevancies, requireFuzzy } from '../relevancies.ts';
import { parseCharset } from '../search-charset.ts';
import { fixedRanges } from '../search-contexts.ts';
import { withFilters } from '../search-filters.ts';
import { parseSearchKeys, type SearchKeys } from '../search-key.ts';
import { searchMessages } from '../search-messages.ts';
import { forgottenBy, parseSearchReturn, type SearchReturn, saveResult, writeEsearch } from '../search-return.ts';
import { parseSortCriteria, type SortCriterion, sortMessages } from '../sort-messages.ts';
import { writeFound } from '../write-found.ts';

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

    async run(session, { options, criteria, ...given }) {
      if (given.asksForModSeq) session.enableCondstore();
      if (options?.UPDATE) session.contexts.requireFree(session.tag);
      try {
        // As in SEARCH: numbers in the keys were written before any removal that we could tell now.
        await session.sync({ ask: 'memory', expunges: false });
        const keys = await withFilters(session, given);
        if (options?.RELEVANCY || criteria.some(({ column }) => column === 'relevancy')) requireFuzzy(keys);
        const rangesOf = fixedRanges(session.view);
        const relevancies = new Relevancies();
        const found = await searchMessages(session, keys, { rangesOf, relevancies });
        const uids = await sortMessages(session, criteria, found, relevancies);
        if (options !== null) saveResult(session, options, uids);
        const modSeqOf = keys.asksForModSeq ? (uid: number) => session.view.modSeqOf(uid) : null;
        if (options === null) await writeFound(session, 'SORT', kind, uids, modSeqOf);
        else
          await writeEsearch(session, kind, options, {
            uids,
            relevancyOf: (uid) => relevancies.of(uid),
            ...(modSeqOf !== null && { modSeqOf }),
          });
        if (options?.UPDATE)
          session.contexts.begin(
            session,
            { keys, rangesOf, kind, criteria, namesMailbox: false, fetch: options.UPDATE },
            uids,
          );
      } catch (error) {
        throw forgottenBy(error, session, options);
      }
      await session.tell({ expunges: kind === 'uid' && !given.namesNumbers });
      return ok('Sorted', session.selected?.hasRemovals === true ? 'EXPUNGEISSUED' : null);
    },
  };
}

export const sort = sortCommand('SORT', 'sequence');
export const uidSort = sortCommand('UID SORT', 'uid');
