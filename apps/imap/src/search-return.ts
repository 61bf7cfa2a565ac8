import { type Arguments, ParseError } from '@postel/imap-wire';
import { Bad, No } from './command.ts';
import { type FetchItem, parseFetchItems } from './fetch-items.ts';
import { FLAGS_A_TURN, OUTPUT_HIGH_WATER_OCTETS, RELEVANCIES_A_TURN } from './limits.ts';
import type { Session } from './session.ts';

/** Results by their place, both ends included: counted from 1, or from the last result back (RFC 9394 §3.1). */
export interface PartialRange {
  readonly first: number;
  readonly last: number;
  readonly isFromEnd: boolean;
}

/** What a client asks a search to return, by the names of the options. */
export interface SearchReturn {
  readonly MIN?: true;
  readonly MAX?: true;
  readonly ALL?: true;
  readonly COUNT?: true;
  readonly SAVE?: true;
  readonly PARTIAL?: PartialRange;
  /** A hint that the same may be asked again (RFC 5267 §4.2), of which we have no need. */
  readonly CONTEXT?: true;
  /** Changes of the result are to be told from now on (RFC 5267 §4.3), and of messages that come into it these items (RFC 5465 §7). */
  readonly UPDATE?: readonly FetchItem[];
  /** How well each message named meets fuzzy keys (RFC 6203 §4). */
  readonly RELEVANCY?: true;
}

const isGiven = () => true as const;

const OPTIONS = {
  MIN: isGiven,
  MAX: isGiven,
  ALL: isGiven,
  COUNT: isGiven,
  SAVE: isGiven,
  PARTIAL: (value: Arguments) => parsePartialRange(value.sp()),
  CONTEXT: isGiven,
  UPDATE: parseUpdate,
  RELEVANCY: isGiven,
} satisfies { readonly [Name in keyof SearchReturn]-?: (value: Arguments) => SearchReturn[Name] };

/**
 * `RETURN (options) ` before the rest of a search: RFC 4731 §3.1, RFC 4466 §2.6.1. None at all in the parentheses is ALL.
 *
 * @returns null if it does not come next: then the search is answered as it was before there were options
 * @throws {ParseError} an option that is not known or given twice; PARTIAL with ALL (RFC 9394 §3.1)
 */
export function parseSearchReturn(args: Arguments): SearchReturn | null {
  if (!args.skip('RETURN ')) return null;
  const options = args.parameters(OPTIONS);
  if (options.ALL && options.PARTIAL !== undefined)
    throw new ParseError('PARTIAL and ALL cannot be asked for together');
  args.sp();
  return Object.keys(options).length === 0 ? { ALL: true } : options;
}

/** modifier-update of RFC 5465 §8, which has no space before the items; its example has one. */
function parseUpdate(value: Arguments): readonly FetchItem[] {
  value.skip(value.peek(' (') ? ' ' : '');
  return value.peek('(') ? parseFetchItems(value, 'sequence').items : [];
}

/** partial-range of RFC 9394 §4: `1:500`, or `-1:-100` from the end. Either number may be the greater. */
export function parsePartialRange(args: Arguments): PartialRange {
  const isFromEnd = args.skip('-');
  const first = args.nzNumber();
  args.expect(isFromEnd ? ':-' : ':');
  return { first, last: args.nzNumber(), isFromEnd };
}

/** What stands at those places; shorter than the range, or empty, if there is no more. */
export function partOf(results: Uint32Array, { first, last, isFromEnd }: PartialRange): Uint32Array {
  const before = Math.min(first, last) - 1;
  const upTo = Math.max(first, last);
  const { length } = results;
  return isFromEnd
    ? results.subarray(Math.max(length - upTo, 0), Math.max(length - before, 0))
    : results.subarray(before, upTo);
}

/**
 * The messages that the options name: those of MIN, MAX and PARTIAL, in that order, or all of them, in the order of the
 * result. SAVE keeps these (RFC 5182 §2.4, RFC 9394 §3.2), and MODSEQ is told of these (RFC 4731 §3.2).
 */
function namedBy({ MIN, MAX, ALL, COUNT, PARTIAL }: SearchReturn, results: Uint32Array): Uint32Array {
  if (ALL || COUNT || !(MIN || MAX || PARTIAL)) return results;
  const ends = [...(MIN ? results.subarray(0, 1) : []), ...(MAX ? results.subarray(-1) : [])];
  if (PARTIAL === undefined) return Uint32Array.from(ends);
  const part = partOf(results, PARTIAL);
  const named = new Uint32Array(ends.length + part.length);
  named.set(ends);
  named.set(part, ends.length);
  return named;
}

/**
 * Keeps what a search with SAVE found: what `$` stands for from now on.
 *
 * @throws {No} [NOTSAVED] (RFC 5182 §2.1)
 */
export function saveResult({ view }: Session, options: SearchReturn, uids: Uint32Array): void {
  if (!options.SAVE) return;
  const named = namedBy(options, uids);
  if (!view.save(isAscending(named) ? named : named.toSorted())) throw new No('Too much to be saved', 'NOTSAVED');
}

/**
 * What becomes of an error in a search: one with SAVE that is answered NO leaves nothing for `$` to stand for, one that is
 * answered BAD leaves it as it was (RFC 5182 §2.1).
 *
 * @returns the error, to be thrown
 */
export function forgottenBy(error: unknown, { selected }: Session, options: SearchReturn | null): unknown {
  if (options?.SAVE && !(error instanceof Bad || error instanceof ParseError)) selected?.save(new Uint32Array(0));
  return error;
}

/** What a search found. */
export interface SearchResult {
  /** In the order of the result: ascending, or as SORT has sorted them (RFC 5267 §3). */
  readonly uids: Uint32Array;
  /** If the search asked for modseqs: the highest of those named is told as MODSEQ (RFC 7162 §3.1.5). */
  readonly modSeqOf?: (uid: number) => number;
  /** If there are fuzzy keys, how well a message meets them. */
  readonly relevancyOf?: (uid: number) => number;
  /** Where it was found, if the search goes through several mailboxes (RFC 7377 §2.1). */
  readonly mailbox?: { readonly name: string; readonly uidvalidity: number };
}

/**
 * Writes the ESEARCH response to the command in hand: RFC 4731 §3.1, RFC 9051 §7.3.4. SAVE alone asks for none (RFC 5182 §1).
 *
 * However many messages it tells, others get their turn in between. Nothing of the selected mailbox is told meanwhile, so
 * message numbers stay what they are.
 *
 * @param kind how messages are told: those in `result` are UIDs of the selected mailbox if by `sequence`
 */
export async function writeEsearch(
  session: Session,
  kind: 'sequence' | 'uid',
  options: SearchReturn,
  { uids, modSeqOf, relevancyOf, mailbox }: SearchResult,
): Promise<void> {
  if (options.SAVE && Object.keys(options).length === 1) return;
  const { out } = session;
  beginEsearch(session, session.tag, kind, mailbox);
  const numbers = new MessageNumbers(session, kind);
  const [first] = uids;
  const last = uids.at(-1);
  if (options.MIN && first !== undefined) out.text(' MIN ').number(numbers.of(first));
  if (options.MAX && last !== undefined) out.text(' MAX ').number(numbers.of(last));
  if (options.COUNT) out.text(' COUNT ').number(uids.length);
  if (options.ALL && uids.length > 0) {
    out.text(' ALL ');
    await numbers.write(uids);
  }
  const { PARTIAL } = options;
  if (PARTIAL !== undefined) {
    const sign = PARTIAL.isFromEnd ? '-' : '';
    out.text(` PARTIAL (${sign}`).number(PARTIAL.first).text(`:${sign}`).number(PARTIAL.last).sp();
    const part = partOf(uids, PARTIAL);
    if (part.length > 0) await numbers.write(part);
    else out.text('NIL');
    out.text(')');
  }
  if (options.RELEVANCY && relevancyOf !== undefined) {
    out.text(' RELEVANCY (');
    let steps = 0;
    // Of the messages that stand before it.
    for (const uid of PARTIAL === undefined ? namedBy(options, uids) : partOf(uids, PARTIAL)) {
      if (steps > 0) out.sp();
      out.number(relevancyOf(uid));
      if (++steps % RELEVANCIES_A_TURN === 0) await session.transport.flushMuch();
    }
    out.text(')');
  }
  if (modSeqOf !== undefined && uids.length > 0) {
    let highest = 0;
    let steps = 0;
    for (const uid of namedBy(options, uids)) {
      highest = Math.max(highest, modSeqOf(uid));
      if (++steps % FLAGS_A_TURN === 0) await session.transport.flushMuch();
    }
    const isOfSelected = mailbox === undefined || mailbox.name === session.selected?.name;
    if (isOfSelected) session.noteModSeq(highest);
    if (highest > 0) out.text(' MODSEQ ').number(highest);
  }
  out.crlf();
}

/** `* ESEARCH (TAG "...")`, up to where data items follow. @param tag of the command that searched */
export function beginEsearch(
  session: Session,
  tag: string,
  kind: 'sequence' | 'uid',
  mailbox: SearchResult['mailbox'],
): void {
  const { out } = session;
  out.text('* ESEARCH (TAG "').text(tag).text('"');
  if (mailbox !== undefined) {
    out.text(' MAILBOX ');
    session.writeMailboxName(mailbox.name);
    out.text(' UIDVALIDITY ').number(mailbox.uidvalidity);
  }
  out.text(kind === 'uid' ? ') UID' : ')');
}

/** A sequence-set of messages, of which there must be one, in the order given. */
export function writeMessageSet(session: Session, kind: 'sequence' | 'uid', uids: Uint32Array): Promise<void> {
  return new MessageNumbers(session, kind).write(uids);
}

/** Turns UIDs into what the client knows the messages by, and writes sets of them. */
class MessageNumbers {
  readonly #session: Session;
  readonly #kind: 'sequence' | 'uid';
  /** Where the next message stands in the shared arrays, most likely. */
  #next = 0;

  constructor(session: Session, kind: 'sequence' | 'uid') {
    this.#session = session;
    this.#kind = kind;
  }

  of(uid: number): number {
    if (this.#kind === 'uid') return uid;
    const { view } = this.#session;
    const { table } = view.mailbox;
    const isNext = this.#next < table.length && table.uid(this.#next) === uid;
    const at = isNext ? this.#next : table.lowerBound(uid);
    this.#next = at + 1;
    return view.sequenceNumber(uid, at);
  }

  /** A sequence-set in the order given. Only what ascends one by one makes a range, in what was sorted too (RFC 5267 §3.2). */
  async write(uids: Uint32Array): Promise<void> {
    const { out, transport } = this.#session;
    const writeRange = (first: number, last: number) => {
      out.number(first);
      if (last !== first) out.text(':').number(last);
    };
    let first = this.of(uids[0] ?? 0);
    let last = first;
    for (let i = 1; i < uids.length; i++) {
      const number = this.of(uids[i] ?? 0);
      if (number !== last + 1) {
        writeRange(first, last);
        out.text(',');
        first = number;
      }
      last = number;
      if (i % FLAGS_A_TURN === 0 || out.length > OUTPUT_HIGH_WATER_OCTETS) await transport.flushMuch();
    }
    writeRange(first, last);
  }
}

function isAscending(numbers: Uint32Array): boolean {
  let before = 0;
  for (const number of numbers) {
    if (number <= before) return false;
    before = number;
  }
  return true;
}
