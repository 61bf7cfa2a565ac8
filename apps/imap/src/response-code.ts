import type { ResponseWriter } from '@postel/imap-wire';
import type { StorageErrorKind, UidRanges } from '@postel/storage';

/** Response codes (RFC 9051 §7.1, RFC 5530) with what follows them. */
export type ResponseCode =
  | 'ALREADYEXISTS'
  | 'BADCHARSET (UTF-8 US-ASCII)'
  | 'AUTHENTICATIONFAILED'
  | 'AUTHORIZATIONFAILED'
  | 'CANNOT'
  | 'CONTACTADMIN'
  | 'EXPIRED'
  | 'EXPUNGEISSUED'
  | 'HASCHILDREN'
  | 'LIMIT'
  | 'NONEXISTENT'
  | 'OVERQUOTA'
  | 'PRIVACYREQUIRED'
  | 'READ-ONLY'
  | 'READ-WRITE'
  | 'SERVERBUG'
  | 'TOOBIG'
  | 'TRYCREATE'
  | 'UNAVAILABLE'
  | 'USEATTR'
  | { readonly type: 'CAPABILITY'; readonly names: readonly string[] }
  | { readonly type: 'APPENDUID'; readonly uidvalidity: number; readonly uid: number }
  | {
      readonly type: 'COPYUID';
      readonly uidvalidity: number;
      readonly source: UidRanges;
      readonly target: UidRanges;
    };

export function writeResponseCode(out: ResponseWriter, code: ResponseCode): void {
  if (typeof code === 'string') {
    out.text('[').text(code).text('] ');
  } else if (code.type === 'CAPABILITY') {
    out.text('[CAPABILITY ').text(code.names.join(' ')).text('] ');
  } else if (code.type === 'APPENDUID') {
    out.text('[APPENDUID ').number(code.uidvalidity).sp().number(code.uid).text('] ');
  } else {
    out.text('[COPYUID ').number(code.uidvalidity).sp().uidRanges(code.source).sp().uidRanges(code.target).text('] ');
  }
}

/** Null: the connection ends without an answer. */
export const storageErrorCode = {
  nonexistent: 'NONEXISTENT',
  exists: 'ALREADYEXISTS',
  'name-refused': 'CANNOT',
  'use-taken': 'USEATTR',
  'too-many-names': 'LIMIT',
  'over-quota': 'OVERQUOTA',
  'too-many-keywords': 'LIMIT',
  'uid-exhausted': 'LIMIT',
  'too-large': 'TOOBIG',
  'disk-full': 'UNAVAILABLE',
  unavailable: 'UNAVAILABLE',
  'outcome-unknown': null,
} as const satisfies Record<StorageErrorKind, ResponseCode | null>;
