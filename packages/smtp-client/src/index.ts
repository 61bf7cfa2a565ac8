export { extensionsOf } from './extensions.ts';
export { type Login, logIn } from './log-in.ts';
/** The client's side of SMTP (RFC 5321), for who submits and for who relays. */

export { DotStuffing, stuffDots } from './dot-stuffing.ts';
export { type SmtpReply, textOf } from './reply-parser.ts';
export { type ConnectOptions, SmtpConnection } from './smtp-connection.ts';
export { SmtpError, type SmtpErrorKind } from './smtp-error.ts';
export { SOCKS_TEXT_OCTETS, type SocksProxy } from './socks5.ts';
export { channelBindingOf, type ServerCertificate } from './start-tls.ts';
export type { ClientIdentity, ServerTrust, TlsSettings } from './tls-settings.ts';
