/**
 * - `unreachable`: no connection, none any more, or no answer in time.
 * - `untrusted`: TLS, but not with the server that was meant.
 * - `protocol`: what answers does not speak SMTP as it should, or not as we need it.
 * - `login`: the server lets nobody in by these credentials, or there is no way to use them.
 * - `sender`, `recipient`, `message`: the server refuses it.
 */
export type SmtpErrorKind = 'unreachable' | 'untrusted' | 'protocol' | 'login' | 'sender' | 'recipient' | 'message';

/** Why a message was not submitted. The text holds no secret. */
export class SmtpError extends Error {
  override readonly name = 'SmtpError';
  readonly kind: SmtpErrorKind;
  /** The same may succeed later. */
  readonly isTemporary: boolean;

  constructor(
    kind: SmtpErrorKind,
    message: string,
    { isTemporary = kind === 'unreachable', ...options }: ErrorOptions & { readonly isTemporary?: boolean } = {},
  ) {
    super(message, options);
    this.kind = kind;
    this.isTemporary = isTemporary;
  }
}
