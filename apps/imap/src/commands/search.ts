import { Bad, type Command, ok } from '../command.ts';
import { Relevancies, requireFuzzy } from '../relevancies.ts';
import { parseCharset } from '../search-charset.ts';
import { fixedRanges } from '../search-contexts.ts';
import { withFilters } from '../search-filters.ts';
import { parseSearchKeys, type SearchKeys } from '../search-key.ts';
import { searchMessages } from '../search-messages.ts';
import { forgottenBy, parseSearchReturn, type SearchReturn, saveResult, writeEsearch } from '../search-return.ts';
import type { Session } from '../session.ts';
import { writeFound } from '../write-found.ts';

interface SearchArgs extends SearchKeys {
  /** Null: answered by SEARCH. */
  readonly options: SearchReturn | null;
}

/**
 * SEARCH and UID SEARCH: RFC 3501 §6.4.4, §7.2.5, with the keys as RFC 9051 §6.4.4 explains them. With options, and always in
 * IMAP4rev2, it is answered by ESEARCH (RFC 4731 §3.1). SAVE: RFC 5182. CONTEXT and UPDATE: RFC 5267 §4.
 */
function searchCommand(name: 'SEARCH' | 'UID SEARCH', kind: 'sequence' | 'uid'): Command<SearchArgs> {
  return {
    name,
    state: 'selected',
    parse(args, session) {
      const options = parseSearchReturn(args.sp()) ?? (session.hasEnabled('IMAP4rev2') ? { ALL: true } : null);
      try {
        if (args.skip('CHARSET ')) {
          requireNoOtherCharset(session);
          parseCharset(args);
        }
        return { options, ...parseSearchKeys(args) };
      } catch (error) {
        throw forgottenBy(error, session, options);
      }
    },

    async run(session, { options, ...given }) {
      if (given.asksForModSeq) session.enableCondstore();
      if (options?.UPDATE) session.contexts.requireFree(session.tag);
      try {
        // Sequence numbers may stand in the keys of either form, and were written before any removal that we could tell now.
        await session.sync({ ask: 'memory', expunges: false });
        const keys = await withFilters(session, given);
        if (options?.RELEVANCY) requireFuzzy(keys);
        const rangesOf = fixedRanges(session.view);
        const relevancies = new Relevancies();
        const uids = await searchMessages(session, keys, { rangesOf, relevancies });
        if (options !== null) saveResult(session, options, uids);
        const modSeqOf = keys.asksForModSeq ? (uid: number) => session.view.modSeqOf(uid) : null;
        if (options === null) await writeFound(session, 'SEARCH', kind, uids, modSeqOf);
        else
          await writeEsearch(session, kind, options, {
            uids,
            relevancyOf: (uid) => relevancies.of(uid),
            ...(modSeqOf !== null && { modSeqOf }),
          });
        if (options?.UPDATE)
          session.contexts.begin(
            session,
            { keys, rangesOf, kind, criteria: null, namesMailbox: false, fetch: options.UPDATE },
            uids,
          );
      } catch (error) {
        throw forgottenBy(error, session, options);
      }
      // RFC 7162 §3.2.10.2: nothing may shift numbers that stand in the command.
      await session.tell({ expunges: kind === 'uid' && !given.namesNumbers });
      // RFC 5530 §3: what was found may be gone, which its number cannot tell.
      return ok('Searched', session.selected?.hasRemovals === true ? 'EXPUNGEISSUED' : null);
    },
  };
}

export const search = searchCommand('SEARCH', 'sequence');
export const uidSearch = searchCommand('UID SEARCH', 'uid');

/** @throws {Bad} after ENABLE UTF8=ACCEPT, which has named it (RFC 6855 §3); IMAP4rev2 lets it be named again (RFC 9051 §6.4.4) */
function requireNoOtherCharset(session: Session): void {
  if (session.hasEnabled('UTF8=ACCEPT') && !session.hasEnabled('IMAP4rev2')) {
    throw new Bad('All strings are UTF-8: no CHARSET after ENABLE UTF8=ACCEPT');
  }
}
