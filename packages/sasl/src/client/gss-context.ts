/**
 * A security context of the GSS-API (RFC 2743) with one service, by whatever library: Kerberos needs sockets, files and
 * a clock, so none is here. It asks for integrity and mutual authentication (RFC 4752 §3.1).
 */
export interface GssContext {
  /** GSS_Init_sec_context. @param token the server's, empty in the first call */
  step(token: Buffer): Promise<{ readonly token: Buffer; readonly isComplete: boolean }>;
  /** GSS_Unwrap: throws if the server did not wrap this. */
  unwrap(message: Buffer): Promise<Buffer>;
  /** GSS_Wrap, without confidentiality. */
  wrap(message: Buffer): Promise<Buffer>;
}
