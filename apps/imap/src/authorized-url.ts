import { createHmac, timingSafeEqual } from 'node:crypto';
import { MESSAGE_URL_OCTETS } from './limits.ts';
import { type MessageUrl, parseMessageUrl } from './message-url.ts';

/** Whoever may use a URL: RFC 4467 §2.3. */
export type UrlAccess =
  /** Who submits messages on behalf of that user. */
  | { readonly type: 'submit'; readonly user: string }
  | { readonly type: 'user'; readonly user: string }
  /** Every user of this server. */
  | { readonly type: 'authuser' }
  | { readonly type: 'anonymous' };

/** The URL of a message, or of a part of one, for which somebody answers: RFC 4467 §3, without the mechanism and the token. */
export interface UrlRump {
  /** As it is written. */
  readonly text: string;
  /** With whose rights it is used. */
  readonly user: string;
  readonly message: MessageUrl;
  readonly access: UrlAccess;
  /** Null: never. */
  readonly expiresAt: Date | null;
}

export interface AuthorizedUrl {
  readonly rump: UrlRump;
  /** Of the mechanism INTERNAL. */
  readonly token: string;
}

/** What stands in a URL, but for what would have to be escaped in a quoted string. */
const PRINTABLE = /^[!#-[\]-~]+$/;
/** The server has many names; that a URL is one of ours the token says. */
const SERVER = /^imap:\/\/([^;:@/?#]+)(?:;auth=[^;:@/?#]*)?@[^@/?#]+(?=\/)/i;
const URLAUTH = ';urlauth=';
const EXPIRE = ';expire=';
/** RFC 3339 §5.6. */
const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/i;

/** Of the tokens that are made now, so that there can be others one day (RFC 4467 §2.4.1). */
const TOKEN_VERSION = '01';
const TOKEN = /^01[0-9a-f]{64}$/i;

/** @returns null if it is none */
export function parseUrlRump(text: string): UrlRump | null {
  if (text.length > MESSAGE_URL_OCTETS || !PRINTABLE.test(text)) return null;
  const lower = text.toLowerCase(); // US-ASCII
  const accessAt = lower.lastIndexOf(URLAUTH);
  if (accessAt < 0) return null;
  const access = parseAccess(text.slice(accessAt + URLAUTH.length));
  const expireAt = lower.slice(0, accessAt).lastIndexOf(EXPIRE);
  const expiresAt = expireAt < 0 ? null : parseDateTime(text.slice(expireAt + EXPIRE.length, accessAt));
  const url = text.slice(0, expireAt < 0 ? accessAt : expireAt);
  const [server, encodedUser = ''] = SERVER.exec(url) ?? [];
  const user = decode(encodedUser);
  const message = server === undefined ? null : parseMessageUrl(url.slice(server.length), null);
  if (access === null || user === null || message === null || expiresAt === undefined) return null;
  return { text, user, message, access, expiresAt };
}

/** @returns null if it is none, or not by our mechanism */
export function parseAuthorizedUrl(text: string): AuthorizedUrl | null {
  const tokenAt = text.lastIndexOf(':');
  const mechanismAt = text.lastIndexOf(':', tokenAt - 1);
  if (mechanismAt < 0 || !isInternal(text.slice(mechanismAt + 1, tokenAt))) return null;
  const rump = parseUrlRump(text.slice(0, mechanismAt));
  const token = text.slice(tokenAt + 1);
  return rump === null || !TOKEN.test(token) ? null : { rump, token };
}

export const isInternal = (mechanism: string): boolean => mechanism.toUpperCase() === 'INTERNAL';

/** The URL with what makes it good. */
export function authorize({ text }: UrlRump, key: Buffer): string {
  return `${text}:internal:${tokenOf(text, key)}`;
}

/** Whether it was authorized by this key; in the same time, whatever it is. */
export function isAuthorized({ rump, token }: AuthorizedUrl, key: Buffer): boolean {
  return timingSafeEqual(Buffer.from(tokenOf(rump.text, key)), Buffer.from(token.toLowerCase()));
}

/** RFC 4467 §2.4.1 leaves to the server what it is, as long as it is 128 bits at least and nobody else can tell. */
function tokenOf(rump: string, key: Buffer): string {
  return `${TOKEN_VERSION}${createHmac('sha256', key).update(rump).digest('hex')}`;
}

function parseAccess(text: string): UrlAccess | null {
  const lower = text.toLowerCase();
  if (lower === 'anonymous' || lower === 'authuser') return { type: lower };
  const [, type, encodedUser = ''] = /^(submit|user)\+([^;:@/?#+]+)$/i.exec(text) ?? [];
  const user = decode(encodedUser);
  if (type === undefined || user === null) return null;
  return { type: type.toLowerCase() === 'user' ? 'user' : 'submit', user };
}

/** Undefined if it is none. */
function parseDateTime(text: string): Date | undefined {
  const date = DATE_TIME.test(text) ? new Date(text) : null;
  return date === null || Number.isNaN(date.getTime()) ? undefined : date;
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
