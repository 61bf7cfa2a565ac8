/**
 * - `no-mechanism`: nothing that the server offers can be used with these credentials on this connection.
 * - `credentials`: a name or password that the mechanism cannot carry; the server was not asked.
 * - `refused`: the server says within the mechanism that it lets nobody in by these credentials.
 * - `malformed`: what the server sent breaks the mechanism's grammar or our limits.
 * - `untrusted`: the server says success and has not proven that it knows the credentials, or its proof is wrong.
 * - `unavailable`: a library that the mechanism needs is not there.
 */
export type SaslErrorKind = 'no-mechanism' | 'credentials' | 'refused' | 'malformed' | 'untrusted' | 'unavailable';

/** Why a client's login cannot go on. The message holds no secret. */
export class SaslError extends Error {
  override readonly name = 'SaslError';
  readonly kind: SaslErrorKind;

  constructor(kind: SaslErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}
