import type { Arguments, SequenceSet } from '@postel/imap-wire';

/** A set of messages, perhaps with `$`, the result that a SEARCH saved: RFC 5182 §2.1. */
export function parseMessageSet(args: Arguments): SequenceSet {
  return args.sequenceSet();
}
