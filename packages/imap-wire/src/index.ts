/**
 * The grammar of IMAP between octets and values: a reader of commands, a parser of their arguments, a writer of
 * responses. No socket, no clock, no mailbox.
 */
export { Arguments, type ArgumentsOptions, type Partial } from './arguments.ts';
export { type CommandParts, type LiteralHeader, type LiteralPart, tagOf } from './command-parts.ts';
export {
  type CommandPolicy,
  CommandReader,
  type LineResult,
  type LiteralUse,
  type ReaderOptions,
  type ReadResult,
  type RefusalReason,
  UnexpectedEnd,
} from './command-reader.ts';
export { type DateTime, formatDateTime, parseDate, parseDateTime } from './date-time.ts';
export { InflateError } from './inflate-error.ts';
export { Inflater } from './inflater.ts';
export { type CommandLimits, limitsAfterLogin, limitsBeforeLogin, withSmallLiterals } from './limits.ts';
export { decodeMailboxName } from './mailbox-name.ts';
export { decodeModifiedUtf7, encodeModifiedUtf7 } from './modified-utf7.ts';
export { ParseError, type ParseErrorKind } from './parse-error.ts';
export { ResponseWriter } from './response-writer.ts';
export { type Section, writeSection } from './section.ts';
export { type NumberRange, parseSequenceSet, SequenceSet } from './sequence-set.ts';
export { splitLiterals } from './split-literals.ts';
export { formatUidSet } from './uid-set.ts';
