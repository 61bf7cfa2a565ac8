import type { Arguments } from '@postel/imap-wire';
import { Bad, type Command, No, ok } from '../command.ts';
import { UID_BATCH_MESSAGES } from '../limits.ts';

interface UidBatchesArgs {
  readonly size: number;
  /** Which of the batches, counted from the newest messages; null: all. */
  readonly batches: { readonly first: number; readonly last: number } | null;
}

/**
 * UIDBATCHES: RFC 10022 §3.1. Ranges of UIDs that hold so many messages each, from the newest down; the last holds what is left. Each
 * begins where the one before ends, and the last goes down to 1. What `$` stands for stays.
 */
export const uidBatches: Command<UidBatchesArgs> = {
  name: 'UIDBATCHES',
  state: 'selected',
  parse(args) {
    const size = args.sp().nzNumber();
    return { size, batches: args.optional(parseBatches) };
  },
  async run(session, { size, batches }) {
    if (size < UID_BATCH_MESSAGES) throw new No(`A batch has ${UID_BATCH_MESSAGES} messages at least`, 'TOOFEW');
    await session.sync({ ask: 'memory', expunges: true });
    const { out, tag, view } = session;
    const uids = view.uids();
    const { first, last } = batches ?? { first: 1, last: Number.POSITIVE_INFINITY };
    out.text('* UIDBATCHES (TAG ').string(tag).text(')');
    for (let batch = first; batch <= last; batch++) {
      const newest = uids.length - (batch - 1) * size;
      if (newest <= 0) break;
      const oldest = newest - size;
      const highest = batch === 1 ? uids[newest - 1] : (uids[newest] ?? 1) - 1;
      out.text(batch === first ? ' ' : ',');
      out
        .number(highest ?? 0)
        .text(':')
        .number(oldest <= 0 ? 1 : (uids[oldest] ?? 1));
    }
    out.crlf();
    return ok('Batches told');
  },
};

/** RFC 10022 §3.1: `10:20`, never the other way round. */
function parseBatches(args: Arguments): UidBatchesArgs['batches'] {
  const first = args.nzNumber();
  const last = args.expect(':').nzNumber();
  if (last < first) throw new Bad('The lower number of a batch comes first', 'CLIENTBUG');
  return { first, last };
}
