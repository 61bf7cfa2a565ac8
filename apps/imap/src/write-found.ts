import { OUTPUT_HIGH_WATER_OCTETS } from './limits.ts';
import type { Session } from './session.ts';

/**
 * SEARCH and SORT responses (RFC 3501 §7.2.5, RFC 5256 §4), to clients that asked for no ESEARCH.
 *
 * @param modSeqOf if the search asked for modseqs: the highest of the messages found is told (RFC 7162 §3.1.6)
 */
export async function writeFound(
  session: Session,
  name: 'SEARCH' | 'SORT',
  kind: 'sequence' | 'uid',
  uids: Uint32Array,
  modSeqOf: ((uid: number) => number) | null,
): Promise<void> {
  const { view, out, transport } = session;
  let highest = 0;
  out.text('* ').text(name);
  for (const uid of uids) {
    if (modSeqOf !== null) highest = Math.max(highest, modSeqOf(uid));
    out.sp().number(kind === 'uid' ? uid : view.sequenceNumber(uid));
    if (out.length > OUTPUT_HIGH_WATER_OCTETS) await transport.flushMuch();
  }
  if (highest > 0) {
    session.noteModSeq(highest);
    out.text(' (MODSEQ ').number(highest).text(')');
  }
  out.crlf();
}
