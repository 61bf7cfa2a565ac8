import type { ResponseWriter } from '@postel/imap-wire';
import { flagListOctets, mailboxFlags } from './flags.ts';
import { FLAGS_A_TURN, OUTPUT_HIGH_WATER_OCTETS } from './limits.ts';
import type { Session, TellOptions } from './session.ts';

/** FETCH of messages as they are now, with what RFC 7162 §3.2.4 asks of those that nobody asked for. */
export async function tellFlags(
  session: Session,
  uids: Uint32Array,
  { isKnown, isTold }: Pick<TellOptions, 'isKnown' | 'isTold'> = {},
): Promise<void> {
  const { out, view, transport } = session;
  const { mailbox } = view;
  const tellsModSeq = session.hasEnabled('CONDSTORE');
  let count = 0;
  let at = 0;
  for (const uid of uids) {
    if (++count % FLAGS_A_TURN === 0) await transport.flushMuch(); // though there may be nothing to tell
    at = mailbox.table.lowerBoundFrom(at, uid);
    if (at >= mailbox.table.length || mailbox.table.uid(at) !== uid || isTold?.(uid, at) === true) continue;
    const tellsFlags = isKnown?.(uid, at) !== true;
    if (!tellsFlags && !tellsModSeq) continue;
    const keywordSet = mailbox.table.keywordSet(at);
    if (tellsFlags) tellKeywords(session, keywordSet);
    beginFetch(session, uid, at).text('UID ').number(uid);
    if (tellsFlags) {
      out.text(' FLAGS ');
      out.octets(flagListOctets(mailbox, mailbox.table.flags(at), keywordSet, view.isRecent(uid)));
    }
    if (tellsModSeq) {
      out.sp();
      session.writeModSeq(mailbox.table.modSeq(at));
    }
    out.text(')\r\n');
    if (out.length > OUTPUT_HIGH_WATER_OCTETS) await transport.flushMuch();
  }
}

/**
 * The beginning of a FETCH response; after ENABLE UIDONLY it is UIDFETCH, by UID (RFC 9586).
 *
 * @param at the message's position in the shared arrays, if the caller knows it
 */
export function beginFetch(session: Session, uid: number, at = -1): ResponseWriter {
  const { out, view } = session;
  if (session.hasEnabled('UIDONLY')) return out.text('* ').number(uid).text(' UIDFETCH (');
  return out.text('* ').number(view.sequenceNumber(uid, at)).text(' FETCH (');
}

/** FLAGS, before a FETCH that carries a keyword which FLAGS has not named (RFC 9051 §7.3.5). */
export function tellKeywords({ out, view }: Session, keywordSet: number): void {
  if (view.knowsKeywordsOf(keywordSet)) return;
  view.learnKeywords();
  out.text('* FLAGS ').flagList(mailboxFlags(view.mailbox)).crlf();
}
