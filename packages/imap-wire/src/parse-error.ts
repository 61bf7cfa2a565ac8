/**
 * - `syntax`: the client broke the grammar; IMAP answers `BAD`.
 * - `limit`: the grammar holds, but nesting or length is beyond what this server reads; `BAD` as well, or `NO [LIMIT]`.
 * - `mailbox-name`: a well-formed string that can name no mailbox (malformed modified UTF-7, control characters);
 *   `NO [CANNOT]`, or `NO [NONEXISTENT]` where the mailbox was to exist already.
 */
export type ParseErrorKind = 'syntax' | 'limit' | 'mailbox-name';

/** A command that cannot be parsed. The message is for the person at the client and repeats nothing the client sent. */
export class ParseError extends Error {
  override readonly name = 'ParseError';
  readonly kind: ParseErrorKind;

  constructor(message: string, kind: ParseErrorKind = 'syntax') {
    super(message);
    this.kind = kind;
  }
}
