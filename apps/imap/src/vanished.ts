import type { SequenceSet } from '@postel/imap-wire';
import { rangesFrom, type UidRanges } from '@postel/storage';
import { OUTPUT_HIGH_WATER_OCTETS, RANGES_A_LINE } from './limits.ts';
import type { Session } from './session.ts';

/** Numbers of some messages and their UIDs, as a client remembers them (RFC 7162 §3.2.5.2). */
export interface SequenceMatch {
  readonly numbers: SequenceSet;
  readonly uids: SequenceSet;
}

/**
 * VANISHED (EARLIER): which UIDs are those of messages that were removed after a modseq (RFC 7162 §3.2.10.1). None that the
 * client still counts among its messages is told: those come with VANISHED alone.
 *
 * Where the store remembers less than is asked for, or a modseq is one that it never gave out, all UIDs that are not in the
 * mailbox are told, but for those below messages that the client knows by their right numbers.
 *
 * @param ranges UIDs that the client asks about
 */
export async function tellVanishedEarlier(
  session: Session,
  since: number,
  ranges: UidRanges,
  match: SequenceMatch | null = null,
): Promise<void> {
  const { view, store } = session;
  const { seq, highestModSeq } = view.mailbox;
  if (since >= highestModSeq && since <= seq) return;
  const known = since > seq ? null : await store.removedSince(view.mailbox, since);
  const matched = known === null && match !== null ? view.matchedUid(match.numbers, match.uids) : 0;
  const asked = known === null ? rangesFrom(ranges, matched + 1) : intersection(known, ranges);
  for (let from = 0; from < asked.length; from += RANGES_A_LINE)
    await tellVanished(session, '* VANISHED (EARLIER) ', view.absentFrom(asked.slice(from, from + RANGES_A_LINE)));
}

/** VANISHED, with or without EARLIER, as often as many UIDs ask for. */
export async function tellVanished({ out, transport }: Session, response: string, uids: UidRanges): Promise<void> {
  for (let from = 0; from < uids.length; from += RANGES_A_LINE) {
    out
      .text(response)
      .uidRanges(uids.slice(from, from + RANGES_A_LINE))
      .crlf();
    if (out.length > OUTPUT_HIGH_WATER_OCTETS) await transport.flushMuch();
  }
}

/** Of two lists of ascending ranges. */
function intersection(ones: UidRanges, others: UidRanges): UidRanges {
  const both: UidRanges[number][] = [];
  for (let i = 0, j = 0; ; ) {
    const one = ones[i];
    const other = others[j];
    if (one === undefined || other === undefined) return both;
    const first = Math.max(one.first, other.first);
    const last = Math.min(one.last, other.last);
    if (first <= last) both.push({ first, last });
    if (one.last < other.last) i++;
    else j++;
  }
}
