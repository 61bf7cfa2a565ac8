/** What a client turns on, by ENABLE (RFC 5161) or by asking for it: other answers come then than it may be prepared for. */
export type Extension = 'IMAP4rev2' | 'CONDSTORE' | 'QRESYNC' | 'UTF8=ACCEPT' | 'METADATA' | 'UIDONLY';

/** What each name that ENABLE takes turns on. */
export const ENABLED_BY: ReadonlyMap<string, readonly Extension[]> = new Map<string, readonly Extension[]>([
  ['IMAP4REV2', ['IMAP4rev2']],
  ['METADATA', ['METADATA']],
  ['UTF8=ACCEPT', ['UTF8=ACCEPT']],
  ['UIDONLY', ['UIDONLY']],
  ['CONDSTORE', ['CONDSTORE']],
  ['QRESYNC', ['QRESYNC', 'CONDSTORE']],
]);
