import type { Arguments, SequenceSet } from '@postel/imap-wire';
import type { Session } from './session.ts';
import { tellFlags } from './tell-flags.ts';
import { type SequenceMatch, tellVanishedEarlier } from './vanished.ts';

/** What a client knows of the mailbox that it selects: the QRESYNC parameter (RFC 7162 §3.2.5). */
export interface Resync {
  readonly uidvalidity: number;
  readonly modSeq: number;
  /** The UIDs it asks about; null for all that there were ever. */
  readonly knownUids: SequenceSet | null;
  readonly match: SequenceMatch | null;
}

/** @throws {ParseError} */
export function parseResync(args: Arguments): Resync {
  const uidvalidity = args.expect('(').nzNumber();
  const modSeq = args.sp().modSeq();
  const knownUids = args.peekSequenceSet(' ') ? args.sp().uidSet() : null;
  const match = args.skip(' ') ? parseMatch(args) : null;
  args.expect(')');
  return { uidvalidity, modSeq, knownUids, match };
}

function parseMatch(args: Arguments): SequenceMatch {
  const numbers = args.expect('(').uidSet();
  const uids = args.sp().uidSet();
  args.expect(')');
  return { numbers, uids };
}

/**
 * Tells what happened since, of the UIDs asked about: removals, then flags (RFC 7162 §3.2.5.1). A modseq that was never given
 * out says nothing of what the client knows, so that all is told.
 */
export async function resynchronize(session: Session, { modSeq, knownUids, match }: Resync): Promise<void> {
  const { view } = session;
  const last = view.toldUid;
  const ranges = knownUids === null ? [{ first: 1, last }] : knownUids.ranges(last);
  await tellVanishedEarlier(session, modSeq, ranges, match);
  const since = modSeq > view.mailbox.seq ? 0 : modSeq;
  await tellFlags(session, view.changedSince(since, ranges));
}
