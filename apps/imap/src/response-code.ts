import type { ResponseWriter } from '@postel/imap-wire';
import type { StorageErrorKind, UidRanges } from '@postel/storage';

/** Response codes (RFC 9051 §7.1, RFC 5530) with what follows them. */
export type ResponseCode =
  | 'ALERT'
  | 'ALREADYEXISTS'
  | 'BADCHARSET (UTF-8 US-ASCII)'
  | 'AUTHENTICATIONFAILED'
  | `BADEVENT (${string})`
  | 'AUTHORIZATIONFAILED'
  | 'CANNOT'
  | 'CLIENTBUG'
  | 'COMPRESSIONACTIVE'
  | 'CONTACTADMIN'
  | 'CORRUPTION'
  | 'EXPIRED'
  | 'EXPUNGEISSUED'
  | 'HASCHILDREN'
  | 'LIMIT'
  | 'METADATA TOOMANY'
  | `METADATA LONGENTRIES ${number}`
  | `METADATA MAXSIZE ${number}`
  | 'NONEXISTENT'
  | 'NOPERM'
  | 'NOTIFICATIONOVERFLOW'
  | 'NOTSAVED'
  | 'NOPERM'
  | 'OVERQUOTA'
  | 'PRIVACYREQUIRED'
  | 'READ-ONLY'
  | 'READ-WRITE'
  | 'SERVERBUG'
  | 'TOOBIG'
  | 'TOOFEW'
  | 'TRYCREATE'
  | 'UIDREQUIRED'
  | 'UNAVAILABLE'
  | 'UNKNOWN-CTE'
  | `UNDEFINED-FILTER ${string}`
  | 'URLMECH INTERNAL'
  | 'USEATTR'
  | { readonly type: 'CAPABILITY'; readonly names: readonly string[] }
  | { readonly type: 'MAILBOXID'; readonly id: string }
  | {
      readonly type: 'INPROGRESS';
      /** Empty: the work is not that of a command. */
      readonly tag: string;
      readonly progress: { readonly done: number; readonly goal: number } | null;
    }
  | { readonly type: 'HIGHESTMODSEQ'; readonly modSeq: number }
  /** Message numbers or UIDs, as the command has them; ascending. */
  | { readonly type: 'MODIFIED'; readonly messages: ArrayLike<number> }
  | { readonly type: 'APPENDUID'; readonly uidvalidity: number; readonly uids: UidRanges }
  /** RFC 4469 §4.1. */
  | { readonly type: 'BADURL'; readonly url: string }
  | { readonly type: 'NOUPDATE'; readonly tag: string }
  | {
      readonly type: 'COPYUID';
      readonly uidvalidity: number;
      readonly source: UidRanges;
      readonly target: UidRanges;
    };

export function writeResponseCode(out: ResponseWriter, code: ResponseCode): void {
  out.text('[').text(typeof code === 'string' ? code : code.type);
  if (typeof code !== 'string') writeValue(out.sp(), code);
  out.text('] ');
}

/** What follows the name of the code. */
function writeValue(out: ResponseWriter, code: Exclude<ResponseCode, string>): void {
  switch (code.type) {
    case 'APPENDUID':
      out.number(code.uidvalidity).sp().uidRanges(code.uids);
      break;
    case 'BADURL':
      out.text(urlText(code.url));
      break;
    case 'CAPABILITY':
      out.text(code.names.join(' '));
      break;
    case 'MAILBOXID':
      out.text('(').text(code.id).text(')');
      break;
    case 'COPYUID':
      out.number(code.uidvalidity).sp().uidRanges(code.source).sp().uidRanges(code.target);
      break;
    case 'NOUPDATE':
      out.string(code.tag);
      break;
    case 'INPROGRESS':
      if (code.tag === '') out.text('(NIL ');
      else out.text('(').string(code.tag).sp();
      if (code.progress === null) out.text('NIL NIL)');
      else out.number(code.progress.done).sp().number(code.progress.goal).text(')');
      break;
    case 'HIGHESTMODSEQ':
      out.number(code.modSeq);
      break;
    case 'MODIFIED':
      out.uidSet(code.messages);
      break;
    default:
      code satisfies never;
  }
}

/** A URL as a response code can hold it: what is no URL's, and what would end the code, in percent form. */
function urlText(url: string): string {
  return url.replace(/[^!#-Z^-~]/gu, (character) => encodeURIComponent(character.toWellFormed()));
}

/** Null: the connection ends without an answer. */
export const storageErrorCode = {
  nonexistent: 'NONEXISTENT',
  exists: 'ALREADYEXISTS',
  'name-refused': 'CANNOT',
  'use-taken': 'USEATTR',
  'too-many-names': 'LIMIT',
  'too-many-rights': 'LIMIT',
  'too-many-annotations': 'METADATA TOOMANY',
  'over-quota': 'OVERQUOTA',
  'too-many-keywords': 'LIMIT',
  'uid-exhausted': 'LIMIT',
  'too-large': 'TOOBIG',
  'disk-full': 'UNAVAILABLE',
  unavailable: 'UNAVAILABLE',
  'outcome-unknown': null,
} as const satisfies Record<StorageErrorKind, ResponseCode | null>;
