import { type Arguments, ParseError } from '@postel/imap-wire';
import { StorageError } from '@postel/storage';
import { Bad, type Command, ok } from '../command.ts';
import { findMailbox } from '../find-mailbox.ts';
import { MULTISEARCH_FILTERS } from '../limits.ts';
import { type MailboxFilter, namesThatMeet, parseMailboxFilter } from '../mailbox-filter.ts';
import { MailboxView } from '../mailbox-view.ts';
import { Relevancies, requireFuzzy } from '../relevancies.ts';
import { parseCharset } from '../search-charset.ts';
import { fixedRanges } from '../search-contexts.ts';
import { withFilters } from '../search-filters.ts';
import { parseSearchKeys, type SearchKeys } from '../search-key.ts';
import { searchMessages } from '../search-messages.ts';
import { forgottenBy, parseSearchReturn, type SearchReturn, saveResult, writeEsearch } from '../search-return.ts';
import type { Session } from '../session.ts';

interface EsearchArgs extends SearchKeys {
  readonly filters: readonly MailboxFilter[];
  readonly options: SearchReturn;
}

const SELECTED: readonly MailboxFilter[] = [{ type: 'selected' }];

/** ESEARCH: RFC 7377. Each mailbox in which something is found has a response of its own; which one is selected does not change. */
export const esearch: Command<EsearchArgs> = {
  name: 'ESEARCH',
  state: 'authenticated',
  parse(args, session) {
    const filters = args.sp().skip('IN ') ? parseSources(args) : SELECTED;
    const isOfSelected = filters.every(({ type }) => type === 'selected');
    if (session.selected === null && filters.some(({ type }) => type === 'selected'))
      throw new Bad('Select a mailbox first');
    const options = parseSearchReturn(args) ?? { ALL: true };
    // It could be told of the selected mailbox alone (RFC 7377 §2.2).
    if (options.UPDATE && !isOfSelected)
      throw new Bad('Only a search in the selected mailbox alone is kept up to date');
    if (options.SAVE && !isOfSelected) throw new Bad('Only a search in the selected mailbox alone can be saved');
    try {
      if (args.skip('CHARSET ')) parseCharset(args);
      return { filters, options, ...parseSearchKeys(args) };
    } catch (error) {
      throw forgottenBy(error, session, options);
    }
  },

  async run(session, { filters, options, ...given }) {
    if (given.asksForModSeq) session.enableCondstore();
    if (options.UPDATE) session.contexts.requireFree(session.tag);
    try {
      await session.sync({ ask: 'memory', expunges: false });
      const keys = await withFilters(session, given);
      if (options.RELEVANCY) requireFuzzy(keys);
      if (filters.some(({ type }) => type === 'selected')) await searchSelected(session, keys, options);
      await searchOthers(session, filters, keys, options);
    } catch (error) {
      throw forgottenBy(error, session, options);
    }
    await session.tell({ expunges: !given.namesNumbers });
    return ok('Searched');
  },
};

/** esearch-source-opts, behind IN; there are no scope options yet. */
function parseSources(args: Arguments): readonly MailboxFilter[] {
  args.expect('(');
  const filters = [parseMailboxFilter(args)];
  while (args.skip(' ')) {
    if (filters.length === MULTISEARCH_FILTERS) throw new ParseError('Too many ways to name mailboxes', 'limit');
    filters.push(parseMailboxFilter(args));
  }
  args.expect(') ');
  return filters;
}

async function searchSelected(session: Session, keys: SearchKeys, options: SearchReturn): Promise<void> {
  const rangesOf = fixedRanges(session.view);
  const relevancies = new Relevancies();
  const uids = await searchMessages(session, keys, { rangesOf, relevancies });
  saveResult(session, options, uids);
  await tell(session, session.view, options, { keys, uids, relevancies });
  if (options.UPDATE)
    session.contexts.begin(
      session,
      { keys, rangesOf, kind: 'uid', criteria: null, namesMailbox: true, fetch: options.UPDATE },
      uids,
    );
}

/** Mailboxes that are not there, or go meanwhile, are passed over (RFC 7377 §2.2). */
async function searchOthers(
  session: Session,
  filters: readonly MailboxFilter[],
  keys: SearchKeys,
  options: SearchReturn,
): Promise<void> {
  if (filters.every(({ type }) => type === 'selected')) return;
  const { store, transport } = session;
  const selected = filters.some(({ type }) => type === 'selected') ? session.view.mailbox : null;
  for (const name of await namesThatMeet(session, filters, ({ messages, rights }) => messages > 0 && rights.has('r'))) {
    transport.gone.throwIfAborted();
    const mailbox = await findMailbox(session, name, 'r');
    if (mailbox === null || (mailbox.id === selected?.id && mailbox.account === selected.account)) continue;
    const view = await MailboxView.open(store, mailbox, name, true).catch(nullIfGone);
    if (view === null) continue;
    try {
      const relevancies = new Relevancies();
      const uids = await searchMessages(session, keys, { view, relevancies });
      await tell(session, view, options, { keys, uids, relevancies });
    } finally {
      view.close();
    }
  }
}

function nullIfGone(error: unknown): null {
  if (error instanceof StorageError && error.kind === 'nonexistent') return null;
  throw error;
}

async function tell(
  session: Session,
  view: MailboxView,
  options: SearchReturn,
  { keys, uids, relevancies }: { keys: SearchKeys; uids: Uint32Array; relevancies: Relevancies },
): Promise<void> {
  if (uids.length === 0) return;
  const mailbox = { name: view.name, uidvalidity: view.mailbox.uidvalidity };
  const modSeqOf = (uid: number) => view.modSeqOf(uid);
  const relevancyOf = (uid: number) => relevancies.of(uid);
  await writeEsearch(session, 'uid', options, { uids, mailbox, relevancyOf, ...(keys.asksForModSeq && { modSeqOf }) });
}
