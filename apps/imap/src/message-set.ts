import { type Arguments, ParseError, type SequenceSet } from '@postel/imap-wire';

/** A set of messages. `$` would be the result that a SEARCH saved (RFC 5182), which none does here. */
export function parseMessageSet(args: Arguments): SequenceSet {
  const set = args.sequenceSet();
  if (set.includesSaved) throw new ParseError('No search result was saved');
  return set;
}
