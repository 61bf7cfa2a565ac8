import { isIPv4, isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';
import { PATH_OCTETS } from './limits.ts';

/** A mailbox as it was written: a quoted local part with its quotes, an address literal with its brackets. */
export interface MailboxAddress {
  readonly localPart: string;
  readonly domain: string;
}

/** `mailbox` is null for `<>` and, with the local part alone in `text`, for a postmaster without domain. */
export interface Path {
  readonly mailbox: MailboxAddress | null;
  /** Without angle brackets and source route. */
  readonly text: string;
  /** What follows the path. */
  readonly rest: string;
}

/** RFC 5321 §4.1.2: A-d-l. */
const SOURCE_ROUTE = /@[a-z0-9.\u{80}-\u{10ffff}-]+(?:,@[a-z0-9.\u{80}-\u{10ffff}-]+)*:/iuy;
const ATOM = String.raw`[\w!#$%&'*+\-/=?^\x60{|}~\u{80}-\u{10ffff}]+`;
/** RFC 5321 §4.1.2: Dot-string and Quoted-string, with what RFC 6531 §3.3 adds. */
const LOCAL_PART = new RegExp(`${ATOM}(?:\\.${ATOM})*|"(?:[ !#-[\\]-~\\u{80}-\\u{10ffff}]|\\\\[ -~])*"`, 'uy');
const LABEL = String.raw`[a-z0-9\u{80}-\u{10ffff}](?:[a-z0-9\u{80}-\u{10ffff}-]*[a-z0-9\u{80}-\u{10ffff}])?`;
/** RFC 5321 §4.1.2: Domain, with U-labels (RFC 6531 §3.3); §4.1.3: what may be an address literal. */
const DOMAIN = new RegExp(`${LABEL}(?:\\.${LABEL})*|\\[[!-Z^-~]+\\]`, 'iuy');

export interface PathGrammar {
  readonly localPart: RegExp;
  readonly domain: RegExp;
}

const STRICT: PathGrammar = { localPart: LOCAL_PART, domain: DOMAIN };

/**
 * What senders are really called: dots at any place of the local part, as telephone companies gave them away, and hosts with
 * underscores. Mail from there must be able to come in; nobody here has such an address.
 */
export const LENIENT: PathGrammar = {
  localPart: /[.\w!#$%&'*+\-/=?^\x60{|}~\u{80}-\u{10ffff}]+/uy,
  domain: /[\w\u{80}-\u{10ffff}-]+(?:\.[\w\u{80}-\u{10ffff}-]+)*\.?/iuy,
};

/**
 * Reads a Reverse-path or Forward-path (RFC 5321 §4.1.2) at the start of `text`. A source route is taken and ignored
 * (RFC 5321 §3.6.1, appendix C).
 *
 * @returns null if there is none, or it is longer than PATH_OCTETS
 */
export function parsePath(text: string, grammar = STRICT): Path | null {
  if (!text.startsWith('<')) return null;
  if (text.startsWith('<>')) return { mailbox: null, text: '', rest: text.slice(2) };

  const start = 1 + matchAt(SOURCE_ROUTE, text, 1).length;
  const localPart = matchAt(grammar.localPart, text, start);
  const afterLocalPart = start + localPart.length;
  if (localPart === '') return null;
  if (localPart.toLowerCase() === 'postmaster' && text[afterLocalPart] === '>') {
    return { mailbox: null, text: localPart, rest: text.slice(afterLocalPart + 1) };
  }
  if (text[afterLocalPart] !== '@') return null;

  const domain = matchAt(grammar.domain, text, afterLocalPart + 1);
  const end = afterLocalPart + 1 + domain.length;
  if (domain === '' || text[end] !== '>' || Buffer.byteLength(text.slice(0, end + 1)) > PATH_OCTETS) return null;
  if (domain.startsWith('[') && !isAddressLiteral(domain)) return null;
  if (!isAscii(domain) && domainToASCII(domain) === '') return null;
  return { mailbox: { localPart, domain }, text: text.slice(start, end), rest: text.slice(end + 1) };
}

export function isAscii(text: string): boolean {
  return Buffer.byteLength(text) === text.length;
}

/** `[192.0.2.1]` or `[IPv6:2001:db8::1]`: RFC 5321 §4.1.3. No other tag was ever registered. */
export function isAddressLiteral(text: string): boolean {
  if (!text.startsWith('[') || !text.endsWith(']')) return false;
  const inner = text.slice(1, -1);
  // isIPv6 also takes a zone, which means nothing to another host.
  return isIPv4(inner) || (/^ipv6:/i.test(inner) && !inner.includes('%') && isIPv6(inner.slice(5)));
}

function matchAt(pattern: RegExp, text: string, position: number): string {
  pattern.lastIndex = position;
  return pattern.exec(text)?.[0] ?? '';
}
