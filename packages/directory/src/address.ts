import { canonicalDomain } from './domain-name.ts';

/** An address as it was written: a quoted local part with its quotes, a domain in any form. */
export interface Address {
  readonly localPart: string;
  readonly domain: string;
}

declare const brand: unique symbol;

/**
 * An address in the one form that is stored and compared: local part in NFC and lower case, quoted only if it must be;
 * domain in A-labels. It is its own canonical form.
 */
export interface CanonicalAddress extends Address {
  readonly [brand]: 'CanonicalAddress';
  /** The local part in the case in which it was written: what counts in a domain that tells cases apart, and elsewhere. */
  readonly writtenPart: string;
}

/** Each may part a detail from a local part, if the domain has it so. */
export const DETAIL_SEPARATORS = '+-_.=#';

/** RFC 5321 §4.5.3.1.1. */
const MAX_LOCAL_PART_OCTETS = 64;
/** RFC 5321 §4.1.2: Dot-string, with the letters that RFC 6531 §3.3 adds. */
const ATOM = String.raw`[\w!#$%&'*+\-/=?^\x60{|}~\u{80}-\u{10ffff}]+`;
const DOT_STRING = new RegExp(`^${ATOM}(?:\\.${ATOM})*$`, 'u');
/** RFC 5321 §4.1.2: what a Quoted-string holds between its quotes, likewise. */
const QUOTED_CONTENT = /^(?:[ !#-[\]-~\u{80}-\u{10ffff}]|\\[ -~])+$/u;
const QUOTED_PAIR = /\\(.)/gu;
/** Not allowed in any form: C1 control characters, line separators, lone surrogates. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u;

/** @returns null if the address is not well formed or its domain is an address literal */
export function canonicalAddress({ localPart, domain }: Address): CanonicalAddress | null {
  const canonicalName = canonicalDomain(domain);
  const content = unquote(localPart);
  if (canonicalName === null || content === null || UNPRINTABLE.test(content)) return null;
  const written = content.normalize('NFC');
  const writtenPart = quoteIfNeeded(written);
  // RFC 5321 §2.4 leaves the case of local parts to their host: here it tells nobody apart, unless a domain wants it to. Lower
  // case may need NFC anew.
  const canonicalPart = quoteIfNeeded(written.toLowerCase().normalize('NFC'));
  if ([writtenPart, canonicalPart].some((part) => Buffer.byteLength(part) > MAX_LOCAL_PART_OCTETS)) return null;
  return { localPart: canonicalPart, domain: canonicalName, writtenPart } as CanonicalAddress;
}

/** Reads `local-part@domain` (RFC 5321 §4.1.2, Mailbox). @returns null as {@link canonicalAddress} does */
export function parseAddress(text: string): CanonicalAddress | null {
  // A domain holds no `@`, a quoted local part may.
  const at = text.lastIndexOf('@');
  return at === -1 ? null : canonicalAddress({ localPart: text.slice(0, at), domain: text.slice(at + 1) });
}

export function formatAddress({ localPart, domain }: Address): string {
  return `${localPart}@${domain}`;
}

/** A local part that mail for another one may be for, and the separator between it and the detail (RFC 5233 §1). */
export interface LocalPartBase {
  readonly base: string;
  readonly separator: string;
}

/** All that a local part may be without its detail, whichever separators its domain has: `a-b` and `a` of `a-b+c`. */
export function withoutDetail(localPart: string): readonly LocalPartBase[] {
  const content = unquote(localPart) ?? '';
  const bases: LocalPartBase[] = [];
  for (let at = content.length - 1; at > 0; at--) {
    const separator = content.charAt(at);
    if (DETAIL_SEPARATORS.includes(separator)) bases.push({ base: quoteIfNeeded(content.slice(0, at)), separator });
  }
  return bases;
}

function unquote(written: string): string | null {
  if (DOT_STRING.test(written)) return written;
  if (written.length < 3 || !written.startsWith('"') || !written.endsWith('"')) return null;
  const content = written.slice(1, -1);
  return QUOTED_CONTENT.test(content) ? content.replace(QUOTED_PAIR, '$1') : null;
}

function quoteIfNeeded(content: string): string {
  return DOT_STRING.test(content) ? content : `"${content.replace(/["\\]/g, '\\$&')}"`;
}
