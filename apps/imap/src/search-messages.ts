import type { SequenceSet } from '@postel/imap-wire';
import type { UidRanges } from '@postel/storage';
import { SEARCH_STEPS_A_TURN } from './limits.ts';
import type { MailboxView } from './mailbox-view.ts';
import type { Relevancies } from './relevancies.ts';
import { withFilters } from './search-filters.ts';
import type { SearchKeys } from './search-key.ts';
import { asksForFlags, type Matcher, planSearch, type SearchPlan } from './search-match.ts';
import type { Session } from './session.ts';
import type { WorkProgress } from './transport.ts';
import { requireNoNumbersIn } from './uid-only.ts';

interface SearchScope {
  /** The selected mailbox if it is not another. */
  readonly view?: MailboxView;
  /** Messages of it, ascending; all if not given. */
  readonly among?: Uint32Array;
  /** The UIDs that a set names, if not those that it names now. */
  readonly rangesOf?: (set: SequenceSet, kind: 'sequence' | 'uid') => UidRanges;
  /** To be told how well messages meet fuzzy keys. */
  readonly relevancies?: Relevancies;
}

/**
 * Finds the messages of a mailbox that match all keys, without keeping others of the process from their turn. Nothing of the mailbox
 * is told meanwhile, so the sequence numbers are the same in the end.
 *
 * @returns their UIDs, ascending
 * @throws {No} [UNDEFINED-FILTER]
 */
export async function searchMessages(
  session: Session,
  given: SearchKeys,
  {
    view = session.view,
    among = view.uids(),
    rangesOf = (set, kind) => view.ranges(set, kind),
    relevancies,
  }: SearchScope = {},
): Promise<Uint32Array> {
  const { keys, count, storedCount } = await withFilters(session, given);
  const plan = planSearch(view, keys, (set, kind) => {
    if (kind === 'sequence') requireNoNumbersIn(session, set);
    return rangesOf(set, kind);
  });
  const search = new Search(session, view, count, storedCount, relevancies);
  const found = await search.run(plan, among);
  return keys.some(asksForFlags) ? search.filter(found, (_, at) => at >= 0) : found;
}

class Search {
  readonly #session: Session;
  readonly #view: MailboxView;
  /** Steps that one message takes, at most. */
  readonly #keys: number;
  #steps = 0;
  readonly #relevancies: Relevancies | undefined;
  /** Counted in messages that the store looks at. */
  readonly #progress: WorkProgress;

  constructor(session: Session, view: MailboxView, keys: number, storedKeys: number, relevancies?: Relevancies) {
    this.#relevancies = relevancies;
    this.#session = session;
    this.#view = view;
    this.#keys = keys;
    this.#progress = { done: 0, goal: view.count * storedKeys };
  }

  /** Those of the UIDs that match; ascending, as these are. */
  async run(plan: SearchPlan, uids: Uint32Array): Promise<Uint32Array> {
    switch (plan.type) {
      case 'arrays':
        return this.filter(uids, plan.matches);
      case 'stored': {
        const { store, transport, log } = this.#session;
        const { account, id } = this.#view.mailbox;
        const before = this.#progress.done;
        const options = {
          signal: transport.gone,
          onProgress: (read: number, left: number) =>
            log.info({ read, left }, 'reading the text of older messages, to search in it'),
          onSearched: (messages: number) => {
            this.#progress.done = before + messages;
          },
        };
        const { criterion } = plan;
        const search = async () => {
          if (criterion.type !== 'fuzzy') return store.search.find(account, id, uids, criterion, options);
          const scored = await store.search.score(account, id, uids, criterion, options);
          this.#relevancies?.add(scored);
          return scored.uids;
        };
        const found = await transport.whileSilent(search(), this.#progress);
        this.#progress.done = before + this.#view.count;
        return found;
      }
      case 'not':
        return without(uids, await this.run(plan.plan, uids));
      case 'or': {
        let rest = uids;
        for (const part of plan.plans) {
          if (rest.length === 0) break;
          rest = without(rest, await this.run(part, rest));
        }
        return without(uids, rest);
      }
      case 'and': {
        let found = uids;
        for (const part of plan.plans) {
          if (found.length === 0) break;
          found = await this.run(part, found);
        }
        return found;
      }
      default:
        return plan satisfies never;
    }
  }

  async filter(uids: Uint32Array, matches: Matcher): Promise<Uint32Array> {
    const { transport } = this.#session;
    const { table } = this.#view.mailbox;
    const found = new Uint32Array(uids.length);
    let count = 0;
    let at = 0;
    for (const uid of uids) {
      if (at >= table.length || table.uid(at) !== uid) at = table.lowerBound(uid);
      const isHere = at < table.length && table.uid(at) === uid;
      if (matches(uid, isHere ? at : -1)) found[count++] = uid;
      if (isHere) at++;
      this.#steps += this.#keys;
      if (this.#steps < SEARCH_STEPS_A_TURN) continue;
      this.#steps = 0;
      transport.gone.throwIfAborted();
      await transport.flushMuch();
    }
    return found.slice(0, count);
  }
}

/** What ascending UIDs hold beside some of them, ascending too. */
function without(uids: Uint32Array, some: Uint32Array): Uint32Array {
  if (some.length === 0) return uids;
  const rest = new Uint32Array(uids.length - some.length);
  let count = 0;
  let next = 0;
  for (const uid of uids) {
    if (uid === some[next]) next++;
    else rest[count++] = uid;
  }
  return rest;
}
