import type { Answer } from 'dns-packet';

/** RFC 5321 §5.1. */
export interface Mx {
  readonly preference: number;
  /** '' is the root: RFC 7505. */
  readonly exchange: string;
}

/** RFC 6698 §2.1. */
export interface Tlsa {
  readonly usage: number;
  readonly selector: number;
  readonly matchingType: number;
  readonly data: Buffer;
}

/** RFC 2782. */
export interface Srv {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  /** '' is the root: there is no such service. */
  readonly target: string;
}

/** What a record of each type is. Names are in lower case and without the dot at their end. */
export interface RecordData {
  readonly A: string;
  readonly AAAA: string;
  readonly CNAME: string;
  readonly MX: Mx;
  readonly PTR: string;
  readonly SRV: Srv;
  readonly TLSA: Tlsa;
  /** Its strings joined (RFC 7208 §3.3). */
  readonly TXT: string;
}

export type RecordType = keyof RecordData;

/** Octets that a name is told by without escapes. Whoever has others in theirs sends them to harm. */
const NAME = /^[!-~]*$/;

/** What reads a record; null if it is of another type, or makes no sense. */
export const recordReaders: { readonly [T in RecordType]: (answer: Answer) => RecordData[T] | null } = {
  A: (answer) => (answer.type === 'A' ? answer.data : null),
  AAAA: (answer) => (answer.type === 'AAAA' ? answer.data : null),
  CNAME: (answer) => (answer.type === 'CNAME' ? readName(answer.data) : null),
  PTR: (answer) => (answer.type === 'PTR' ? readName(answer.data) : null),
  MX(answer) {
    if (answer.type !== 'MX') return null;
    const exchange = readName(answer.data.exchange);
    return exchange === null ? null : { preference: answer.data.preference ?? 0, exchange };
  },
  SRV(answer) {
    if (answer.type !== 'SRV') return null;
    const { priority = 0, weight = 0, port } = answer.data;
    const target = readName(answer.data.target);
    return target === null ? null : { priority, weight, port, target };
  },
  TLSA(answer) {
    if (answer.type !== 'TLSA') return null;
    const { usage, selector, matchingType, certificate } = answer.data;
    return { usage, selector, matchingType, data: Buffer.from(certificate) };
  },
  TXT(answer) {
    if (answer.type !== 'TXT') return null;
    return [answer.data].flat().map(String).join('');
  },
};

function readName(name: string): string | null {
  return NAME.test(name) ? canonicalName(name) : null;
}

/** In lower case (ASCII alone: RFC 4343 §3) and without the dot at its end; '' for the root. */
export function canonicalName(name: string): string {
  const lower = name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  return lower.endsWith('.') ? lower.slice(0, -1) : lower;
}
