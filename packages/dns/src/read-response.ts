import type { Answer, DecodedPacket } from 'dns-packet';
import { CNAME_CHAIN, FAILURE_TTL, LEAST_TTL, MOST_NEGATIVE_TTL, MOST_TTL } from './limits.ts';
import { canonicalName, type RecordType, recordReaders } from './records.ts';

/** As DnsAnswer, with records that are not read yet. */
export type Response =
  | { readonly kind: 'found'; readonly answers: readonly Answer[]; readonly authentic: boolean }
  | { readonly kind: 'nodata' | 'nxdomain'; readonly authentic: boolean }
  | { readonly kind: 'temporary'; readonly reason: string }
  | { readonly kind: 'bogus' };

/** A response, and for how long it is true; or the name at which to go on, where the server did not. */
export type ReadResponse =
  | { readonly type: 'response'; readonly response: Response; readonly ttlSeconds: number }
  | { readonly type: 'alias'; readonly name: string; readonly authentic: boolean; readonly ttlSeconds: number };

const NOERROR = 0;
const SERVFAIL = 2;
const NXDOMAIN = 3;

const EXTENDED_ERROR = 15;
/** DNSSEC: bogus, signature expired, not yet valid, keys, signatures, zone key bit or proof missing (RFC 8914 §4.7 to §4.13). */
const DNSSEC_ERRORS: ReadonlySet<number> = new Set([6, 7, 8, 9, 10, 11, 12]);

/** Reads what a server says to a question for `name`, which is in lower case. */
export function readResponse(packet: DecodedPacket, name: string, type: RecordType, isTrusted: boolean): ReadResponse {
  const code = responseCode(packet);
  if (code === SERVFAIL && hasDnssecError(packet)) return lasting({ kind: 'bogus' }, FAILURE_TTL);
  if (code !== NOERROR && code !== NXDOMAIN) {
    const reason = code === SERVFAIL ? 'SERVFAIL' : `response code ${code}`;
    return lasting({ kind: 'temporary', reason }, FAILURE_TTL);
  }
  const authentic = isTrusted && packet.flag_ad;
  const chain = followAliases(packet.answers ?? [], name, type);
  if (chain === null) return lasting({ kind: 'temporary', reason: 'too many aliases' }, FAILURE_TTL);

  const { target, ttls } = chain;
  const answers = (packet.answers ?? []).filter((answer) => answer.type === type && isNamed(answer, target));
  if (answers.length > 0) {
    const ttl = clamp(Math.min(...ttls, ...answers.map(ttlOf)), MOST_TTL);
    return lasting({ kind: 'found', answers, authentic }, ttl);
  }
  // RFC 2308 §2.1: the code is of the name at the end of the chain.
  if (code === NXDOMAIN) return lasting({ kind: 'nxdomain', authentic }, negativeTtl(packet, ttls));
  if (target !== name && !hasSoa(packet)) {
    return { type: 'alias', name: target, authentic, ttlSeconds: clamp(Math.min(...ttls), MOST_TTL) };
  }
  return lasting({ kind: 'nodata', authentic }, negativeTtl(packet, ttls));
}

function lasting(response: Response, ttlSeconds: number): ReadResponse {
  return { type: 'response', response, ttlSeconds };
}

/** The four bits of the header (RFC 1035 §4.1.1) and the eight that EDNS adds before them (RFC 6891 §6.1.3). */
function responseCode(packet: DecodedPacket): number {
  const extended = packet.additionals?.find((record) => record.type === 'OPT');
  return ((extended?.type === 'OPT' ? extended.extendedRcode : 0) << 4) | ((packet.flags ?? 0) & 0xf);
}

function hasDnssecError(packet: DecodedPacket): boolean {
  const extended = packet.additionals?.find((record) => record.type === 'OPT');
  if (extended?.type !== 'OPT') return false;
  return extended.options.some(
    ({ code, data }: { readonly code: number; readonly data?: Buffer | undefined }) =>
      code === EXTENDED_ERROR && data !== undefined && data.length >= 2 && DNSSEC_ERRORS.has(data.readUInt16BE(0)),
  );
}

/** @returns where the aliases lead, and their TTLs; null if they go in circles or on and on */
function followAliases(answers: readonly Answer[], name: string, type: RecordType) {
  const ttls: number[] = [];
  let target = name;
  if (type === 'CNAME') return { target, ttls };
  const aliases = new Map<string, Answer>();
  for (const answer of answers) if (answer.type === 'CNAME') aliases.set(canonicalName(answer.name), answer);
  for (;;) {
    const alias = aliases.get(target);
    if (alias === undefined) return { target, ttls };
    const next = recordReaders.CNAME(alias);
    if (next === null || ttls.length >= CNAME_CHAIN) return null;
    ttls.push(ttlOf(alias));
    target = next;
  }
}

function isNamed(answer: Answer, name: string): boolean {
  return canonicalName(answer.name) === name;
}

function ttlOf(answer: Answer): number {
  if (answer.type === 'OPT') return 0;
  const ttl = answer.ttl ?? 0;
  return ttl > 0x7fffffff ? 0 : ttl; // RFC 2181 §8
}

function hasSoa(packet: DecodedPacket): boolean {
  return packet.authorities?.some(({ type }) => type === 'SOA') === true;
}

/** RFC 2308 §5: without a SOA there is nothing that says how long. */
function negativeTtl(packet: DecodedPacket, ttls: readonly number[]): number {
  const soa = packet.authorities?.find(({ type }) => type === 'SOA');
  if (soa?.type !== 'SOA') return LEAST_TTL;
  return clamp(Math.min(...ttls, ttlOf(soa), soa.data.minimum ?? 0), MOST_NEGATIVE_TTL);
}

function clamp(ttlSeconds: number, most: number): number {
  return Math.min(Math.max(ttlSeconds, LEAST_TTL), most);
}
