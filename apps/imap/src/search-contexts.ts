import type { SequenceSet } from '@postel/imap-wire';
import { StorageError, type UidRanges } from '@postel/storage';
import { Bad, No } from './command.ts';
import { FetchAnswer } from './fetch-answer.ts';
import type { FetchItem } from './fetch-items.ts';
import { CONTEXT_RESULTS, CONTEXTS } from './limits.ts';
import type { MailboxView } from './mailbox-view.ts';
import { writeResponseCode } from './response-code.ts';
import type { SearchKeys } from './search-key.ts';
import { searchMessages } from './search-messages.ts';
import { beginEsearch, writeMessageSet } from './search-return.ts';
import type { Session } from './session.ts';
import { type SortCriterion, sortMessages } from './sort-messages.ts';

/** The UIDs that a set names. */
type SetRanges = (set: SequenceSet, kind: 'sequence' | 'uid') => UidRanges;

/** What a search asks and how it is answered, so that it can go on being answered. */
export interface ContextSearch {
  readonly keys: SearchKeys;
  /** See fixedRanges. */
  readonly rangesOf: SetRanges;
  readonly kind: 'sequence' | 'uid';
  /** Null: results stand as in the mailbox. */
  readonly criteria: readonly SortCriterion[] | null;
  /** Whether responses name the mailbox, as those to ESEARCH do (RFC 7377 §2.1). */
  readonly namesMailbox: boolean;
  /** What is told of messages that come and match; nothing if empty. */
  readonly fetch: readonly FetchItem[];
}

interface Context extends ContextSearch {
  readonly tag: string;
  /** What the client holds for the results, ascending. */
  uids: Uint32Array;
  /** The same in the order asked for; the same array if that is the mailbox's. */
  ordered: Uint32Array;
}

/** A set of results, and the place in the list where it begins or is to begin; 0: the client knows by itself. */
interface Update {
  readonly position: number;
  readonly uids: Uint32Array;
}

/**
 * Searches of the selected mailbox whose results are kept up to date: RETURN (UPDATE) of RFC 5267 §4.3. Flags, arrivals and removals
 * are told here when they are told to the client themselves.
 */
export class SearchContexts {
  readonly #contexts = new Map<string, Context>();

  get isEmpty(): boolean {
    return this.#contexts.size === 0;
  }

  /** @throws {Bad} RFC 5267 §4.3: the tag is in use */
  requireFree(tag: string): void {
    if (this.#contexts.has(tag)) throw new Bad('The tag belongs to a search that is still kept up to date');
  }

  /**
   * Keeps a search up to date that was just answered, or says that this is refused.
   *
   * @param uids what was found, in the order in which it was told
   */
  begin(session: Session, search: ContextSearch, uids: Uint32Array): void {
    const { tag } = session;
    const held = [...this.#contexts.values()].reduce((sum, context) => sum + context.uids.length, 0);
    const isByRelevancy = search.criteria?.some(({ column }) => column === 'relevancy') === true;
    if (isByRelevancy || this.#contexts.size >= CONTEXTS || held + uids.length > CONTEXT_RESULTS) refuse(session, tag);
    else {
      const ascending = search.criteria === null ? uids : uids.toSorted();
      this.#contexts.set(tag, { ...search, tag, uids: ascending, ordered: uids });
    }
  }

  /** @throws {No} a tag is none of a search that is kept up to date: none of them ends then */
  cancel(tags: readonly string[]): void {
    if (!tags.every((tag) => this.#contexts.has(tag))) throw new No('No search of that tag is kept up to date');
    for (const tag of tags) this.#contexts.delete(tag);
  }

  clear(): void {
    this.#contexts.clear();
  }

  /** Keeps none up to date that is told in message numbers, or asks for them: the client wants no more of these (RFC 9586). */
  endNumbered(session: Session): void {
    for (const { tag, kind, keys } of this.#contexts.values()) {
      if (kind === 'uid' && !keys.namesNumbers) continue;
      this.#contexts.delete(tag);
      refuse(session, tag);
    }
  }

  /** Before the removals themselves: message numbers must still be right. */
  async tellRemovals(session: Session, removed: Uint32Array): Promise<void> {
    for (const context of this.#contexts.values()) await update(session, context, common(context.uids, removed), NONE);
  }

  /**
   * After the news itself.
   *
   * @param changed messages whose flags changed, and those that came, ascending
   * @param before UID above which they came
   */
  async tellChanges(session: Session, changed: Uint32Array, before: number): Promise<void> {
    if (changed.length === 0) return;
    for (const context of this.#contexts.values()) {
      try {
        const { keys, rangesOf, fetch } = context;
        const matching = await searchMessages(session, keys, { among: changed, rangesOf });
        const matched = common(context.uids, changed);
        const arrived = matching.filter((uid) => uid > before);
        if (fetch.length > 0) await new FetchAnswer(session, fetch, NONE).write(arrived); // RFC 5465 §7
        await update(session, context, without(matched, matching), without(matching, matched));
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
        this.#contexts.delete(context.tag);
        refuse(session, context.tag);
      }
    }
  }
}

const NONE = new Uint32Array(0);

function refuse({ out }: Session, tag: string): void {
  writeResponseCode(out.text('* NO '), { type: 'NOUPDATE', tag });
  out.text('The search is not kept up to date').crlf();
}

/**
 * The UIDs that sets name. Message numbers, and `$`, stand for the same as long as the search is kept up to date: what they were when
 * it was made (RFC 5267 §4.3). So the first search of all uses it already.
 */
export function fixedRanges(view: MailboxView): SetRanges {
  const known = new Map<SequenceSet, UidRanges>();
  const fix = (set: SequenceSet, kind: 'sequence' | 'uid') => {
    const ranges = view.ranges(set, kind);
    known.set(set, ranges);
    return ranges;
  };
  return (set, kind) =>
    kind === 'uid' && !set.includesSaved ? view.ranges(set, kind) : (known.get(set) ?? fix(set, kind));
}

/** Tells what goes from the results and what comes, and takes it in. */
async function update(session: Session, context: Context, removed: Uint32Array, added: Uint32Array): Promise<void> {
  if (removed.length === 0 && added.length === 0) return;
  const { tag, kind, criteria, namesMailbox, ordered } = context;
  const uids = merged(without(context.uids, removed), added);
  const isInOrder = criteria === null;
  const left = without(ordered, removed);
  const next = isInOrder ? uids : added.length === 0 ? left : await sortMessages(session, criteria, uids);
  const { out, view } = session;
  const mailbox = namesMailbox ? { name: view.name, uidvalidity: view.mailbox.uidvalidity } : undefined;
  beginEsearch(session, tag, kind, mailbox);
  if (removed.length > 0) {
    out.text(' REMOVEFROM (');
    await writeUpdates(session, kind, isInOrder ? [{ position: 0, uids: removed }] : runs(ordered, removed, true));
  }
  if (added.length > 0) {
    out.text(' ADDTO (');
    await writeUpdates(session, kind, isInOrder ? [{ position: 0, uids: added }] : runs(next, added, false));
  }
  out.crlf();
  context.uids = uids;
  context.ordered = next;
}

async function writeUpdates(session: Session, kind: 'sequence' | 'uid', updates: Iterable<Update>): Promise<void> {
  const { out } = session;
  let isFirst = true;
  for (const { position, uids } of updates) {
    if (!isFirst) out.sp();
    isFirst = false;
    out.number(position).sp();
    await writeMessageSet(session, kind, uids);
  }
  out.text(')');
}

/**
 * Where some of the results stand in a list, as runs of those next to one another.
 *
 * @param some ascending
 * @param areGoing each run is taken out before the next is counted
 */
function* runs(ordered: Uint32Array, some: Uint32Array, areGoing: boolean): Generator<Update> {
  let gone = 0;
  for (let start = 0; start < ordered.length; ) {
    let end = start;
    while (end < ordered.length && has(some, ordered[end] ?? 0)) end++;
    if (end > start) yield { position: start - gone + 1, uids: ordered.subarray(start, end) };
    if (areGoing) gone += end - start;
    start = end + 1;
  }
}

function has(ascending: Uint32Array, uid: number): boolean {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] ?? 0) < uid) low = middle + 1;
    else high = middle;
  }
  return ascending[low] === uid;
}

/** What both hold; what the first alone holds, in its order; what either holds, where nothing is in both. The second ascends. */
const common = (one: Uint32Array, other: Uint32Array): Uint32Array => other.filter((uid) => has(one, uid));
const without = (one: Uint32Array, other: Uint32Array): Uint32Array =>
  other.length === 0 ? one : one.filter((uid) => !has(other, uid));

function merged(one: Uint32Array, other: Uint32Array): Uint32Array {
  if (other.length === 0) return one;
  const all = new Uint32Array(one.length + other.length);
  all.set(one);
  all.set(other, one.length);
  return all.sort();
}
